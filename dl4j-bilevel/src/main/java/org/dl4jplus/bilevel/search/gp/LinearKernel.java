package org.dl4jplus.bilevel.search.gp;

import java.util.List;
import org.dl4jplus.optim.first.updater.Require;

/**
 * The kernel of linear functions through the origin: {@code variance * sum over c of a[c] b[c]}.
 * Its one hyperparameter is the variance of the slopes.
 */
public final class LinearKernel implements Kernel {

  private static final List<Prior> PRIORS = List.of(new Prior(1, 1, 1e-4, 20));

  private final double variance;
  private final int inputs;

  /**
   * Creates a kernel.
   *
   * @param variance of each slope, above 0
   * @param inputs how many inputs count; those beyond are passed over
   * @throws IllegalArgumentException outside the ranges
   */
  public LinearKernel(double variance, int inputs) {
    this.variance = Require.positive("variance", variance, 1);
    this.inputs = Require.count("inputs", inputs, 1);
  }

  @Override
  public double[] parameters() {
    return new double[] {Math.log(variance)};
  }

  @Override
  public LinearKernel with(double[] parameters) {
    return new LinearKernel(Math.exp(parameters[0]), inputs);
  }

  @Override
  public List<Prior> priors() {
    return PRIORS;
  }

  @Override
  public double value(double[] a, double[] b) {
    double product = 0;
    for (int c = 0; c < inputs; c++) {
      product += a[c] * b[c];
    }
    return variance * product;
  }

  @Override
  public double gradient(double[] a, double[] b, double[] target, int from) {
    target[from] = value(a, b);
    return target[from];
  }
}
