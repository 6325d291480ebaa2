package org.dl4jplus.privacy.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.nn.conf.stepfunctions.GradientStepFunction;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.optimize.solvers.accumulation.GradientsAccumulator;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossFMeasure;

class AttachChecksTest {

  private static final DpConfig CONFIG =
      DpConfig.builder().noiseMultiplier(1.0).samplingRate(0.5).build();

  private static final int ROWS = 6;

  private static NeuralNetConfiguration.Builder conf() {
    return new NeuralNetConfiguration.Builder()
        .seed(5)
        .dataType(DataType.DOUBLE)
        .weightInit(WeightInit.XAVIER)
        .updater(new Adam(0.01))
        .activation(Activation.TANH);
  }

  private static Layer dense() {
    return new DenseLayer.Builder().nOut(5).build();
  }

  private static Layer output() {
    return new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build();
  }

  private static Layer output(ILossFunction loss) {
    return new OutputLayer.Builder(loss).nOut(3).activation(Activation.IDENTITY).build();
  }

  private static MultiLayerNetwork network(NeuralNetConfiguration.Builder conf, Layer... layers) {
    return network(conf, InputType.feedForward(4), layers);
  }

  private static MultiLayerNetwork network(
      NeuralNetConfiguration.Builder conf, InputType type, Layer... layers) {
    var list = conf.list();
    for (Layer layer : layers) {
      list.layer(layer);
    }
    MultiLayerNetwork network = new MultiLayerNetwork(list.setInputType(type).build());
    network.init();
    return network;
  }

  private static INDArray normal(long... shape) {
    INDArray array = Nd4j.create(DataType.DOUBLE, shape);
    return array.assign(
        Nd4j.createFromArray(new Random(3).doubles(array.length()).toArray()).reshape(shape));
  }

