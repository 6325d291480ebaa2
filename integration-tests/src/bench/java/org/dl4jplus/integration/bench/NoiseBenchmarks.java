package org.dl4jplus.integration.bench;

import java.util.Locale;
import java.util.Map;
import org.dl4jplus.integration.report.Table;

/** Secure noise beside the platform's secure generator. */
final class NoiseBenchmarks {

  private static final int[] SUMMANDS = {1, 4};

  Table run() {
    System.out.printf("%nNormal numbers, %d at a time:%n", NoiseBenchmark.NUMBERS);
    Table table = new Table("generator", "million a second", "times as fast");
    double platform = rate("secureRandom", SUMMANDS[0], "SecureRandom");
    table.add("SecureRandom.nextGaussian", number(platform), "1");
    for (int summands : SUMMANDS) {
      double own = rate("secureNoise", summands, "SecureNoise(" + summands + ")");
      table.add("SecureNoise, summands " + summands, number(own), Benchmarks.ratio(own / platform));
    }
    return table;
  }

  private static double rate(String method, int summands, String name) {
    Measurement measured =
        Measurement.of("NoiseBenchmark." + method, Map.of("summands", Integer.toString(summands)))
            .orElseThrow(() -> new IllegalStateException(name + " cannot be measured"));
    Benchmarks.progress(name, "", measured);
    return NoiseBenchmark.NUMBERS * 1e3 / measured.nanos();
  }

  private static String number(double rate) {
    return String.format(Locale.ROOT, "%.1f", rate);
  }
}
