package org.dl4jplus.bilevel.implicit;

import org.dl4jplus.bilevel.linear.Vectors;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The Karush-Kuhn-Tucker conditions of a small quadratic program
 *
 * <pre>{@code
 * min over x of 1/2 x'Qx + c'x   with  Ex = d,  Gx <= h
 *
 * F = (Qx + c + E'nu + G'lambda,  Ex - d,  lambda * (Gx - h))     z = (x, nu, lambda)
 * }</pre>
 *
 * with theta = (Q, c, E, d, G, h), matrices row by row; Q counts as it stands, whether symmetric or
 * not. Where a constraint holds exactly with a multiplier of 0, the solution has a kink and the
 * derivative's system is singular.
 *
 * @param variables length n of x, at least 1
 * @param equalities rows of E, at least 0
 * @param inequalities rows of G, at least 0
 */
public record QuadraticProgram(int variables, int equalities, int inequalities)
    implements Residual {

  /**
   * The parts of theta.
   *
   * @param q n x n
   * @param c of length n
   * @param e equalities x n
   * @param d one for each equality
   * @param g inequalities x n
   * @param h one for each inequality
   */
  public record Data(
      double[][] q, double[] c, double[][] e, double[] d, double[][] g, double[] h) {}

  /**
   * Checks the sizes.
   *
   * @param variables at least 1
   * @param equalities at least 0
   * @param inequalities at least 0
   * @throws IllegalArgumentException outside the ranges
   */
  public QuadraticProgram {
    Require.count("variables", variables, 1);
    Require.atLeast("equalities", equalities, 0, 0);
    Require.atLeast("inequalities", inequalities, 0, 0);
  }

  private Data empty() {
    return new Data(
        new double[variables][variables],
        new double[variables],
        new double[equalities][variables],
        new double[equalities],
        new double[inequalities][variables],
        new double[inequalities]);
  }

  private int thetaLength() {
    int rows = variables + equalities + inequalities;
    return rows * variables + rows;
  }

  private static double[][] inOrder(Data data) {
    double[][] rows = new double[data.q.length + data.e.length + data.g.length + 3][];
    int at = 0;
    double[][][] matrices = {data.q, data.e, data.g};
    double[][] vectors = {data.c, data.d, data.h};
    for (int k = 0; k < 3; k++) {
      for (double[] row : matrices[k]) {
        rows[at++] = row;
      }
      rows[at++] = vectors[k];
    }
    return rows;
  }

  /**
   * The parts as theta.
   *
   * @param data of this program's sizes
   * @return a vector in double precision
   * @throws IllegalArgumentException for other sizes
   */
  public INDArray theta(Data data) {
    double[] theta = new double[thetaLength()];
    double[][] expected = inOrder(empty());
    double[][] rows = inOrder(data);
    int at = 0;
    for (int k = 0; k < rows.length; k++) {
      if (rows.length != expected.length || rows[k].length != expected[k].length) {
        throw new IllegalArgumentException("data must be of the program's sizes, " + this);
      }
      System.arraycopy(rows[k], 0, theta, at, rows[k].length);
      at += rows[k].length;
    }
    return Nd4j.createFromArray(theta);
  }

  /**
   * Theta, or a derivative in it, by its parts.
   *
   * @param theta with as many entries as {@link #theta}'s
   * @return the parts
   * @throws IllegalArgumentException for another number of entries
   */
  public Data data(INDArray theta) {
    return parts(Entries.of(theta));
  }

  private Data parts(double[] theta) {
    if (theta.length != thetaLength()) {
      throw new IllegalArgumentException(
          "theta must have " + thetaLength() + " entries, got " + theta.length);
    }
    Data data = empty();
    int at = 0;
    for (double[] row : inOrder(data)) {
      System.arraycopy(theta, at, row, 0, row.length);
      at += row.length;
    }
    return data;
  }

  /** The parts of z, or of F. */
  private record Point(double[] x, double[] nu, double[] lambda) {}

  private Point point(INDArray z) {
    double[] entries = Entries.of(z);
    if (entries.length != variables + equalities + inequalities) {
      throw new IllegalArgumentException(
          "z must have "
              + (variables + equalities + inequalities)
              + " entries, variables and multipliers, got "
              + entries.length);
    }
    Point point = zero();
    System.arraycopy(entries, 0, point.x, 0, variables);
    System.arraycopy(entries, variables, point.nu, 0, equalities);
    System.arraycopy(entries, variables + equalities, point.lambda, 0, inequalities);
    return point;
  }

  private Point zero() {
    return new Point(new double[variables], new double[equalities], new double[inequalities]);
  }

  private static INDArray array(INDArray z, Point point) {
    double[] entries = new double[(int) z.length()];
    System.arraycopy(point.x, 0, entries, 0, point.x.length);
    System.arraycopy(point.nu, 0, entries, point.x.length, point.nu.length);
    System.arraycopy(
        point.lambda, 0, entries, point.x.length + point.nu.length, point.lambda.length);
    return Entries.like(z, entries);
  }

  @Override
  public INDArray value(INDArray z, INDArray theta) {
    Point at = point(z);
    Data data = parts(Entries.of(theta));
    Point out = zero();
    Vectors.add(out.x, 1, data.c);
    linear(data, at, out);
    for (int k = 0; k < equalities; k++) {
      out.nu[k] -= data.d[k];
    }
    for (int k = 0; k < inequalities; k++) {
      out.lambda[k] = at.lambda[k] * slack(data, at, k);
    }
    return array(z, out);
  }

  /** Adds (Qx + E'nu + G'lambda, Ex). */
  private static void linear(Data data, Point v, Point out) {
    for (int i = 0; i < v.x.length; i++) {
      out.x[i] += Vectors.dot(data.q[i], v.x);
    }
    for (int k = 0; k < v.nu.length; k++) {
      Vectors.add(out.x, v.nu[k], data.e[k]);
      out.nu[k] += Vectors.dot(data.e[k], v.x);
    }
    for (int k = 0; k < v.lambda.length; k++) {
      Vectors.add(out.x, v.lambda[k], data.g[k]);
    }
  }

  /** (Gx - h)_k, at most 0 at a solution. */
  private static double slack(Data data, Point at, int k) {
    return Vectors.dot(data.g[k], at.x) - data.h[k];
  }

  @Override
  public INDArray jvpZ(INDArray z, INDArray theta, INDArray tangent) {
    Point at = point(z);
    Data data = parts(Entries.of(theta));
    Point t = point(tangent);
    Point out = zero();
    linear(data, t, out);
    for (int k = 0; k < inequalities; k++) {
      out.lambda[k] = t.lambda[k] * slack(data, at, k) + at.lambda[k] * Vectors.dot(data.g[k], t.x);
    }
    return array(z, out);
  }

  @Override
  public INDArray vjpZ(INDArray z, INDArray theta, INDArray cotangent) {
    Point at = point(z);
    Data data = parts(Entries.of(theta));
    Point u = point(cotangent);
    Point out = zero();
    for (int i = 0; i < variables; i++) {
      Vectors.add(out.x, u.x[i], data.q[i]);
    }
    for (int k = 0; k < equalities; k++) {
      Vectors.add(out.x, u.nu[k], data.e[k]);
      out.nu[k] = Vectors.dot(data.e[k], u.x);
    }
    for (int k = 0; k < inequalities; k++) {
      Vectors.add(out.x, at.lambda[k] * u.lambda[k], data.g[k]);
      out.lambda[k] = Vectors.dot(data.g[k], u.x) + slack(data, at, k) * u.lambda[k];
    }
    return array(z, out);
  }

  @Override
  public INDArray jvpTheta(INDArray z, INDArray theta, INDArray tangent) {
    Point at = point(z);
    Data t = parts(Entries.of(tangent));
    Point out = zero();
    Vectors.add(out.x, 1, t.c);
    linear(t, at, out);
    for (int k = 0; k < equalities; k++) {
      out.nu[k] -= t.d[k];
    }
    for (int k = 0; k < inequalities; k++) {
      out.lambda[k] = at.lambda[k] * slack(t, at, k);
    }
    return array(z, out);
  }

  @Override
  public INDArray vjpTheta(INDArray z, INDArray theta, INDArray cotangent) {
    Point at = point(z);
    Point u = point(cotangent);
    Data out = empty();
    for (int i = 0; i < variables; i++) {
      Vectors.add(out.q[i], u.x[i], at.x);
    }
    Vectors.add(out.c, 1, u.x);
    for (int k = 0; k < equalities; k++) {
      Vectors.add(out.e[k], at.nu[k], u.x);
      Vectors.add(out.e[k], u.nu[k], at.x);
      out.d[k] = -u.nu[k];
    }
    for (int k = 0; k < inequalities; k++) {
      Vectors.add(out.g[k], at.lambda[k], u.x);
      Vectors.add(out.g[k], at.lambda[k] * u.lambda[k], at.x);
      out.h[k] = -at.lambda[k] * u.lambda[k];
    }
    return Entries.like(theta, Entries.of(theta(out)));
  }
}
