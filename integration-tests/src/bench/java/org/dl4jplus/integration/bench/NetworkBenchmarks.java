package org.dl4jplus.integration.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dl4jplus.integration.report.Table;
import org.openjdk.jmh.runner.RunnerException;

/** Updaters on networks, beside a forward and backward pass. */
final class NetworkBenchmarks {

  /** Layers by the name that the table has for them. */
  private static final Map<String, String> NETWORKS = new LinkedHashMap<>();

  static {
    NETWORKS.put("digits 64-64-10", "64-64");
    NETWORKS.put("MNIST 784-512-512-10", "784-512-512");
  }

  private final List<String> updaters;

  NetworkBenchmarks(List<String> updaters) {
    this.updaters = new ArrayList<>(updaters);
    this.updaters.add(0, Candidates.BASELINE);
  }

  Table run() throws RunnerException {
    System.out.printf("%n%d updaters in networks, time and memory of a step:%n", updaters.size());
    Map<String, Double> passes = new LinkedHashMap<>();
    for (String network : NETWORKS.keySet()) {
      passes.put(network, one("forwardAndBackward", Candidates.BASELINE, network).nanos());
    }
    List<String> header = new ArrayList<>(List.of("updater"));
    header.addAll(NETWORKS.keySet());
    Table table = new Table(header.toArray(String[]::new));
    for (String updater : updaters) {
      List<String> row = new ArrayList<>(List.of(updater));
      for (String network : NETWORKS.keySet()) {
        row.add(Benchmarks.ratio(one("update", updater, network).nanos() / passes.get(network)));
      }
      table.add(row.toArray(String[]::new));
    }
    return table;
  }

  private static Measurement one(String method, String updater, String network)
      throws RunnerException {
    Measurement measured =
        Measurement.of(
            "NetworkBenchmark." + method,
            Map.of("updater", updater, "layers", NETWORKS.get(network)));
    String name = method.equals("update") ? updater : "forward and backward";
    Benchmarks.progress(name, network.split(" ")[0], measured);
    return measured;
  }
}
