package org.dl4jplus.optim.first.noise;

import java.util.Arrays;

/**
 * The words of a {@link CounterNoise} seed, read one after the other: for draws that need an
 * unknown number of them. The same seed gives the same draws on every machine.
 *
 * <p>G. Marsaglia, W. W. Tsang: "A Simple Method for Generating Gamma Variables" (2000).
 */
public final class SplitMixStream {

  private final long seed;
  private long position;

  /**
   * Starts at word 0.
   *
   * @param seed derived seed
   */
  public SplitMixStream(long seed) {
    this.seed = seed;
  }

  /**
   * The next word.
   *
   * @return 64 random bits
   */
  public long nextWord() {
    return CounterNoise.word(seed, position++);
  }

  /**
   * A uniform number, of one word.
   *
   * @return a number in [0, 1)
   */
  public double nextUniform() {
    return (nextWord() >>> 11) * 0x1p-53;
  }

  /**
   * A uniform number whose logarithm is finite, of one word.
   *
   * @return a number in (0, 1]
   */
  public double nextPositiveUniform() {
    return ((nextWord() >>> 11) + 1) * 0x1p-53;
  }

  /**
   * A whole number, of one word.
   *
   * @param bound at least 1
   * @return a number in [0, bound)
   */
  public int below(int bound) {
    return (int) (nextUniform() * bound);
  }

  /**
   * A normal number, of two words: the cosine of Box and Muller's pair.
   *
   * @return a number of mean 0 and variance 1
   */
  public double nextGaussian() {
    double radius = Math.sqrt(-2 * StrictMath.log(nextPositiveUniform()));
    return radius * StrictMath.cos(2 * Math.PI * nextUniform());
  }

  /**
   * Shuffles in place: {@code for i = n-1 down to 1: swap i with below(i+1)}.
   *
   * @param list changed in place
   */
  public void shuffle(int[] list) {
    for (int i = list.length - 1; i > 0; i--) {
      int j = below(i + 1);
      int held = list[i];
      list[i] = list[j];
      list[j] = held;
    }
  }

  /**
   * Draws without replacement: the first ones of the shuffled numbers.
   *
   * @param count how many, at most n
   * @param n numbers 0 .. n-1 to draw from
   * @return those drawn, ascending
   * @throws IllegalArgumentException for more than there are
   */
  public int[] choose(int count, int n) {
    if (count < 0 || count > n) {
      throw new IllegalArgumentException("count must be in [0, " + n + "], got " + count);
    }
    int[] all = new int[n];
    Arrays.setAll(all, i -> i);
    shuffle(all);
    int[] chosen = Arrays.copyOf(all, count);
    Arrays.sort(chosen);
    return chosen;
  }

  /**
   * A gamma number of scale 1, by Marsaglia and Tsang's rejection; for shapes below 1 from the next
   * shape: {@code gamma(a) = gamma(a+1) u^(1/a)}.
   *
   * @param shape a, above 0
   * @return a number of mean a; 0 where it underflows
   * @throws IllegalArgumentException for another shape
   */
  public double gamma(double shape) {
    double above = rejected(shape);
    return shape < 1 ? above * StrictMath.pow(nextPositiveUniform(), 1 / shape) : above;
  }

  /** A gamma number of this shape, or of the next where it is below 1. */
  private double rejected(double shape) {
    if (!(shape > 0) || shape == Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException("shape must be finite and above 0, got " + shape);
    }
    double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double x = nextGaussian();
      double root = 1 + c * x;
      double v = root * root * root;
      if (v > 0) {
        double logU = StrictMath.log(nextPositiveUniform());
        if (logU < 0.5 * x * x + d - d * v + d * StrictMath.log(v)) {
          return d * v;
        }
      }
    }
  }

  /**
   * Random shares: a Dirichlet draw. Logarithms are kept until the end, so that tiny concentrations
   * do not underflow to shares of 0/0.
   *
   * @param concentrations each above 0
   * @return shares that add up to 1
   * @throws IllegalArgumentException for another concentration
   */
  public double[] dirichlet(double... concentrations) {
    double[] shares = new double[concentrations.length];
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < shares.length; i++) {
      double a = concentrations[i];
      shares[i] = StrictMath.log(rejected(a));
      if (a < 1) {
        shares[i] += StrictMath.log(nextPositiveUniform()) / a;
      }
      largest = Math.max(largest, shares[i]);
    }
    double total = 0;
    for (int i = 0; i < shares.length; i++) {
      shares[i] = StrictMath.exp(shares[i] - largest);
      total += shares[i];
    }
    for (int i = 0; i < shares.length; i++) {
      shares[i] /= total;
    }
    return shares;
  }
}
