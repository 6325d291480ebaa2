package org.dl4jplus.optim.first.batchsize;

import java.util.Arrays;
import java.util.function.Consumer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.normalization.BatchNormalization;
import org.deeplearning4j.nn.layers.recurrent.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Gradients of parts of a network's current batch at its current parameters. Afterwards everything
 * is as it was: batch and masks, gradient, score, batch normalization's statistics and the random
 * stream. Every part sees the dropout masks of one stream. The memory is kept for the next batch.
 */
public final class BatchParts {

  private final ModelOracle oracle;
  private final INDArray mean;
  private INDArray gradient;

  /**
   * Looks at a network.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph; not held
   */
  public BatchParts(Model model) {
    oracle = new ModelOracle(model);
    mean = oracle.parameters().ulike();
  }

  /**
   * The memory of {@link #readMean}.
   *
   * @return an array of shape [n]
   */
  public INDArray mean() {
    return mean;
  }

  /**
   * Reads the gradient of the mean loss of the whole batch.
   *
   * @param access the network, after a backward pass
   * @return {@link #mean()}
   */
  public INDArray readMean(ModelAccess access) {
    readMean(access.batchSize(), access, mean);
    return mean;
  }

  private void readMean(int rows, ModelAccess access, INDArray out) {
    oracle.readGradient(out);
    rescale(rows, access, out);
  }

  /** Where {@code miniBatch} is off the oracle's loss is a sum. */
  private static void rescale(int rows, ModelAccess access, INDArray out) {
    if (access.gradientScale() != rows) {
      out.divi((double) rows / access.gradientScale());
    }
  }

  /**
   * Runs a forward and a backward pass on each part. Rows that are left over are not used.
   *
   * @param model the network, inside a listener
   * @param parts number of parts, at least 1
   * @param rows examples in a part; parts * rows must not be above the batch size
   * @param action takes the gradient of each part's mean loss; the array is used again for the next
   */
  public void forEach(Model model, int parts, int rows, Consumer<INDArray> action) {
    ModelAccess access = ModelAccess.of(model);
    access.requireSecondPass();
    if (gradient == null) {
      gradient = mean.ulike();
    }
    Batch whole = Batch.of(model, access);
    try {
      for (int part = 0; part < parts; part++) {
        whole.rows(part * rows, (part + 1) * rows).set(model);
        oracle.lossAndGradient(oracle.parameters(), gradient);
        rescale(rows, access, gradient);
        action.accept(gradient);
      }
    } finally {
      whole.set(model);
      oracle.restore();
    }
  }

  /**
   * Whether an example's gradient depends on the others in its batch.
   *
   * @param model a network
   * @return true with batch normalization
   */
  public static boolean isNormalized(Model model) {
    Layer[] layers =
        model instanceof ComputationGraph graph
            ? graph.getLayers()
            : ((MultiLayerNetwork) model).getLayers();
    return Arrays.stream(layers).anyMatch(BatchNormalization.class::isInstance);
  }

  /**
   * What a network computes on; null where there is no mask. A graph has masks for its inputs and
   * labels, the other network only those that its layers hold.
   */
  private record Batch(
      int examples, INDArray[] inputs, INDArray[] labels, INDArray[] masks, INDArray[] labelMasks) {

    static Batch of(Model model, ModelAccess access) {
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
      return new Batch(access.batchSize(), access.inputs(), access.labels(), masks, labelMasks);
    }

    Batch rows(int from, int to) {
      return new Batch(
          to - from,
          rows(inputs, from, to),
          rows(labels, from, to),
          rows(masks, from, to),
          rows(labelMasks, from, to));
    }

    private INDArray[] rows(INDArray[] arrays, int from, int to) {
      return arrays == null
          ? null
          : Arrays.stream(arrays)
              .map(array -> array == null ? null : rows(array, from, to))
              .toArray(INDArray[]::new);
    }

    private INDArray rows(INDArray array, int from, int to) {
      long[] shape = array.shape().clone();
      if (shape[0] != examples) {
        // Layers hold the steps of a sequence one below the other, first those of step 0.
        return rows(bySteps(array, examples), from, to)
            .dup('f')
            .reshape('f', shape[0] / examples * (to - from), shape[1]);
      }
      INDArrayIndex[] index = new INDArrayIndex[array.rank()];
      Arrays.fill(index, NDArrayIndex.all());
      index[0] = NDArrayIndex.interval(from, to);
      shape[0] = to - from;
      return array.get(index).dup('c').reshape('c', shape);
    }

    private static INDArray bySteps(INDArray array, int examples) {
      return array.dup('f').reshape('f', examples, array.size(0) / examples, array.size(1));
    }

    void set(Model model) {
      if (model instanceof ComputationGraph graph) {
        graph.setInputs(inputs);
        graph.setLabels(labels);
        graph.setLayerMaskArrays(masks, labelMasks);
        return;
      }
      MultiLayerNetwork network = (MultiLayerNetwork) model;
      network.setInput(inputs[0]);
      network.setLabels(labels[0]);
      for (int i = 0; i < masks.length; i++) {
        Layer layer = network.getLayer(i);
        boolean perOutput =
            layer instanceof RnnOutputLayer && masks[i] != null && masks[i].size(1) > 1;
        // This layer takes such a mask only in the shape of its output.
        layer.setMaskArray(perOutput ? bySteps(masks[i], examples).permute(0, 2, 1) : masks[i]);
      }
    }
  }
}
