package org.dl4jplus.integration.contract;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.problem.WeightedLoss;
import org.dl4jplus.bilevel.selftuning.SelfTuningConvolutionLayer;
import org.dl4jplus.bilevel.selftuning.SelfTuningDenseLayer;
import org.dl4jplus.bilevel.selftuning.SelfTuningDropout;
import org.dl4jplus.bilevel.selftuning.SelfTuningLayer;
import org.dl4jplus.optim.first.GradientReversal;
import org.dl4jplus.optim.first.binding.BoundBatchNormalization;
import org.dl4jplus.optim.first.surrogate.TargetLoss;
import org.dl4jplus.optim.zeroth.layers.QuantizedDenseLayer;
import org.dl4jplus.ot.CosineLossCircle;
import org.dl4jplus.ot.DeepSetsEquivariantLayer;
import org.dl4jplus.ot.FedParaConvolutionLayer;
import org.dl4jplus.ot.FedParaDenseLayer;
import org.dl4jplus.ot.GeneralizedSumPoolingLayer;
import org.dl4jplus.ot.GspZeroShotOutputLayer;
import org.dl4jplus.ot.LearnedProximalLayer;
import org.dl4jplus.ot.LossCirclePairwise;
import org.dl4jplus.ot.LossMongeMap;
import org.dl4jplus.ot.LossProximalMatching;
import org.dl4jplus.ot.LossSinkhorn;
import org.dl4jplus.ot.LossSinkhornDivergence;
import org.dl4jplus.ot.NormalizedDenseOutputLayer;
import org.dl4jplus.ot.SparseMixtureOfExperts;
import org.dl4jplus.ot.UnifiedEmbeddingLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

/**
 * A small network around one of the project's layers or losses, with a minibatch for it.
 *
 * @param input what goes in
 * @param labels what comes out, or what else the loss asks for
 * @param type of the input
 * @param layers in order, the last one with a loss
 */
record Stack(INDArray input, INDArray labels, InputType type, List<Layer> layers) {

  private static final int BATCH = 6;
  private static final int IN = 4;
  private static final int OUT = 3;

  /**
   * What no user puts into a network: binding puts a layer in the place of batch normalization,
   * which the updaters' contracts train, and a surrogate a loss that it takes out again.
   */
  static final Set<Class<?>> ELSEWHERE = Set.of(BoundBatchNormalization.class, TargetLoss.class);

  private static final Map<Class<?>, Supplier<Stack>> MAKERS = new LinkedHashMap<>();

