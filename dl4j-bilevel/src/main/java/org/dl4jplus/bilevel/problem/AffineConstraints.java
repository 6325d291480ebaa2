package org.dl4jplus.bilevel.problem;

import org.dl4jplus.optim.first.linalg.Cholesky;
import org.dl4jplus.optim.first.multiobjective.ActiveSet;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Constraints that are affine in both variables together, {@code A x + B y + c <= 0} or {@code =
 * 0}, with the exact projection onto the points where all hold:
 *
 * <pre>{@code
 * (x, y) - W' m,  W = [A, B],  m: minimises m' W W' m / 2 - m' (A x + B y + c), m >= 0 if not equal
 * }</pre>
 *
 * A bound of a variable is a row, too. They are meant to be few: each projection solves a problem
 * of their number.
 */
public final class AffineConstraints implements Constraints {

  /** What rounding may leave of a constraint, relative to its terms. */
  private static final double FEASIBLE = 1e-9;

  /** Rows whose Gramian is that close to a singular one depend on each other. */
  private static final double DEPENDENT = 1e-12;

  private final double[][] a;
  private final double[][] b;
  private final double[] c;
  private final boolean equality;
  private final double[][] gram;
  private final Cholesky factor;

  /**
   * Takes the rows.
   *
   * @param a of shape [count][dimX]
   * @param b of shape [count][dimY]
   * @param c of shape [count]
   * @param equality whether the values are to be 0 instead of at most 0
   * @throws IllegalArgumentException for null, no rows, rows of different number or length, numbers
   *     that are not finite, a row of zeros, or equalities that depend on each other
   */
  public AffineConstraints(double[][] a, double[][] b, double[] c, boolean equality) {
    Require.given("a", a);
    Require.given("b", b);
    Require.given("c", c);
    if (c.length == 0 || a.length != c.length || b.length != c.length) {
      throw new IllegalArgumentException(
          "a, b and c must have as many rows, at least 1, got "
              + a.length
              + ", "
              + b.length
              + " and "
              + c.length);
    }
    this.a = copy("a", a);
    this.b = copy("b", b);
    this.c = copy("c", new double[][] {c})[0];
    this.equality = equality;
    gram = new double[c.length][c.length];
    for (int i = 0; i < c.length; i++) {
      for (int j = 0; j < c.length; j++) {
        gram[i][j] = dot(a[i], a[j]) + dot(b[i], b[j]);
      }
      if (gram[i][i] == 0) {
        throw new IllegalArgumentException("Row " + i + " of a and b is 0");
      }
    }
    factor = equality ? factorized() : null;
  }

  private Cholesky factorized() {
    // Factorizing overwrites.
    double[][] shrunk = copy("a", gram);
    for (int i = 0; i < shrunk.length; i++) {
      shrunk[i][i] *= 1 - DEPENDENT;
    }
    if (!new Cholesky(shrunk).positive()) {
      throw new IllegalArgumentException("The rows of a and b depend on each other");
    }
    return new Cholesky(copy("a", gram));
  }

  private static double[][] copy(String name, double[][] rows) {
    double[][] copy = new double[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      copy[i] = rows[i].clone();
      for (double value : copy[i]) {
        if (!Double.isFinite(value)) {
          throw new IllegalArgumentException(name + " must be finite, got " + value);
        }
      }
      if (copy[i].length != rows[0].length) {
        throw new IllegalArgumentException(
            "The rows of " + name + " have lengths " + rows[0].length + " and " + copy[i].length);
      }
    }
    return copy;
  }

  private static double dot(double[] v, double[] w) {
    double sum = 0;
    for (int i = 0; i < v.length; i++) {
      sum += v[i] * w[i];
    }
    return sum;
  }

  @Override
  public int count() {
    return c.length;
  }

  private double[] values(double[] x, double[] y) {
    if (x.length != a[0].length || y.length != b[0].length) {
      throw new IllegalArgumentException(
          "The constraints are on variables of lengths "
              + a[0].length
              + " and "
              + b[0].length
              + ", the problem's have "
              + x.length
              + " and "
              + y.length);
    }
    double[] values = c.clone();
    for (int i = 0; i < values.length; i++) {
      values[i] += dot(a[i], x) + dot(b[i], y);
    }
    return values;
  }

  @Override
  public void values(INDArray x, INDArray y, INDArray out) {
    write(values(x.toDoubleVector(), y.toDoubleVector()), out);
  }

  @Override
  public void products(
      INDArray x, INDArray y, INDArray multipliers, INDArray gradientX, INDArray gradientY) {
    double[] m = multipliers.toDoubleVector();
    if (gradientX != null) {
      write(combined(a, m), gradientX);
    }
    if (gradientY != null) {
      write(combined(b, m), gradientY);
    }
  }

  private static double[] combined(double[][] rows, double[] m) {
    double[] sum = new double[rows[0].length];
    for (int i = 0; i < m.length; i++) {
      for (int j = 0; j < sum.length; j++) {
        sum[j] += m[i] * rows[i][j];
      }
    }
    return sum;
  }

  private static void write(double[] values, INDArray out) {
    for (int i = 0; i < values.length; i++) {
      out.putScalar(i, values[i]);
    }
  }

  @Override
  public void project(INDArray x, INDArray y) {
    double[] px = x.toDoubleVector();
    double[] py = y.toDoubleVector();
    // The second round takes the rounding of the first one away.
    for (int round = 0; round < 2; round++) {
      double[] m = multipliers(values(px, py));
      subtract(px, combined(a, m));
      subtract(py, combined(b, m));
    }
    double[] left = values(px, py);
    for (int i = 0; i < left.length; i++) {
      double size = Math.abs(c[i]) + Math.sqrt(gram[i][i] * (1 + dot(px, px) + dot(py, py)));
      if ((equality ? Math.abs(left[i]) : left[i]) > FEASIBLE * size) {
        throw new IllegalArgumentException(
            "No point satisfies all constraints: number " + i + " is off by " + left[i]);
      }
    }
    write(px, x);
    write(py, y);
  }

  private double[] multipliers(double[] values) {
    if (values.length == 1) {
      return new double[] {(equality ? values[0] : Math.max(values[0], 0)) / gram[0][0]};
    }
    if (equality) {
      factor.solve(values);
      return values;
    }
    return ActiveSet.nonNegative(gram, values);
  }

  private static void subtract(double[] v, double[] w) {
    for (int i = 0; i < v.length; i++) {
      v[i] -= w[i];
    }
  }
}
