package org.dl4jplus.privacy.factorization;

import java.util.Arrays;
import org.dl4jplus.optim.first.updater.Require;

/**
 * The sums of gradients that an optimizer forms, whose errors a factorisation keeps small: a lower
 * triangular matrix A with one row for each step.
 *
 * <pre>{@code
 * x_t = x_0 - SUM_{i<=t} A_ti g_i
 * A_ti = SUM_{s=i..t} rate_s momentum^(s-i)
 * }</pre>
 *
 * <p>Which workload a factorisation is made for changes its errors, never its privacy: any
 * optimizer may run on the noisy gradients.
 */
public final class Workload {

  private final double[] rates;
  private final double momentum;

  private Workload(double[] rates, double momentum) {
    Require.atLeast("steps", rates.length, 1, 1);
    for (double rate : rates) {
      Require.positive("learningRates", rate, 1);
    }
    this.rates = rates;
    this.momentum = Require.beta("momentum", momentum, 0);
  }

  /**
   * Gradient descent with one learning rate: the lower triangle of ones.
   *
   * @param steps at least 1
   * @return the workload
   * @throws IllegalArgumentException if there are no steps
   */
  public static Workload prefixSums(int steps) {
    double[] rates = new double[Require.atLeast("steps", steps, 1, 1)];
    Arrays.fill(rates, 1);
    return new Workload(rates, 0);
  }

  /**
   * Gradient descent with a schedule: {@code A_ti = rate_i}.
   *
   * @param learningRates one for each step, finite and above 0
   * @return the workload
   * @throws IllegalArgumentException for rates out of range
   */
  public static Workload learningRates(double[] learningRates) {
    return momentum(learningRates, 0);
  }

  /**
   * Heavy-ball momentum: {@code m_t = momentum m_(t-1) + g_t, x_t = x_(t-1) - rate_t m_t}.
   *
   * @param learningRates one for each step, finite and above 0
   * @param momentum in [0, 1)
   * @return the workload
   * @throws IllegalArgumentException for values out of range
   */
  public static Workload momentum(double[] learningRates, double momentum) {
    return new Workload(learningRates.clone(), momentum);
  }

  /**
   * How many steps there are.
   *
   * @return rows and columns of A
   */
  public int steps() {
    return rates.length;
  }

  /**
   * A row of the matrix up to its diagonal; all behind it is 0.
   *
   * @param t which, from 0
   * @return t + 1 numbers, the last above 0
   */
  public double[] row(int t) {
    double[] row = new double[t + 1];
    double next = 0;
    for (int i = t; i >= 0; i--) {
      next = rates[i] + momentum * next;
      row[i] = next;
    }
    return row;
  }

  /** With a largest rate of 1; the best factorisation does not depend on the scale. */
  Workload normalized() {
    double largest = Arrays.stream(rates).max().getAsDouble();
    return new Workload(Arrays.stream(rates).map(rate -> rate / largest).toArray(), momentum);
  }

  /** The number of steps, if it is the factorisation's, too. */
  int stepsOf(Factorization factorization) {
    Require.check(
        factorization.steps() == steps(), "workload.steps", steps(), "" + factorization.steps());
    return steps();
  }
}
