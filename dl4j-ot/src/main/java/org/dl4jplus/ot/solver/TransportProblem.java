package org.dl4jplus.ot.solver;

import java.util.Locale;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A geometry with the mass at its sources and its targets.
 *
 * <p>Weights are finite and not negative, with a sum above 0; weights of 0 are legal, and their
 * rows and columns of a plan are 0. Solvers that move all mass ask for equal sums.
 */
public final class TransportProblem {

  private static final double BALANCE = 1e-6;

  private final Geometry geometry;
  private final double[] a;
  private final double[] b;

  private TransportProblem(Geometry geometry, double[] a, double[] b) {
    if (geometry == null) {
      throw new IllegalArgumentException("geometry must be given, got null");
    }
    this.geometry = geometry;
    this.a = Arguments.weights("a", a, geometry.rows());
    this.b = Arguments.weights("b", b, geometry.columns());
  }

  /**
   * A problem on a geometry.
   *
   * @param geometry the costs
   * @param a n weights of the sources, or null for 1/n each
   * @param b m weights of the targets, or null for 1/m each
   * @return the problem
   * @throws IllegalArgumentException for bad weights
   */
  public static TransportProblem of(Geometry geometry, double[] a, double[] b) {
    return new TransportProblem(geometry, a, b);
  }

  /**
   * A problem on given costs.
   *
   * @param cost the matrix [n][m]
   * @param a n weights of the sources, or null for 1/n each
   * @param b m weights of the targets, or null for 1/m each
   * @return the problem
   * @throws IllegalArgumentException for bad costs or weights
   */
  public static TransportProblem of(double[][] cost, double[] a, double[] b) {
    if (cost == null) {
      throw new IllegalArgumentException("cost must be given, got null");
    }
    return of(Geometry.ofCost(cost), a, b);
  }

  /**
   * A problem on given costs.
   *
   * @param cost the matrix [n, m]
   * @param a n weights of the sources, or null for 1/n each
   * @param b m weights of the targets, or null for 1/m each
   * @return the problem
   * @throws IllegalArgumentException for bad costs or weights
   */
  public static TransportProblem of(INDArray cost, INDArray a, INDArray b) {
    return of(Geometry.ofCost(cost), Arguments.vector(a), Arguments.vector(b));
  }

  /**
   * The costs.
   *
   * @return the geometry
   */
  public Geometry geometry() {
    return geometry;
  }

  /**
   * The weights of the sources.
   *
   * @return a copy of the n weights
   */
  public double[] a() {
    return a.clone();
  }

  /**
   * The weights of the targets.
   *
   * @return a copy of the m weights
   */
  public double[] b() {
    return b.clone();
  }

  double[] sharedA() {
    return a;
  }

  double[] sharedB() {
    return b;
  }

  int rows() {
    return a.length;
  }

  int columns() {
    return b.length;
  }

  /**
   * Refuses sums that differ.
   *
   * @return this
   * @throws IllegalArgumentException if the sums differ by more than 1e-6 of the larger
   */
  TransportProblem requireBalanced() {
    double sumA = Marginals.sum(a);
    double sumB = Marginals.sum(b);
    if (Math.abs(sumA - sumB) > BALANCE * Math.max(sumA, sumB)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "a and b must have equal sums (to 1e-6), got %s and %s", sumA, sumB));
    }
    return this;
  }
}
