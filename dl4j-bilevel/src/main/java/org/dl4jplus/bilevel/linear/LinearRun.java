package org.dl4jplus.bilevel.linear;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.dl4jplus.bilevel.linear.Solution.Stop;
import org.dl4jplus.optim.first.updater.Require;

/**
 * One system while it is being solved: with its ridge, and scaled so that the right side's largest
 * entry is 1 and no square of it can vanish or overflow.
 */
final class LinearRun {

  /** Below this part of the right side's norm a residual is rounding. */
  private static final double FLOOR = 1e-30;

  /** Below this part of r, A'r is looked at more closely. */
  private static final double SUSPICIOUS = 1e-6;

  /** The error of products by differences, relative to A. */
  private static final double ROUNDING = 1e-9;

  final double[] b;
  final double[] x;
  final double norm;
  private final LinearOperator a;
  private final double ridge;
  private final double scale;
  private final boolean fromZero;
  private double size;
  private int products;

  private LinearRun(LinearOperator a, double[] b, double[] start, double ridge) {
    this.a = Require.given("a", a);
    this.ridge = ridge;
    scale = checked("b", b, a.size());
    fromZero = scale == 0 || start == null || checked("start", start, a.size()) == 0;
    this.b = b.clone();
    x = fromZero ? new double[b.length] : start.clone();
    for (int i = 0; i < b.length && scale != 0; i++) {
      this.b[i] /= scale;
      x[i] /= scale;
    }
    norm = Vectors.norm(this.b);
  }

  /** What all solvers do at the start. */
  static Solution solve(
      LinearOperator a,
      double[] b,
      double[] start,
      double ridge,
      Function<LinearRun, Solution> method) {
    LinearRun run = new LinearRun(a, b, start, ridge);
    return run.norm == 0 ? run.solution(0, 0, Stop.CONVERGED) : method.apply(run);
  }

  private static double checked(String name, double[] v, int size) {
    if (Require.given(name, v).length != size) {
      throw new IllegalArgumentException(
          name + " must have length " + size + ", the matrix's, got " + v.length);
    }
    double largest = Vectors.largest(v);
    if (!(largest < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + " must be finite");
    }
    return largest;
  }

  int size() {
    return b.length;
  }

  /** (A + ridge*I)*v. */
  double[] product(double[] v) {
    products++;
    double[] out = a.apply(v);
    Vectors.add(out, ridge, v);
    return out;
  }

  /** (A + ridge*I)'*v. */
  double[] transposed(double[] v) {
    products++;
    double[] out = a.applyTransposed(v);
    Vectors.add(out, ridge, v);
    return out;
  }

  /** b - (A + ridge*I)*x; no product where x is 0. */
  double[] residual() {
    double[] r = b.clone();
    if (!(fromZero && Vectors.largest(x) == 0)) {
      Vectors.add(r, -1, product(x));
    }
    return r;
  }

  /** The residual where x starts; a start at which it is not finite is dropped. */
  double[] firstResidual() {
    double[] r = residual();
    if (Vectors.norm(r) < Double.POSITIVE_INFINITY) {
      return r;
    }
    Arrays.fill(x, 0);
    return b.clone();
  }

  /**
   * Whether A'r is no more than the rounding in it: for products by differences, far more than that
   * of the numbers. A's size is only looked for where that may be.
   */
  boolean orthogonal(double[] transposedTimesR, double[] r) {
    double product = Vectors.norm(transposedTimesR);
    double length = Vectors.norm(r);
    if (product > SUSPICIOUS * length) {
      return false;
    }
    if (size == 0) {
      SplittableRandom random = new SplittableRandom(b.length);
      double[] probe = random.doubles(b.length, -1, 1).toArray();
      size = Vectors.norm(product(probe)) / Vectors.norm(probe);
    }
    return product <= ROUNDING * size * length;
  }

  /** Whether a residual of this norm is small enough. */
  boolean small(double residual, double tolerance) {
    return residual <= Math.max(tolerance, FLOOR) * norm;
  }

  Solution solution(double residual, int iterations, Stop stop) {
    double[] scaled = x.clone();
    for (int i = 0; i < x.length; i++) {
      scaled[i] *= scale;
    }
    if (!(Vectors.largest(scaled) < Double.POSITIVE_INFINITY)) {
      return new Solution(new double[x.length], 1, iterations, products, Stop.BREAKDOWN);
    }
    double relative = norm == 0 ? 0 : residual / norm;
    return new Solution(scaled, relative, iterations, products, stop);
  }
}
