package org.dl4jplus.optim.first.sharpness;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealVector;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The largest eigenvalue of a loss's Hessian by the Lanczos method, from gradients alone.
 *
 * <pre>{@code
 * H*v ~ (gradient at w + radius*v - gradient at w - radius*v) / (2*radius),  ||v|| = 1
 * }</pre>
 *
 * <p>It is the largest with its sign: strong negative curvature does not hide it. The vectors are
 * made orthogonal to all earlier ones, so up to {@code steps} of the parameters' size are held
 * while it runs. Double precision is asked for: single precision leaves no radius at which the
 * difference means anything.
 *
 * <p>C. Lanczos: "An Iteration Method for the Solution of the Eigenvalue Problem of Linear
 * Differential and Integral Operators" (1950).
 */
public final class HessianTopEigenvalue {

  /** A radius at which rounding and curvature's change weigh the same, by measurement. */
  public static final double RADIUS = 1e-4;

  /** Below this part of the eigenvalue there is rounding only. */
  private static final double BREAKDOWN = 1e-10;

  /**
   * What was found.
   *
   * @param eigenvalue the largest eigenvalue
   * @param eigenvector a unit vector of shape [n]; its sign is free
   * @param residual norm of H*x - eigenvalue*x: an eigenvalue is at most this far away
   * @param steps products with the Hessian that were taken
   */
  public record Pair(double eigenvalue, INDArray eigenvector, double residual, int steps) {}

  private final int steps;
  private final double tolerance;
  private final double radius;
  private final long seed;

  /**
   * Sets the solver up.
   *
   * @param steps most products with the Hessian, at least 1; 15 to 40 are enough for a network
   * @param tolerance stops earlier once the residual is below this part of the eigenvalue, at least
   *     0
   * @param radius of the difference, above 0
   * @param seed of the first vector
   */
  public HessianTopEigenvalue(int steps, double tolerance, double radius, long seed) {
    this.steps = Require.count("steps", steps, steps);
    this.tolerance = Require.nonNegative("tolerance", tolerance, tolerance);
    this.radius = Require.positive("radius", radius, radius);
    this.seed = seed;
  }

  /**
   * A product with the Hessian at the oracle's parameters.
   *
   * @param oracle the loss
   * @param direction a unit vector
   * @param radius of the difference
   * @return the product, of shape [n]
   * @throws IllegalArgumentException unless the oracle is in double precision
   */
  public static INDArray product(GradientOracle oracle, INDArray direction, double radius) {
    requireDouble(oracle);
    INDArray point = oracle.parameters().dup();
    INDArray up = point.ulike();
    INDArray down = point.ulike();
    try {
      GradientTurn.axpy(point, radius, direction, point);
      oracle.lossAndGradient(point, up);
      GradientTurn.axpy(point, -2 * radius, direction, point);
      oracle.lossAndGradient(point, down);
    } finally {
      oracle.restore();
    }
    return GradientTurn.axpy(up, -1, down, up).divi(2 * radius);
  }

  private static void requireDouble(GradientOracle oracle) {
    DataType type = oracle.parameters().dataType();
    if (type != DataType.DOUBLE) {
      throw new IllegalArgumentException(
          "Differences of gradients need double precision, got " + type);
    }
  }

  /**
   * Finds the largest eigenvalue at the oracle's parameters.
   *
   * @param oracle the loss, in double precision; restored afterwards
   * @return the pair; its numbers are not finite where gradients are not
   * @throws IllegalArgumentException unless the oracle is in double precision
   */
  public Pair find(GradientOracle oracle) {
    requireDouble(oracle);
    int most = (int) Math.min(steps, oracle.size());
    List<INDArray> basis = new ArrayList<>();
    double[] diagonal = new double[most];
    double[] beside = new double[most];
    INDArray next = start(oracle.size());
    while (true) {
      int k = basis.size();
      basis.add(next);
      INDArray image = product(oracle, next, radius);
      diagonal[k] = GradientTurn.dot(image, next);
      // Twice is enough: what the first sweep leaves is rounding.
      for (int sweep = 0; sweep < 2; sweep++) {
        for (INDArray earlier : basis) {
          GradientTurn.axpy(image, -GradientTurn.dot(image, earlier), earlier, image);
        }
      }
      beside[k] = GradientTurn.norm(image);
      if (!Double.isFinite(diagonal[k]) || !Double.isFinite(beside[k])) {
        return new Pair(Double.NaN, next, Double.NaN, k + 1);
      }
      Ritz top = top(diagonal, beside, k + 1);
      double residual = beside[k] * Math.abs(top.vector().getEntry(k));
      double small = Math.max(tolerance, BREAKDOWN) * Math.abs(top.value());
      if (k + 1 == most || residual <= small || beside[k] <= Double.MIN_NORMAL) {
        return new Pair(top.value(), combine(basis, top.vector()), residual, k + 1);
      }
      next = image.divi(beside[k]);
    }
  }

  private INDArray start(long size) {
    double[] normal = new double[(int) size];
    CounterNoise.fill(
        Distribution.GAUSSIAN, CounterNoise.deriveSeed(seed), 0, normal, normal.length);
    INDArray start = Nd4j.createFromArray(normal);
    return start.divi(GradientTurn.norm(start));
  }

  private record Ritz(double value, RealVector vector) {}

  /** The largest eigenvalue of the projected matrix. */
  private static Ritz top(double[] diagonal, double[] beside, int size) {
    double[] main = Arrays.copyOf(diagonal, size);
    double[] secondary = Arrays.copyOf(beside, size - 1);
    EigenDecomposition eigen = new EigenDecomposition(main, secondary);
    int best = 0;
    for (int i = 1; i < size; i++) {
      best = eigen.getRealEigenvalue(i) > eigen.getRealEigenvalue(best) ? i : best;
    }
    return new Ritz(eigen.getRealEigenvalue(best), eigen.getEigenvector(best));
  }

  private static INDArray combine(List<INDArray> basis, RealVector weights) {
    INDArray sum = Nd4j.create(DataType.DOUBLE, basis.get(0).length());
    for (int i = 0; i < basis.size(); i++) {
      GradientTurn.axpy(sum, weights.getEntry(i), basis.get(i), sum);
    }
    return sum.divi(GradientTurn.norm(sum));
  }
}
