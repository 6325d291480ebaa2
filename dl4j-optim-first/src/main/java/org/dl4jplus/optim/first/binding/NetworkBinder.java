package org.dl4jplus.optim.first.binding;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffVertex;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.ParameterTap;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;

/** Walks a configuration and binds each layer's updaters. */
public final class NetworkBinder {

  private NetworkBinder() {}

  /**
   * Binds the updaters of a configuration in place.
   *
   * @param configuration built configuration, with all layer sizes known
   */
  public static void bind(MultiLayerConfiguration configuration) {
    List<NeuralNetConfiguration> confs = configuration.getConfs();
    int last = confs.size() - 1;
    while (last > 0 && confs.get(last).getLayer().initializer().numParams(confs.get(last)) == 0) {
      last--;
    }
    for (int i = 0; i < confs.size(); i++) {
      bindLayer(confs.get(i), "layer" + i, i == last);
    }
  }

  /**
   * Binds the updaters of a configuration in place.
   *
   * @param configuration built configuration, with all layer sizes known
   */
  public static void bind(ComputationGraphConfiguration configuration) {
    Set<String> outputs = outputVertices(configuration);
    configuration
        .getVertices()
        .forEach(
            (name, vertex) -> {
              if (vertex instanceof LayerVertex layerVertex) {
                bindLayer(layerVertex.getLayerConf(), name, outputs.contains(name));
              } else if (vertex instanceof SameDiffVertex sameDiffVertex) {
                bindVertex(sameDiffVertex, name);
              }
            });
  }

  /** The last vertices with parameters on the way to each output. */
  private static Set<String> outputVertices(ComputationGraphConfiguration configuration) {
    Set<String> outputs = new LinkedHashSet<>();
    List<String> open = new ArrayList<>(configuration.getNetworkOutputs());
    Set<String> seen = new LinkedHashSet<>();
    while (!open.isEmpty()) {
      String name = open.remove(open.size() - 1);
      GraphVertex vertex = configuration.getVertices().get(name);
      if (vertex == null || !seen.add(name)) {
        continue;
      }
      if (vertex.numParams(false) > 0) {
        outputs.add(name);
      } else {
        open.addAll(configuration.getVertexInputs().getOrDefault(name, List.of()));
      }
    }
    return outputs;
  }

  private static void bindLayer(NeuralNetConfiguration conf, String defaultName, boolean output) {
    Layer layer = conf.getLayer();
    if (layer instanceof BaseWrapperLayer wrapper) {
      // The running network asks the layer inside for updaters and steps.
      NeuralNetConfiguration inner = conf.clone();
      inner.setLayer(wrapper.getUnderlying());
      if (wrapper instanceof FrozenLayerWithBackprop) {
        freeze(inner.getLayer());
      } else {
        bindLayer(inner, layer.getLayerName() == null ? defaultName : layer.getLayerName(), output);
        wrapper.setUnderlying(inner.getLayer());
      }
      return;
    }
    Holder holder = Holder.of(layer);
    if (holder == null || layer.initializer() instanceof EmptyParamInitializer) {
      return;
    }
    holder.removeDuplicates();
    if (!holder.anyNeedsBinding()) {
      return;
    }
    String name = layer.getLayerName() == null ? defaultName : layer.getLayerName();
    if (layer instanceof BatchNormalization normalization
        && !(layer instanceof BoundBatchNormalization)
        && holder.updater() instanceof AbstractUpdater updater
        && (updater.needsParameters() || !updater.steps(Kind.VECTOR).isEmpty())) {
      conf.setLayer(BoundBatchNormalization.of(normalization));
      layer = conf.getLayer();
      holder = Holder.of(layer);
    }
    Map<String, INDArray> table = parameterTable(conf, name);
    Map<IUpdater, List<List<VariableShape>>> runs = new IdentityHashMap<>();
    IUpdater previous = null;
    boolean previousPretrain = false;
    for (Map.Entry<String, INDArray> entry : table.entrySet()) {
      String key = entry.getKey();
      IUpdater updater = layer.getUpdaterByParam(key);
      boolean pretrain = layer.isPretrainParam(key);
      List<List<VariableShape>> own = runs.computeIfAbsent(updater, u -> new ArrayList<>());
      if (updater != previous || pretrain != previousPretrain) {
        own.add(new ArrayList<>());
      }
      INDArray view = entry.getValue();
      own.get(own.size() - 1)
          .add(
              VariableShape.of(
                  name + "_" + key, view.shape(), view.ordering(), kind(layer, key, output)));
      previous = updater;
      previousPretrain = pretrain;
    }
    holder.bind(name, runs);
    for (String key : table.keySet()) {
      requireTap(layer, key, name);
    }
  }

