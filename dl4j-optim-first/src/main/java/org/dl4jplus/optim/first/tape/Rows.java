package org.dl4jplus.optim.first.tape;

import org.dl4jplus.optim.first.vector.HostView;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What records do with arrays of rows. */
final class Rows {

  private Rows() {}

  /**
   * The rows of each example together. Where the leading axis is longer than the batch, DL4J has
   * put positions (time steps, stacked inputs) in front: example b at step t is at b + examples *
   * t.
   *
   * @param array in 'c' order, [examples * steps, ..]
   * @return of shape [examples * positions, width]
   */
  static INDArray byExample(INDArray array, int examples, long width) {
    long leading = array.size(0);
    long rest = array.length() / leading;
    long rows = array.length() / width;
    if (leading == examples) {
      return array.reshape('c', new long[] {rows, width});
    }
    return array
        .reshape('c', new long[] {leading / examples, examples, rest})
        .permute(1, 0, 2)
        .dup('c')
        .reshape('c', new long[] {rows, width});
  }

  static INDArray of(INDArray rows, long from, long to) {
    return rows.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
  }

  static INDArray asDouble(INDArray array) {
    return array.castTo(DataType.DOUBLE);
  }

  /** Inner products of rows of two arrays, row by row. */
  static double[] products(INDArray x, INDArray y) {
    return asDouble(x).mul(asDouble(y)).sum(1).toDoubleVector();
  }

  /** In double precision, of rows in 'c' order. */
  static double[] squaredNorms(INDArray x) {
    HostView view = new HostView(x.reshape('c', new long[] {x.length()}));
    int width = (int) x.size(1);
    double[] squares = new double[(int) x.size(0)];
    for (int i = 0; i < squares.length; i++) {
      squares[i] = view.sumOfSquares(i * width, width);
    }
    return squares;
  }

  /**
   * Each row times the weight of its example. Fresh memory would cost as much as the products.
   *
   * @param rows in 'c' order
   * @param sum takes the sum of the results
   */
  static INDArray scaled(
      INDArray rows, double[] weights, int positions, Memory memory, double[] sum) {
    INDArray scaled = memory.of(rows.dataType(), rows.shape());
    long[] flat = {rows.length()};
    HostView from = new HostView(rows.reshape('c', flat));
    HostView to = new HostView(scaled.reshape('c', flat));
    int at = 0;
    for (double weight : weights) {
      for (int position = 0; position < positions; position++) {
        for (int j = 0; j < sum.length; j++) {
          double value = weight * from.get(at);
          sum[j] += value;
          to.set(at++, value);
        }
      }
    }
    to.flush();
    return scaled;
  }
}
