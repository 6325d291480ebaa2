package org.dl4jplus.optim.zeroth.search;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.linalg.ThinSvd;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A convex set with its linear minimization oracle, the point of it that is least along a vector.
 */
public abstract class FeasibleSet {

  /** Smaller side of a matrix from which singular vectors come by power iterations. */
  private static final int POWER_FROM = 257;

  private static final int POWER_ROUNDS = 1000;
  private static final double POWER_TOLERANCE = 1e-12;

  FeasibleSet() {}

  /**
   * The linear minimization oracle.
   *
   * @param gradient a vector g, finite
   * @return a point v of the set with the least inner product with g; the first one on ties, except
   *     for entries of 0 in g, where v is 0 if the set is a ball
   */
  public abstract double[] minimizer(double[] gradient);

  /**
   * How far a point is outside.
   *
   * @param point the point
   * @return 0 or less inside; outside by how much the point's norm, or an entry, passes its bound
   */
  public abstract double excess(double[] point);

  private static double positive(double radius) {
    if (!(radius > 0) || radius == Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException("radius must be finite and above 0, got " + radius);
    }
    return radius;
  }

  /**
   * The l1 ball. Its oracle is -radius sign(g_i) e_i at the largest |g_i|.
   *
   * @param radius above 0
   * @return the set
   */
  public static FeasibleSet l1(double radius) {
    return new L1(positive(radius));
  }

  /**
   * The Euclidean ball. Its oracle is -radius g / ||g||.
   *
   * @param radius above 0
   * @return the set
   */
  public static FeasibleSet l2(double radius) {
    return new L2(positive(radius));
  }

  /**
   * The ball of the largest entry. Its oracle is -radius sign(g).
   *
   * @param radius above 0
   * @return the set
   */
  public static FeasibleSet linf(double radius) {
    return new Linf(positive(radius));
  }

  /**
   * The points with entries of at least 0 whose sum is the radius. Its oracle is radius e_i at the
   * smallest g_i.
   *
   * @param radius above 0
   * @return the set
   */
  public static FeasibleSet simplex(double radius) {
    return new Simplex(positive(radius));
  }

  /**
   * A box. Its oracle is the lower bound where g is above 0, else the upper one.
   *
   * @param lower bounds, one for each entry, or one for all
   * @param upper bounds, of the same number, not below the lower ones
   * @return the set
   * @throws IllegalArgumentException for bounds that are not finite, or that do not fit
   */
  public static FeasibleSet box(double[] lower, double[] upper) {
    Require.given("lower", lower);
    Require.given("upper", upper);
    if (lower.length == 0 || lower.length != upper.length) {
      throw new IllegalArgumentException(
          "lower and upper must have as many entries, at least 1, got "
              + lower.length
              + " and "
              + upper.length);
    }
    for (int i = 0; i < lower.length; i++) {
      double width = upper[i] - lower[i];
      if (!(width >= 0) || width == Double.POSITIVE_INFINITY) {
        throw new IllegalArgumentException(
            "lower and upper must be finite and in order, got "
                + lower[i]
                + " and "
                + upper[i]
                + " at "
                + i);
      }
    }
    return new Box(lower.clone(), upper.clone());
  }

  /**
   * The matrices whose singular values sum up to at most the radius. The oracle is -radius u v^T of
   * the largest singular value: by a decomposition while the shorter side is at most 256, else by
   * power iterations.
   *
   * @param radius above 0
   * @param rows of the matrix that a vector holds row by row; must divide the vector's length
   * @return the set
   */
  public static FeasibleSet nuclear(double radius, int rows) {
    if (rows < 1) {
      throw new IllegalArgumentException("rows must be at least 1, got " + rows);
    }
    return new Nuclear(positive(radius), rows);
  }

  /**
   * The convex hull of the vectors with at most k entries and a Euclidean norm of at most the
   * radius. The oracle is -radius g_S / ||g_S|| on the k largest |g_i|.
   *
   * @param radius above 0
   * @param k at least 1
   * @return the set
   */
  public static FeasibleSet supportOf(double radius, int k) {
    if (k < 1) {
      throw new IllegalArgumentException("k must be at least 1, got " + k);
    }
    return new Support(positive(radius), k);
  }

