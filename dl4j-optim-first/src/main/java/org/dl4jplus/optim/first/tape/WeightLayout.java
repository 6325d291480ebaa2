package org.dl4jplus.optim.first.tape;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Where the weights of a linear map lie in the vector of all parameters. Each part is a matrix
 * [height, outputs], for a convolution in 'f' order the transpose of [outputs, patch] in 'c' order;
 * the parts stand on one another, the bias below them.
 *
 * @param offsets first entries of the parts
 * @param heights their rows
 * @param bias first entry of the bias, or -1 without
 * @param outputs columns
 * @param order of the parts, 'f' or 'c'
 */
record WeightLayout(long[] offsets, long[] heights, long bias, long outputs, char order) {

  static WeightLayout of(long offset, long inputs, long bias, long outputs) {
    return of(offset, inputs, bias, outputs, 'f');
  }

  static WeightLayout of(long offset, long inputs, long bias, long outputs, char order) {
    return new WeightLayout(new long[] {offset}, new long[] {inputs}, bias, outputs, order);
  }

  boolean hasBias() {
    return bias >= 0;
  }

  long inputs() {
    long sum = 0;
    for (long height : heights) {
      sum += height;
    }
    return sum;
  }

  WeightLayout withoutBias() {
    return new WeightLayout(offsets, heights, -1, outputs, order);
  }

  /** [inputs (+ 1), outputs], a copy. */
  INDArray read(INDArray vector) {
    INDArray matrix =
        Nd4j.createUninitialized(
            vector.dataType(), new long[] {inputs() + (hasBias() ? 1 : 0), outputs}, 'f');
    long row = 0;
    for (int i = 0; i < offsets.length; i++) {
      long length = heights[i] * outputs;
      Rows.of(matrix, row, row + heights[i])
          .assign(
              vector
                  .get(NDArrayIndex.interval(offsets[i], offsets[i] + length))
                  .reshape(order, new long[] {heights[i], outputs}));
      row += heights[i];
    }
    if (hasBias()) {
      Rows.of(matrix, row, row + 1)
          .assign(vector.get(NDArrayIndex.interval(bias, bias + outputs)).reshape('c', 1, outputs));
    }
    return matrix;
  }

  /** The weights without the bias, [inputs, outputs], a copy. */
  INDArray readWeights(INDArray vector) {
    return withoutBias().read(vector);
  }

  /** The bias, [outputs], a copy. */
  INDArray readBias(INDArray vector) {
    return vector.get(NDArrayIndex.interval(bias, bias + outputs)).dup();
  }

  void write(INDArray matrix, INDArray vector) {
    writeWeights(matrix, vector);
    if (hasBias()) {
      writeBias(matrix.getRow(inputs()), vector);
    }
  }

  /** Leaves further rows of the matrix alone. */
  void writeWeights(INDArray matrix, INDArray vector) {
    long row = 0;
    for (int i = 0; i < offsets.length; i++) {
      long length = heights[i] * outputs;
      vector
          .get(NDArrayIndex.interval(offsets[i], offsets[i] + length))
          .assign(Rows.of(matrix, row, row + heights[i]).reshape(order, new long[] {length}));
      row += heights[i];
    }
  }

  /** Writes inputs^T errors. */
  void writeProduct(INDArray inputs, INDArray errors, INDArray vector) {
    if (offsets.length > 1 || order != 'f') {
      writeWeights(inputs.transpose().mmul(errors), vector);
      return;
    }
    INDArray weights =
        vector
            .get(NDArrayIndex.interval(offsets[0], offsets[0] + heights[0] * outputs))
            .reshape('f', new long[] {heights[0], outputs});
    Nd4j.gemm(inputs, errors, weights, true, false, 1, 0);
  }

  void writeBias(INDArray row, INDArray vector) {
    vector
        .get(NDArrayIndex.interval(bias, bias + outputs))
        .assign(row.reshape('c', new long[] {outputs}));
  }
}
