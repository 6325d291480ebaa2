package org.dl4jplus.optim.first.tape;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The gradients of a bias or gain.
 *
 * @param offset its first entry among all parameters
 * @param rows one for each example
 */
record VectorPart(long offset, INDArray rows) {

  /** Of rows for each position of the examples. */
  static VectorPart of(long offset, INDArray rows, int examples) {
    long positions = rows.size(0) / examples;
    return new VectorPart(
        offset,
        positions == 1
            ? rows
            : rows.reshape('c', new long[] {examples, positions, rows.size(1)}).sum(1));
  }

  VectorPart minus(VectorPart other) {
    return new VectorPart(offset, rows.sub(other.rows));
  }

  private INDArray part(INDArray vector) {
    return vector.get(NDArrayIndex.interval(offset, offset + rows.size(1)));
  }

  void addSquaredNorms(double[] sums) {
    add(Rows.products(rows, rows), sums);
  }

  private static void add(double[] values, double[] sums) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += values[i];
    }
  }

  void weightedSum(double[] weights, INDArray out) {
    INDArray factors = Nd4j.createFromArray(weights).castTo(rows.dataType());
    part(out).assign(factors.reshape(1, weights.length).mmul(rows).reshape(rows.size(1)));
  }

  void addProducts(INDArray vector, double[] sums) {
    add(Rows.asDouble(rows).mmul(Rows.asDouble(part(vector))).toDoubleVector(), sums);
  }

  void gradients(INDArray all) {
    all.get(NDArrayIndex.all(), NDArrayIndex.interval(offset, offset + rows.size(1))).assign(rows);
  }

  void addGramian(VectorPart other, INDArray gramian) {
    gramian.addi(Rows.asDouble(rows).mmul(Rows.asDouble(other.rows).transpose()));
  }
}
