package org.dl4jplus.optim.second.kronecker;

import org.dl4jplus.optim.first.tape.LayerRecord;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The Kronecker factors of one batch for a layer that is a linear map of rows. The layer's block of
 * the Fisher matrix is {@code positions * (input kron error)}:
 *
 * <pre>{@code
 * input = (1/N) sum x x^T,  error = (1/N) sum d d^T,  positions = N/n
 * }</pre>
 *
 * <p>over the N rows of n examples; x ends in a 1 where there is a bias, and d is the gradient of
 * one example's loss by the row's pre-activations. A dense layer has one row for each example; a
 * convolution one for each output pixel (KFC, which takes the derivatives of different pixels as
 * uncorrelated, and whose own A is {@link #inputPerExample()}); a recurrent layer one for each
 * unmasked time step (independent in time).
 *
 * <p>J. Martens, R. Grosse: "Optimizing Neural Networks with Kronecker-factored Approximate
 * Curvature", arXiv 1503.05671 (2015). Convolution: R. Grosse, J. Martens, arXiv 1602.01407 (2016).
 *
 * @param input second moment of the rows that go in
 * @param error second moment of the gradients at what comes out
 * @param positions mean number of rows of an example
 */
public record KroneckerFactors(INDArray input, INDArray error, double positions) {

  /**
   * The factors of a layer's part in a backward pass.
   *
   * @param record the layer, which must be linear
   * @param drawn the same layer in the pass that the errors are taken from
   * @return the factors; null where all rows are masked
   */
  public static KroneckerFactors of(LayerRecord record, LayerRecord drawn) {
    int[] active = record.unmaskedRows();
    if (active == null) {
      return of(record.inputRows(), drawn.errorRows(), record.hasBias(), record.examples());
    }
    return active.length == 0
        ? null
        : of(
            Nd4j.pullRows(record.inputRows(), 1, active),
            Nd4j.pullRows(drawn.errorRows(), 1, active),
            record.hasBias(),
            record.examples());
  }

  /**
   * The factors of a batch.
   *
   * @param inputs rows that go in, without those that are masked
   * @param errors gradients by the pre-activations, row by row, of single examples' losses
   * @param bias whether a 1 is put at the end of each input row
   * @param examples number of examples that the rows belong to
   * @return the factors, in the rows' type
   */
  public static KroneckerFactors of(INDArray inputs, INDArray errors, boolean bias, long examples) {
    INDArray rows = bias ? homogeneous(inputs) : inputs;
    return new KroneckerFactors(
        secondMoment(rows), secondMoment(errors), (double) inputs.size(0) / examples);
  }

  /**
   * The input factor with the block's scale in it, as KFC defines it.
   *
   * @return {@code (1/n) sum x x^T}
   */
  public INDArray inputPerExample() {
    return positions == 1 ? input : input.mul(positions);
  }

  /**
   * Puts a column of ones behind the rows.
   *
   * @param rows of shape [N, d]
   * @return of shape [N, d+1]
   */
  public static INDArray homogeneous(INDArray rows) {
    return Nd4j.hstack(rows, Nd4j.ones(rows.dataType(), rows.size(0), 1));
  }

  private static INDArray secondMoment(INDArray rows) {
    INDArray moment = Nd4j.createUninitialized(rows.dataType(), rows.size(1), rows.size(1));
    return Nd4j.gemm(rows, rows, moment, true, false, 1.0 / rows.size(0), 0);
  }
}
