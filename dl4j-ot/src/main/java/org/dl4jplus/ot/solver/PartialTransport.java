package org.dl4jplus.ot.solver;

import lombok.Builder;

/**
 * Entropic transport of a part of the mass: locations of equal mass send the share {@code
 * transportRatio} to prototypes that take any amount, and keep the rest.
 *
 * <pre>{@code
 * K_ki = exp(-gamma c_ki),  s_i = sum_k K_ki
 * sum_i (1/n) t s_i/(1 + t s_i) = mu          one root t > 0
 * residual r_i = (1/n)/(1 + t s_i),  plan pi_ki = t K_ki r_i
 * }</pre>
 *
 * <p>The root is found by Newton's method in log t inside a bracket that holds it. At
 * transportRatio 1 nothing is kept: the plan is the limit (1/n) softmax_k(-gamma c_ki).
 *
 * <p>Fields: {@code transportRatio} mu in (0, 1] (0.3); {@code entropyWeight} gamma above 0 (5). A
 * solver keeps no state.
 *
 * <p>Y. Z. Gurbuz, O. Sener, A. A. Alatan: "Generalized Sum Pooling for Metric Learning", arXiv
 * 2308.09228 (2023).
 */
public final class PartialTransport {

  private static final int STEPS = 60;
  private static final double CLOSE = 1e-12;
  private static final double FLOOR = 1e-12;

  /**
   * A plan.
   *
   * <p>The arrays are the record's own and not copied.
   *
   * @param residual what each of the n locations keeps
   * @param plan m*n values, prototype after prototype
   */
  public record PartialPlan(double[] residual, double[] plan) {}

  private final double transportRatio;
  private final double entropyWeight;

  @Builder
  private PartialTransport(Double transportRatio, Double entropyWeight) {
    double ratio = transportRatio == null ? 0.3 : transportRatio;
    Arguments.check(ratio > 0 && ratio <= 1, "transportRatio", ratio, "in (0, 1]");
    this.transportRatio = ratio;
    this.entropyWeight = Arguments.positive("entropyWeight", entropyWeight, 5);
  }

  /**
   * Finds the plan.
   *
   * @param cost m*n finite costs, prototype after prototype
   * @param prototypes m, at least 1
   * @return the plan
   * @throws IllegalArgumentException for a wrong size or a value that is not finite
   */
  public PartialPlan solve(double[] cost, int prototypes) {
    Arguments.count("prototypes", prototypes, prototypes);
    if (cost == null || cost.length == 0 || cost.length % prototypes != 0) {
      throw new IllegalArgumentException(
          "cost must hold a multiple of "
              + prototypes
              + " values, got "
              + (cost == null ? null : cost.length));
    }
    Arguments.finite("cost", cost, cost.length);
    int n = cost.length / prototypes;
    double[] plan = new double[cost.length];
    double[] logs = new double[n];
    for (int i = 0; i < n; i++) {
      logs[i] = softmax(cost, plan, i, n);
    }
    double root = transportRatio == 1 ? Double.POSITIVE_INFINITY : root(logs);
    double[] residual = new double[n];
    for (int i = 0; i < n; i++) {
      residual[i] = sigmoid(-(root + logs[i])) / n;
      double sent = sigmoid(root + logs[i]) / n;
      for (int k = i; k < plan.length; k += n) {
        plan[k] *= sent;
      }
    }
    return new PartialPlan(residual, plan);
  }

  /** Fills a location's softmax of -gamma c; returns the log of the sum. */
  private double softmax(double[] cost, double[] out, int location, int n) {
    double top = Double.NEGATIVE_INFINITY;
    for (int k = location; k < cost.length; k += n) {
      top = Math.max(top, -entropyWeight * cost[k]);
    }
    double sum = 0;
    for (int k = location; k < cost.length; k += n) {
      out[k] = Math.exp(-entropyWeight * cost[k] - top);
      sum += out[k];
    }
    for (int k = location; k < cost.length; k += n) {
      out[k] /= sum;
    }
    return top + Math.log(sum);
  }

  /** The log of t at which the share mu is sent. */
  private double root(double[] logs) {
    double odds = Math.log(transportRatio / (1 - transportRatio));
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    double mean = 0;
    for (double log : logs) {
      low = Math.min(low, odds - log);
      high = Math.max(high, odds - log);
      mean += log / logs.length;
    }
    double t = Math.min(high, Math.max(low, odds - mean));
    for (int step = 0; step < STEPS && low < high; step++) {
      double share = 0;
      double slope = 0;
      for (double log : logs) {
        double sent = sigmoid(t + log);
        share += sent / logs.length;
        slope += sent * (1 - sent) / logs.length;
      }
      double excess = share - transportRatio;
      if (Math.abs(excess) < CLOSE) {
        break;
      }
      if (excess > 0) {
        high = t;
      } else {
        low = t;
      }
      double newton = t - excess / slope;
      t = newton > low && newton < high ? newton : (low + high) / 2;
    }
    return t;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /**
   * The vector-Jacobian product.
   *
   * <pre>{@code
   * X = [r; pi], Z = X*Y, R_i = sum of column i of Z
   * d = -(sum_i Z_0i - n sum_i R_i r_i)/max(1 - mu - n sum_i r_i^2, 1e-12)
   * v_i = n (R_i + d r_i),   dL/dc_ki = -gamma (Z_ki - v_i pi_ki)
   * }</pre>
   *
   * @param result what this solver returned
   * @param upstreamResidual gradient with respect to the n residuals
   * @param upstreamPlan gradient with respect to the m*n entries of the plan
   * @return gradient with respect to the m*n costs
   * @throws IllegalArgumentException for a wrong size
   */
  public double[] costGradient(
      PartialPlan result, double[] upstreamResidual, double[] upstreamPlan) {
    double[] r = result.residual();
    double[] plan = result.plan();
    int n = r.length;
    Arguments.sized("upstreamResidual", upstreamResidual, n);
    Arguments.sized("upstreamPlan", upstreamPlan, plan.length);
    double[] columns = new double[n];
    double coefficient = 0;
    double spread = 1 - transportRatio;
    for (int i = 0; i < n; i++) {
      double kept = r[i] * upstreamResidual[i];
      columns[i] = kept;
      for (int k = i; k < plan.length; k += n) {
        columns[i] += plan[k] * upstreamPlan[k];
      }
      coefficient += kept - n * columns[i] * r[i];
      spread -= n * r[i] * r[i];
    }
    double shift = -coefficient / Math.max(spread, FLOOR);
    double[] gradient = new double[plan.length];
    for (int k = 0; k < plan.length; k++) {
      double v = n * (columns[k % n] + shift * r[k % n]);
      gradient[k] = -entropyWeight * plan[k] * (upstreamPlan[k] - v);
    }
    return gradient;
  }
}
