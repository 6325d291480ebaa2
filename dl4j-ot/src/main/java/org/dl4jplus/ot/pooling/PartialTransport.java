package org.dl4jplus.ot.pooling;

import java.util.Arrays;

/**
 * Entropic transport of a part of a uniform mass: of n locations with mass 1/n each the share mu is
 * to be carried to m free targets, where it costs least, and the rest stays.
 *
 * <pre>{@code
 * s_i = sum_k exp(-gamma c_ki)
 * t > 0 with (1/n) sum_i t s_i / (1 + t s_i) = mu
 * r_i = (1/n) / (1 + t s_i),  pi_ki = t exp(-gamma c_ki) r_i
 * }</pre>
 *
 * <p>r is the residual, with sum 1 - mu, and pi the plan, with sum mu; for each i they add up to
 * 1/n. The one equation in log t is solved by a Newton iteration within a bracket, all exponentials
 * being taken of differences: the result is that of the reference's converged iteration for any
 * gamma. The derivative is that of the solution, not of the iteration.
 *
 * <p>Y. Z. Gurbuz, O. Sener, A. A. Alatan, "Generalized Sum Pooling for Metric Learning",
 * arXiv:2308.09228, 2023.
 */
public final class PartialTransport {

  private static final int MAX_STEPS = 60;
  private static final double TOLERANCE = 1e-12;
  private static final double SMALLEST_DENOMINATOR = 1e-12;

  private final int locations;
  private final double ratio;
  private final double gamma;
  private final double[] residual;
  private final double[] carried;
  private final double[][] plan;

  /**
   * Solves the problem.
   *
   * @param cost a row for each of the targets with a finite entry for each of the locations
   * @param ratio mu, in (0, 1]; at 1 the residual is 0 and the plan the limit
   * @param gamma weight of the costs against the entropy, finite and &gt; 0
   * @throws IllegalArgumentException if a value is out of range
   */
  public PartialTransport(double[][] cost, double ratio, double gamma) {
    checkRatio(ratio);
    checkGamma(gamma);
    if (cost.length == 0 || cost[0].length == 0) {
      throw new IllegalArgumentException("cost must have at least one row and one column");
    }
    this.ratio = ratio;
    this.gamma = gamma;
    locations = cost[0].length;
    for (double[] row : cost) {
      if (row.length != locations) {
        throw new IllegalArgumentException(
            "cost must have rows of one length: " + row.length + " after " + locations);
      }
    }
    residual = new double[locations];
    carried = new double[locations];
    plan = new double[cost.length][locations];
    double[] sums = new double[locations];
    double[] logSums = exponentials(cost, sums);
    double logT = ratio == 1 ? Double.POSITIVE_INFINITY : solve(logSums);
    for (int i = 0; i < locations; i++) {
      carried[i] = sigmoid(logT + logSums[i]);
      residual[i] = sigmoid(-logT - logSums[i]) / locations;
      sums[i] = carried[i] / (sums[i] * locations);
    }
    for (double[] row : plan) {
      for (int i = 0; i < row.length; i++) {
        row[i] *= sums[i];
      }
    }
  }

  static void checkRatio(double ratio) {
    if (!(ratio > 0 && ratio <= 1)) {
      throw new IllegalArgumentException("transportRatio must be in (0, 1]: " + ratio);
    }
  }

  static void checkGamma(double gamma) {
    if (!(gamma > 0) || Double.isInfinite(gamma)) {
      throw new IllegalArgumentException("entropyWeight must be finite and > 0: " + gamma);
    }
  }

  /**
   * Fills the plan with exp(gamma (least - cost)), where least is the location's lowest cost;
   * returns the logs of the sums of exp(-gamma cost).
   */
  private double[] exponentials(double[][] cost, double[] sums) {
    double[] least = cost[0].clone();
    for (double[] row : cost) {
      for (int i = 0; i < least.length; i++) {
        least[i] = Math.min(least[i], row[i]);
      }
    }
    for (int k = 0; k < cost.length; k++) {
      double[] row = cost[k];
      double[] shares = plan[k];
      for (int i = 0; i < shares.length; i++) {
        shares[i] = Math.exp(gamma * (least[i] - row[i]));
      }
      for (int i = 0; i < sums.length; i++) {
        sums[i] += shares[i];
      }
    }
    double[] logs = new double[locations];
    for (int i = 0; i < locations; i++) {
      if (!Double.isFinite(least[i]) || Double.isNaN(sums[i])) {
        throw new IllegalArgumentException("cost must be finite: location " + i);
      }
      logs[i] = Math.log(sums[i]) - gamma * least[i];
    }
    return logs;
  }