  private static double norm(double[] x) {
    return Math.sqrt(Arrays.stream(x).map(v -> v * v).sum());
  }

  private static double[] scaled(double[] x, double factor) {
    return Arrays.stream(x).map(v -> factor * v).toArray();
  }

  private static double[] against(double[] g, double radius) {
    double norm = norm(g);
    return norm == 0 ? new double[g.length] : scaled(g, -radius / norm);
  }

  /** Entries by falling size, the first ones first on ties. */
  private static int[] bySize(double[] x) {
    return IntStream.range(0, x.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -Math.abs(x[i])))
        .mapToInt(i -> i)
        .toArray();
  }

  private static final class L1 extends FeasibleSet {
    private final double radius;

    L1(double radius) {
      this.radius = radius;
    }

    @Override
    public double[] minimizer(double[] gradient) {
      int largest = 0;
      for (int i = 1; i < gradient.length; i++) {
        if (Math.abs(gradient[i]) > Math.abs(gradient[largest])) {
          largest = i;
        }
      }
      double[] v = new double[gradient.length];
      v[largest] = -radius * Math.signum(gradient[largest]);
      return v;
    }

    @Override
    public double excess(double[] point) {
      return Arrays.stream(point).map(Math::abs).sum() - radius;
    }
  }

  private static final class L2 extends FeasibleSet {
    private final double radius;

    L2(double radius) {
      this.radius = radius;
    }

    @Override
    public double[] minimizer(double[] gradient) {
      return against(gradient, radius);
    }

    @Override
    public double excess(double[] point) {
      return norm(point) - radius;
    }
  }

  private static final class Linf extends FeasibleSet {
    private final double radius;

    Linf(double radius) {
      this.radius = radius;
    }

    @Override
    public double[] minimizer(double[] gradient) {
      return Arrays.stream(gradient).map(g -> -radius * Math.signum(g)).toArray();
    }

    @Override
    public double excess(double[] point) {
      return Arrays.stream(point).map(Math::abs).max().orElse(0) - radius;
    }
  }

  private static final class Simplex extends FeasibleSet {
    private final double radius;

    Simplex(double radius) {
      this.radius = radius;
    }

    @Override
    public double[] minimizer(double[] gradient) {
      int least = 0;
      for (int i = 1; i < gradient.length; i++) {
        if (gradient[i] < gradient[least]) {
          least = i;
        }
      }
      double[] v = new double[gradient.length];
      v[least] = radius;
      return v;
    }

    @Override
    public double excess(double[] point) {
      double below = -Arrays.stream(point).min().orElse(0);
      return Math.max(below, Math.abs(Arrays.stream(point).sum() - radius));
    }
  }

  private static final class Box extends FeasibleSet {
    private final double[] lower;
    private final double[] upper;

    Box(double[] lower, double[] upper) {
      this.lower = lower;
      this.upper = upper;
    }

    private double[] spread(double[] bounds, int n) {
      if (bounds.length != 1 && bounds.length != n) {
        throw new IllegalArgumentException(
            "lower and upper must have 1 or " + n + " entries, got " + bounds.length);
      }
      double[] all = new double[n];
      Arrays.setAll(all, i -> bounds.length == 1 ? bounds[0] : bounds[i]);
      return all;
    }

    @Override
    public double[] minimizer(double[] gradient) {
      double[] v = spread(upper, gradient.length);
      double[] low = spread(lower, gradient.length);
      for (int i = 0; i < v.length; i++) {
        if (gradient[i] > 0) {
          v[i] = low[i];
        }
      }
      return v;
    }

    @Override
    public double excess(double[] point) {
      double[] high = spread(upper, point.length);
      double[] low = spread(lower, point.length);
      double most = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < point.length; i++) {
        most = Math.max(most, Math.max(low[i] - point[i], point[i] - high[i]));
      }
      return most;
    }
  }

  private static final class Nuclear extends FeasibleSet {
    private final double radius;
    private final int rows;

    Nuclear(double radius, int rows) {
      this.radius = radius;
      this.rows = rows;
    }

    private int columns(double[] x) {
      if (x.length % rows != 0) {
        throw new IllegalArgumentException(
            "rows must divide the length, " + x.length + ", got " + rows);
      }
      return x.length / rows;
    }

    private INDArray matrix(double[] x) {
      return Nd4j.createFromArray(x).reshape(rows, columns(x));
    }

    @Override
    public double[] minimizer(double[] gradient) {
      int columns = columns(gradient);
      double size = norm(gradient);
      if (size == 0) {
        return new double[gradient.length];
      }
      double[] g = scaled(gradient, 1 / size);
      double[] v =
          Math.min(rows, columns) < POWER_FROM
              ? new ThinSvd(matrix(g)).right(1).toDoubleVector()
              : power(g, columns);
      double[] u = times(g, v);
      double largest = norm(u);
      double[] out = new double[g.length];
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          out[i * columns + j] = -radius * u[i] / largest * v[j];
        }
      }
      return out;
    }

    private double[] power(double[] g, int columns) {
      double[] v = new double[columns];
      CounterNoise.fill(Distribution.GAUSSIAN_TABLE, CounterNoise.deriveSeed(0), 0, v, columns);
      v = scaled(v, 1 / norm(v));
      for (int round = 0; round < POWER_ROUNDS; round++) {
        double[] next = back(g, times(g, v), columns);
        next = scaled(next, 1 / norm(next));
        double moved = 0;
        for (int j = 0; j < columns; j++) {
          moved += (next[j] - v[j]) * (next[j] - v[j]);
        }
        v = next;
        if (Math.sqrt(moved) < POWER_TOLERANCE) {
          break;
        }
      }
      return v;
    }

    private double[] times(double[] g, double[] v) {
      double[] u = new double[rows];
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < v.length; j++) {
          u[i] += g[i * v.length + j] * v[j];
        }
      }
      return u;
    }

    private double[] back(double[] g, double[] u, int columns) {
      double[] v = new double[columns];
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          v[j] += g[i * columns + j] * u[i];
        }
      }
      return v;
    }

    @Override
    public double excess(double[] point) {
      return norm(point) == 0
          ? -radius
          : Arrays.stream(new ThinSvd(matrix(point)).values()).sum() - radius;
    }
  }

  private static final class Support extends FeasibleSet {
    private final double radius;
    private final int k;

    Support(double radius, int k) {
      this.radius = radius;
      this.k = k;
    }

    @Override
    public double[] minimizer(double[] gradient) {
      double[] kept = new double[gradient.length];
      int[] order = bySize(gradient);
      for (int i = 0; i < Math.min(k, order.length); i++) {
        kept[order[i]] = gradient[order[i]];
      }
      return against(kept, radius);
    }

    /** The k-support norm of Argyriou, Foygel and Srebro, 2012. */
    @Override
    public double excess(double[] point) {
      int n = point.length;
      int most = Math.min(k, n);
      double[] sizes = Arrays.stream(bySize(point)).mapToDouble(i -> Math.abs(point[i])).toArray();
      double rest = 0;
      for (int i = most; i < n; i++) {
        rest += sizes[i];
      }
      double squares = Arrays.stream(sizes, 0, most).map(v -> v * v).sum();
      double value = Double.NaN;
      for (int r = 0; r < most; r++) {
        // The r + 1 smallest of the k largest join the rest.
        double joined = sizes[most - r - 1];
        rest += joined;
        squares -= joined * joined;
        double before = r == most - 1 ? Double.POSITIVE_INFINITY : sizes[most - r - 2];
        double level = rest / (r + 1);
        if (Double.isNaN(value) && before > level && level >= joined || r == most - 1) {
          value = Double.isNaN(value) ? Math.max(squares, 0) + level * rest : value;
        }
      }
      return Math.sqrt(value) - radius;
    }
  }
}