  static {
    MAKERS.put(
        GradientReversal.class, () -> vectors(dense(), new GradientReversal(0.1), softmax()));
    MAKERS.put(
        DeepSetsEquivariantLayer.class,
        () ->
            sequences(
                new DeepSetsEquivariantLayer.Builder()
                    .nOut(OUT)
                    .activation(Activation.TANH)
                    .build(),
                new GlobalPoolingLayer(PoolingType.AVG),
                softmax()));
    MAKERS.put(
        FedParaDenseLayer.class,
        () ->
            vectors(
                new FedParaDenseLayer.Builder()
                    .nOut(OUT)
                    .rank(2)
                    .activation(Activation.TANH)
                    .build(),
                softmax()));
    MAKERS.put(
        FedParaConvolutionLayer.class,
        () ->
            maps(
                new FedParaConvolutionLayer.Builder(2, 2)
                    .nOut(OUT)
                    .rank(2)
                    .activation(Activation.TANH)
                    .build(),
                softmax()));
    MAKERS.put(
        GeneralizedSumPoolingLayer.class,
        () ->
            maps(
                new ConvolutionLayer.Builder(2, 2).nOut(OUT).activation(Activation.TANH).build(),
                new GeneralizedSumPoolingLayer.Builder().numPrototypes(3).build(),
                softmax()));
    MAKERS.put(
        GspZeroShotOutputLayer.class,
        () ->
            sequences(
                new Convolution1DLayer.Builder(1).nOut(OUT).activation(Activation.TANH).build(),
                new GeneralizedSumPoolingLayer.Builder()
                    .numPrototypes(4)
                    .outputAttributes(true)
                    .build(),
                new GspZeroShotOutputLayer.Builder()
                    .nOut(OUT)
                    .numPrototypes(4)
                    .embeddingSize(2)
                    .zeroShotWeight(0.4)
                    .build()));
    MAKERS.put(
        LearnedProximalLayer.class,
        () ->
            toVectors(
                IN,
                new LearnedProximalLayer.Builder().hidden(5).beta(3).initMean(-1).build(),
                loss(new LossProximalMatching(0))));
    MAKERS.put(
        NormalizedDenseOutputLayer.class,
        () -> vectors(dense(), new NormalizedDenseOutputLayer.Builder().nOut(OUT).build()));
    MAKERS.put(
        SparseMixtureOfExperts.class,
        () ->
            vectors(
                new SparseMixtureOfExperts.Builder()
                    .nOut(OUT)
                    .numExperts(2)
                    .capacity(4)
                    .activation(Activation.TANH)
                    .build(),
                softmax()));
    MAKERS.put(
        UnifiedEmbeddingLayer.class,
        () ->
            new Stack(
                Nd4j.createFromArray(
                    new float[][] {{3, 3}, {3, 1e6f}, {0, 7}, {5, 3}, {1, 1}, {0, 2}}),
                classes(),
                InputType.feedForward(2),
                List.of(
                    new UnifiedEmbeddingLayer.Builder()
                        .buckets(9)
                        .dimension(2)
                        .chunks(2, 1)
                        .build(),
                    softmax())));
    MAKERS.put(
        SelfTuningDenseLayer.class,
        () ->
            vectors(
                tuned(
                    new SelfTuningDenseLayer.Builder()
                        .nOut(OUT)
                        .hyperparameters(2)
                        .activation(Activation.TANH)
                        .dropOut(new SelfTuningDropout("rate"))
                        .build()),
                softmax()));
    MAKERS.put(
        SelfTuningConvolutionLayer.class,
        () ->
            maps(
                tuned(
                    new SelfTuningConvolutionLayer.Builder()
                        .kernelSize(2, 2)
                        .nOut(OUT)
                        .hyperparameters(2)
                        .activation(Activation.TANH)
                        .build()),
                softmax()));
    MAKERS.put(
        WeightedLoss.class,
        () ->
            vectors(dense(), output(OUT, new WeightedLoss(new LossMCXENT()), Activation.SOFTMAX)));
    MAKERS.put(
        QuantizedDenseLayer.class,
        () ->
            vectors(
                new QuantizedDenseLayer.Builder()
                    .nOut(5)
                    .groupSize(3)
                    .activation(Activation.TANH)
                    .build(),
                softmax()));
    MAKERS.put(
        CosineLossCircle.class,
        () ->
            vectors(
                dense(),
                new NormalizedDenseOutputLayer.Builder(new CosineLossCircle(0.25, 4))
                    .nOut(OUT)
                    .build()));
    MAKERS.put(
        LossCirclePairwise.class,
        () -> vectors(dense(), output(OUT, new LossCirclePairwise(0.25, 4), Activation.IDENTITY)));
    MAKERS.put(
        LossMongeMap.class,
        () -> {
          INDArray x = gaussian(BATCH, 2);
          DataSet data = LossMongeMap.data(x, gaussian(BATCH, 2).addi(1));
          return new Stack(
              data.getFeatures(),
              data.getLabels(),
              InputType.feedForward(2),
              List.of(
                  dense(),
                  output(
                      2,
                      LossMongeMap.builder().epsilon(0.5).gapEpsilon(0.5).build(),
                      Activation.IDENTITY)));
        });
    MAKERS.put(
        LossProximalMatching.class,
        () -> toVectors(2, dense(), output(2, new LossProximalMatching(2), Activation.IDENTITY)));
    MAKERS.put(
        LossSinkhorn.class,
        () ->
            vectors(
                dense(),
                output(
                    OUT,
                    LossSinkhorn.builder()
                        .cost(new double[][] {{0, 1, 2}, {1, 0, 1}, {2, 1, 0}})
                        .build(),
                    Activation.SOFTMAX)));
    MAKERS.put(
        LossSinkhornDivergence.class,
        () ->
            toVectors(
                2,
                dense(),
                output(
                    2,
                    LossSinkhornDivergence.builder().epsilon(0.5).build(),
                    Activation.IDENTITY)));
  }

