package org.dl4jplus.optim.zeroth.search;

import java.util.Arrays;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.ZORankSGD;
import org.dl4jplus.optim.zeroth.ZORankSGD.EdgeWeights;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A run of {@link ZORankSGD}: {@link #ask} hands out points, {@link #tell} takes which of them are
 * the best. Between the two a person may be asked.
 */
public final class RankSearch {

  private final ZORankSGD method;
  private final Directions noise;
  private double[] x;
  private double[] direction;
  private double[] best;
  private int accumulated;
  private boolean lineSearch;
  private int round;
  private int idle;

  /**
   * A new run.
   *
   * @param method its configuration
   * @param start where it starts, copied
   * @param noise directions: query k of iteration t is for candidate k of round t. Null for the
   *     method's
   * @throws IllegalArgumentException for a start that is empty or not finite, or that has fewer
   *     entries than there are orthogonal directions
   */
  public RankSearch(ZORankSGD method, double[] start, Directions noise) {
    this.method = Require.given("method", method);
    this.noise = noise == null ? method.directions() : noise;
    int n = Require.given("start", start).length;
    if (n == 0 || !Arrays.stream(start).allMatch(Double::isFinite)) {
      throw new IllegalArgumentException("start must have entries, all finite");
    }
    if (method.isOrthogonal() && method.getQueries() > n) {
      throw new IllegalArgumentException(
          "queries must be at most " + n + " to be orthogonal, got " + method.getQueries());
    }
    x = start.clone();
    direction = new double[n];
    best = start.clone();
  }

  /**
   * Goes on with a run.
   *
   * @param method its configuration
   * @param state what {@link #save} wrote
   */
  public RankSearch(ZORankSGD method, GradientState state) {
    this.method = Require.given("method", method);
    noise = method.directions();
    INDArray point = Require.given("state", state).vector(0);
    x = Require.given("a run in state", point).toDoubleVector();
    direction = state.vector(1).toDoubleVector();
    best = state.vector(2).toDoubleVector();
    accumulated = (int) state.scalar(0);
    lineSearch = state.scalar(1) == 1;
    round = (int) state.scalar(2);
    idle = (int) state.scalar(3);
  }

  /**
   * Saves the run.
   *
   * @param state takes it; serializable
   */
  public void save(GradientState state) {
    double[][] vectors = {x, direction, best};
    for (int i = 0; i < vectors.length; i++) {
      INDArray vector = Nd4j.createFromArray(vectors[i]);
      state.vector(i, () -> vector).assign(vector);
    }
    double[] scalars = {accumulated, lineSearch ? 1 : 0, round, idle};
    for (int i = 0; i < scalars.length; i++) {
      state.setScalar(i, scalars[i]);
    }
  }

  /**
   * Points to rank.
   *
   * @return one in each row; the same ones until {@link #tell}
   */
  public double[][] ask() {
    return lineSearch ? along() : around();
  }

  /**
   * How many points are to be ranked.
   *
   * @return topK, or 1 in a line search
   */
  public int k() {
    return lineSearch ? 1 : method.getTopK();
  }

  private double[][] along() {
    int steps = method.getLineSearchQueries() - 2;
    double[][] points = new double[steps + 2][];
    double factor = method.getStepSize();
    for (int j = 0; j < steps; j++) {
      points[j] = x.clone();
      for (int i = 0; i < x.length; i++) {
        points[j][i] += factor * direction[i];
      }
      factor *= method.getLineSearchFactor();
    }
    points[steps] = best.clone();
    points[steps + 1] = x.clone();
    return points;
  }

  private double[][] around() {
    double[][] points = new double[method.getQueries()][x.length];
    for (int q = 0; q < points.length; q++) {
      noise.fill(round, q, 0, points[q], x.length);
    }
    if (method.isOrthogonal()) {
      orthogonalize(points);
    }
    for (double[] point : points) {
      for (int i = 0; i < x.length; i++) {
        point[i] = x[i] + method.getSmoothing() * point[i];
      }
    }
    return points;
  }

  /** By Gram and Schmidt, twice for the sake of rounding; each row keeps its length. */
  private static void orthogonalize(double[][] rows) {
    double[][] units = new double[rows.length][];
    for (int q = 0; q < rows.length; q++) {
      double length = Math.sqrt(dot(rows[q], rows[q]));
      double[] unit = rows[q].clone();
      for (int pass = 0; pass < 2; pass++) {
        for (int p = 0; p < q; p++) {
          double part = dot(unit, units[p]);
          for (int i = 0; i < unit.length; i++) {
            unit[i] -= part * units[p][i];
          }
        }
      }
      double left = Math.sqrt(dot(unit, unit));
      for (int i = 0; i < unit.length; i++) {
        unit[i] = left == 0 ? 0 : unit[i] / left;
        rows[q][i] = length * unit[i];
      }
      units[q] = unit;
    }
  }

  private static double dot(double[] a, double[] b) {
    double total = 0;
    for (int i = 0; i < a.length; i++) {
      total += a[i] * b[i];
    }
    return total;
  }

  /**
   * Takes the best points and ends the round.
   *
   * @param order as many indices of the points asked as {@link #k} says, from 0, the best first
   * @throws IllegalArgumentException for another number, duplicates, or indices out of range
   */
  public void tell(int... order) {
    double[][] points = ask();
    if (order.length != k()) {
      throw new IllegalArgumentException(
          "order must have " + k() + " indices, got " + order.length);
    }
    boolean[] seen = new boolean[points.length];
    for (int index : order) {
      if (index < 0 || index >= points.length || seen[index]) {
        throw new IllegalArgumentException(
            "order must have different indices below "
                + points.length
                + ", got "
                + Arrays.toString(order));
      }
      seen[index] = true;
    }
    round++;
    if (!lineSearch) {
      accumulate(points, order, seen);
      best = points[order[0]];
      lineSearch = true;
      idle++;
      return;
    }
    lineSearch = false;
    idle++;
    if (order[0] < points.length - 1) {
      x = points[order[0]];
      direction = new double[x.length];
      accumulated = 0;
      idle = 0;
    }
  }

  private void accumulate(double[][] points, int[] order, boolean[] seen) {
    int m = points.length;
    int k = order.length;
    double[] weights = new double[m];
    for (int q = 0; q < m; q++) {
      weights[q] = seen[q] ? 0 : -k;
    }
    int wins = method.getEdgeWeights() == EdgeWeights.PAPER ? m - 1 : m;
    for (int r = 0; r < k; r++) {
      weights[order[r]] = wins - 2 * r;
    }
    double edges = k * (k - 1) / 2.0 + k * (m - k);
    for (int i = 0; i < x.length; i++) {
      double sum = 0;
      for (int q = 0; q < m; q++) {
        sum += weights[q] * (points[q][i] - x[i]);
      }
      direction[i] = (direction[i] * accumulated + sum / edges) / (accumulated + 1);
    }
    accumulated++;
  }

  /**
   * The point reached.
   *
   * @return a copy
   */
  public double[] point() {
    return x.clone();
  }

  /**
   * Moves the point, for instance to what a constraint made of it.
   *
   * @param point where to
   */
  public void moveTo(double[] point) {
    x = Require.given("point", point).clone();
  }

  /**
   * The direction of the estimates since the last progress.
   *
   * @return a copy
   */
  public double[] direction() {
    return direction.clone();
  }

  /**
   * How many estimates the direction is the mean of.
   *
   * @return the count
   */
  public int accumulated() {
    return accumulated;
  }

  /**
   * Whether the next round is a line search.
   *
   * @return false for an estimation
   */
  public boolean isLineSearch() {
    return lineSearch;
  }

  /**
   * Rounds since the point moved.
   *
   * @return the count
   */
  public int idleRounds() {
    return idle;
  }
}
