package org.dl4jplus.bilevel.search.gp;

import java.util.SplittableRandom;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Functions drawn from a Gaussian process before data, by random Fourier features:
 *
 * <pre>{@code
 * f_s(x)  = sum over j of theta_sj phi_j(x),   theta ~ N(0, 1)
 * phi_j(x)= sqrt(2 variance/features) cos(omega_j^T x + b_j),   b_j uniform in [0, 2 pi)
 * omega_j = z_j sqrt(nu/chi^2_nu) / lengthScale,   z_j normal; nu = 5 for Matern 5/2, 3 for 3/2,
 *           infinite for RBF
 * }</pre>
 *
 * <p>A. Rahimi, B. Recht: "Random Features for Large-Scale Kernel Machines" (2007).
 */
public final class PriorDraws {

  private final double[][] frequencies;
  private final double[] phases;
  private final double[][] weights;
  private final double scale;

  /**
   * Draws functions.
   *
   * @param kernel of the process
   * @param features how many features, at least 1
   * @param draws how many functions, at least 1
   * @param random to draw from
   */
  public PriorDraws(StationaryKernel kernel, int features, int draws, SplittableRandom random) {
    double[] lengthScales = kernel.lengthScales();
    int freedom =
        switch (kernel.form()) {
          case MATERN52 -> 5;
          case MATERN32 -> 3;
          case RBF -> 0;
        };
    frequencies = new double[features][lengthScales.length];
    phases = new double[features];
    for (int j = 0; j < features; j++) {
      double square = 0;
      for (int k = 0; k < freedom; k++) {
        double z = random.nextGaussian();
        square += z * z;
      }
      double spread = freedom == 0 ? 1 : Math.sqrt(freedom / square);
      for (int c = 0; c < lengthScales.length; c++) {
        frequencies[j][c] = random.nextGaussian() * spread / lengthScales[c];
      }
      phases[j] = 2 * Math.PI * random.nextDouble();
    }
    scale = Math.sqrt(2 * kernel.variance() / features);
    weights = new double[draws][features];
    for (double[] row : weights) {
      for (int j = 0; j < features; j++) {
        row[j] = random.nextGaussian();
      }
    }
  }

  /**
   * The features of a point.
   *
   * @param x inputs
   * @return phi
   */
  public double[] features(double[] x) {
    double[] phi = new double[phases.length];
    for (int j = 0; j < phi.length; j++) {
      double angle = phases[j];
      double[] frequency = frequencies[j];
      for (int c = 0; c < frequency.length; c++) {
        angle += frequency[c] * x[c];
      }
      phi[j] = scale * Math.cos(angle);
    }
    return phi;
  }

  /**
   * A function at a point.
   *
   * @param draw its number
   * @param features of the point
   * @return the value
   */
  public double value(int draw, double[] features) {
    double[] row = weights[draw];
    double value = 0;
    for (int j = 0; j < row.length; j++) {
      value += row[j] * features[j];
    }
    return value;
  }

  /**
   * All functions at many points.
   *
   * @param points inputs, one point in each row
   * @return a row for each function, a column for each point
   */
  public double[][] values(double[][] points) {
    double[][] phi = new double[points.length][];
    for (int i = 0; i < points.length; i++) {
      phi[i] = features(points[i]);
    }
    try (INDArray left = Nd4j.createFromArray(weights);
        INDArray right = Nd4j.createFromArray(phi);
        INDArray product = left.mmul(right.transpose())) {
      return product.toDoubleMatrix();
    }
  }
}
