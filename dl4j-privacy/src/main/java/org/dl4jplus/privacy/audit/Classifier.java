package org.dl4jplus.privacy.audit;

import java.io.Serial;
import java.util.Arrays;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.impl.InputVertex;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.tape.LayerRecorder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A network with one input and one output of classes, as attacks see it. */
final class Classifier {

  private static final int CHUNK = 1024;
  private static final double SUM = 1e-2;

  private final Model model;
  private final DataType type;

  Classifier(Model model) {
    type = ModelAccess.of(model).parameters().dataType();
    if (model instanceof ComputationGraph graph
        && (graph.getNumInputArrays() != 1 || graph.getNumOutputArrays() != 1)) {
      throw new IllegalArgumentException(
          "model must have one input and one output, got "
              + graph.getNumInputArrays()
              + " and "
              + graph.getNumOutputArrays());
    }
    this.model = model;
  }

  /**
   * What the network answers outside training.
   *
   * @throws IllegalArgumentException if the answers are no probabilities of classes
   */
  double[][] probabilities(INDArray features) {
    int n = (int) features.size(0);
    double[][] all = new double[n][];
    INDArrayIndex[] index = new INDArrayIndex[features.rank()];
    Arrays.fill(index, NDArrayIndex.all());
    for (int from = 0; from < n; from += CHUNK) {
      int to = Math.min(n, from + CHUNK);
      index[0] = NDArrayIndex.interval(from, to);
      long[] shape = features.shape().clone();
      shape[0] = to - from;
      INDArray part = features.get(index).reshape(shape).castTo(type);
      INDArray output =
          model instanceof ComputationGraph graph
              ? graph.outputSingle(part)
              : ((MultiLayerNetwork) model).output(part);
      if (output.rank() != 2) {
        throw new IllegalArgumentException(
            "output of the model must have the shape [records, classes], got "
                + Arrays.toString(output.shape()));
      }
      double[][] rows = rows(output);
      for (int i = from; i < to; i++) {
        all[i] = rows[i - from];
        // Written so that not a number fails.
        if (!(Math.abs(Arrays.stream(all[i]).sum() - 1) < SUM)) {
          throw new IllegalArgumentException(
              "output of the model must be probabilities of classes: softmax, and finite");
        }
      }
    }
    return all;
  }

  /** Copies the examples; the platform's own toDoubleMatrix makes a view of each row. */
  static double[][] rows(INDArray array) {
    double[] flat = array.castTo(DataType.DOUBLE).dup('c').reshape(array.length()).toDoubleVector();
    double[][] rows = new double[(int) array.size(0)][];
    int width = flat.length / rows.length;
    Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width));
    return rows;
  }

  /**
   * Makes sure that {@link #inputGradient} is each example's own and arrives at the input.
   *
   * @throws IllegalArgumentException for batch normalization and frozen layers
   */
  void requireInputGradient() {
    ModelAccess access = ModelAccess.of(model);
    if (access.hasBatchNormalization()) {
      throw new IllegalArgumentException(
          "model must have no batch normalization: queries of a batch would see each other");
    }
    if (access.layers().stream().anyMatch(FrozenLayer.class::isInstance)) {
      throw new IllegalArgumentException(
          "model must have no frozen layers: they hand no gradients down to its input");
    }
  }

  /** What is to be minimised, for one example. */
  interface LogitLoss {

    /** Its derivative by the logit of the example's class. */
    double derivative(int example, double logit);
  }

  /**
   * The gradient of a loss of single logits by the input, in training mode.
   *
   * @param features one query a row, of any rank
   * @param classes whose logit it is
   * @param loss told every logit once
   * @return of the features' shape
   */
  INDArray inputGradient(INDArray features, int[] classes, LogitLoss loss) {
    LayerRecorder recorder = new LayerRecorder();
    recorder.beginOutputs(
        model,
        (output, itself, labels, preOutput, activation, mask) -> {
          INDArray delta = Nd4j.create(preOutput.dataType(), preOutput.shape(), 'c');
          for (int i = 0; i < classes.length; i++) {
            delta.putScalar(i, classes[i], loss.derivative(i, preOutput.getDouble(i, classes[i])));
          }
          return delta;
        });
    try {
      INDArray input = features.castTo(type);
      INDArray gradient =
          model instanceof ComputationGraph graph
              ? throughGraph(graph, input, oneHot(classes))
              : ((MultiLayerNetwork) model)
                  .calculateGradients(input, oneHot(classes), null, null)
                  .getSecond();
      if (gradient == null || !gradient.equalShapes(features)) {
        throw new IllegalArgumentException(
            "model must hand gradients down to its input; embedding layers do not");
      }
      return gradient;
    } finally {
      recorder.abandon();
      forget();
    }
  }

  /** The network's own clear() would take its updater along. */
  private void forget() {
    if (model instanceof ComputationGraph graph) {
      graph.clear();
    } else {
      ((MultiLayerNetwork) model).setInput(null);
      ((MultiLayerNetwork) model).setLabels(null);
    }
  }

  private INDArray oneHot(int[] classes) {
    INDArray labels = Nd4j.zeros(type, classes.length, outputs());
    for (int i = 0; i < classes.length; i++) {
      labels.putScalar(i, classes[i], 1);
    }
    return labels;
  }

  private long outputs() {
    return model instanceof ComputationGraph graph
        ? graph.layerSize(graph.getConfiguration().getNetworkOutputs().get(0))
        : ((MultiLayerNetwork) model).layerSize(((MultiLayerNetwork) model).getnLayers() - 1);
  }

  /** The platform drops what arrives at a graph's input, so another vertex listens there. */
  private static INDArray throughGraph(ComputationGraph graph, INDArray input, INDArray labels) {
    GraphVertex[] vertices = graph.getVertices();
    String name = graph.getConfiguration().getNetworkInputs().get(0);
    GraphVertex original = graph.getVertex(name);
    Listening listening = new Listening(graph, original);
    vertices[original.getVertexIndex()] = listening;
    try {
      graph.setInputs(input);
      graph.setLabels(labels);
      ModelAccess.of(graph).computeGradientAndScore();
      return listening.heard;
    } finally {
      vertices[original.getVertexIndex()] = original;
    }
  }

  @SuppressWarnings("overrides") // The platform's own class mixes arrays and varargs.
  private static final class Listening extends InputVertex {

    @Serial private static final long serialVersionUID = 1L;

    private transient INDArray heard;

    Listening(ComputationGraph graph, GraphVertex original) {
      super(
          graph,
          original.getVertexName(),
          original.getVertexIndex(),
          original.getOutputVertices(),
          graph.getConfiguration().getDefaultConfiguration().getDataType());
    }

    /** Told once for each vertex above, with the sum so far. */
    @Override
    @SuppressWarnings("try") // The scope is left by being closed.
    public void setEpsilon(INDArray epsilon) {
      super.setEpsilon(epsilon);
      if (epsilon != null) {
        try (MemoryWorkspace scope = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
          heard = epsilon.dup();
        }
      }
    }
  }
}
