package org.dl4jplus.optim.first.sharpness;

import org.dl4jplus.optim.first.linalg.Lanczos;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

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
    long most = Math.min(steps, oracle.size());
    Lanczos lanczos =
        new Lanczos(v -> product(oracle, v, radius), Lanczos.normalStart(oracle.size(), seed));
    while (true) {
      INDArray direction = lanczos.next();
      try {
        lanczos.step();
      } catch (ArithmeticException e) {
        return new Pair(Double.NaN, direction, Double.NaN, lanczos.steps() + 1);
      }
      int last = lanczos.steps() - 1;
      Lanczos.Ritz ritz = lanczos.ritz();
      double value = ritz.values()[last];
      double residual = lanczos.beta() * Math.abs(ritz.vectors()[last][last]);
      double small = Math.max(tolerance, BREAKDOWN) * Math.abs(value);
      if (last + 1 == most || residual <= small || lanczos.beta() <= Double.MIN_NORMAL) {
        return new Pair(value, lanczos.combine(ritz.vectors()[last]), residual, last + 1);
      }
    }
  }
}
