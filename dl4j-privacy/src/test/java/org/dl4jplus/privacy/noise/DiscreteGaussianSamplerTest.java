package org.dl4jplus.privacy.noise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiscreteGaussianSamplerTest {

  /** Also with fractions that no long holds. */
  @ParameterizedTest
  @CsvSource({
    "4, 1",
    "1, 3",
    "1, 50",
    "7, 2",
    "100, 1",
    "2500000001, 1000000",
    "4503599627370495, 4503599627"
  })
  void valuesHaveTheirProbabilities(long numerator, long denominator) {
    double variance = (double) numerator / denominator;
    DiscreteGaussianSampler sampler =
        new DiscreteGaussianSampler(numerator, denominator, new SeededNoise(1));
    assertEquals(variance, sampler.variance());
    boolean fine = variance < 1000;
    int draws = fine ? 40_000 : 4_000;
    // Wide distributions in bins of one standard deviation.
    int width = fine ? 1 : (int) Math.sqrt(variance);
    int bins = 2 * (int) Math.ceil(9 * Math.sqrt(variance) / width) + 1;
    long[] counts = new long[bins];
    double sum = 0;
    for (int i = 0; i < draws; i++) {
      long x = sampler.sample();
      sum += x;
      counts[bin(x, width, bins)]++;
    }
    double[] mass = new double[bins];
    double total = 0;
    long reach = (long) (15 * Math.sqrt(variance)) + 15;
    for (long x = -reach; x <= reach; x++) {
      double p = Math.exp(-0.5 * x * x / variance);
      mass[bin(x, width, bins)] += p;
      total += p;
    }
    chiSquare(counts, mass, total, draws);
    assertEquals(0, sum / draws, 5 * Math.sqrt(variance / draws) + 1e-12);
  }

  private static int bin(long x, int width, int bins) {
    return (int) Math.max(0, Math.min(bins - 1, Math.floorDiv(x, width) + bins / 2));
  }

  /**
   * Bins of less than 10 expected draws count as one. A chi-square number of k degrees is above k +
   * 2 sqrt(k t) + 2 t with probability exp(-t) at most (Laurent and Massart, 2000): t = 14, 1e-6.
   */
  static void chiSquare(long[] counts, double[] mass, double total, int draws) {
    double statistic = 0;
    int degrees = -1;
    double restCount = 0;
    double restExpected = 0;
    for (int i = 0; i < counts.length; i++) {
      double expected = mass[i] / total * draws;
      if (expected < 10) {
        restCount += counts[i];
        restExpected += expected;
      } else {
        statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
        degrees++;
      }
    }
    if (restExpected >= 1) {
      statistic += (restCount - restExpected) * (restCount - restExpected) / restExpected;
      degrees++;
    } else {
      // A Poisson number of mean below 1 is above 12 with probability 1e-10.
      assertTrue(restCount <= 12);
    }
    double k = Math.max(degrees, 1);
    assertTrue(statistic < k + 2 * Math.sqrt(k * 14) + 28, "chi-square " + statistic + " of " + k);
  }

  @Test
  void exponentsAreExactWhateverTheirSize() {
    NoiseSource source = new SeededNoise(2);
    BigInteger huge = BigInteger.ONE.shiftLeft(70);
    long[][] fractions = {{0, 1}, {1, 1}, {1, 2}, {5, 2}, {3, 7}};
    int draws = 20_000;
    for (long[] f : fractions) {
      int small = 0;
      int large = 0;
      for (int i = 0; i < draws; i++) {
        small += ExactBernoulli.exp(f[0], f[1], source) ? 1 : 0;
        large +=
            ExactBernoulli.exp(
                    huge.multiply(BigInteger.valueOf(f[0])),
                    huge.multiply(BigInteger.valueOf(f[1])),
                    source)
                ? 1
                : 0;
      }
      double p = Math.exp(-(double) f[0] / f[1]);
      // Five standard errors.
      double bound = 5 * Math.sqrt(draws * p * (1 - p));
      assertEquals(draws * p, small, bound);
      assertEquals(draws * p, large, bound);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0x1p-40, 0.01, 0.37, 1, 12.3456, 1023.9, 1024.01, 123456.7, 0x1p52})
  void decimalVariancesAreRoundedUpALittle(double variance) {
    double used = DiscreteGaussianSampler.ofVariance(variance, new SeededNoise(1)).variance();
    assertTrue(used >= variance && used <= variance * 1.001);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 0.2, 0.999, 1, 1.001, 4, 150.5})
  void probabilitiesSumToOne(double variance) {
    double sum = 0;
    for (long x = -2000; x <= 2000; x++) {
      double p = DiscreteGaussianSampler.probability(variance, x);
      sum += p;
      assertEquals(
          Math.exp(-0.5 * x * x / variance) * DiscreteGaussianSampler.probability(variance, 0),
          p,
          1e-15);
    }
    assertEquals(1, sum, 1e-13);
    assertThrows(IllegalArgumentException.class, () -> DiscreteGaussianSampler.probability(0, 1));
  }

  @Test
  void largeVariancesWork() {
    double variance = 0x1p52;
    DiscreteGaussianSampler sampler =
        DiscreteGaussianSampler.ofVariance(variance, new SeededNoise(1));
    double squares = 0;
    for (int i = 0; i < 1000; i++) {
      squares += Math.pow(sampler.sample(), 2) / 1000;
    }
    assertEquals(1, squares / variance, 5 * Math.sqrt(2.0 / 1000));
  }

  @Test
  void numbersOutsideTheRangesAreRefused() {
    NoiseSource source = new SeededNoise(1);
    long tooLarge = (1L << 52) + 1;
    for (long bad : new long[] {0, -1, tooLarge}) {
      assertThrows(
          IllegalArgumentException.class, () -> new DiscreteGaussianSampler(bad, 1, source));
      assertThrows(
          IllegalArgumentException.class, () -> new DiscreteGaussianSampler(1, bad, source));
    }
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(
          IllegalArgumentException.class, () -> DiscreteGaussianSampler.ofVariance(bad, source));
    }
  }
}
