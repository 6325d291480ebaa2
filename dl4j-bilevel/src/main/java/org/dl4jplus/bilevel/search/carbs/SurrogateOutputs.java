package org.dl4jplus.bilevel.search.carbs;

import java.util.Arrays;
import org.apache.commons.math3.distribution.NormalDistribution;

/** What the Gaussian processes of CARBS model in the place of outputs and costs. */
public final class SurrogateOutputs {

  private static final double EDGE = 1e-7;

  private SurrogateOutputs() {}

  /**
   * How many quantiles the outputs are mapped by. The specification's floor(sqrt(count)) is 1 below
   * 4 outputs, which leaves no line between two of them; then it is 2 here.
   *
   * @param count of the outputs
   * @return floor(sqrt(count)), at least 2
   */
  public static int quantiles(int count) {
    return Math.max(2, (int) Math.sqrt(count));
  }

  /**
   * Outputs mapped to a normal distribution by their quantiles: {@code sign * Phi^-1(u(output))},
   * where u rises linearly between the quantiles at 0, 1/(q-1), .. 1 of the outputs, and Phi^-1 is
   * cut at its values for 1e-7 and 1 - 1e-7.
   *
   * @param outputs at least one, finite
   * @param sign 1 where large outputs are good, -1 where small ones are
   * @return one number for each, large ones good
   */
  public static double[] normal(double[] outputs, int sign) {
    int q = quantiles(outputs.length);
    double[] knots = new double[q];
    for (int k = 0; k < q; k++) {
      knots[k] = CostFront.quantile(outputs, k / (q - 1.0));
    }
    NormalDistribution normal = new NormalDistribution(null, 0, 1);
    return Arrays.stream(outputs)
        .map(v -> share(v, knots))
        .map(u -> Math.min(Math.max(u, EDGE), 1 - EDGE))
        .map(u -> sign * normal.inverseCumulativeProbability(u))
        .toArray();
  }

  /** Where a value lies among the knots, whatever its scale: equal knots are met in the middle. */
  private static double share(double v, double[] knots) {
    int last = knots.length - 1;
    if (v <= knots[0]) {
      return 0;
    }
    if (v >= knots[last]) {
      return 1;
    }
    int right = 0;
    while (knots[right] <= v) {
      right++;
    }
    int left = last;
    while (knots[left] >= v) {
      left--;
    }
    // The interpolations from above and from below differ only where knots are equal.
    return (between(v, knots, right - 1, right) + between(v, knots, left, left + 1)) / 2;
  }

  private static double between(double v, double[] knots, int low, int high) {
    double step = (v - knots[low]) / (knots[high] - knots[low]);
    return (low + step) / (knots.length - 1);
  }

  /**
   * The logarithms of costs, scaled to [-1, 1].
   *
   * @param costs above 0
   * @return one number for each; 0 where all are equal
   */
  public static double[] logCosts(double[] costs) {
    double[] logs = Arrays.stream(costs).map(Math::log).toArray();
    double low = Arrays.stream(logs).min().orElseThrow();
    double high = Arrays.stream(logs).max().orElseThrow();
    return Arrays.stream(logs)
        .map(l -> high == low ? 0 : 2 * (l - low) / (high - low) - 1)
        .toArray();
  }
}