  /**
   * The platform runs the updater on the zero gradients of a layer that is frozen but propagates
   * back. One that needs binding would only keep state for it, or decay its weights.
   */
  private static void freeze(Layer layer) {
    Layer inner = layer;
    while (inner instanceof BaseWrapperLayer wrapper) {
      inner = wrapper.getUnderlying();
    }
    Holder holder = Holder.of(inner);
    if (holder != null && holder.anyNeedsBinding()) {
      holder.freeze();
    }
  }

  private static Kind kind(Layer layer, String key, boolean output) {
    if (!layer.initializer().isWeightParam(layer, key)) {
      return Kind.VECTOR;
    }
    if (layer instanceof EmbeddingLayer || layer instanceof EmbeddingSequenceLayer) {
      return Kind.EMBEDDING;
    }
    return output || layer instanceof BaseOutputLayer ? Kind.OUTPUT : Kind.WEIGHT;
  }

  /**
   * The layer's parameters as the network will lay them out: shapes and orders are the
   * initializer's own.
   */
  private static Map<String, INDArray> parameterTable(NeuralNetConfiguration conf, String name) {
    NeuralNetConfiguration copy = conf.clone();
    long count = copy.getLayer().initializer().numParams(copy);
    if (count <= 0 || lacksInputs(copy.getLayer())) {
      throw new DL4JInvalidConfigException(
          "Layer '"
              + name
              + "' does not know its sizes yet: set nIn and nOut, or the network's input type,"
              + " before Optim.bind");
    }
    return copy.getLayer()
        .initializer()
        .init(copy, Nd4j.createUninitialized(Nd4j.dataType(), 1, count), false);
  }

  private static boolean lacksInputs(Layer layer) {
    return layer instanceof FeedForwardLayer sized
        && sized.getNIn() == 0
        && !(layer instanceof BatchNormalization);
  }

  private static void requireTap(Layer layer, String key, String name) {
    if (layer.getUpdaterByParam(key) instanceof AbstractUpdater updater
        && updater.needsParameters()) {
      List<Regularization> list = layer.getRegularizationByParam(key);
      if (list == null || list.stream().noneMatch(ParameterTap.class::isInstance)) {
        throw new DL4JInvalidConfigException(
            updater.getClass().getSimpleName()
                + " reads parameter values, and layer '"
                + name
                + "' runs no regularization for its parameter '"
                + key
                + "' through which they could be read: give this layer another updater");
      }
    }
  }

  private static void bindVertex(SameDiffVertex vertex, String name) {
    Holder holder = Holder.of(vertex);
    holder.removeDuplicates();
    if (!holder.anyNeedsBinding()) {
      return;
    }
    Map<IUpdater, List<List<VariableShape>>> runs = new IdentityHashMap<>();
    IUpdater previous = null;
    for (Map.Entry<String, long[]> entry : vertex.getVertexParams().getParamShapes().entrySet()) {
      IUpdater updater = vertex.getUpdaterByParam(entry.getKey());
      List<List<VariableShape>> own = runs.computeIfAbsent(updater, u -> new ArrayList<>());
      if (updater != previous) {
        own.add(new ArrayList<>());
      }
      Kind kind =
          vertex.getVertexParams().isWeightParam(entry.getKey()) ? Kind.WEIGHT : Kind.VECTOR;
      own.get(own.size() - 1)
          .add(VariableShape.of(name + "_" + entry.getKey(), entry.getValue(), 'c', kind));
      previous = updater;
    }
    holder.bind(name, runs);
  }

