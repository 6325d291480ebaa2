package org.dl4jplus.optim.second.curvature;

import org.dl4jplus.optim.first.linalg.Lanczos;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Some of a symmetric matrix's eigenvalues and eigenvectors.
 *
 * @param values the smallest ones, ascending, then the largest ones, ascending
 * @param smallest how many of them are the smallest ones
 * @param vectors orthonormal rows, one for each value
 */
public record Eigenpairs(double[] values, int smallest, INDArray vectors) {

  /**
   * The Ritz pairs at both ends.
   *
   * @param lanczos after its steps
   * @param smallest how many of the smallest are wanted
   * @param largest how many of the largest are wanted; they come first where there are few
   * @return the pairs, at most as many as steps were taken
   */
  public static Eigenpairs of(Lanczos lanczos, int smallest, int largest) {
    Lanczos.Ritz ritz = lanczos.ritz();
    int steps = lanczos.steps();
    int high = Math.min(largest, steps);
    int low = Math.min(smallest, steps - high);
    double[] values = new double[low + high];
    INDArray vectors = Nd4j.create(DataType.DOUBLE, low + high, lanczos.next().length());
    for (int i = 0; i < values.length; i++) {
      int from = i < low ? i : steps - values.length + i;
      values[i] = ritz.values()[from];
      vectors.putRow(i, lanczos.combine(ritz.vectors()[from]));
    }
    return new Eigenpairs(values, low, vectors);
  }
}