  /** The stack for a class, which has to have one. */
  static Stack of(Class<?> type) {
    Supplier<Stack> maker = MAKERS.get(type);
    if (maker == null) {
      throw new AssertionError(
          type.getName()
              + " has no network in Stack.MAKERS: add one, and the contract will be tested");
    }
    Nd4j.getRandom().setSeed(8);
    return maker.get();
  }

  /** What the platform alone does. */
  static Stack control() {
    Nd4j.getRandom().setSeed(8);
    return vectors(dense(), softmax());
  }

  private static Stack vectors(Layer... layers) {
    return new Stack(gaussian(BATCH, IN), classes(), InputType.feedForward(IN), List.of(layers));
  }

  private static Stack toVectors(int size, Layer... layers) {
    return new Stack(
        gaussian(BATCH, IN), gaussian(BATCH, size), InputType.feedForward(IN), List.of(layers));
  }

  private static Stack sequences(Layer... layers) {
    return new Stack(gaussian(BATCH, IN, 5), classes(), InputType.recurrent(IN), List.of(layers));
  }

  private static Stack maps(Layer... layers) {
    return new Stack(
        gaussian(BATCH, 1, 4, 4), classes(), InputType.convolutional(4, 4, 1), List.of(layers));
  }

  private static INDArray gaussian(long... shape) {
    return Nd4j.randn(DataType.FLOAT, shape);
  }

  private static INDArray classes() {
    return Nd4j.eye(OUT).castTo(DataType.FLOAT).repeat(0, BATCH / OUT);
  }

  private static Layer dense() {
    return new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build();
  }

  private static Layer tuned(SelfTuningLayer layer) {
    layer.setTuned(new double[] {0.5, -1});
    return layer;
  }

  private static Layer softmax() {
    return new OutputLayer.Builder().nOut(OUT).activation(Activation.SOFTMAX).build();
  }

  private static Layer output(int size, ILossFunction loss, Activation activation) {
    return new OutputLayer.Builder(loss).nOut(size).activation(activation).build();
  }

  private static Layer loss(ILossFunction loss) {
    return new LossLayer.Builder(loss).activation(Activation.IDENTITY).build();
  }

  DataSet data(DataType precision) {
    return new DataSet(input.castTo(precision), labels.castTo(precision));
  }

  private static NeuralNetConfiguration.Builder base(DataType precision, IUpdater updater) {
    return new NeuralNetConfiguration.Builder().seed(11).dataType(precision).updater(updater);
  }

  MultiLayerConfiguration configuration(DataType precision, IUpdater updater) {
    NeuralNetConfiguration.ListBuilder list = base(precision, updater).list();
    layers.forEach(layer -> list.layer(layer.clone()));
    return list.setInputType(type).build();
  }

  ComputationGraphConfiguration graphConfiguration(DataType precision, IUpdater updater) {
    ComputationGraphConfiguration.GraphBuilder builder =
        base(precision, updater).graphBuilder().addInputs("in");
    String below = "in";
    for (Layer layer : layers) {
      String name = "over " + below;
      builder.addLayer(name, layer.clone(), below);
      below = name;
    }
    return builder.setOutputs(below).setInputTypes(type).build();
  }

  Model model(boolean graph, DataType precision, IUpdater updater) {
    if (graph) {
      ComputationGraph network = new ComputationGraph(graphConfiguration(precision, updater));
      network.init();
      return network;
    }
    MultiLayerNetwork network = new MultiLayerNetwork(configuration(precision, updater));
    network.init();
    return network;
  }
}