  /** Where a layer keeps its updaters and regularizations. */
  private record Holder(
      IUpdater updater,
      IUpdater biasUpdater,
      List<Regularization> weightSteps,
      List<Regularization> biasSteps,
      java.util.function.Consumer<IUpdater> setUpdater,
      java.util.function.Consumer<IUpdater> setBiasUpdater,
      java.util.function.Consumer<List<Regularization>> setWeightSteps,
      java.util.function.Consumer<List<Regularization>> setBiasSteps) {

    static Holder of(Layer layer) {
      if (layer instanceof Bidirectional bidirectional) {
        // The platform asks the forward layer for both directions' updaters.
        return of(bidirectional.getFwd());
      }
      if (layer instanceof BaseLayer base) {
        return new Holder(
            base.getIUpdater(),
            base.getBiasUpdater(),
            base.getRegularization(),
            base.getRegularizationBias(),
            base::setIUpdater,
            base::setBiasUpdater,
            base::setRegularization,
            base::setRegularizationBias);
      }
      if (layer instanceof AbstractSameDiffLayer same) {
        return new Holder(
            same.getUpdater(),
            same.getBiasUpdater(),
            same.getRegularization(),
            same.getRegularizationBias(),
            same::setUpdater,
            same::setBiasUpdater,
            same::setRegularization,
            same::setRegularizationBias);
      }
      return null;
    }

    static Holder of(SameDiffVertex vertex) {
      return new Holder(
          vertex.getUpdater(),
          vertex.getBiasUpdater(),
          vertex.getRegularization(),
          vertex.getRegularizationBias(),
          vertex::setUpdater,
          vertex::setBiasUpdater,
          vertex::setRegularization,
          vertex::setRegularizationBias);
    }

    boolean anyNeedsBinding() {
      return needsBinding(updater) || needsBinding(biasUpdater);
    }

    private static boolean needsBinding(IUpdater updater) {
      return updater instanceof AbstractUpdater own && own.needsBinding();
    }

    /**
     * The platform doubles every regularization but L1 and L2 that is set for the whole network.
     */
    void removeDuplicates() {
      setWeightSteps.accept(distinct(weightSteps));
      setBiasSteps.accept(distinct(biasSteps));
    }

    private static List<Regularization> distinct(List<Regularization> steps) {
      return steps == null ? null : new ArrayList<>(new LinkedHashSet<>(steps));
    }

    /** Nothing moves these parameters any more. */
    void freeze() {
      setUpdater.accept(new NoOp());
      setBiasUpdater.accept(null);
      setWeightSteps.accept(new ArrayList<>());
      setBiasSteps.accept(new ArrayList<>());
    }

    void bind(String name, Map<IUpdater, List<List<VariableShape>>> runs) {
      UnaryOperator<IUpdater> bound =
          u ->
              needsBinding(u)
                  ? Binder.bind((AbstractUpdater) u, name, runs.getOrDefault(u, List.of()))
                  : u;
      // One object serves weights and biases unless a bias updater is set: keep it so.
      setUpdater.accept(bound.apply(updater));
      if (biasUpdater != null) {
        setBiasUpdater.accept(bound.apply(biasUpdater));
      }
      setWeightSteps.accept(Binder.withSteps(distinct(weightSteps), updater, Kind.WEIGHT));
      setBiasSteps.accept(
          Binder.withSteps(
              distinct(biasSteps), biasUpdater == null ? updater : biasUpdater, Kind.VECTOR));
    }
  }
}
