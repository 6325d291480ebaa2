package org.dl4jplus.optim.zeroth;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.MovableEntries;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.dl4jplus.optim.zeroth.search.FeasibleSet;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Zeroth-order stochastic Frank-Wolfe: minimization over a convex set without projections. Each
 * step goes from x towards the point of the set that is least along an averaged estimate of the
 * gradient, so that every iterate is in the set.
 *
 * <pre>{@code
 * t = 0, 1, ..,  gamma = 2 / (t + 8)
 * d_t = (1 - rho) d_{t-1} + rho g_t,  d_{-1} = 0
 * v = argmin over the set of <d_t, v>
 * x <- (1 - gamma) x + gamma v
 *
 * RDSA     g = (F(x + c z) - F(x)) / c z,        rho = 4 / (n^(1/3) (t+8)^(2/3))
 *                                                c = 2 / (n^(3/2) (t+8)^(1/3))
 * I_RDSA   the mean of m such g,                 rho = 4 / ((1 + n/m)^(1/3) (t+8)^(2/3))
 *                                                c = 2 / (m^(1/2) n^(3/2) (t+8)^(1/3))
 * KWSA     g_i = (F(x + c e_i) - F(x)) / c,      rho = 4 / (t+8)^(2/3)
 *                                                c = 2 / (n^(1/2) (t+8)^(1/3))
 * }</pre>
 *
 * <p>n is the number of entries that may move, rho at most 1. The loss that is reported is F(x)
 * before the step.
 *
 * <ul>
 *   <li>scheme: default RDSA. KWSA takes n + 1 evaluations a step
 *   <li>directions: m, of I_RDSA alone, at least 1; default 1
 *   <li>constraint: the set, see {@link FeasibleSet}; default L1
 *   <li>radius: of all sets but BOX, above 0; default 1
 *   <li>k: of K_SUPPORT, at least 1; default 1
 *   <li>lower, upper: of BOX, one number for each entry or one for all; default -1 and 1
 *   <li>rows: of NUCLEAR over the whole vector: the rows of the matrix that it holds row by row;
 *       default 1. In a network each weight has its own shape
 *   <li>scope: WHOLE, one set for all entries, or PER_VARIABLE, one for each variable of a network;
 *       default WHOLE
 *   <li>cFloor: least c, at least 0; default 0. In single precision c falls below what a difference
 *       of losses resolves, at n = 784 from the first step on: take 1e-3
 *   <li>noise: distribution of z; default GAUSSIAN_TABLE
 *   <li>seed: of the run, default 0
 * </ul>
 *
 * <p>The parameters must be in the set at the first step. A step in which a value is not finite is
 * skipped and does not count in t. Source: Anit Kumar Sahu, Manzil Zaheer, Soummya Kar, "Towards
 * Gradient Free and Projection Free Stochastic Optimization", arXiv 1810.03233, 2018.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class ZOFrankWolfe extends ZerothOrderMethod {

  /** What rounding to single precision may put a start outside, of the radius. */
  private static final double ROUNDING = 1e-5;

  /** How the gradient is estimated. */
  public enum Scheme {
    /** Along one random direction. */
    RDSA,
    /** Along several. */
    I_RDSA,
    /** Along each axis. */
    KWSA
  }

  /** The set that is searched. */
  public enum Constraint {
    /** {@link FeasibleSet#l1}. */
    L1,
    /** {@link FeasibleSet#l2}. */
    L2,
    /** {@link FeasibleSet#linf}. */
    LINF,
    /** {@link FeasibleSet#simplex}. */
    SIMPLEX,
    /** {@link FeasibleSet#box}. */
    BOX,
    /** {@link FeasibleSet#nuclear}. */
    NUCLEAR,
    /** {@link FeasibleSet#supportOf}. */
    K_SUPPORT
  }

  /** What the set is of. */
  public enum Scope {
    /** Of all entries together. */
    WHOLE,
    /** Of each variable for itself. */
    PER_VARIABLE
  }

  private final Scheme scheme;
  private final int directions;
  private final Constraint constraint;
  private final double radius;
  private final int k;

  @Getter(lombok.AccessLevel.NONE)
  private final double[] lower;

  @Getter(lombok.AccessLevel.NONE)
  private final double[] upper;

  private final int rows;
  private final Scope scope;

  // Lombok's name for it is read as cfloor.
  @Getter(lombok.AccessLevel.NONE)
  private final double cFloor;

  private final Distribution noise;
  private final long seed;

  /** With the defaults. */
  public ZOFrankWolfe() {
    this(null, null, null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private ZOFrankWolfe(
      @JsonProperty("scheme") Scheme scheme,
      @JsonProperty("directions") Integer directions,
      @JsonProperty("constraint") Constraint constraint,
      @JsonProperty("radius") Double radius,
      @JsonProperty("k") Integer k,
      @JsonProperty("lower") double[] lower,
      @JsonProperty("upper") double[] upper,
      @JsonProperty("rows") Integer rows,
      @JsonProperty("scope") Scope scope,
      @JsonProperty("cFloor") Double cFloor,
      @JsonProperty("noise") Distribution noise,
      @JsonProperty("seed") Long seed) {
    this.scheme = scheme == null ? Scheme.RDSA : scheme;
    this.directions = Require.count("directions", directions, 1);
    this.constraint = constraint == null ? Constraint.L1 : constraint;
    this.radius = Require.positive("radius", radius, 1);
    this.k = Require.count("k", k, 1);
    this.lower = lower == null ? new double[] {-1} : lower.clone();
    this.upper = upper == null ? new double[] {1} : upper.clone();
    this.rows = Require.count("rows", rows, 1);
    this.scope = scope == null ? Scope.WHOLE : scope;
    this.cFloor = Require.nonNegative("cFloor", cFloor, 0);
    this.noise = noise == null ? Distribution.GAUSSIAN_TABLE : noise;
    if (this.noise == Distribution.UNIFORM) {
      throw new IllegalArgumentException("noise = UNIFORM has no mean of 0: choose another one");
    }
    this.seed = seed == null ? 0 : seed;
    set(this.rows);
  }

  /**
   * The least c.
   *
   * @return the bound
   */
  @JsonProperty("cFloor")
  public double getCFloor() {
    return cFloor;
  }

  /**
   * Lower bounds of BOX.
   *
   * @return a copy
   */
  public double[] getLower() {
    return lower.clone();
  }

  /**
   * Upper bounds of BOX.
   *
   * @return a copy
   */
  public double[] getUpper() {
    return upper.clone();
  }

  private FeasibleSet set(int matrixRows) {
    return switch (constraint) {
      case L1 -> FeasibleSet.l1(radius);
      case L2 -> FeasibleSet.l2(radius);
      case LINF -> FeasibleSet.linf(radius);
      case SIMPLEX -> FeasibleSet.simplex(radius);
      case BOX -> FeasibleSet.box(lower, upper);
      case NUCLEAR -> FeasibleSet.nuclear(radius, matrixRows);
      case K_SUPPORT -> FeasibleSet.supportOf(radius, k);
    };
  }

  /** A set and the entries that it is of. */
  private record Part(FeasibleSet set, int from, int to) {}

  private List<Part> parts(ZoProblem problem, int n) {
    if (scope == Scope.WHOLE) {
      return List.of(new Part(set(rows), 0, n));
    }
    List<Part> parts = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < problem.stretches().size(); i++) {
      Stretch stretch = problem.stretches().get(i);
      int to = from + (int) (stretch.to() - stretch.from());
      parts.add(new Part(set(problem.rows(i)), from, to));
      from = to;
    }
    return parts;
  }

  /**
   * The duality gap's estimate, {@code <d, x - v>}, of the last step.
   *
   * @param state of the run
   * @return the estimate, 0 before the first step
   */
  public static double gap(GradientState state) {
    return state.scalar(1);
  }

  /**
   * The average d of the estimates.
   *
   * @param state of the run
   * @return the live array; null before the first step
   */
  public static INDArray direction(GradientState state) {
    return state.vector(0);
  }

  /**
   * The weight rho of an estimate.
   *
   * @param n entries that may move
   * @param t number of the step, from 0
   * @return the weight, at most 1
   */
  public double weight(int n, int t) {
    double factor =
        switch (scheme) {
          case RDSA -> Math.cbrt(n);
          case I_RDSA -> Math.cbrt(1 + (double) n / directions);
          case KWSA -> 1;
        };
    return Math.min(1, 4 / (factor * Math.pow(t + 8, 2.0 / 3)));
  }

  /**
   * The distance c over which a difference is taken.
   *
   * @param n entries that may move
   * @param t number of the step, from 0
   * @return the distance, at least cFloor
   */
  public double distance(int n, int t) {
    double factor =
        switch (scheme) {
          case RDSA -> Math.pow(n, 1.5);
          case I_RDSA -> Math.sqrt(directions) * Math.pow(n, 1.5);
          case KWSA -> Math.sqrt(n);
        };
    return Math.max(cFloor, 2 / (factor * Math.cbrt(t + 8)));
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException at the first step, for parameters outside the set
   */
  @Override
  public double step(ZoStep step) {
    return step(step, Directions.of(noise, seed, 0));
  }

  /**
   * Makes a step along directions of another source.
   *
   * @param step the step
   * @param source of the directions
   * @return the loss to report; not finite if the step was skipped
   * @throws IllegalArgumentException at the first step, for parameters outside the set
   */
  public double step(ZoStep step, Directions source) {
    GradientState state = step.state();
    MovableEntries entries = new MovableEntries(step.problem());
    int n = entries.length();
    int t = (int) state.scalar(0);
    double[] x = entries.read();
    List<Part> parts = parts(step.problem(), n);
    if (t == 0) {
      requireInside(parts, x);
    }
    double base = step.problem().loss();
    double[] estimate = null;
    try {
      estimate =
          Double.isFinite(base) ? estimate(entries, x, base, distance(n, t), step, source) : null;
    } finally {
      entries.write(x);
    }
    if (estimate == null) {
      return Double.NaN;
    }
    INDArray average = state.vector(0, () -> Nd4j.zeros(DataType.DOUBLE, n));
    double[] d = average.toDoubleVector();
    double rho = weight(n, t);
    for (int i = 0; i < n; i++) {
      d[i] = (1 - rho) * d[i] + rho * estimate[i];
    }
    average.assign(Nd4j.createFromArray(d));
    double gamma = 2.0 / (t + 8);
    double gap = 0;
    for (Part part : parts) {
      double[] v = part.set.minimizer(Arrays.copyOfRange(d, part.from, part.to));
      for (int i = part.from; i < part.to; i++) {
        gap += d[i] * (x[i] - v[i - part.from]);
        x[i] = (1 - gamma) * x[i] + gamma * v[i - part.from];
      }
    }
    entries.write(x);
    state.setScalar(0, t + 1);
    state.setScalar(1, gap);
    return base;
  }

  private void requireInside(List<Part> parts, double[] x) {
    double size = constraint == Constraint.BOX ? 1 : radius;
    for (Part part : parts) {
      double excess = part.set.excess(Arrays.copyOfRange(x, part.from, part.to));
      if (!(excess <= ROUNDING * size)) {
        throw new IllegalArgumentException(
            "The start must be in the set "
                + constraint
                + ": entries "
                + part.from
                + " to "
                + (part.to - 1)
                + " are outside by "
                + excess);
      }
    }
  }

  /** The estimate of the gradient; null where a value is not finite. */
  private double[] estimate(
      MovableEntries entries, double[] x, double base, double c, ZoStep step, Directions source) {
    int n = x.length;
    double[] estimate = new double[n];
    double[] moved = x.clone();
    if (scheme == Scheme.KWSA) {
      for (int i = 0; i < n; i++) {
        moved[i] = x[i] + c;
        estimate[i] = (entries.lossAt(moved) - base) / c;
        moved[i] = x[i];
        if (!Double.isFinite(estimate[i])) {
          return null;
        }
      }
      return estimate;
    }
    int m = scheme == Scheme.RDSA ? 1 : directions;
    double[] z = new double[n];
    for (int q = 0; q < m; q++) {
      source.fill(step.iteration(), q, 0, z, n);
      for (int i = 0; i < n; i++) {
        moved[i] = x[i] + c * z[i];
      }
      double slope = (entries.lossAt(moved) - base) / c;
      if (!Double.isFinite(slope)) {
        return null;
      }
      for (int i = 0; i < n; i++) {
        estimate[i] += slope * z[i] / m;
      }
    }
    return estimate;
  }
}
