package org.dl4jplus.optim.first.model;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.recurrent.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What a network computes on: a batch with its masks, or a part of one, to be put into the network
 * and out again. Cutting copies, so that a part is not touched by what happens to the batch.
 */
public final class ModelBatch {

  private final int examples;
  private final INDArray[] inputs;
  private final INDArray[] labels;
  // A graph has masks for its inputs and labels; the other network only those that its layers hold.
  private final INDArray[] masks;
  private final INDArray[] labelMasks;

  private ModelBatch(
      int examples, INDArray[] inputs, INDArray[] labels, INDArray[] masks, INDArray[] labelMasks) {
    this.examples = examples;
    this.inputs = inputs;
    this.labels = labels;
    this.masks = masks;
    this.labelMasks = labelMasks;
  }

  /**
   * The current batch of a network, of which {@link ModelAccess#requireSecondPass()} holds.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph; not held
   * @return its arrays, not copied
   */
  public static ModelBatch of(Model model) {
    ModelAccess access = ModelAccess.of(model);
    INDArray[] masks;
    INDArray[] labelMasks = null;
    if (model instanceof ComputationGraph graph) {
      masks = graph.getInputMaskArrays();
      labelMasks = graph.getLabelMaskArrays();
    } else {
      masks =
          Arrays.stream(((MultiLayerNetwork) model).getLayers())
              .map(Layer::getMaskArray)
              .toArray(INDArray[]::new);
    }
    return new ModelBatch(
        access.batchSize(), access.inputs().clone(), access.labels().clone(), masks, labelMasks);
  }

  /**
   * The inputs.
   *
   * @return one array for each input of the network
   */
  public INDArray[] inputs() {
    return inputs.clone();
  }

  /**
   * The labels.
   *
   * @return one array for each output of the network
   */
  public INDArray[] labels() {
    return labels.clone();
  }

  /**
   * Number of examples.
   *
   * @return the count
   */
  public int examples() {
    return examples;
  }

  /**
   * Some neighbouring examples.
   *
   * @param from the first
   * @param to end, exclusive
   * @return a batch of copies
   */
  public ModelBatch rows(int from, int to) {
    return cut(
        to - from,
        array -> {
          INDArrayIndex[] index = new INDArrayIndex[array.rank()];
          Arrays.fill(index, NDArrayIndex.all());
          index[0] = NDArrayIndex.interval(from, to);
          long[] shape = array.shape().clone();
          shape[0] = to - from;
          return array.get(index).dup('c').reshape('c', shape);
        });
  }

  /**
   * Some examples.
   *
   * @param which their numbers in this batch
   * @return a batch of copies in that order
   */
  public ModelBatch rows(int[] which) {
    if (which.length == 1) {
      return rows(which[0], which[0] + 1);
    }
    return cut(
        which.length,
        array -> {
          long[] shape = array.shape().clone();
          shape[0] = which.length;
          INDArray part = Nd4j.create(array.dataType(), shape);
          for (int i = 0; i < which.length; i++) {
            part.slice(i).assign(array.slice(which[i]));
          }
          return part;
        });
  }

  /**
   * The same inputs and masks with other labels.
   *
   * @param others one array for each output, of the labels' shapes
   * @return a batch that shares the inputs
   */
  public ModelBatch withLabels(INDArray[] others) {
    return new ModelBatch(examples, inputs, others.clone(), masks, labelMasks);
  }

  /**
   * The same batch for the loss of one output alone: the other outputs' losses are masked. Masks of
   * zeros and ones are exact.
   *
   * @param output number of the output
   * @return a batch that shares the arrays
   */
  public ModelBatch onlyOutput(int output) {
    if (labels.length == 1) {
      return this;
    }
    INDArray[] only = new INDArray[labels.length];
    for (int k = 0; k < only.length; k++) {
      INDArray own = labelMasks == null ? null : labelMasks[k];
      only[k] = k == output ? own : nothing(labels[k]);
    }
    return new ModelBatch(examples, inputs, labels, masks, only);
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

  private ModelBatch cut(int count, UnaryOperator<INDArray> rows) {
    return new ModelBatch(
        count,
        cut(inputs, count, rows),
        cut(labels, count, rows),
        cut(masks, count, rows),
        cut(labelMasks, count, rows));
  }

  private INDArray[] cut(INDArray[] arrays, int count, UnaryOperator<INDArray> rows) {
    return arrays == null
        ? null
        : Arrays.stream(arrays)
            .map(array -> array == null ? null : cut(array, count, rows))
            .toArray(INDArray[]::new);
  }

  private INDArray cut(INDArray array, int count, UnaryOperator<INDArray> rows) {
    if (array.size(0) == examples) {
      return rows.apply(array);
    }
    // Layers hold the steps of a sequence one below the other, first those of step 0.
    return rows.apply(bySteps(array))
        .dup('f')
        .reshape('f', array.size(0) / examples * count, array.size(1));
  }

  private INDArray bySteps(INDArray array) {
    return array.dup('f').reshape('f', examples, array.size(0) / examples, array.size(1));
  }

  /**
   * Makes a data set the network's current batch, with its masks and none of an earlier batch.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph
   * @param data as many inputs and outputs as the network has; not copied
   */
  public static void set(Model model, MultiDataSet data) {
    ModelAccess.of(model).setBatch(data.getFeatures(), data.getLabels());
    if (model instanceof ComputationGraph graph) {
      graph.clearLayerMaskArrays();
      if (data.hasMaskArrays()) {
        graph.setLayerMaskArrays(data.getFeaturesMaskArrays(), data.getLabelsMaskArrays());
      }
    } else {
      MultiLayerNetwork network = (MultiLayerNetwork) model;
      network.clearLayerMaskArrays();
      if (data.hasMaskArrays()) {
        network.setLayerMaskArrays(data.getFeaturesMaskArray(0), data.getLabelsMaskArray(0));
      }
    }
  }

  /**
   * Makes this the network's current batch.
   *
   * @param model the network that the batch was taken from, or one like it
   */
  public void set(Model model) {
    ModelAccess.of(model).setBatch(inputs.clone(), labels.clone());
    if (model instanceof ComputationGraph graph) {
      graph.setLayerMaskArrays(masks, labelMasks);
      return;
    }
    MultiLayerNetwork network = (MultiLayerNetwork) model;
    for (int i = 0; i < masks.length; i++) {
      Layer layer = network.getLayer(i);
      boolean perOutput =
          layer instanceof RnnOutputLayer && masks[i] != null && masks[i].size(1) > 1;
      // This layer takes such a mask only in the shape of its output.
      layer.setMaskArray(perOutput ? bySteps(masks[i]).permute(0, 2, 1) : masks[i]);
    }
  }
}
