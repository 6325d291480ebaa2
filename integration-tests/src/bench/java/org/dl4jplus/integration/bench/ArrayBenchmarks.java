package org.dl4jplus.integration.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dl4jplus.integration.report.Table;
import org.openjdk.jmh.runner.RunnerException;

/** Updaters on arrays of several sizes, beside the baseline. */
final class ArrayBenchmarks {

  private final List<String> updaters;
  private final int[] sizes;

  ArrayBenchmarks(List<String> updaters, int[] sizes) {
    this.updaters = updaters;
    this.sizes = sizes;
  }

  Table run() throws RunnerException {
    System.out.printf("%n%d updaters on arrays, time and memory of a step:%n", updaters.size());
    Map<String, List<String>> ratios = new LinkedHashMap<>();
    Map<String, List<String>> bytes = new LinkedHashMap<>();
    for (int size : sizes) {
      measure(size, ratios, bytes);
    }
    List<String> header = new ArrayList<>(List.of("updater"));
    for (int size : sizes) {
      header.add(name(size));
    }
    for (int size : sizes) {
      header.add("B at " + name(size));
    }
    Table table = new Table(header.toArray(String[]::new));
    for (String updater : ratios.keySet()) {
      List<String> row = new ArrayList<>(List.of(updater));
      row.addAll(ratios.get(updater));
      row.addAll(bytes.get(updater));
      table.add(row.toArray(String[]::new));
    }
    return table;
  }

  /** The baseline is measured before and after the others, so that a drift of the machine shows. */
  private void measure(int size, Map<String, List<String>> ratios, Map<String, List<String>> bytes)
      throws RunnerException {
    Map<String, Measurement> measured = new LinkedHashMap<>();
    Measurement first = one(Candidates.BASELINE, size);
    measured.put(Candidates.BASELINE + " (ND4J), before", first);
    for (String updater : updaters) {
      measured.put(updater, one(updater, size));
    }
    Measurement last = one(Candidates.BASELINE, size);
    measured.put(Candidates.BASELINE + " (ND4J), after", last);
    double baseline = (first.nanos() + last.nanos()) / 2;
    measured.forEach(
        (name, m) -> {
          ratios
              .computeIfAbsent(name, n -> new ArrayList<>())
              .add(Benchmarks.ratio(m.nanos() / baseline));
          bytes
              .computeIfAbsent(name, n -> new ArrayList<>())
              .add(Long.toString(Math.round(m.bytes())));
        });
  }

  private static Measurement one(String updater, int size) throws RunnerException {
    Measurement measured =
        Measurement.of(
            "UpdaterBenchmark.step", Map.of("updater", updater, "size", Integer.toString(size)));
    Benchmarks.progress(updater, name(size), measured);
    return measured;
  }

  private static String name(int size) {
    if (size % 1_000_000 == 0) {
      return size / 1_000_000 + "M";
    }
    return size % 1_000 == 0 ? size / 1_000 + "k" : Integer.toString(size);
  }
}
