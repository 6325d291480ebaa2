package org.dl4jplus.integration.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dl4jplus.integration.report.Table;

/** Updaters on arrays of several sizes, beside the baseline. */
final class ArrayBenchmarks {

  /** Updaters between two measurements of the baseline. */
  private static final int GROUP = 5;

  private final List<String> updaters;
  private final int[] sizes;

  ArrayBenchmarks(List<String> updaters, int[] sizes) {
    this.updaters = updaters;
    this.sizes = sizes;
  }

  Table run() {
    System.out.printf("%nUpdaters on arrays (%d), time and memory of a step:%n", updaters.size());
    Map<String, List<String>> ratios = new LinkedHashMap<>();
    Map<String, List<String>> bytes = new LinkedHashMap<>();
    for (int size : sizes) {
      measure(
          size,
          (updater, ratio, allocated) -> {
            ratios.computeIfAbsent(updater, u -> new ArrayList<>()).add(ratio);
            bytes.computeIfAbsent(updater, u -> new ArrayList<>()).add(allocated);
          });
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

  /** Takes one cell each of the two halves of the table. */
  private interface Cells {
    void add(String updater, String ratio, String allocated);
  }

  /**
   * The baseline is measured before and after every few updaters, which are compared with the mean
   * of the two: so a machine that changes its speed does little harm.
   */
  private void measure(int size, Cells cells) {
    Measurement before = baseline(size);
    cells.add(Candidates.BASELINE + " (ND4J)", "1", Long.toString(Math.round(before.bytes())));
    double slowest = before.nanos();
    double fastest = before.nanos();
    for (int start = 0; start < updaters.size(); start += GROUP) {
      Map<String, Optional<Measurement>> measured = new LinkedHashMap<>();
      for (String updater : updaters.subList(start, Math.min(start + GROUP, updaters.size()))) {
        measured.put(updater, one(updater, size));
      }
      Measurement after = baseline(size);
      double baseline = (before.nanos() + after.nanos()) / 2;
      measured.forEach(
          (updater, m) ->
              cells.add(
                  updater,
                  m.map(x -> Benchmarks.ratio(x.nanos() / baseline)).orElse("-"),
                  m.map(x -> Long.toString(Math.round(x.bytes()))).orElse("-")));
      slowest = Math.max(slowest, after.nanos());
      fastest = Math.min(fastest, after.nanos());
      before = after;
    }
    System.out.printf(
        Locale.ROOT,
        "  The baseline took %.1f to %.1f us: ratios are as good as this is steady.%n",
        fastest / 1e3,
        slowest / 1e3);
  }

  private static Measurement baseline(int size) {
    return one(Candidates.BASELINE, size)
        .orElseThrow(() -> new IllegalStateException("The baseline cannot be measured"));
  }

  private static Optional<Measurement> one(String updater, int size) {
    Optional<Measurement> measured =
        Measurement.of(
            "UpdaterBenchmark.step", Map.of("updater", updater, "size", Integer.toString(size)));
    measured.ifPresent(m -> Benchmarks.progress(updater, name(size), m));
    return measured;
  }

  private static String name(int size) {
    if (size % 1_000_000 == 0) {
      return size / 1_000_000 + "M";
    }
    return size % 1_000 == 0 ? size / 1_000 + "k" : Integer.toString(size);
  }
}
