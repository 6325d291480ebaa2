package org.dl4jplus.optim.first.model;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.graph.vertex.impl.PreprocessorVertex;
import org.deeplearning4j.nn.graph.vertex.impl.ReshapeVertex;
import org.deeplearning4j.nn.layers.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.layers.normalization.BatchNormalization;
import org.deeplearning4j.nn.layers.recurrent.TimeDistributedLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.preprocessors.ReshapePreprocessor;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A network seen as a whole. It holds nothing but the network: make one where it is needed.
 *
 * <p>Inside {@code TrainingListener.onGradientCalculation} the gradient is the <em>sum</em> over
 * the minibatch (unless the configuration's {@code miniBatch} is off) and holds batch
 * normalization's running statistics as if they were gradients; {@link #trainableRanges()} tells
 * what is what.
 */
public final class ModelAccess {

  /**
   * A stretch of the flattened parameters.
   *
   * @param from first entry
   * @param to end, exclusive
   */
  public record Range(long from, long to) {}

  /**
   * A layer with parameters that training changes.
   *
   * @param name of the layer
   * @param layer the platform's layer, null for a vertex of another kind
   * @param offsets first entries of its variables among the parameters that are trained, in the
   *     order of {@link #trainableVariables()}
   * @param others its variables that are not trained
   */
  public record TrainedPart(
      String name, Layer layer, Map<String, Long> offsets, Set<String> others) {}

  /**
   * A variable of a part that training changes.
   *
   * @param shape what it is
   * @param range its place in the part's parameters
   */
  public record PartVariable(VariableShape shape, Range range) {}

  private final Model model;
  private final boolean graph;

  private ModelAccess(Model model) {
    this.model = model;
    graph = model instanceof ComputationGraph;
  }

  /**
   * Looks at a network.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph
   * @return the view
   * @throws IllegalArgumentException for any other model
   */
  public static ModelAccess of(Model model) {
    if (!isNetwork(model)) {
      throw new IllegalArgumentException(
          "model must be a MultiLayerNetwork or a ComputationGraph, got "
              + (model == null ? null : model.getClass().getName()));
    }
    return new ModelAccess(model);
  }

  /**
   * Whether {@link #of} takes a model.
   *
   * @param model anything
   * @return true for a MultiLayerNetwork or a ComputationGraph
   */
  public static boolean isNetwork(Model model) {
    return model instanceof MultiLayerNetwork || model instanceof ComputationGraph;
  }

  /**
   * The parameters.
   *
   * @return the live array, of shape [n]
   */
  public INDArray parameters() {
    INDArray parameters = model.params();
    return parameters.rank() == 1 ? parameters : parameters.reshape(parameters.length());
  }

  /**
   * The gradient of the last backward pass.
   *
   * @return a live view, of shape [n]
   * @throws IllegalStateException before the first backward pass
   */
  public INDArray gradient() {
    INDArray gradient =
        graph
            ? ((ComputationGraph) model).getFlattenedGradients()
            : ((MultiLayerNetwork) model).getFlattenedGradients();
    if (gradient == null) {
      throw new IllegalStateException("There is no gradient before the first backward pass");
    }
    return gradient.reshape(gradient.length());
  }

  /**
   * The current inputs.
   *
   * @return one array for each input; null entries without a batch
   */
  public INDArray[] inputs() {
    return graph
        ? ((ComputationGraph) model).getInputs()
        : new INDArray[] {((MultiLayerNetwork) model).getInput()};
  }

  /**
   * The current labels.
   *
   * @return one array for each output; null entries without a batch
   */
  public INDArray[] labels() {
    if (!graph) {
      return new INDArray[] {((MultiLayerNetwork) model).getLabels()};
    }
    try {
      // The graph shows its inputs and masks, but no labels.
      Field field = ComputationGraph.class.getDeclaredField("labels");
      field.setAccessible(true);
      INDArray[] labels = (INDArray[]) field.get(model);
      return labels == null ? new INDArray[1] : labels;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("This release of DL4J keeps a graph's labels elsewhere", e);
    }
  }

  /**
   * Puts another batch in the place of the current one.
   *
   * @param inputs one array for each input
   * @param labels one array for each output
   */
  public void setBatch(INDArray[] inputs, INDArray[] labels) {
    if (graph) {
      ((ComputationGraph) model).setInputs(inputs);
      ((ComputationGraph) model).setLabels(labels);
    } else {
      ((MultiLayerNetwork) model).setInput(inputs[0]);
      ((MultiLayerNetwork) model).setLabels(labels[0]);
    }
  }

  /**
   * Whether the current batch has masks, of features or of labels.
   *
   * @return false without
   */
  public boolean hasMasks() {
    if (!graph) {
      return Arrays.stream(((MultiLayerNetwork) model).getLayers())
          .anyMatch(layer -> layer.getMaskArray() != null);
    }
    ComputationGraph network = (ComputationGraph) model;
    return Stream.of(network.getInputMaskArrays(), network.getLabelMaskArrays())
        .filter(Objects::nonNull)
        .flatMap(Arrays::stream)
        .anyMatch(Objects::nonNull);
  }

  /**
   * Whether an example's gradient depends on the others in its batch.
   *
   * @return true with a layer of batch normalization
   */
  public boolean hasBatchNormalization() {
    Layer[] layers =
        graph ? ((ComputationGraph) model).getLayers() : ((MultiLayerNetwork) model).getLayers();
    return Arrays.stream(layers).anyMatch(BatchNormalization.class::isInstance);
  }

  /**
   * Number of examples in the current batch.
   *
   * @return the count
   */
  public int batchSize() {
    return model.batchSize();
  }

  /**
   * The score of the last pass: the mean loss of the batch plus L1/L2 terms.
   *
   * @return the score
   */
  public double score() {
    return model.score();
  }

  /**
   * The L1/L2 terms in the score, at the present parameters.
   *
   * @return their sum
   */
  public double penalty() {
    return graph
        ? ((ComputationGraph) model).calcRegularizationScore(true)
        : ((MultiLayerNetwork) model).calcRegularizationScore(true);
  }

  /**
   * The blocks of the network's updater, in the order of the parameters.
   *
   * @return the platform's objects
   */
  public List<UpdaterBlock> updaterBlocks() {
    Object updater =
        graph ? ((ComputationGraph) model).getUpdater() : ((MultiLayerNetwork) model).getUpdater();
    return ((BaseMultiLayerUpdater<?>) updater).getUpdaterBlocks();
  }

  /**
   * The parameters that training changes by their gradients: without frozen layers, batch
   * normalization's running statistics and anything else that has the {@code NoOp} updater.
   *
   * @return ranges in ascending order, neighbours joined
   */
  public List<Range> trainableRanges() {
    List<Range> ranges = new ArrayList<>();
    long at = 0;
    for (Trainable part : parts()) {
      for (var variable : part.paramTable(false).entrySet()) {
        long end = at + variable.getValue().length();
        if (trained(part, variable.getKey())) {
          Range last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
          if (last != null && last.to() == at) {
            ranges.set(ranges.size() - 1, new Range(last.from(), end));
          } else {
            ranges.add(new Range(at, end));
          }
        }
        at = end;
      }
    }
    return ranges;
  }

  /**
   * The variables of {@link #trainableRanges()}, one by one.
   *
   * @return their shapes, in the order of the parameters
   */
  public List<VariableShape> trainableVariables() {
    return parts().stream()
        .flatMap(part -> trainedVariables(part).stream())
        .map(PartVariable::shape)
        .toList();
  }

  /**
   * The variables of a layer that training changes, as {@link #trainableVariables()} has them for a
   * whole network.
   *
   * @param part a layer, or a vertex of a graph
   * @return with their places in the part's own parameters, in ascending order
   */
  public static List<PartVariable> trainedVariables(Trainable part) {
    List<PartVariable> variables = new ArrayList<>();
    long at = 0;
    for (var variable : part.paramTable(false).entrySet()) {
      INDArray view = variable.getValue();
      Range range = new Range(at, at + view.length());
      at = range.to();
      if (trained(part, variable.getKey())) {
        boolean vector = view.rank() < 2 || view.size(0) == 1 || view.size(1) == 1;
        VariableShape shape =
            VariableShape.of(
                part.getConfig().getLayerName() + "_" + variable.getKey(),
                view.shape(),
                view.ordering(),
                vector && view.rank() <= 2 ? VariableShape.Kind.VECTOR : VariableShape.Kind.WEIGHT);
        variables.add(new PartVariable(shape, range));
      }
    }
    return variables;
  }

  /**
   * The regularization of {@link #trainableVariables()}.
   *
   * @return a list for each variable, in the same order
   */
  public List<List<Regularization>> trainableRegularization() {
    List<List<Regularization>> all = new ArrayList<>();
    for (Trainable part : parts()) {
      for (String key : part.paramTable(false).keySet()) {
        if (trained(part, key)) {
          List<Regularization> own = part.getConfig().getRegularizationByParam(key);
          all.add(own == null ? List.of() : own);
        }
      }
    }
    return all;
  }

  /**
   * The layers of {@link #trainableRanges()}, one by one.
   *
   * @return in the order of the parameters
   */
  public List<TrainedPart> trainedParts() {
    List<TrainedPart> trained = new ArrayList<>();
    long at = 0;
    for (Trainable part : parts()) {
      Map<String, Long> offsets = new LinkedHashMap<>();
      Set<String> others = new LinkedHashSet<>();
      for (var variable : part.paramTable(false).entrySet()) {
        if (trained(part, variable.getKey())) {
          offsets.put(variable.getKey(), at);
          at += variable.getValue().length();
        } else {
          others.add(variable.getKey());
        }
      }
      if (!offsets.isEmpty()) {
        trained.add(new TrainedPart(part.getConfig().getLayerName(), layer(part), offsets, others));
      }
    }
    return trained;
  }

  /**
   * The layers that hold the losses.
   *
   * @return one for each output, null where an output is no layer
   */
  public List<Layer> outputLayers() {
    if (!graph) {
      return List.of(((MultiLayerNetwork) model).getOutputLayer());
    }
    ComputationGraph network = (ComputationGraph) model;
    return network.getConfiguration().getNetworkOutputs().stream()
        .map(name -> network.getVertex(name).getLayer())
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /**
   * All layers.
   *
   * @return the platform's objects
   */
  public List<Layer> layers() {
    return List.of(
        graph ? ((ComputationGraph) model).getLayers() : ((MultiLayerNetwork) model).getLayers());
  }

  /**
   * Whether, wherever a batch gets longer inside the network, example b at the k-th place (time
   * step, stacked input) lies at b + examples * k, as the platform has it. Its reshaping to any
   * shape, and what others have written, may do anything.
   *
   * @return true for the platform's preprocessors and vertices
   */
  public boolean keepsOrder() {
    if (layers().stream().anyMatch(TimeDistributedLayer.class::isInstance)) {
      return false;
    }
    if (!graph) {
      return ((MultiLayerNetwork) model)
          .getLayerWiseConfigurations().getInputPreProcessors().values().stream()
              .allMatch(ModelAccess::keepsOrder);
    }
    return Arrays.stream(((ComputationGraph) model).getVertices())
        .allMatch(
            vertex ->
                vertex instanceof LayerVertex layer
                    ? keepsOrder(layer.getLayerPreProcessor())
                    : vertex.getClass().getPackage() == LayerVertex.class.getPackage()
                        && !(vertex instanceof ReshapeVertex)
                        && (!(vertex instanceof PreprocessorVertex)));
  }

  private static boolean keepsOrder(InputPreProcessor preProcessor) {
    if (preProcessor instanceof ComposableInputPreProcessor several) {
      return Arrays.stream(several.getInputPreProcessors()).allMatch(ModelAccess::keepsOrder);
    }
    return preProcessor == null
        || preProcessor.getClass().getPackage() == ComposableInputPreProcessor.class.getPackage()
            && !(preProcessor instanceof ReshapePreprocessor);
  }

  /**
   * Labels that count in the current batch: rows, time steps or pixels that no mask takes out.
   *
   * @return the count of the output that has most
   */
  public long labelCount() {
    INDArray[] labels = labels();
    INDArray[] masks = graph ? ((ComputationGraph) model).getLabelMaskArrays() : null;
    List<Layer> outputs = outputLayers();
    long most = 0;
    for (int i = 0; i < labels.length; i++) {
      INDArray mask = masks == null ? null : masks[i];
      if (!graph) {
        mask = outputs.get(i).getMaskArray();
      }
      most = Math.max(most, labelCount(labels[i], mask, channelAxis(outputs.get(i), labels[i])));
    }
    return most;
  }

  private static int channelAxis(Layer output, INDArray labels) {
    Object layer = output == null ? null : output.conf().getLayer();
    boolean last =
        layer instanceof RnnOutputLayer rnn && rnn.getRnnDataFormat() == RNNFormat.NWC
            || layer instanceof RnnLossLayer rnnLoss && rnnLoss.getRnnDataFormat() == RNNFormat.NWC
            || layer instanceof CnnLossLayer cnn && cnn.getFormat() == CNN2DFormat.NHWC;
    return last ? labels.rank() - 1 : 1;
  }

  private static long labelCount(INDArray labels, INDArray mask, int channelAxis) {
    long rows = labels.length() / labels.size(channelAxis);
    if (mask == null) {
      return rows;
    }
    INDArray counted = mask.neq(0).castTo(DataType.DOUBLE);
    if (mask.length() == labels.length() && labels.size(channelAxis) > 1) {
      // One for each output: a row counts if one of them does.
      return (long)
          counted.max(mask.rank() == labels.rank() ? channelAxis : 1).sumNumber().doubleValue();
    }
    return Math.round(counted.sumNumber().doubleValue() * rows / mask.length());
  }

  private static Layer layer(Trainable part) {
    return part instanceof GraphVertex vertex ? vertex.getLayer() : (Layer) part;
  }

  private static boolean trained(Trainable part, String key) {
    // A layer that is frozen and hands errors down has the updater that it would have otherwise.
    return !(layer(part) instanceof FrozenLayerWithBackprop)
        && part.updaterDivideByMinibatch(key)
        && !(part.getConfig().getUpdaterByParam(key) instanceof NoOp);
  }

  /**
   * What {@link #gradient()} must be divided by to be the gradient of the mean loss.
   *
   * @return the batch size, or 1 where the configuration's {@code miniBatch} is off
   */
  public int gradientScale() {
    boolean miniBatch =
        graph
            ? ((ComputationGraph) model).getConfiguration().getDefaultConfiguration().isMiniBatch()
            : ((MultiLayerNetwork) model).getDefaultConfiguration().isMiniBatch();
    return miniBatch ? batchSize() : 1;
  }

  /** Runs a forward and a backward pass on the current batch, in the network's own workspaces. */
  public void computeGradientAndScore() {
    model.computeGradientAndScore(LayerWorkspaceMgr.noWorkspaces());
  }

  /** Applies the layers' constraints to the parameters, as the platform does after each step. */
  public void applyConstraints() {
    model.applyConstraints(iteration(), epoch());
  }

  /**
   * The iteration that the network is in.
   *
   * @return from 0
   */
  public int iteration() {
    return graph
        ? ((ComputationGraph) model).getConfiguration().getIterationCount()
        : ((MultiLayerNetwork) model).getLayerWiseConfigurations().getIterationCount();
  }

  /**
   * The epoch that the network is in.
   *
   * @return from 0
   */
  public int epoch() {
    return graph
        ? ((ComputationGraph) model).getConfiguration().getEpochCount()
        : ((MultiLayerNetwork) model).getLayerWiseConfigurations().getEpochCount();
  }

  /**
   * The learning rate of the network's first updater in this iteration.
   *
   * @return the rate, NaN where it has none
   */
  public double learningRate() {
    IUpdater config = updater();
    return config != null && config.hasLearningRate()
        ? config.getLearningRate(iteration(), epoch())
        : Double.NaN;
  }

  /**
   * The network's first updater that changes anything.
   *
   * @return its configuration; null where nothing is trained
   */
  public IUpdater updater() {
    for (UpdaterBlock block : updaterBlocks()) {
      IUpdater config = block.getGradientUpdater().getConfig();
      if (!(config instanceof NoOp)) {
        return config;
      }
    }
    return null;
  }

  /**
   * The network's listeners.
   *
   * @return the platform's collection
   */
  public Collection<TrainingListener> listeners() {
    return graph
        ? ((ComputationGraph) model).getListeners()
        : ((MultiLayerNetwork) model).getListeners();
  }

  /**
   * Makes sure that the current batch can be passed through the network again.
   *
   * @throws IllegalStateException without a current batch, or under truncated backpropagation
   *     through time, whose stored state a second pass would move on
   */
  public void requireSecondPass() {
    requireWholeSequences("A second gradient of the same batch is");
    if (inputs()[0] == null || labels()[0] == null) {
      throw new IllegalStateException(
          "There is no current batch: call this inside a listener, or set input and labels first");
    }
  }

  /**
   * Makes sure that a backward pass goes over whole examples.
   *
   * @param what what is not possible otherwise, with its verb
   * @throws IllegalStateException under truncated backpropagation through time
   */
  public void requireWholeSequences(String what) {
    if (backpropType() == BackpropType.TruncatedBPTT) {
      throw new IllegalStateException(what + " not possible under truncated BPTT");
    }
  }

  /** What holds parameters, in the order in which they are flattened. */
  private List<? extends Trainable> parts() {
    if (!graph) {
      return Arrays.asList(((MultiLayerNetwork) model).getLayers());
    }
    ComputationGraph network = (ComputationGraph) model;
    GraphVertex[] vertices = network.getVertices();
    return Arrays.stream(network.topologicalSortOrder())
        .mapToObj(i -> vertices[i])
        .filter(vertex -> vertex.numParams() > 0)
        .toList();
  }

  /**
   * Gradient and score of the current batch at other parameters. Afterwards the network's
   * parameters, gradient (with batch normalization's statistics in it) and score are what they
   * were, to the bit, and the random number generator goes on as if nothing had been drawn for
   * dropout.
   *
   * @param parameters where to evaluate, of shape [n]; not changed
   * @param gradientOut takes the gradient, of shape [n], with the same scale as {@link #gradient()}
   * @return the score there
   * @throws IllegalStateException without a current batch, or under truncated backpropagation
   *     through time, whose stored state a second pass would move on
   */
  public double gradientAt(INDArray parameters, INDArray gradientOut) {
    requireSecondPass();
    INDArray live = parameters();
    INDArray savedParameters = live.dup();
    INDArray savedGradient = hasGradient() ? gradient().dup() : null;
    double savedScore = model.score();
    Random random = Nd4j.getRandom();
    long root = random.rootState();
    long node = random.nodeState();
    try {
      live.assign(parameters);
      computeGradientAndScore();
      gradientOut.assign(gradient());
      return model.score();
    } finally {
      random.setStates(root, node);
      live.assign(savedParameters);
      if (savedGradient != null) {
        gradient().assign(savedGradient);
        setScore(savedScore);
      }
    }
  }

  /**
   * Whether a backward pass has been run.
   *
   * @return false before the first one
   */
  public boolean hasGradient() {
    return (graph
            ? ((ComputationGraph) model).getFlattenedGradients()
            : ((MultiLayerNetwork) model).getFlattenedGradients())
        != null;
  }

  private BackpropType backpropType() {
    return graph
        ? ((ComputationGraph) model).getConfiguration().getBackpropType()
        : ((MultiLayerNetwork) model).getLayerWiseConfigurations().getBackpropType();
  }

  /**
   * Sets the score that the network reports.
   *
   * @param score the score
   */
  public void setScore(double score) {
    if (graph) {
      ((ComputationGraph) model).setScore(score);
    } else {
      ((MultiLayerNetwork) model).setScore(score);
    }
  }
}
