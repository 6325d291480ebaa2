package org.dl4jplus.bilevel.implicit;

import java.util.Arrays;
import org.dl4jplus.bilevel.linear.Vectors;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.ot.projection.Simplex;

/**
 * Proximal maps and projections with their derivatives. At a kink the inactive side counts: a
 * magnitude equal to its threshold, or a value on a bound, does not move with v.
 */
public final class Proxes {

  private Proxes() {}

  /**
   * Of lambda * ||y||_1: the lasso.
   *
   * <pre>{@code y_i = sign(v_i) * max(|v_i| - step*lambda, 0)}</pre>
   *
   * @return the map, with a parameter lambda &gt;= 0, or one for each coordinate
   */
  public static Prox softThreshold() {
    return new Elementwise(
        1,
        (v, p, step, out) -> {
          double rest = Math.abs(v) - step * p[0];
          if (rest > 0) {
            out[0] = Math.signum(v) * rest;
            out[1] = 1;
            out[2] = -step * Math.signum(v);
          }
        });
  }

  /**
   * Of lambda * ||y||_1 + gamma/2 * ||y||^2.
   *
   * <pre>{@code y_i = sign(v_i) * max(|v_i| - step*lambda, 0) / (1 + step*gamma)}</pre>
   *
   * @return the map, with parameters (lambda, gamma) &gt;= 0, or all lambdas and then all gammas
   */
  public static Prox elasticNet() {
    return new Elementwise(
        2,
        (v, p, step, out) -> {
          double rest = Math.abs(v) - step * p[0];
          double shrink = 1 + step * p[1];
          if (rest > 0) {
            out[0] = Math.signum(v) * rest / shrink;
            out[1] = 1 / shrink;
            out[2] = -step * Math.signum(v) / shrink;
            out[3] = -step * out[0] / shrink;
          }
        });
  }

  /**
   * The projection onto y &gt;= 0.
   *
   * @return the map, without parameters
   */
  public static Prox nonNegative() {
    return new Elementwise(
        0,
        (v, p, step, out) -> {
          out[0] = Math.max(v, 0);
          out[1] = v > 0 ? 1 : 0;
        });
  }

  /**
   * The projection onto low &lt;= y &lt;= high.
   *
   * @return the map, with parameters (low, high), or all lows and then all highs
   */
  public static Prox box() {
    return new Elementwise(
        2,
        (v, p, step, out) -> {
          boolean low = v <= p[0];
          boolean high = !low && v >= p[1];
          out[0] = low ? p[0] : high ? p[1] : v;
          out[1] = low || high ? 0 : 1;
          out[2] = low ? 1 : 0;
          out[3] = high ? 1 : 0;
        });
  }

  /**
   * The projection onto ||y|| &lt;= radius.
   *
   * @return the map, with the radius, above 0, as its parameter
   */
  public static Prox ball() {
    return new Ball();
  }

  /**
   * The projection onto y &gt;= 0 with a given sum.
   *
   * @return the map, with the sum, above 0, as its parameter; without one the sum is 1
   */
  public static Prox simplex() {
    return new SimplexProjection();
  }

  /**
   * Of lambda * (||y_1|| + ||y_2|| + ...) over groups of neighbouring coordinates.
   *
   * <pre>{@code y_k = v_k * max(1 - step*lambda / ||v_k||, 0)}</pre>
   *
   * @param sizes lengths of the groups, each at least 1, with v's length as their sum
   * @return the map, with a parameter lambda &gt;= 0, or one for each group
   * @throws IllegalArgumentException for a group without coordinates
   */
  public static Prox groupLasso(int... sizes) {
    Require.given("sizes", sizes);
    if (sizes.length == 0 || Arrays.stream(sizes).anyMatch(size -> size < 1)) {
      throw new IllegalArgumentException(
          "sizes must be at least 1 each, got " + Arrays.toString(sizes));
    }
    return new GroupLasso(sizes.clone());
  }

  /** One coordinate: value, derivative in v, derivatives in its parameters; zeros at first. */
  private interface Coordinate {
    void at(double v, double[] parameters, double step, double[] out);
  }

  /** Coordinates that do not know of each other. */
  private record Elementwise(int count, Coordinate coordinate) implements Prox {

    /** Takes what belongs to one coordinate. */
    private interface Visitor {
      void visit(int i, double[] derivatives);
    }

    @Override
    public boolean takes(int size, int given) {
      return given == count || given == count * size;
    }

    private void visit(double[] v, double[] parameters, double step, Visitor visitor) {
      double[] own = new double[count];
      double[] out = new double[2 + count];
      for (int i = 0; i < v.length; i++) {
        for (int k = 0; k < count; k++) {
          own[k] = parameters[index(i, k, v.length, parameters.length)];
        }
        Arrays.fill(out, 0);
        coordinate.at(v[i], own, step, out);
        visitor.visit(i, out);
      }
    }

    /** Where the k-th parameter of coordinate i lies. */
    private int index(int i, int k, int size, int given) {
      return given == count ? k : k * size + i;
    }

    @Override
    public double[] value(double[] v, double[] parameters, double step) {
      double[] y = new double[v.length];
      visit(v, parameters, step, (i, out) -> y[i] = out[0]);
      return y;
    }

    @Override
    public double[] product(double[] v, double[] parameters, double step, double[] t) {
      double[] y = new double[v.length];
      visit(v, parameters, step, (i, out) -> y[i] = out[1] * t[i]);
      return y;
    }

    @Override
    public double[] parameterProduct(double[] v, double[] parameters, double step, double[] t) {
      double[] y = new double[v.length];
      visit(
          v,
          parameters,
          step,
          (i, out) -> {
            for (int k = 0; k < count; k++) {
              y[i] += out[2 + k] * t[index(i, k, v.length, t.length)];
            }
          });
      return y;
    }

