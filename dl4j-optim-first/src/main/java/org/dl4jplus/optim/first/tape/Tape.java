package org.dl4jplus.optim.first.tape;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One backward pass of a network, layer by layer, over the trainable parameters. Gradients of
 * single examples are those of their own losses: their mean is the gradient of the mean loss.
 */
public final class Tape {

  private final int examples;
  private final long size;
  private final DataType dataType;
  private final List<LayerRecord> layers;
  private final List<String> unsupported;
  private final INDArray[] preOutputs;

  /**
   * Puts records together; a network's come from {@link LayerRecorder}.
   *
   * @param examples in the batch
   * @param size number of trainable parameters
   * @param dataType theirs
   * @param layers the records, in the order of the parameters
   * @param unsupported names and kinds of layers without a record
   * @param preOutputs pre-activations of each output, with null where they are not known
   */
  public Tape(
      int examples,
      long size,
      DataType dataType,
      List<LayerRecord> layers,
      List<String> unsupported,
      INDArray[] preOutputs) {
    this.examples = examples;
    this.size = size;
    this.dataType = dataType;
    this.layers = List.copyOf(layers);
    this.unsupported = List.copyOf(unsupported);
    this.preOutputs = preOutputs;
  }

  /**
   * Examples in the batch.
   *
   * @return the count
   */
  public int examples() {
    return examples;
  }

  /**
   * The layers that could be recorded.
   *
   * @return in the order of their parameters
   */
  public List<LayerRecord> layers() {
    return layers;
  }

  /**
   * The layers that have trainable parameters and could not be recorded.
   *
   * @return names and kinds
   */
  public List<String> unsupported() {
    return unsupported;
  }

  /**
   * The pre-activations of the network's outputs, in the order of rows in which losses see them:
   * example b at time step t is row b + examples * t.
   *
   * @param output which output, from 0
   * @return of shape [rows, outputs]
   * @throws UnsupportedOperationException for an output without a loss that was heard
   */
  public INDArray preOutput(int output) {
    if (preOutputs[output] == null) {
      throw new UnsupportedOperationException("The loss of output " + output + " was not heard");
    }
    return preOutputs[output];
  }

  /**
   * Makes sure that the whole network is recorded.
   *
   * @return this
   * @throws UnsupportedOperationException naming the layers that are not
   */
  public Tape requireAll() {
    if (!unsupported.isEmpty()) {
      throw new UnsupportedOperationException(
          "Gradients of single examples are not known for " + String.join(", ", unsupported));
    }
    return this;
  }

  /**
   * The gradients of the examples, one by one.
   *
   * @return of shape [examples, n]
   * @throws UnsupportedOperationException naming layers that are not recorded
   */
  public INDArray gradients() {
    INDArray rows = Nd4j.create(dataType, examples, size);
    gradients(rows);
    return rows;
  }

  /**
   * The gradients of the examples, one by one.
   *
   * @param rows takes the gradients, of shape [examples, n]
   * @throws UnsupportedOperationException naming layers that are not recorded
   */
  public void gradients(INDArray rows) {
    requireAll();
    layers.forEach(layer -> layer.gradients(rows));
  }

  /**
   * The squared norms of the examples' gradients, which are formed one by one only in layers where
   * that costs less than the inner products of rows (2 positions^2 > inputs * outputs).
   *
   * @return one for each example
   * @throws UnsupportedOperationException naming layers that are not recorded
   */
  public double[] squaredNorms() {
    requireAll();
    double[] sums = new double[examples];
    layers.forEach(layer -> layer.addSquaredNorms(sums));
    return sums;
  }

  /**
   * A weighted sum of the examples' gradients, without another pass.
   *
   * @param weights one for each example
   * @param out takes the sum, of shape [n]
   * @throws UnsupportedOperationException naming layers that are not recorded
   */
  public void weightedSum(double[] weights, INDArray out) {
    requireAll();
    layers.forEach(layer -> layer.weightedSum(weights, out));
  }

  /**
   * Each example's gradient times a vector.
   *
   * @param vector of shape [n]
   * @return one product for each example
   * @throws UnsupportedOperationException naming layers that are not recorded
   */
  public double[] products(INDArray vector) {
    requireAll();
    double[] sums = new double[examples];
    layers.forEach(layer -> layer.addProducts(vector, sums));
    return sums;
  }

  /**
   * Product with the empirical Fisher matrix, the mean of g_i g_i^T, which is never formed.
   *
   * @param vector of shape [n]
   * @param out takes the product, of shape [n]; may be the vector
   * @throws UnsupportedOperationException naming layers that are not recorded
   */
  public void fisherVector(INDArray vector, INDArray out) {
    double[] products = products(vector);
    for (int i = 0; i < products.length; i++) {
      products[i] /= examples;
    }
    weightedSum(products, out);
  }

  /**
   * Inner products of this pass's gradients with those of another one through the same network.
   *
   * @param other the other pass, possibly this one
   * @return of shape [examples, other examples], in double precision
   * @throws UnsupportedOperationException naming layers that are not recorded
   */
  public INDArray gramian(Tape other) {
    requireAll();
    INDArray gramian = Nd4j.create(DataType.DOUBLE, examples, other.examples);
    for (int i = 0; i < layers.size(); i++) {
      layers.get(i).addGramian(other.layers.get(i), gramian);
    }
    return gramian;
  }

  /**
   * The differences of this pass's gradients and those of another one of the same examples, by
   * {@link LayerRecord#minus}. Both tapes must be valid while it is used.
   *
   * @param other the pass that is subtracted
   * @return a tape of the differences, without pre-outputs
   * @throws UnsupportedOperationException naming layers that are not recorded
   */
  public Tape minus(Tape other) {
    requireAll();
    List<LayerRecord> differences = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      differences.add(layers.get(i).minus(other.layers.get(i)));
    }
    return new Tape(
        examples, size, dataType, differences, List.of(), new INDArray[preOutputs.length]);
  }
}
