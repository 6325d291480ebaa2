package org.dl4jplus.ot;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Makes an updater's step on a weight matrix multiplicative and keeps the matrix between two
 * marginals, rows of equal sums and columns of equal sums: doubly stochastic if it is square.
 *
 * <pre>{@code
 * y = w * exp(-u),   u = the updater's update: with Sgd, learning rate * gradient
 * w <- y with its rows scaled to rowSum (first, third, ... iteration)
 *      or its columns to rowSum*rows/columns (second, fourth, ...)
 * }</pre>
 *
 * <p>It runs after the updater, on a layer's weights: {@code
 * layer.setRegularization(List.of(MirrorSinkhornRegularization.builder().rows(nIn).build()))}. One
 * of the marginals fits after each iteration, the other does as the steps become small: let the
 * learning rate fall like 1/sqrt(t), as the paper does. Weights must start above 0 (a positive
 * distribution); others are taken for 1e-12. An update that is not finite is left as it is.
 *
 * <p>Fields: {@code rows}, the matrix's, at least 1 (required: the platform hands parameters over
 * without their shape); {@code rowSum} above 0 (1); {@code columnMajor}, whether the matrix lies
 * column after column, as dense layers' weights do and SameDiff layers' do not (true).
 *
 * <p>M. Ballu, Q. Berthet: "Mirror Sinkhorn: Fast Online Optimization on Transport Polytopes",
 * arXiv 2211.10420 (2023). That it works on parameters is this project's addition.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class MirrorSinkhornRegularization implements Regularization {

  private static final long serialVersionUID = 1L;

  private static final double FLOOR = 1e-12;

  /** Rows of the weight matrix. */
  private final int rows;

  /** Sum of each row. */
  private final double rowSum;

  /** Whether the matrix lies column after column. */
  private final boolean columnMajor;

  @Builder
  @JsonCreator
  private MirrorSinkhornRegularization(
      @JsonProperty("rows") Integer rows,
      @JsonProperty("rowSum") Double rowSum,
      @JsonProperty("columnMajor") Boolean columnMajor) {
    if (rows == null || rows < 1) {
      throw new IllegalArgumentException("rows must be at least 1, got " + rows);
    }
    this.rows = rows;
    this.rowSum = rowSum == null ? 1 : rowSum;
    if (!(this.rowSum > 0 && this.rowSum < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("rowSum must be finite and above 0, got " + rowSum);
    }
    this.columnMajor = columnMajor == null || columnMajor;
  }

  @Override
  public ApplyStep applyStep() {
    return ApplyStep.POST_UPDATER;
  }

  /**
   * Replaces an update.
   *
   * @param param the weights
   * @param gradView the update, to be subtracted from them
   * @param lr not used: the update holds it
   * @param iteration counts from 0
   * @param epoch not used
   * @throws IllegalArgumentException if the weights are no matrix of so many rows
   */
  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    if (param.length() % rows != 0) {
      throw new IllegalArgumentException(
          "rows must divide the number of weights, " + param.length() + ", got " + rows);
    }
    char order = columnMajor ? 'f' : 'c';
    double[] old = values(param, order);
    double[] update = values(gradView, order);
    double[] logs = new double[old.length];
    for (int k = 0; k < old.length; k++) {
      logs[k] = Math.log(Math.max(old[k], FLOOR)) - update[k];
      if (!Double.isFinite(logs[k])) {
        return;
      }
    }
    int columns = old.length / rows;
    boolean byRows = iteration % 2 == 0;
    double sum = byRows ? rowSum : rowSum * rows / columns;
    // Neighbours in memory are one row, or with column-major order one column.
    boolean neighbours = byRows != columnMajor;
    int length = byRows ? columns : rows;
    int stride = neighbours ? 1 : byRows ? rows : columns;
    for (int line = 0; line < old.length / length; line++) {
      scale(logs, neighbours ? line * length : line, stride, length, sum);
    }
    for (int k = 0; k < old.length; k++) {
      update[k] = old[k] - logs[k];
    }
    gradView.assign(Nd4j.create(update, gradView.shape(), order).castTo(gradView.dataType()));
  }

  private static double[] values(INDArray array, char order) {
    INDArray copy = array.castTo(DataType.DOUBLE).dup(order);
    return copy.data().asDouble();
  }

  /** Turns logarithms into values with a given sum. */
  private static void scale(double[] logs, int from, int stride, int length, double sum) {
    double top = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < length; k++) {
      top = Math.max(top, logs[from + k * stride]);
    }
    double mass = 0;
    for (int k = 0; k < length; k++) {
      double value = Math.exp(logs[from + k * stride] - top);
      logs[from + k * stride] = value;
      mass += value;
    }
    for (int k = 0; k < length; k++) {
      logs[from + k * stride] *= sum / mass;
    }
  }

  @Override
  public double score(INDArray param, int iteration, int epoch) {
    return 0;
  }

  /** {@inheritDoc} This one has no state and returns itself. */
  @Override
  public Regularization clone() {
    return this;
  }
}
