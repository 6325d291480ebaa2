package org.dl4jplus.optim.first.schedule;

import java.util.Arrays;
import org.dl4jplus.optim.first.updater.Require;

/**
 * The steps from recorded gradient norms to a schedule, one by one. {@link
 * org.dl4jplus.optim.first.RefinedSchedule} puts them together and names the paper.
 */
public final class Refinement {

  private Refinement() {}

  /**
   * Puts the smallest proper norm in the place of those that are zero or not finite.
   *
   * @param norms recorded norms
   * @return norms that are all positive; ones if there is no proper norm
   * @throws IllegalArgumentException if a norm is negative
   */
  public static double[] repair(double[] norms) {
    double smallest = Double.POSITIVE_INFINITY;
    for (int t = 0; t < norms.length; t++) {
      Require.check(!(norms[t] < 0), "norms[" + t + "]", norms[t], "at least 0");
      if (norms[t] > 0) {
        smallest = Math.min(smallest, norms[t]);
      }
    }
    double substitute = smallest == Double.POSITIVE_INFINITY ? 1 : smallest;
    return Arrays.stream(norms)
        .map(norm -> norm > 0 && norm < Double.POSITIVE_INFINITY ? norm : substitute)
        .toArray();
  }

  /**
   * Width of the running median.
   *
   * @param steps length of the run
   * @param fraction fraction of it
   * @return an odd number
   */
  public static int width(int steps, double fraction) {
    return 2 * ((int) Math.floor(fraction * steps) / 2) + 1;
  }

  /**
   * Running median. Before the start the first norm goes on; after the end the run is reflected.
   *
   * @param norms positive norms
   * @param fraction width of the median as a fraction of the run
   * @return the medians, one for each norm
   */
  public static double[] smooth(double[] norms, double fraction) {
    int steps = norms.length;
    int width = width(steps, fraction);
    int half = width / 2;
    double[] window = new double[width];
    for (int i = 0; i < width; i++) {
      window[i] = padded(norms, i - half);
    }
    Arrays.sort(window);
    double[] medians = new double[steps];
    for (int t = 0; t < steps; t++) {
      medians[t] = window[half];
      replace(window, padded(norms, t - half), padded(norms, t + half + 1));
    }
    return medians;
  }

  private static double padded(double[] norms, int t) {
    int last = norms.length - 1;
    // A width of at most the run's length never looks back further than its start.
    return t < 0 ? norms[0] : norms[Math.max(0, t <= last ? t : 2 * last - t)];
  }

  /** Takes a value out of a sorted window and puts another one in. */
  private static void replace(double[] window, double out, double in) {
    int from = Arrays.binarySearch(window, out);
    int to = Arrays.binarySearch(window, in);
    int place = to < 0 ? -to - 1 : to;
    if (place > from) {
      place--;
      System.arraycopy(window, from + 1, window, from, place - from);
    } else {
      System.arraycopy(window, place, window, place + 1, from - place);
    }
    window[place] = in;
  }

  /**
   * How much the steps weigh: norm^-power, relative to the heaviest one. The common factor is left
   * out because the schedule does not depend on it and a small norm's power may overflow.
   *
   * @param norms positive norms
   * @param power 1 or 2
   * @return weights in (0, 1]
   */
  public static double[] weights(double[] norms, int power) {
    double smallest = Arrays.stream(norms).min().orElseThrow();
    return Arrays.stream(norms).map(norm -> Math.pow(smallest / norm, power)).toArray();
  }

  /**
   * Bounds the weights by a multiple of their median.
   *
   * @param weights weights, changed in place
   * @param ratio the multiple
   */
  public static void clip(double[] weights, double ratio) {
    double[] sorted = weights.clone();
    Arrays.sort(sorted);
    int upper = sorted.length / 2;
    double median = (sorted[(sorted.length - 1) / 2] + sorted[upper]) / 2;
    for (int t = 0; t < weights.length; t++) {
      weights[t] = Math.min(weights[t], ratio * median);
    }
  }

  /**
   * The schedule that the bound of the theory makes best.
   *
   * @param weights the steps' weights
   * @return its factors, with largest value 1 and last value 0
   */
  public static double[] factors(double[] weights) {
    double[] factors = new double[weights.length];
    double after = 0;
    double largest = 0;
    for (int t = weights.length - 1; t >= 0; t--) {
      factors[t] = weights[t] * after;
      after += weights[t];
      largest = Math.max(largest, factors[t]);
    }
    for (int t = 0; t < factors.length; t++) {
      factors[t] /= largest;
    }
    return factors;
  }
}
