package org.dl4jplus.optim.first;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.ParameterStep;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Keeps rows of parameters on the probability simplex, after any updater: its update becomes a step
 * in the entropy's mirror space.
 *
 * <pre>{@code
 * p_new = p*exp(-u) / sum over the row of p*exp(-u)
 * u = p - p_new
 * }</pre>
 *
 * <p>Field: {@code rowLength}, at least 1, the number of neighbouring entries that make a row; it
 * divides the variable's length. In a network, where a step sees a variable's memory, a row of a
 * dense weight is the nIn weights of one output. {@code p} is read as at least 1e-30. A step with
 * learning rate 0 leaves everything as it is. {@link EntropicMirror} has this step built in.
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class MirrorStep extends ParameterStep {

  private static final double LEAST = 1e-30;

  private final long rowLength;

  /**
   * Creates the step.
   *
   * @param rowLength entries in a row, at least 1
   */
  @JsonCreator
  public MirrorStep(@JsonProperty("rowLength") long rowLength) {
    Require.check(rowLength >= 1, "rowLength", rowLength, "at least 1");
    this.rowLength = rowLength;
  }

  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    if (lr == 0) {
      gradView.assign(0);
      return;
    }
    Require.check(
        param.length() % rowLength == 0,
        "rowLength",
        rowLength,
        "a divisor of the variable's length " + param.length());
    map(param, gradView, rowLength);
  }

  /** The mirror map, one row of neighbouring entries at a time. */
  static void map(INDArray param, INDArray update, long rowLength) {
    double[] p = numbers(param);
    double[] u = numbers(update);
    int columns = (int) rowLength;
    double[] logs = new double[columns];
    for (int start = 0; start < p.length; start += columns) {
      // Without its maximum a row's exponentials cannot overflow, and one of them is 1.
      double max = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < columns; i++) {
        logs[i] = Math.log(Math.max(p[start + i], LEAST)) - u[start + i];
        max = Math.max(max, logs[i]);
      }
      double sum = 0;
      for (int i = 0; i < columns; i++) {
        logs[i] = Math.exp(logs[i] - max);
        sum += logs[i];
      }
      for (int i = 0; i < columns; i++) {
        u[start + i] = p[start + i] - logs[i] / sum;
      }
    }
    update.assign(Nd4j.createFromArray(u).reshape('c', update.shape()));
  }

  /** The array's numbers, its last dimension varying fastest. */
  static double[] numbers(INDArray array) {
    return (array.rank() == 1 ? array : array.reshape('c', new long[] {array.length()}))
        .toDoubleVector();
  }
}
