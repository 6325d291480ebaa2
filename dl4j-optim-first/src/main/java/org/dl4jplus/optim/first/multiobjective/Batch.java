package org.dl4jplus.optim.first.multiobjective;

import java.util.Arrays;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.normalization.BatchNormalization;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.TimeSeriesUtils;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The current batch of a network: gradients of its parts, after which it is current again. */
final class Batch {

  private final GradientTurn turn;
  private final Model network;
  private final INDArray[] inputs;
  private final INDArray[] labels;
  private final INDArray[] inputMasks;
  private final INDArray[] labelMasks;

  Batch(GradientTurn turn) {
    this.turn = turn;
    if (!(turn.oracle() instanceof ModelOracle oracle)) {
      throw new IllegalStateException("These objectives are made of a network's batch");
    }
    network = oracle.network();
    ModelAccess access = ModelAccess.of(network);
    access.requireSecondPass();
    inputs = access.inputs().clone();
    labels = access.labels().clone();
    if (network instanceof ComputationGraph graph) {
      inputMasks = orNulls(graph.getInputMaskArrays(), inputs.length);
      labelMasks = orNulls(graph.getLabelMaskArrays(), labels.length);
    } else {
      Layer[] layers = ((MultiLayerNetwork) network).getLayers();
      inputMasks = new INDArray[] {layers.length > 1 ? mask(layers[0], inputs[0]) : null};
      labelMasks = new INDArray[] {mask(layers[layers.length - 1], labels[0])};
    }
  }

  INDArray[] inputs() {
    return inputs.clone();
  }

  INDArray[] labels() {
    return labels.clone();
  }

  int size() {
    return (int) labels[0].size(0);
  }

  void refuseBatchNormalization() {
    Layer[] layers =
        network instanceof ComputationGraph graph
            ? graph.getLayers()
            : ((MultiLayerNetwork) network).getLayers();
    for (Layer layer : layers) {
      if (layer instanceof BatchNormalization) {
        throw new IllegalStateException(
            "With batch normalization an example has no loss of its own");
      }
    }
  }

  void gradientOfExamples(int[] examples, INDArray out) {
    gradient(
        part(inputs, examples),
        part(labels, examples),
        part(inputMasks, examples),
        part(labelMasks, examples),
        out);
  }

  void gradientWithLabels(INDArray[] others, INDArray out) {
    gradient(inputs, others, inputMasks, labelMasks, out);
  }

  /** The other outputs' losses are masked; masks of zeros and ones are exact. */
  void gradientOfOutput(int output, INDArray out) {
    INDArray[] masks = new INDArray[labels.length];
    for (int k = 0; k < masks.length; k++) {
      masks[k] = k == output ? labelMasks[k] : nothing(labels[k]);
    }
    gradient(inputs, labels, inputMasks, masks, out);
  }

  /** One entry for each example, or for each of its time steps; for images it is broadcast. */
  private static INDArray nothing(INDArray labels) {
    long[] shape = new long[Math.max(2, labels.rank())];
    Arrays.fill(shape, 1);
    shape[0] = labels.size(0);
    return labels.rank() == 3
        ? Nd4j.zeros(labels.dataType(), labels.size(0), labels.size(2))
        : Nd4j.zeros(labels.dataType(), shape);
  }

  private void gradient(
      INDArray[] x, INDArray[] y, INDArray[] xMasks, INDArray[] yMasks, INDArray out) {
    try {
      set(x, y, xMasks, yMasks);
      turn.evaluate(turn.parameters(), out);
    } finally {
      set(inputs, labels, inputMasks, labelMasks);
    }
  }

  private void set(INDArray[] x, INDArray[] y, INDArray[] xMasks, INDArray[] yMasks) {
    if (network instanceof ComputationGraph graph) {
      graph.setInputs(x.clone());
      graph.setLabels(y.clone());
      graph.setLayerMaskArrays(nullIfNone(xMasks), nullIfNone(yMasks));
    } else {
      MultiLayerNetwork layers = (MultiLayerNetwork) network;
      layers.setInput(x[0]);
      layers.setLabels(y[0]);
      layers.clearLayerMaskArrays();
      layers.setLayerMaskArrays(xMasks[0], yMasks[0]);
    }
  }

  /**
   * A network of layers shows its masks only where it has put them, and has put some time steps one
   * below the other.
   */
  private static INDArray mask(Layer layer, INDArray data) {
    INDArray mask = layer.getMaskArray();
    long examples = data.size(0);
    if (mask == null || mask.size(0) == examples) {
      return mask;
    }
    if (data.rank() == 3 && mask.rank() == 2 && mask.size(0) == examples * data.size(2)) {
      return mask.size(1) == 1
          ? TimeSeriesUtils.reshapeVectorToTimeSeriesMask(mask, (int) examples)
          : TimeSeriesUtils.reshape2dTo3d(
              mask, (int) examples, LayerWorkspaceMgr.noWorkspaces(), ArrayType.INPUT);
    }
    throw new IllegalStateException(
        "The mask of layer "
            + layer.getIndex()
            + " is not one of examples; a ComputationGraph can have such masks");
  }

  private static INDArray[] orNulls(INDArray[] arrays, int length) {
    return arrays == null ? new INDArray[length] : arrays.clone();
  }

  private static INDArray[] nullIfNone(INDArray[] arrays) {
    return Arrays.stream(arrays).allMatch(a -> a == null) ? null : arrays.clone();
  }

  private static INDArray[] part(INDArray[] arrays, int[] examples) {
    INDArray[] parts = new INDArray[arrays.length];
    for (int k = 0; k < parts.length; k++) {
      parts[k] = arrays[k] == null ? null : part(arrays[k], examples);
    }
    return parts;
  }

  private static INDArray part(INDArray array, int[] examples) {
    long[] shape = array.shape().clone();
    shape[0] = examples.length;
    INDArray part = Nd4j.create(array.dataType(), shape);
    for (int i = 0; i < examples.length; i++) {
      part.slice(i).assign(array.slice(examples[i]));
    }
    return part;
  }
}
