package org.dl4jplus.optim.first.linalg;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Orders columns and rows by a product, which is exact and needs no view for each of them. */
final class Permutation {

  private Permutation() {}

  /**
   * The matrix P such that {@code A P} has A's columns, and {@code P^T A} its rows, in an order.
   *
   * @param order which old position comes at each new one
   * @param type type of the matrix
   * @return n x n
   */
  static INDArray matrix(int[] order, DataType type) {
    INDArray matrix = Nd4j.create(type, order.length, order.length);
    for (int i = 0; i < order.length; i++) {
      matrix.putScalar(order[i], i, 1);
    }
    return matrix;
  }
}
