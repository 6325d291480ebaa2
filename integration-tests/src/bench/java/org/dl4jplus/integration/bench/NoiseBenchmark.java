package org.dl4jplus.integration.bench;

import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import org.dl4jplus.privacy.noise.SecureNoise;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Normal numbers that nobody can predict, {@value #NUMBERS} at a time. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NoiseBenchmark {

  static final int NUMBERS = 10_000;

  /** Box-Muller halves in each number of our own generator. */
  @Param("4")
  public int summands;

  private final double[] numbers = new double[NUMBERS];
  private final SecureRandom platform = new SecureRandom();
  private SecureNoise noise;

  /** Makes the generator. */
  @Setup
  public void create() {
    noise = new SecureNoise(summands);
  }

  /**
   * The platform's generator.
   *
   * @return the numbers
   */
  @Benchmark
  public double[] secureRandom() {
    for (int i = 0; i < NUMBERS; i++) {
      numbers[i] = platform.nextGaussian();
    }
    return numbers;
  }

  /**
   * Our own.
   *
   * @return the numbers
   */
  @Benchmark
  public double[] secureNoise() {
    noise.gaussian(numbers);
    return numbers;
  }
}
