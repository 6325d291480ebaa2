package org.dl4jplus.optim.first.tape;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One layer's part in a backward pass, of a dense, output, convolution (two-dimensional, or over
 * time), embedding, LSTM or SimpleRnn layer. The layer's weights are seen as linear maps of rows:
 * every example has {@link #positions()} of them (1 for a dense layer, output pixels for a
 * convolution, time steps for a recurrent layer), and lies in {@code rows [example * positions +
 * position]}.
 *
 * <p>Vectors over parameters have shape [n] and hold all trainable parameters of the network, as in
 * {@code ModelOracle}; a record reads and writes its own entries only. Gradients are those of
 * single examples' losses: not divided by the batch size.
 */
public abstract class LayerRecord {

  /** For the kinds of layers. */
  protected LayerRecord() {}

  /**
   * The layer.
   *
   * @return name and kind, for messages
   */
  public abstract String name();

  /**
   * Examples in the batch.
   *
   * @return the count
   */
  public abstract int examples();

  /**
   * Rows of each example.
   *
   * @return 1 for a dense layer
   */
  public abstract int positions();

  /**
   * The inputs of the linear map, in order of the weight's input axis.
   *
   * @return of shape [examples * positions, inputs], without a column for the bias; rows that are
   *     masked are zero in {@link #errorRows()} only. For an embedding, one-hot rows.
   */
  public abstract INDArray inputRows();

  /**
   * The gradient of each example's loss by the layer's pre-activations.
   *
   * @return of shape [examples * positions, outputs]
   */
  public abstract INDArray errorRows();

  /**
   * Whether the map has a bias.
   *
   * @return false without
   */
  public abstract boolean hasBias();

  /**
   * Whether {@link #inputRows()} and {@link #errorRows()} say everything about the layer's
   * gradient: one weight, and perhaps a bias. A recurrent layer is one such map, of the input and
   * the last step's output together. Not so for dense layers with layer normalization, whose gain
   * and bias are no part of rows and matrix.
   *
   * @return true for a plain linear map
   */
  public abstract boolean isLinear();

  /**
   * The unmasked rows. Their errors may be zero as well.
   *
   * @return their indices in ascending order; null for all rows
   */
  public abstract int[] unmaskedRows();

  /**
   * Number of unmasked rows.
   *
   * @return examples * positions without masks
   */
  public final long activeRows() {
    int[] unmasked = unmaskedRows();
    return unmasked == null ? (long) examples() * positions() : unmasked.length;
  }

  /**
   * Copies the layer's weight and bias entries out of a vector over all parameters.
   *
   * @param vector of shape [n]
   * @return of shape [inputs (+ 1 with a bias, as last row), outputs], a copy
   */
  public abstract INDArray readMatrix(INDArray vector);

  /**
   * The reverse of {@link #readMatrix}.
   *
   * @param matrix of the same shape
   * @param vector of shape [n], to write into
   */
  public abstract void writeMatrix(INDArray matrix, INDArray vector);

  /**
   * Adds the squared norms of the examples' gradients. Where they come out of a double sum over
   * positions, which may cancel, an allowance for rounding is added, so that no norm is too small.
   *
   * @param sums one entry for each example
   */
  public abstract void addSquaredNorms(double[] sums);

  /**
   * Sets the layer's entries to a weighted sum of the examples' gradients.
   *
   * @param weights one for each example
   * @param out of shape [n]
   */
  public abstract void weightedSum(double[] weights, INDArray out);

  /**
   * Adds each example's gradient times a vector.
   *
   * @param vector of shape [n]
   * @param sums one entry for each example
   */
  public abstract void addProducts(INDArray vector, double[] sums);

  /**
   * Sets the layer's columns to the examples' gradients.
   *
   * @param rows of shape [examples, n]
   */
  public abstract void gradients(INDArray rows);

  /**
   * Adds inner products of this record's gradients with those of another pass through the same
   * layer.
   *
   * @param other the other record, possibly this one
   * @param gramian of shape [examples, other examples], in double precision
   */
  public abstract void addGramian(LayerRecord other, INDArray gramian);

  /**
   * The differences of the gradients of two passes of the same examples, in a form that does not
   * cancel where the passes are close to each other:
   *
   * <pre>{@code
   * A1^T D1 - A2^T D2 = P^T Q  with P = [A1 - A2; A2], Q = [D1; D1 - D2]
   * }</pre>
   *
   * @param other the pass that is subtracted, through the same layer
   * @return a record of the differences, with twice the rows
   * @throws UnsupportedOperationException where that form is not known, by default
   */
  public LayerRecord minus(LayerRecord other) {
    throw new UnsupportedOperationException("No differences of " + name());
  }
}
