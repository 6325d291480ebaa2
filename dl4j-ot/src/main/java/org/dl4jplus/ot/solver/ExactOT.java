package org.dl4jplus.ot.solver;

import java.util.Arrays;

/**
 * Transport without regularisation, by successive shortest paths.
 *
 * <pre>{@code
 * min <P,C>  over P >= 0 with P1 = a and P'1 = b
 * f_i + g_j <= C_ij, with equality where P_ij > 0
 * }</pre>
 *
 * <p>A search costs n*m operations, and there are somewhat more than n of them: for a few hundred
 * sources and targets. The plan is one of possibly many; the cost is unique. It has at most n+m-1
 * entries in exact arithmetic. The potentials are the dual variables; {@code regOtCost} and {@code
 * entRegCost} are the linear cost.
 *
 * <p>R. Jonker, A. Volgenant: "A Shortest Augmenting Path Algorithm for Dense and Sparse Linear
 * Assignment Problems" (1987).
 */
public final class ExactOT implements TransportSolver {

  /** Mass below this part of the whole is rounding. */
  private static final double DUST = 1e-15;

  /** A solver; it has no settings and no state. */
  public ExactOT() {}

  @Override
  public TransportResult solve(TransportProblem problem) {
    problem.requireBalanced();
    Geometry geometry = problem.geometry();
    Search search = new Search(geometry, problem.sharedA(), problem.sharedB());
    search.run();
    double cost = Marginals.dot(search.flow, geometry.costs());
    double[] columns = Marginals.columns(search.flow, geometry.rows(), geometry.columns());
    return new TransportResult(
        problem,
        0,
        search.flow,
        search.f,
        search.g,
        cost,
        cost,
        cost,
        search.paths,
        true,
        Marginals.distance(columns, problem.sharedB()));
  }

  /** The flow that ships all of the supply, where demands are at least as much. */
  static double[] flow(Geometry geometry, double[] supply, double[] demand) {
    Search search = new Search(geometry, supply, demand);
    search.run();
    return search.flow;
  }

  private static final class Search {
    private final int n;
    private final int m;
    private final double[] costs;
    private final double[] supply;
    private final double[] demand;
    private final double dust;
    private final double[] flow;
    private final double[] f;
    private final double[] g;
    private int paths;

    /** Of the search from one source. */
    private final double[] distance;

    private final double[] rowDistance;
    private final int[] rowOfColumn;
    private final int[] columnOfRow;
    private final boolean[] done;
    private final boolean[] reached;

    Search(Geometry geometry, double[] a, double[] b) {
      n = geometry.rows();
      m = geometry.columns();
      costs = geometry.costs();
      supply = a.clone();
      demand = b.clone();
      dust = DUST * Marginals.sum(a);
      flow = new double[n * m];
      f = new double[n];
      g = new double[m];
      distance = new double[m];
      rowDistance = new double[n];
      rowOfColumn = new int[m];
      columnOfRow = new int[n];
      done = new boolean[m];
      reached = new boolean[n];
      // Reduced costs must not be negative at the start.
      for (int i = 0; i < n; i++) {
        f[i] = Double.POSITIVE_INFINITY;
        for (int j = 0; j < m; j++) {
          f[i] = Math.min(f[i], costs[i * m + j]);
        }
      }
    }

    void run() {
      for (int i = 0; i < n; i++) {
        while (supply[i] > dust) {
          int end = nearest(i);
          if (end < 0) {
            // Sums that differ within the tolerance: no room is left for the last of it.
            return;
          }
          push(i, end);
          paths++;
        }
      }
    }

    /** Dijkstra from a source to the nearest target with room; moves the potentials along. */
    private int nearest(int source) {
      Arrays.fill(distance, Double.POSITIVE_INFINITY);
      Arrays.fill(done, false);
      Arrays.fill(reached, false);
      columnOfRow[source] = -1;
      relax(source, 0);
      while (true) {
        int best = -1;
        for (int j = 0; j < m; j++) {
          if (!done[j] && (best < 0 || distance[j] < distance[best])) {
            best = j;
          }
        }
        if (best < 0) {
          return -1;
        }
        done[best] = true;
        double far = distance[best];
        if (demand[best] > dust) {
          shift(far);
          return best;
        }
        for (int i = 0; i < n; i++) {
          if (!reached[i] && flow[i * m + best] > 0) {
            columnOfRow[i] = best;
            relax(i, far);
          }
        }
      }
    }

    private void relax(int row, double far) {
      reached[row] = true;
      rowDistance[row] = far;
      for (int j = 0; j < m; j++) {
        if (!done[j]) {
          double next = far + Math.max(0, costs[row * m + j] - f[row] - g[j]);
          if (next < distance[j]) {
            distance[j] = next;
            rowOfColumn[j] = row;
          }
        }
      }
    }

    private void shift(double far) {
      for (int i = 0; i < n; i++) {
        if (reached[i]) {
          f[i] += far - rowDistance[i];
        }
      }
      for (int j = 0; j < m; j++) {
        if (done[j]) {
          g[j] -= far - distance[j];
        }
      }
    }

    private void push(int source, int end) {
      double most = Math.min(supply[source], demand[end]);
      for (int j = end; ; ) {
        int row = rowOfColumn[j];
        j = columnOfRow[row];
        if (j < 0) {
          break;
        }
        most = Math.min(most, flow[row * m + j]);
      }
      for (int j = end; ; ) {
        int row = rowOfColumn[j];
        flow[row * m + j] += most;
        j = columnOfRow[row];
        if (j < 0) {
          break;
        }
        double rest = flow[row * m + j] - most;
        flow[row * m + j] = rest > dust ? rest : 0;
      }
      supply[source] -= most;
      demand[end] -= most;
    }
  }
}
