package org.dl4jplus.bilevel.linear;

import java.util.Arrays;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.DecompositionSolver;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.dl4jplus.bilevel.linear.Solution.Stop;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The matrix column by column, then its triangular factors: exact, for every matrix up to a size of
 * 2000, at a product a column. A singular one gets its pseudo-inverse: the shortest least-squares
 * solution. A start is of no use to it.
 *
 * <ul>
 *   <li>ridge: at least 0; default 0
 * </ul>
 */
@Getter
@EqualsAndHashCode
@ToString
public final class DirectSolver implements LinearSolver {

  private static final int LARGEST = 2000;

  /** Pivots below this part of the largest entry are 0. */
  private static final double SINGULAR = 1e-13;

  private final double ridge;

  /** With the defaults. */
  public DirectSolver() {
    this(null);
  }

  @Builder
  @JsonCreator
  private DirectSolver(@JsonProperty("ridge") Double ridge) {
    this.ridge = Require.nonNegative("ridge", ridge, 0);
  }

  @Override
  public Solution solve(LinearOperator a, double[] b, double[] start) {
    return LinearRun.solve(a, b, start, ridge, this::solve);
  }

  private Solution solve(LinearRun run) {
    int n = run.size();
    if (n > LARGEST) {
      throw new IllegalArgumentException(
          "A direct solution is for sizes up to " + LARGEST + ", this is " + n);
    }
    double[][] rows = new double[n][n];
    double largest = 0;
    for (int j = 0; j < n; j++) {
      double[] unit = new double[n];
      unit[j] = 1;
      double[] column = run.product(unit);
      for (int i = 0; i < n; i++) {
        rows[i][j] = column[i];
      }
      largest = Math.max(largest, Vectors.largest(column));
    }
    Arrays.fill(run.x, 0);
    if (!(largest < Double.POSITIVE_INFINITY) || largest == 0) {
      return run.solution(run.norm, 0, Stop.BREAKDOWN);
    }
    Array2DRowRealMatrix matrix = new Array2DRowRealMatrix(rows, false);
    DecompositionSolver solver = new LUDecomposition(matrix, SINGULAR * largest).getSolver();
    boolean regular = solver.isNonSingular();
    if (!regular) {
      solver = new SingularValueDecomposition(matrix).getSolver();
    }
    double[] x = solver.solve(new ArrayRealVector(run.b, false)).toArray();
    double[] r = run.b.clone();
    Vectors.add(r, -1, matrix.operate(x));
    System.arraycopy(x, 0, run.x, 0, n);
    return run.solution(Vectors.norm(r), 0, regular ? Stop.CONVERGED : Stop.BREAKDOWN);
  }
}