  private double solve(double[] logSums) {
    double lowest = Double.POSITIVE_INFINITY;
    double highest = Double.NEGATIVE_INFINITY;
    double mean = 0;
    for (double s : logSums) {
      lowest = Math.min(lowest, s);
      highest = Math.max(highest, s);
      mean += s / locations;
    }
    double odds = Math.log(ratio / (1 - ratio));
    double from = odds - highest;
    double to = odds - lowest;
    double logT = odds - mean;
    for (int step = 0; step < MAX_STEPS; step++) {
      double excess = -ratio;
      double slope = 0;
      for (double s : logSums) {
        double share = sigmoid(logT + s);
        excess += share / locations;
        slope += share * (1 - share) / locations;
      }
      if (Math.abs(excess) < TOLERANCE) {
        break;
      }
      if (excess > 0) {
        to = logT;
      } else {
        from = logT;
      }
      double next = logT - excess / slope;
      logT = next > from && next < to ? next : from + (to - from) / 2;
      if (to - from <= 2 * Math.ulp(logT)) {
        break;
      }
    }
    return logT;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /**
   * What stays where it is.
   *
   * @return r of [locations]
   */
  public double[] residual() {
    return residual.clone();
  }

  /**
   * What is carried.
   *
   * @return pi of [targets, locations]
   */
  public double[][] plan() {
    return Arrays.stream(plan).map(double[]::clone).toArray(double[][]::new);
  }

  /**
   * The share of a location that is carried over the mean share.
   *
   * @return w of [locations], {@code (1 - n r_i) / mu}, with mean 1
   */
  public double[] weights() {
    double[] weights = carried.clone();
    for (int i = 0; i < locations; i++) {
      weights[i] /= ratio;
    }
    return weights;
  }

  /**
   * What each target receives, over all that is carried.
   *
   * @return of [targets], with sum 1
   */
  public double[] received() {
    return Arrays.stream(plan).mapToDouble(row -> Arrays.stream(row).sum() / ratio).toArray();
  }

  /**
   * Vector-Jacobian product.
   *
   * <pre>{@code
   * R_i = r_i * ofResidual_i + sum_k pi_ki * ofPlan_ki
   * d = -sum_i (r_i * ofResidual_i - n R_i r_i) / max(1 - mu - n sum_i r_i^2, 1e-12)
   * gradient_ki = gamma pi_ki (n (R_i + d r_i) - ofPlan_ki)
   * }</pre>
   *
   * @param ofResidual gradient with respect to the residual
   * @param ofPlan gradient with respect to the plan, null for zeros
   * @return gradient with respect to the cost, of [targets, locations]
   */
  public double[][] backward(double[] ofResidual, double[][] ofPlan) {
    double[] columns = new double[locations];
    if (ofPlan != null) {
      for (int k = 0; k < plan.length; k++) {
        double[] row = plan[k];
        double[] upstream = ofPlan[k];
        for (int i = 0; i < columns.length; i++) {
          columns[i] += row[i] * upstream[i];
        }
      }
    }
    double squares = 0;
    double coefficient = 0;
    for (int i = 0; i < locations; i++) {
      double z = residual[i] * ofResidual[i];
      columns[i] += z;
      squares += residual[i] * residual[i];
      coefficient += z - locations * columns[i] * residual[i];
    }
    double shift = -coefficient / Math.max(1 - ratio - locations * squares, SMALLEST_DENOMINATOR);
    for (int i = 0; i < locations; i++) {
      columns[i] = gamma * locations * (columns[i] + shift * residual[i]);
    }
    double[][] gradient = new double[plan.length][locations];
    for (int k = 0; k < plan.length; k++) {
      double[] row = plan[k];
      double[] result = gradient[k];
      for (int i = 0; i < result.length; i++) {
        result[i] = columns[i] * row[i];
      }
      if (ofPlan != null) {
        double[] upstream = ofPlan[k];
        for (int i = 0; i < result.length; i++) {
          result[i] -= gamma * upstream[i] * row[i];
        }
      }
    }
    return gradient;
  }
}
