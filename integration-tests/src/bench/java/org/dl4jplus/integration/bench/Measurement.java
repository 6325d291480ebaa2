package org.dl4jplus.integration.bench;

import java.util.Map;
import java.util.Optional;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * What JMH measured.
 *
 * @param nanos time of an operation: the median where each is timed, which other programs on the
 *     machine disturb least; the mean where they are not alike
 * @param bytes memory that it allocates
 */
record Measurement(double nanos, double bytes) {

  private static final TimeValue ITERATION = TimeValue.milliseconds(400);

  /**
   * Measures a benchmark in a JVM of its own. Says on the console if it fails.
   *
   * @param method its class and method, without the package
   * @param parameters its parameters
   * @return the measurement, or nothing
   */
  static Optional<Measurement> of(String method, Map<String, String> parameters) {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("\\." + method.replace(".", "\\.") + "$")
            .forks(1)
            .warmupIterations(3)
            .warmupTime(ITERATION)
            .measurementIterations(5)
            .measurementTime(ITERATION)
            .addProfiler(GCProfiler.class)
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT);
    parameters.forEach(options::param);
    try {
      return Optional.of(of(new Runner(options.build()).runSingle()));
    } catch (RunnerException e) {
      System.out.printf("  %s %s: %s%n", method, parameters, reason(e));
      return Optional.empty();
    }
  }

  private static Measurement of(RunResult result) {
    Result<?> time = result.getPrimaryResult();
    boolean sampled = result.getParams().getMode() == Mode.SampleTime;
    return new Measurement(
        sampled ? time.getStatistics().getPercentile(50) : time.getScore(),
        result.getSecondaryResults().get("gc.alloc.rate.norm").getScore());
  }

  /** What the benchmark itself threw: JMH wraps it, and keeps it as suppressed. */
  private static String reason(Throwable error) {
    if (error.getSuppressed().length > 0) {
      return reason(error.getSuppressed()[0]);
    }
    return error.getCause() == null ? error.toString() : reason(error.getCause());
  }
}
