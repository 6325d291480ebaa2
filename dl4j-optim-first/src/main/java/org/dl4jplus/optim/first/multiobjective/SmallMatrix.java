package org.dl4jplus.optim.first.multiobjective;

import java.util.Arrays;
import java.util.Comparator;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.CholeskyDecomposition;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.NonPositiveDefiniteMatrixException;

/** Matrices of the number of objectives, in double precision on the heap. */
final class SmallMatrix {

  /** Eigenvalues below this part of the largest one are 0. */
  private static final double CUT_OFF = 1e-12;

  /** Gives the new eigenvalue in the place of a positive one. */
  interface Spectrum {
    double apply(double eigenvalue);
  }

  private SmallMatrix() {}

  static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  static double[] times(double[][] a, double[] x) {
    double[] product = new double[a.length];
    for (int i = 0; i < product.length; i++) {
      product[i] = dot(a[i], x);
    }
    return product;
  }

  /** The x' A x of a positive semidefinite matrix. */
  static double quadratic(double[][] a, double[] x) {
    return Math.max(0, dot(x, times(a, x)));
  }

  static double trace(double[][] a) {
    double trace = 0;
    for (int i = 0; i < a.length; i++) {
      trace += a[i][i];
    }
    return trace;
  }

  static double[][] scaled(double[][] a, double factor) {
    double[][] b = new double[a.length][a.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a.length; j++) {
        b[i][j] = a[i][j] * factor;
      }
    }
    return b;
  }

  /**
   * A Gramian of trace 1, or 0 for one whose trace is below a bound, and a multiple of the unit
   * matrix.
   */
  static double[][] normalized(double[][] gramian, double normEps, double regEps) {
    double trace = trace(gramian);
    double[][] g = scaled(gramian, trace < normEps || trace == 0 ? 0 : 1 / trace);
    for (int i = 0; i < g.length; i++) {
      g[i][i] += regEps;
    }
    return g;
  }

  /** The positive eigenvalues, descending. */
  static double[] spectrum(double[][] a) {
    return new Eigen(a).kept();
  }

  /** f(A) x for a positive semidefinite A, with eigenvalues that count as 0 left out. */
  static double[] apply(double[][] a, Spectrum f, double[] x) {
    return new Eigen(a).apply(f, x);
  }

  /** The pseudoinverse of a positive semidefinite matrix times a vector. */
  static double[] pseudoInverse(double[][] a, double[] x) {
    return apply(a, l -> 1 / l, x);
  }

  /** The solution of A x = b, or null if A is not positive definite. */
  static double[] solve(double[][] a, double[] b) {
    try {
      return new CholeskyDecomposition(new Array2DRowRealMatrix(a, false), 1e-9, 0)
          .getSolver()
          .solve(new ArrayRealVector(b, false))
          .toArray();
    } catch (NonPositiveDefiniteMatrixException e) {
      return null;
    }
  }

  private static final class Eigen {

    private final EigenDecomposition decomposition;
    private final double[] values;
    private final double bound;

    /** The scale is taken out, so that no size of gradients is too small for the iteration. */
    Eigen(double[][] a) {
      double trace = trace(a);
      decomposition =
          new EigenDecomposition(
              new Array2DRowRealMatrix(scaled(a, trace > 0 ? 1 / trace : 0), false));
      values = decomposition.getRealEigenvalues();
      double largest = 0;
      for (int i = 0; i < values.length; i++) {
        values[i] *= trace;
        largest = Math.max(largest, values[i]);
      }
      bound = CUT_OFF * largest;
    }

    double[] kept() {
      return Arrays.stream(values)
          .filter(l -> l > bound)
          .boxed()
          .sorted(Comparator.reverseOrder())
          .mapToDouble(l -> l)
          .toArray();
    }

    double[] apply(Spectrum f, double[] x) {
      double[] sum = new double[x.length];
      for (int k = 0; k < values.length; k++) {
        if (values[k] > bound) {
          double[] v = decomposition.getEigenvector(k).toArray();
          double factor = f.apply(values[k]) * dot(v, x);
          for (int i = 0; i < sum.length; i++) {
            sum[i] += factor * v[i];
          }
        }
      }
      return sum;
    }
  }
}