    @Override
    public double[] parameterGradient(double[] v, double[] parameters, double step, double[] u) {
      double[] gradient = new double[parameters.length];
      visit(
          v,
          parameters,
          step,
          (i, out) -> {
            for (int k = 0; k < count; k++) {
              gradient[index(i, k, v.length, gradient.length)] += out[2 + k] * u[i];
            }
          });
      return gradient;
    }
  }

  private static final class Ball implements Prox {

    @Override
    public boolean takes(int size, int given) {
      return given == 1;
    }

    @Override
    public double[] value(double[] v, double[] parameters, double step) {
      double norm = Vectors.norm(v);
      return Vectors.scaled(norm <= parameters[0] ? 1 : parameters[0] / norm, v);
    }

    @Override
    public double[] product(double[] v, double[] parameters, double step, double[] t) {
      double norm = Vectors.norm(v);
      if (norm < parameters[0]) {
        return t.clone();
      }
      double part = Vectors.dot(v, t) / (norm * norm);
      double[] y = new double[v.length];
      Arrays.setAll(y, i -> parameters[0] / norm * (t[i] - part * v[i]));
      return y;
    }

    @Override
    public double[] parameterProduct(double[] v, double[] parameters, double step, double[] t) {
      double norm = Vectors.norm(v);
      return Vectors.scaled(norm < parameters[0] ? 0 : t[0] / norm, v);
    }

    @Override
    public double[] parameterGradient(double[] v, double[] parameters, double step, double[] u) {
      double norm = Vectors.norm(v);
      return new double[] {norm < parameters[0] ? 0 : Vectors.dot(v, u) / norm};
    }
  }

  private static final class SimplexProjection implements Prox {

    @Override
    public boolean takes(int size, int given) {
      return given <= 1;
    }

    @Override
    public double[] value(double[] v, double[] parameters, double step) {
      double[] y = v.clone();
      new Simplex(parameters.length == 0 ? 1 : parameters[0]).project(y);
      return y;
    }

    /** 1 over the number of positive coordinates where y is positive, else 0. */
    private double[] shares(double[] v, double[] parameters, double step) {
      double[] y = value(v, parameters, step);
      double count = Arrays.stream(y).filter(entry -> entry > 0).count();
      Arrays.setAll(y, i -> y[i] > 0 ? 1 / count : 0);
      return y;
    }

    @Override
    public double[] product(double[] v, double[] parameters, double step, double[] t) {
      double[] shares = shares(v, parameters, step);
      double mean = Vectors.dot(shares, t);
      double[] y = new double[v.length];
      Arrays.setAll(y, i -> shares[i] > 0 ? t[i] - mean : 0);
      return y;
    }

    @Override
    public double[] parameterProduct(double[] v, double[] parameters, double step, double[] t) {
      return Vectors.scaled(t.length == 0 ? 0 : t[0], shares(v, parameters, step));
    }

    @Override
    public double[] parameterGradient(double[] v, double[] parameters, double step, double[] u) {
      double[] gradient = new double[parameters.length];
      Arrays.fill(gradient, Vectors.dot(shares(v, parameters, step), u));
      return gradient;
    }
  }

  private record GroupLasso(int[] sizes) implements Prox {

    /** Takes a group whose norm is above its threshold. */
    private interface Visitor {
      void visit(int from, int to, double norm, int parameter);
    }

    @Override
    public boolean takes(int size, int given) {
      return size == Arrays.stream(sizes).sum() && (given == 1 || given == sizes.length);
    }

    private void active(double[] v, double[] parameters, double step, Visitor visitor) {
      int from = 0;
      for (int k = 0; k < sizes.length; k++) {
        int to = from + sizes[k];
        double norm = Vectors.norm(Arrays.copyOfRange(v, from, to));
        int parameter = parameters.length == 1 ? 0 : k;
        if (norm > step * parameters[parameter]) {
          visitor.visit(from, to, norm, parameter);
        }
        from = to;
      }
    }

    @Override
    public double[] value(double[] v, double[] parameters, double step) {
      double[] y = new double[v.length];
      active(
          v,
          parameters,
          step,
          (from, to, norm, parameter) -> {
            for (int i = from; i < to; i++) {
              y[i] = v[i] * (1 - step * parameters[parameter] / norm);
            }
          });
      return y;
    }

    @Override
    public double[] product(double[] v, double[] parameters, double step, double[] t) {
      double[] y = new double[v.length];
      active(
          v,
          parameters,
          step,
          (from, to, norm, parameter) -> {
            double ratio = step * parameters[parameter] / norm;
            double part = part(v, t, from, to) / (norm * norm);
            for (int i = from; i < to; i++) {
              y[i] = (1 - ratio) * t[i] + ratio * part * v[i];
            }
          });
      return y;
    }

    private static double part(double[] v, double[] t, int from, int to) {
      double part = 0;
      for (int i = from; i < to; i++) {
        part += v[i] * t[i];
      }
      return part;
    }

    @Override
    public double[] parameterProduct(double[] v, double[] parameters, double step, double[] t) {
      double[] y = new double[v.length];
      active(
          v,
          parameters,
          step,
          (from, to, norm, parameter) -> {
            for (int i = from; i < to; i++) {
              y[i] = -step * t[parameter] / norm * v[i];
            }
          });
      return y;
    }

    @Override
    public double[] parameterGradient(double[] v, double[] parameters, double step, double[] u) {
      double[] gradient = new double[parameters.length];
      active(
          v,
          parameters,
          step,
          (from, to, norm, parameter) -> gradient[parameter] -= step / norm * part(v, u, from, to));
      return gradient;
    }
  }
}