  private static INDArray oneHot(int classes) {
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, ROWS, classes);
    for (int i = 0; i < ROWS; i++) {
      labels.putScalar(i, i % classes, 1);
    }
    return labels;
  }

  private static DataSet data() {
    return new DataSet(normal(ROWS, 4), oneHot(3));
  }

  private static void refused(Model model, DpConfig config, DataSet data, String... words) {
    INDArray before = model.params().dup();
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> DpTrainer.attach(model, config, data));
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), e.getMessage());
    }
    assertEquals(before, model.params());
  }

  private static void refused(Model model, String... words) {
    refused(model, CONFIG, data(), words);
  }

  /** Parameters, updater, counter and the random stream are those of before. */
  private static void checked(Model model, DpConfig config, DataSet data) {
    INDArray before = model.params().dup();
    INDArray updater = state(model);
    long root = Nd4j.getRandom().rootState();
    long node = Nd4j.getRandom().nodeState();
    AttachChecks.check(model, config.permissions(), PrivateRecords.of(data));
    assertEquals(before, model.params());
    assertEquals(updater, state(model));
    assertEquals(root, Nd4j.getRandom().rootState());
    assertEquals(node, Nd4j.getRandom().nodeState());
    ModelAccess access = ModelAccess.of(model);
    assertEquals(0, access.iteration());
    assertEquals(0, access.gradient().maxNumber().doubleValue());
  }

  private static void accepted(Model model, DpConfig config, DataSet data) {
    checked(model, config, data);
    INDArray before = model.params().dup();
    try (DpTrainer trainer = DpTrainer.attach(model, config, data)) {
      assertEquals(1, trainer.fit(1));
    }
    assertNotEquals(before, model.params());
    assertTrue(Double.isFinite(model.params().sumNumber().doubleValue()));
  }

  private static INDArray state(Model model) {
    return model instanceof ComputationGraph graph
        ? graph.getUpdater().getStateViewArray().dup()
        : ((MultiLayerNetwork) model).getUpdater().getStateViewArray().dup();
  }

  private static void accepted(Model model) {
    accepted(model, CONFIG, data());
  }

  @Test
  void batchNormalizationIsRefusedByName() {
    refused(
        network(conf(), dense(), new BatchNormalization.Builder().name("norm").build(), output()),
        "norm (BatchNormalization)",
        "layer normalization");
    refused(
        network(
            conf(),
            dense(),
            new FrozenLayerWithBackprop(new BatchNormalization.Builder().build()),
            output()),
        "BatchNormalization");
  }

  @Test
  void theCouplingTestSeesBatchNormalizationByItself() {
    MultiLayerNetwork network =
        network(conf(), dense(), new BatchNormalization.Builder().build(), output());
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> CouplingTest.check(network, PrivateRecords.of(data()).get(new int[] {0})));
    assertTrue(e.getMessage().contains("not the sum"), e.getMessage());
  }

  @Test
  void aFrozenBatchNormalizationIsAllowed() {
    accepted(
        network(
            conf(),
            new FrozenLayer(new DenseLayer.Builder().nOut(5).build()),
            new FrozenLayer(new BatchNormalization.Builder().build()),
            dense(),
            output()));
  }

  @Test
  void unsupportedLayersAreFrozenOnDemand() {
    MultiLayerNetwork network =
        network(conf(), dense(), new BatchNormalization.Builder().build(), dense(), output());
    network.fit(data());
    INDArray first = network.getLayer(0).params().dup();
    INDArray norm = network.getLayer(1).params().dup();
    INDArray last = network.getLayer(3).params().dup();
    DpConfig config = CONFIG.toBuilder().freezeUnsupported(true).build();
    try (DpTrainer trainer = DpTrainer.attach(network, config, data())) {
      trainer.fit(3);
    }
    assertEquals(first, network.getLayer(0).params());
    assertEquals(norm, network.getLayer(1).params());
    assertNotEquals(last, network.getLayer(3).params());
    refused(
        network(conf(), dense(), centerLoss()), config, data(), "CenterLossOutputLayer", "left");
  }

  private static Layer centerLoss() {
    return new CenterLossOutputLayer.Builder()
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .lossFunction(LossFunction.MCXENT)
        .build();
  }

  @Test
  void centersAndQuantilesOfTheDataAreRefused() {
    refused(network(conf(), dense(), centerLoss()), "CenterLossOutputLayer", "centers");
    refused(
        network(
            conf(),
            dense(),
            new OCNNOutputLayer.Builder()
                .hiddenLayerSize(3)
                .nu(0.1)
                .activation(Activation.SIGMOID)
                .build()),
        "OCNNOutputLayer",
        "quantile");
  }

  @Test
  void aLossOfAWholeBatchIsRefused() {
    Layer measure =
        new OutputLayer.Builder(new LossFMeasure()).nOut(2).activation(Activation.SOFTMAX).build();
    refused(
        network(conf(), dense(), measure),
        CONFIG,
        new DataSet(normal(ROWS, 4), oneHot(2)),
        "OutputLayer",
        "LossFMeasure");
  }

  @Test
  void aLossOfTheUsersOwnMustBeDeclaredAndStillPassTheTest() {
    DpConfig declared = CONFIG.toBuilder().lossesPerExample(true).build();
    MultiLayerNetwork fine = network(conf(), dense(), output(new OwnParts.PlainLoss()));
    refused(fine, "PlainLoss", "lossesPerExample");
    accepted(fine, declared, data());
    refused(
        network(conf(), dense(), output(new OwnParts.PairLoss())),
        declared,
        data(),
        "not the sum",
        "OutputLayer");
    refused(
        network(conf(), dense(), output(new OwnParts.CenterMemoryLoss())),
        declared,
        data(),
        "OutputLayer",
        "center",
        "without noise");
  }

  @Test
  void customLayersMustNotMixOrRemember() {
    accepted(network(conf(), dense(), new OwnParts.OwnDense(false, false), output()));
    refused(
        network(conf(), dense(), new OwnParts.OwnDense(true, false), output()),
        "not the sum",
        "OwnDense");
    refused(
        network(conf(), dense(), new OwnParts.OwnDense(false, true), output()),
        "OwnDense",
        "mean",
        "without noise");
  }

  @Test
  void truncatedBpttIsRefused() {
    MultiLayerNetwork network = recurrent(conf());
    network.getLayerWiseConfigurations().setBackpropType(BackpropType.TruncatedBPTT);
    refused(network, CONFIG, sequences(false), "Truncated BPTT");
  }

  @Test
  void otherWaysToTrainAreRefused() {
    refused(
        network(conf().optimizationAlgo(OptimizationAlgorithm.LBFGS), dense(), output()),
        "LBFGS",
        "STOCHASTIC_GRADIENT_DESCENT");
    refused(network(conf().minimize(false), dense(), output()), "minimize");
    MultiLayerNetwork stepping = network(conf(), dense(), output());
    stepping.getDefaultConfiguration().setStepFunction(new GradientStepFunction());
    refused(stepping, "GradientStepFunction");
    refused(network(conf().dataType(DataType.FLOAT16), dense(), output()), "HALF");
  }

  @Test
  void anAccumulatorIsRefused() {
    MultiLayerNetwork network = network(conf(), dense(), output());
    network.setGradientsAccumulator(
        (GradientsAccumulator)
            java.lang.reflect.Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {GradientsAccumulator.class},
                (proxy, method, arguments) -> null));
    refused(network, "accumulator");
  }

  @Test
  void gradientNormalizationIsOnlySpoilt() {
    accepted(
        network(
            conf().gradientNormalization(GradientNormalization.ClipL2PerLayer), dense(), output()));
  }

  private static DataSet sequences(boolean masked) {
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, ROWS, 3, 5);
    labels.get(NDArrayIndex.all(), NDArrayIndex.point(1), NDArrayIndex.all()).assign(1);
    INDArray mask = Nd4j.ones(DataType.DOUBLE, ROWS, 5);
    mask.putScalar(0, 4, 0);
    mask.putScalar(2, 4, 0);
    return masked
        ? new DataSet(normal(ROWS, 4, 5), labels, mask, mask.dup())
        : new DataSet(normal(ROWS, 4, 5), labels);
  }

  private static MultiLayerNetwork recurrent(NeuralNetConfiguration.Builder conf) {
    return network(
        conf,
        InputType.recurrent(4),
        new LSTM.Builder().nOut(4).build(),
        new RnnOutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build());
  }

  @Test
  void denseNetworksAreAccepted() {
    accepted(network(conf(), dense(), output()));
    DataSet data = data();
    accepted(network(conf().dataType(DataType.FLOAT), dense(), output()));
    accepted(
        network(
            conf().dataType(DataType.FLOAT),
            new DenseLayer.Builder().nOut(5).activation(Activation.RRELU).build(),
            output()),
        CONFIG,
        new DataSet(
            data.getFeatures().castTo(DataType.FLOAT), data.getLabels().castTo(DataType.FLOAT)));
    accepted(
        network(
            conf().dropOut(0.5).weightNoise(new DropConnect(0.7)),
            new DenseLayer.Builder().nOut(5).build(),
            dense(),
            output()));
    accepted(
        network(conf(), new DenseLayer.Builder().nOut(5).hasLayerNorm(true).build(), output()));
  }

  @Test
  void recurrentAndConvolutionalNetworksAreAccepted() {
    accepted(recurrent(conf()), CONFIG, sequences(false));
    accepted(recurrent(conf()), CONFIG, sequences(true));
    accepted(
        network(
            conf(),
            InputType.convolutional(5, 5, 1),
            new ConvolutionLayer.Builder(3, 3).nOut(2).build(),
            new GlobalPoolingLayer(),
            output()),
        CONFIG,
        new DataSet(normal(ROWS, 1, 5, 5), oneHot(3)));
  }

  @Test
  void wrappedLayersAreLookedInto() {
    MultiLayerNetwork network =
        network(
            conf().dropOut(0.5),
            InputType.recurrent(4),
            new Bidirectional(new LSTM.Builder().nOut(4).build()),
            new LastTimeStep(new LSTM.Builder().nOut(4).build()),
            output());
    PrivateRecords records = PrivateRecords.of(new DataSet(normal(ROWS, 4, 5), oneHot(3)));
    AttachChecks.check(network, CONFIG.permissions(), records);
    assertEquals(4, Part.of(network).size());
  }

  @Test
  void embeddingsGetIndices() {
    accepted(
        network(conf(), new EmbeddingLayer.Builder().nIn(4).nOut(5).build(), output()),
        CONFIG,
        new DataSet(Nd4j.ones(DataType.DOUBLE, ROWS, 1), oneHot(3)));
    accepted(
        network(
            conf(),
            InputType.recurrent(7),
            new EmbeddingSequenceLayer.Builder().nIn(7).nOut(5).build(),
            new GlobalPoolingLayer(),
            output()),
        CONFIG,
        new DataSet(Nd4j.ones(DataType.DOUBLE, ROWS, 3), oneHot(3)));
  }

  @Test
  void sparseAndHingeLabels() {
    Layer sparse =
        new OutputLayer.Builder(LossFunction.SPARSE_MCXENT)
            .nOut(3)
            .activation(Activation.SOFTMAX)
            .build();
    accepted(
        network(conf(), dense(), sparse),
        CONFIG,
        new DataSet(normal(ROWS, 4), Nd4j.ones(DataType.DOUBLE, ROWS, 1)));
    Layer hinge =
        new OutputLayer.Builder(LossFunction.HINGE).nOut(3).activation(Activation.IDENTITY).build();
    accepted(
        network(conf(), dense(), hinge),
        CONFIG,
        new DataSet(normal(ROWS, 4), oneHot(3).muli(2).subi(1)));
  }

  private static ComputationGraph graph(Layer middle) {
    ComputationGraph graph =
        new ComputationGraph(
            conf()
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.feedForward(4))
                .addLayer("dense", dense(), "in")
                .addVertex("stack", new StackVertex(), "dense", "dense")
                .addVertex("unstack", new UnstackVertex(0, 2), "stack")
                .addLayer("middle", middle, "unstack")
                .addLayer("out", output(), "middle")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  @Test
  void graphsAreCheckedToo() {
    ComputationGraph normalized = graph(new BatchNormalization());
    refused(normalized, "middle (BatchNormalization)");
    refused(
        normalized, CONFIG.toBuilder().freezeUnsupported(true).build(), data(), "TransferLearning");
    accepted(graph(dense()));
  }

  private static ComputationGraph graph(boolean mixes) {
    ComputationGraph graph =
        new ComputationGraph(
            conf()
                .graphBuilder()
                .addInputs("in")
                .addLayer("dense", new DenseLayer.Builder().nIn(4).nOut(5).build(), "in")
                .addVertex("mirror", new OwnParts.MirrorVertex(mixes), "dense")
                .addLayer(
                    "out",
                    new OutputLayer.Builder().nIn(5).nOut(3).activation(Activation.SOFTMAX).build(),
                    "mirror")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  @Test
  void verticesThatMixRecordsAreRefused() {
    refused(graph(true), "not the sum", "mirror (MirrorVertex)");
    checked(graph(false), CONFIG, data());
  }

  @Test
  void pretrainingIsStopped() {
    for (Layer layer :
        List.of(
            new AutoEncoder.Builder().nOut(5).build(),
            new VariationalAutoencoder.Builder()
                .encoderLayerSizes(4)
                .decoderLayerSizes(4)
                .nOut(5)
                .build())) {
      MultiLayerNetwork network = network(conf(), layer, output());
      INDArray before = network.params().dup();
      DataSet data = data();
      try (DpTrainer trainer = DpTrainer.attach(network, CONFIG, data)) {
        assertThrows(
            IllegalStateException.class, () -> network.pretrainLayer(0, data.getFeatures()));
        assertEquals(before, network.params());
        assertEquals(1, trainer.fit(1));
      }
    }
  }

  @Test
  void tooManyRecordsForTheNoise() {
    AttachChecks.noise(1000, 0);
    AttachChecks.noise(1000, 1e-6);
    assertThrows(IllegalArgumentException.class, () -> AttachChecks.noise(1000, 1e-7));
  }
}
