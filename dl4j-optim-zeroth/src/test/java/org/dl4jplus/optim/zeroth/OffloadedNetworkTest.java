package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.listeners.CollectScoresIterationListener;
import org.deeplearning4j.optimize.listeners.ScoreIterationListener;
import org.dl4jplus.optim.zeroth.MeZO.PerturbationMode;
import org.dl4jplus.optim.zeroth.MeZO.UpdateRule;
import org.dl4jplus.optim.zeroth.ZO2.Store;
import org.dl4jplus.optim.zeroth.ZO2.ZO2Builder;
import org.dl4jplus.optim.zeroth.offload.Compression;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class OffloadedNetworkTest {

  private static final int STEPS = 6;

  private static NeuralNetConfiguration.Builder builder(DataType type) {
    return new NeuralNetConfiguration.Builder().seed(7).dataType(type).updater(new Sgd(0.1));
  }

  /** Five layers of different sizes. */
  private static MultiLayerConfiguration dense(DataType type, double l2) {
    return builder(type)
        .l2(l2)
        .list()
        .layer(new DenseLayer.Builder().nOut(9).activation(Activation.TANH).build())
        .layer(new DenseLayer.Builder().nOut(5).activation(Activation.RELU).build())
        .layer(new DenseLayer.Builder().nOut(12).activation(Activation.TANH).build())
        .layer(new DenseLayer.Builder().nOut(6).activation(Activation.SIGMOID).build())
        .layer(new OutputLayer.Builder().nOut(3).build())
        .setInputType(InputType.feedForward(4))
        .build();
  }

  private static MultiLayerConfiguration withoutLoss() {
    return builder(DataType.FLOAT)
        .list()
        .layer(new DenseLayer.Builder().nIn(2).nOut(3).build())
        .build();
  }

  private static MultiLayerNetwork initialised(MultiLayerConfiguration configuration) {
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    return network;
  }

  private static List<DataSet> batches(DataType type, int count) {
    List<DataSet> batches = new ArrayList<>();
    for (int b = 0; b < count; b++) {
      INDArray x = Nd4j.create(type, 12, 4);
      INDArray y = Nd4j.create(type, 12, 3);
      for (int i = 0; i < 12; i++) {
        x.putScalar(i, i % 4, 1 + 0.1 * b);
        y.putScalar(i, (i + b / 2) % 3, 1);
      }
      batches.add(new DataSet(x, y));
    }
    return batches;
  }

  private static DataSetIterator iterator(List<DataSet> batches) {
    return new ExistingDataSetIterator(batches);
  }

  private static void assertSame(INDArray expected, INDArray actual) {
    assertArrayEquals(expected.ravel().toDoubleVector(), actual.ravel().toDoubleVector());
  }

  /** Where the same batches take MeZO. */
  private static INDArray mezo(MultiLayerConfiguration configuration, ZO2 method, DataSet... data) {
    MultiLayerNetwork network = initialised(configuration.clone());
    ZerothOrder.attach(network, method.method());
    for (DataSet batch : data) {
      network.fit(batch);
    }
    return network.params();
  }

  private static void assertSamePath(
      MultiLayerConfiguration configuration, ZO2 method, DataSet... data) {
    INDArray expected = mezo(configuration, method, data);
    INDArray start = initialised(configuration.clone()).params();
    assertNotEquals(start, expected);
    try (OffloadedNetwork network =
        OffloadedNetwork.from(initialised(configuration.clone()), method)) {
      for (DataSet batch : data) {
        network.fit(batch);
      }
      assertSame(expected, network.params());
      assertSame(expected, network.toMultiLayerNetwork().params());
    }
  }

  static Stream<Arguments> ways() {
    List<Arguments> ways = new ArrayList<>();
    for (Store store : Store.values()) {
      for (boolean overlap : new boolean[] {false, true}) {
        for (List<Integer> blocks : List.of(List.of(5), List.of(2, 1, 2), List.<Integer>of())) {
          for (int resident : new int[] {1, 3}) {
            ways.add(Arguments.of(store, overlap, blocks, resident));
          }
        }
      }
    }
    return ways.stream();
  }

  @ParameterizedTest
  @MethodSource("ways")
  void thePathIsThatOfMezoToTheBit(
      Store store, boolean overlap, List<Integer> blocks, int resident) {
    ZO2 method =
        ZO2.builder()
            .learningRate(0.05)
            .weightDecay(0.01)
            .seed(5L)
            .store(store)
            .overlap(overlap)
            .blocks(blocks)
            .residentBlocks(resident)
            .build();
    MultiLayerConfiguration configuration = dense(DataType.FLOAT, 1e-3);
    List<DataSet> data = batches(DataType.FLOAT, STEPS);
    INDArray expected = mezo(configuration, method, data.toArray(DataSet[]::new));
    try (OffloadedNetwork network =
        OffloadedNetwork.from(initialised(configuration.clone()), method)) {
      network.fit(iterator(data));
      assertSame(expected, network.params());
      // 45, 50, 72, 78 and 21 parameters.
      long largest = 4 * (blocks.isEmpty() ? 78 : blocks.size() == 3 ? 99 : 266);
      assertTrue(network.residentBytes() <= resident * largest, "" + network.residentBytes());
      assertEquals(blocks.isEmpty() ? 5 : blocks.size(), network.blockCount());
      assertEquals(2 * STEPS, network.evaluations());
    }
  }

  @Test
  void everyBlockComesAndGoesOnceAStep() {
    ZO2 method = ZO2.builder().build();
    try (OffloadedNetwork network =
        OffloadedNetwork.from(initialised(dense(DataType.FLOAT, 0)), method)) {
      batches(DataType.FLOAT, STEPS).forEach(network::fit);
      assertEquals(5 * STEPS, network.fetchedBlocks());
      assertEquals(5 * STEPS, network.returnedBlocks());
    }
  }

  static Stream<Consumer<ZO2Builder>> variants() {
    return Stream.of(
        m -> m.queries(3),
        m -> m.perturbationMode(PerturbationMode.ONE_SIDED),
        m -> m.perturbationMode(PerturbationMode.ONE_SIDED).queries(2),
        m -> m.updateRule(UpdateRule.SIGN).learningRate(1e-3),
        m -> m.updateRule(UpdateRule.MOMENTUM).queries(2),
        m -> m.updateRule(UpdateRule.ADAM).learningRate(1e-3),
        m ->
            m.learningRateSchedule(new ExponentialSchedule(ScheduleType.ITERATION, 0.1, 0.5))
                .epsilonSchedule(new ExponentialSchedule(ScheduleType.ITERATION, 0.01, 0.9)));
  }

  @ParameterizedTest
  @MethodSource("variants")
  void soItIsInEveryMode(Consumer<ZO2Builder> variant) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      ZO2Builder method = ZO2.builder().learningRate(0.05).weightDecay(0.1);
      variant.accept(method);
      assertSamePath(dense(type, 0), method.build(), batches(type, STEPS).toArray(DataSet[]::new));
    }
  }

  @Test
  void convolutionsNormalizationAndFrozenLayers() {
    MultiLayerConfiguration configuration =
        builder(DataType.FLOAT)
            .list()
            .layer(
                new FrozenLayer.Builder()
                    .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).build())
                    .build())
            .layer(new BatchNormalization())
            .layer(new ActivationLayer(Activation.RELU))
            .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build())
            .layer(new ConvolutionLayer.Builder(2, 2).nOut(3).activation(Activation.TANH).build())
            .layer(new DenseLayer.Builder().nOut(5).activation(Activation.RELU).build())
            .layer(new OutputLayer.Builder().nOut(2).build())
            .setInputType(InputType.convolutional(8, 8, 1))
            .build();
    INDArray x = Nd4j.linspace(DataType.FLOAT, -1, 0.006, 5 * 64).reshape(5, 1, 8, 8);
    INDArray y = Nd4j.zeros(DataType.FLOAT, 5, 2);
    y.getColumn(1).assign(1);
    DataSet data = new DataSet(x, y);
    INDArray before = x.dup();
    assertSamePath(configuration, ZO2.builder().learningRate(0.05).build(), data, data, data);
    assertEquals(before, x);
    // Pooling and activation go with the layer before.
    try (OffloadedNetwork network = OffloadedNetwork.create(configuration, ZO2.builder().build())) {
      assertEquals(5, network.blockCount());
      network.fit(data);
      // A frozen block is not put back.
      assertEquals(4, network.returnedBlocks());
    }
  }

  @Test
  void sequencesWithMasks() {
    MultiLayerConfiguration configuration =
        builder(DataType.DOUBLE)
            .list()
            .layer(new LSTM.Builder().nOut(3).build())
            .layer(new DenseLayer.Builder().nOut(4).activation(Activation.TANH).build())
            .layer(new RnnOutputLayer.Builder().nOut(2).build())
            .setInputType(InputType.recurrent(2))
            .build();
    INDArray x = Nd4j.linspace(DataType.DOUBLE, -1, 0.1, 20).reshape(2, 2, 5);
    INDArray y = Nd4j.zeros(DataType.DOUBLE, 2, 2, 5);
    y.get(NDArrayIndex.all(), NDArrayIndex.point(0)).assign(1);
    INDArray mask = Nd4j.ones(DataType.DOUBLE, 2, 5);
    mask.putScalar(1, 3, 0).putScalar(1, 4, 0);
    ZO2 method = ZO2.builder().learningRate(0.1).build();
    assertSamePath(
        configuration,
        method,
        new DataSet(x, y, mask, mask),
        new DataSet(x, y),
        new DataSet(x, y, null, mask));
    MultiLayerNetwork whole = initialised(configuration.clone());
    try (OffloadedNetwork network = OffloadedNetwork.from(whole, method)) {
      assertEquals(
          whole.score(new DataSet(x, y, mask, mask)), network.score(new DataSet(x, y, mask, mask)));
      assertEquals(whole.output(x, false, mask, mask), network.output(x, mask, mask));
    }
  }

  @Test
  void constraintsHold() {
    MultiLayerConfiguration configuration =
        builder(DataType.FLOAT)
            .constrainWeights(new MaxNormConstraint(0.8, 1))
            .list()
            .layer(new DenseLayer.Builder().nIn(4).nOut(6).build())
            .layer(new OutputLayer.Builder().nIn(6).nOut(3).build())
            .build();
    assertSamePath(
        configuration,
        ZO2.builder().learningRate(0.1).build(),
        batches(DataType.FLOAT, STEPS).toArray(DataSet[]::new));
  }

  @Test
  void withoutAFlushTheStoreIsOneUpdateBehind() {
    MultiLayerConfiguration configuration = dense(DataType.FLOAT, 0);
    ZO2 method = ZO2.builder().learningRate(0.05).build();
    List<DataSet> data = batches(DataType.FLOAT, STEPS);
    MeZO still = method.method();
    try (OffloadedNetwork network =
        OffloadedNetwork.from(initialised(configuration.clone()), method)) {
      data.forEach(network::fit);
      // All updates but the last one, and the last step's way there and back.
      INDArray behind = network.storedParameters();
      MultiLayerNetwork whole = initialised(configuration.clone());
      ZerothOrder.attach(whole, still);
      data.subList(0, STEPS - 1).forEach(whole::fit);
      assertEquals(0, behind.distance2(whole.params()), 1e-6);
      ZerothOrder.attach(whole, MeZO.builder().learningRate(0.0).build());
      whole.fit(data.get(STEPS - 1));
      assertSame(whole.params(), behind);
      network.flush();
      INDArray there = network.storedParameters();
      assertSame(mezo(configuration, method, data.toArray(DataSet[]::new)), there);
      assertNotEquals(behind, there);
      network.flush();
      assertSame(there, network.storedParameters());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCompressedStoreTrains(Compression compression) {
    MultiLayerConfiguration configuration = dense(DataType.FLOAT, 0);
    ZO2 plain = ZO2.builder().learningRate(0.02).build();
    ZO2 method = plain.toBuilder().compression(compression).build();
    double[] bytes = {4, 2, 2, 2, 1 + 4 / 64.0 + 0.1};
    double[] within = {0, 0.01, 0.03, 0.01, 0.05};
    try (OffloadedNetwork exact = OffloadedNetwork.from(initialised(configuration.clone()), plain);
        OffloadedNetwork network =
            OffloadedNetwork.from(initialised(configuration.clone()), method)) {
      for (int t = 0; t < 20; t++) {
        DataSet data = batches(DataType.FLOAT, 1).get(0);
        exact.fit(data);
        network.fit(data);
        assertEquals(exact.score(), network.score(), within[compression.ordinal()] * exact.score());
      }
      assertTrue(network.storedBytes() <= bytes[compression.ordinal()] * network.numParams());
    }
  }

  @Test
  void aGraphThatIsAChain() {
    MultiLayerConfiguration configuration = dense(DataType.DOUBLE, 1e-3);
    ComputationGraph graph = initialised(configuration.clone()).toComputationGraph();
    ZO2 method = ZO2.builder().learningRate(0.05).queries(2).build();
    List<DataSet> data = batches(DataType.DOUBLE, STEPS);
    try (OffloadedNetwork network = OffloadedNetwork.from(graph, method)) {
      network.fit(iterator(data));
      ZerothOrder.attach(graph, method.method());
      data.forEach(graph::fit);
      assertSame(graph.params().reshape(graph.numParams()), network.params());
      ComputationGraph back = network.toComputationGraph();
      assertSame(
          graph.params().reshape(graph.numParams()), back.params().reshape(graph.numParams()));
      assertEquals(STEPS, back.getIterationCount());
      assertEquals(
          graph.outputSingle(data.get(0).getFeatures()), network.output(data.get(0).getFeatures()));
      assertThrows(IllegalStateException.class, network::toMultiLayerNetwork);
    }
  }

  @Test
  void firstValuesAreThoseOfThePlatform() {
    MultiLayerConfiguration configuration = dense(DataType.FLOAT, 0);
    for (List<Integer> blocks : List.of(List.<Integer>of(), List.of(2, 3))) {
      try (OffloadedNetwork network =
          OffloadedNetwork.create(
              configuration, ZO2.builder().blocks(blocks).store(Store.MAPPED_FILE).build())) {
        assertSame(initialised(configuration.clone()).params(), network.params());
      }
    }
    ComputationGraph graph =
        new ComputationGraph(
            builder(DataType.FLOAT)
                .graphBuilder()
                .addInputs("in")
                // Not in the order of the data.
                .addLayer("out", new OutputLayer.Builder().nIn(6).nOut(3).build(), "b")
                .addLayer("a", new DenseLayer.Builder().nIn(4).nOut(5).build(), "in")
                .addLayer("b", new DenseLayer.Builder().nIn(5).nOut(6).build(), "a")
                .setOutputs("out")
                .build());
    graph.init();
    try (OffloadedNetwork network =
        OffloadedNetwork.create(graph.getConfiguration(), ZO2.builder().build())) {
      assertSame(graph.params().reshape(graph.numParams()), network.params());
      assertSame(graph.getParam("b_W"), network.getParam("b_W"));
    }
  }

  static Stream<ZO2> saved() {
    return Stream.of(
        ZO2.builder().learningRate(0.05).store(Store.MAPPED_FILE).build(),
        ZO2.builder().learningRate(1e-3).updateRule(UpdateRule.ADAM).blocks(List.of(3, 2)).build(),
        ZO2.builder().learningRate(0.05).compression(Compression.INT8_STOCHASTIC).build(),
        ZO2.builder().learningRate(0.05).compression(Compression.FP16).build());
  }

  @ParameterizedTest
  @MethodSource("saved")
  void aSavedRunGoesOnToTheSameBits(ZO2 method, @TempDir Path folder) throws IOException {
    List<DataSet> data = batches(DataType.FLOAT, 2 * STEPS);
    File file = folder.resolve("network.zip").toFile();
    try (OffloadedNetwork whole = OffloadedNetwork.create(dense(DataType.FLOAT, 0), method)) {
      data.subList(0, STEPS).forEach(whole::fit);
      whole.save(file);
      data.subList(STEPS, 2 * STEPS).forEach(whole::fit);
      try (OffloadedNetwork again = OffloadedNetwork.load(file)) {
        assertEquals(STEPS, again.getIterationCount());
        assertEquals(method, again.method());
        data.subList(STEPS, 2 * STEPS).forEach(again::fit);
        assertSame(whole.params(), again.params());
        assertEquals(whole.score(), again.score());
        assertEquals(whole.evaluations(), again.evaluations());
      }
      if (method.getCompression() == Compression.NONE) {
        // Where nothing is rounded, to save changes nothing.
        assertSame(
            mezo(dense(DataType.FLOAT, 0), method, data.toArray(DataSet[]::new)), whole.params());
      }
      ZO2 elsewhere = method.toBuilder().store(Store.HOST).overlap(false).build();
      try (OffloadedNetwork again = OffloadedNetwork.load(file, elsewhere)) {
        data.subList(STEPS, 2 * STEPS).forEach(again::fit);
        assertSame(whole.params(), again.params());
      }
      assertThrows(
          IllegalArgumentException.class,
          () ->
              OffloadedNetwork.load(
                  file, method.toBuilder().compression(Compression.BF16).build()));
    }
  }

  @Test
  void listenersAreCalledAsThePlatformCallsThem() {
    List<DataSet> data = batches(DataType.FLOAT, 3);
    List<String> heard = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    MultiLayerNetwork whole = initialised(dense(DataType.FLOAT, 0));
    ZO2 method = ZO2.builder().learningRate(0.05).build();
    try (OffloadedNetwork network =
        OffloadedNetwork.from(initialised(dense(DataType.FLOAT, 0)), method)) {
      network.setListeners(
          new Recorder(heard),
          new ScoreIterationListener(1),
          new CollectScoresIterationListener(1));
      network.fit(iterator(data), 2);
      ZerothOrder.attach(whole, method.method());
      whole.setListeners(new Recorder(expected));
      whole.fit(iterator(data), 2);
      assertEquals(10, heard.size());
      assertEquals(expected, heard);
      assertEquals(6, network.getIterationCount());
      assertEquals(2, network.getEpochCount());
      Evaluation evaluation = network.evaluate(iterator(data));
      assertEquals(whole.evaluate(iterator(data)).accuracy(), evaluation.accuracy());
    }
  }

  private static final class Recorder extends BaseTrainingListener {
    private final List<String> calls;

    Recorder(List<String> calls) {
      this.calls = calls;
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      // With the parameters after the step.
      calls.add(iteration + " " + epoch + " " + model.score() + " " + model.params().sumNumber());
    }

    @Override
    public void onEpochStart(Model model) {
      calls.add("start");
    }

    @Override
    public void onEpochEnd(Model model) {
      calls.add("end " + model.params().sumNumber());
    }
  }

  @Test
  void lossesThatAreNotFiniteSkipTheStepAndThoseThatThrowLoseNothing() {
    List<DataSet> good = batches(DataType.FLOAT, 3);
    DataSet infinite = batches(DataType.FLOAT, 1).get(0);
    infinite.getFeatures().putScalar(0, 0, Float.NaN);
    DataSet broken = new DataSet(good.get(0).getFeatures(), Nd4j.ones(DataType.FLOAT, 12, 2));
    ZO2 method = ZO2.builder().learningRate(0.05).build();
    assertSamePath(
        dense(DataType.FLOAT, 0), method, good.get(0), infinite, good.get(1), good.get(2));
    for (boolean overlap : new boolean[] {false, true}) {
      try (OffloadedNetwork network =
              OffloadedNetwork.from(
                  initialised(dense(DataType.FLOAT, 0)),
                  method.toBuilder().overlap(overlap).build());
          OffloadedNetwork other =
              OffloadedNetwork.from(initialised(dense(DataType.FLOAT, 0)), method)) {
        network.fit(good.get(0));
        network.fit(infinite);
        assertEquals(1, network.skippedSteps());
        assertTrue(Double.isNaN(network.score()));
        network.fit(good.get(1));
        other.fit(good.get(0));
        other.fit(infinite);
        other.fit(good.get(1));
        assertThrows(RuntimeException.class, () -> network.fit(broken));
        // The update that was pending is made once, in all blocks.
        assertEquals(0, other.params().distance2(network.params()), 1e-6);
        network.fit(good.get(2));
        assertTrue(Double.isFinite(network.score()));
      }
    }
  }

  @Test
  void parametersCanBeReadAndSet(@TempDir Path folder) {
    MultiLayerNetwork whole = initialised(dense(DataType.FLOAT, 0));
    Path file = folder.resolve("store");
    ZO2 method = ZO2.builder().store(Store.MAPPED_FILE).path(file.toString()).build();
    try (OffloadedNetwork network = OffloadedNetwork.from(whole, method)) {
      assertTrue(Files.exists(file));
      assertEquals(whole.paramTable().keySet(), network.paramTable().keySet());
      assertSame(whole.getParam("2_W"), network.getParam("2_W"));
      network.setParam("2_W", Nd4j.ones(DataType.FLOAT, 5, 12));
      whole.setParam("2_W", Nd4j.ones(DataType.FLOAT, 5, 12));
      assertSame(whole.params(), network.params());
      assertThrows(IllegalArgumentException.class, () -> network.getParam("9_W"));
      assertThrows(IllegalArgumentException.class, () -> network.setParam("9_W", Nd4j.ones(1)));
      assertThrows(UnsupportedOperationException.class, network::gradient);
      Exception e =
          assertThrows(IllegalArgumentException.class, () -> OffloadedNetwork.from(whole, method));
      assertTrue(e.getMessage().startsWith("path = "), e.getMessage());
    }
    assertFalse(Files.exists(file));
  }

  @Test
  void theFileOfARunThatWasKilledIsNamedAndKept(@TempDir Path folder) throws IOException {
    Path store = folder.resolve("store");
    ZO2 method = ZO2.builder().store(Store.MAPPED_FILE).path(store.toString()).build();
    File saved = folder.resolve("network.zip").toFile();
    try (OffloadedNetwork network = OffloadedNetwork.create(dense(DataType.FLOAT, 0), method)) {
      network.save(saved);
    }
    Files.writeString(store, "left behind");
    Exception e = assertThrows(IllegalArgumentException.class, () -> OffloadedNetwork.load(saved));
    assertTrue(e.getMessage().startsWith("path = " + store + " exists"), e.getMessage());
    assertTrue(e.getMessage().contains("killed"), e.getMessage());
    assertTrue(e.getMessage().contains("delete it"), e.getMessage());
    assertEquals("left behind", Files.readString(store));
    Files.delete(store);
    OffloadedNetwork.load(saved).close();
    assertFalse(Files.exists(store));
  }

  @Test
  void whatIsRefusedLeavesNoFile(@TempDir Path folder) throws IOException {
    Path store = folder.resolve("store");
    ZO2 method = ZO2.builder().store(Store.MAPPED_FILE).path(store.toString()).build();
    refused("no loss", () -> OffloadedNetwork.create(withoutLoss(), method));
    assertFalse(Files.exists(store));
    Path saved = folder.resolve("network.zip");
    try (OffloadedNetwork network = OffloadedNetwork.create(dense(DataType.FLOAT, 0), method)) {
      network.save(saved.toFile());
    }
    byte[] whole = Files.readAllBytes(saved);
    // The parameters come last: 1064 bytes of them.
    Files.write(saved, Arrays.copyOf(whole, whole.length - 800));
    assertThrows(IOException.class, () -> OffloadedNetwork.load(saved.toFile()));
    assertFalse(Files.exists(store));
  }

  @Test
  void aParameterOfAFrozenLayerCanBeSet() {
    MultiLayerConfiguration configuration =
        builder(DataType.FLOAT)
            .list()
            .layer(new FrozenLayer(new DenseLayer.Builder().nIn(4).nOut(5).build()))
            .layer(new DenseLayer.Builder().nIn(5).nOut(5).build())
            .layer(new OutputLayer.Builder().nIn(5).nOut(3).build())
            .build();
    INDArray ones = Nd4j.ones(DataType.FLOAT, 4, 5);
    for (int resident : new int[] {1, 3}) {
      try (OffloadedNetwork network =
          OffloadedNetwork.create(configuration, ZO2.builder().residentBlocks(resident).build())) {
        network.setParam("0_W", ones);
        assertSame(ones, network.getParam("0_W"));
      }
    }
  }

  @Test
  void withoutABatchThereIsNoEpoch() {
    List<String> heard = new ArrayList<>();
    try (OffloadedNetwork network =
        OffloadedNetwork.create(dense(DataType.FLOAT, 0), ZO2.builder().build())) {
      network.setListeners(new Recorder(heard));
      refused("no batch", () -> network.fit(iterator(List.of())));
      refused("no batch", () -> network.fit(iterator(List.of()), 2));
      assertEquals(0, network.getEpochCount());
      assertEquals(List.of(), heard);
    }
  }

  @Test
  void misuseIsNamedAndChangesNothing(@TempDir Path folder) throws IOException {
    File plain = folder.resolve("plain.zip").toFile();
    initialised(dense(DataType.FLOAT, 0)).save(plain);
    IOException other = assertThrows(IOException.class, () -> OffloadedNetwork.load(plain, null));
    assertTrue(other.getMessage().contains("no saved OffloadedNetwork"), other.getMessage());
    DataSet batch = batches(DataType.FLOAT, 1).get(0);
    for (boolean overlap : new boolean[] {false, true}) {
      OffloadedNetwork network =
          OffloadedNetwork.create(dense(DataType.FLOAT, 0), ZO2.builder().overlap(overlap).build());
      INDArray before = network.params();
      Exception shape =
          assertThrows(
              IllegalArgumentException.class,
              () -> network.setParam("0_W", Nd4j.ones(DataType.FLOAT, 2, 2)));
      assertTrue(shape.getMessage().contains("[4, 9]"), shape.getMessage());
      assertSame(before, network.params());
      network.fit(batch);
      File file = folder.resolve(overlap + ".zip").toFile();
      network.save(file);
      byte[] saved = Files.readAllBytes(file.toPath());
      network.close();
      network.close();
      assertThrows(IllegalStateException.class, () -> network.fit(batch));
      assertThrows(IllegalStateException.class, network::params);
      assertThrows(IllegalStateException.class, () -> network.output(batch.getFeatures()));
      assertThrows(IllegalStateException.class, () -> network.setParams(before));
      assertThrows(IllegalStateException.class, () -> network.save(file));
      assertArrayEquals(saved, Files.readAllBytes(file.toPath()));
    }
  }

  @Test
  void whatIsNoChainIsRefused() {
    ZO2 method = ZO2.builder().build();
    ComputationGraph graph =
        new ComputationGraph(
            builder(DataType.FLOAT)
                .graphBuilder()
                .addInputs("in")
                .addLayer("a", new DenseLayer.Builder().nIn(4).nOut(4).build(), "in")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "a", "in")
                .addLayer("out", new OutputLayer.Builder().nIn(4).nOut(3).build(), "sum")
                .setOutputs("out")
                .build());
    graph.init();
    refused("chain", () -> OffloadedNetwork.from(graph, method));
    MultiLayerConfiguration truncated =
        builder(DataType.FLOAT)
            .list()
            .layer(new LSTM.Builder().nIn(2).nOut(3).build())
            .layer(new RnnOutputLayer.Builder().nIn(3).nOut(2).build())
            .backpropType(BackpropType.TruncatedBPTT)
            .build();
    refused("Truncated BPTT", () -> OffloadedNetwork.create(truncated, method));
    refused("no loss", () -> OffloadedNetwork.create(withoutLoss(), method));
    refused(
        "no parameters",
        () ->
            OffloadedNetwork.create(
                builder(DataType.FLOAT).list().layer(new LossLayer.Builder().build()).build(),
                method));
    refused("FLOAT or DOUBLE", () -> OffloadedNetwork.create(dense(DataType.FLOAT16, 0), method));
    refused(
        "5 layers",
        () ->
            OffloadedNetwork.create(
                dense(DataType.FLOAT, 0), ZO2.builder().blocks(List.of(2, 2)).build()));
    try (OffloadedNetwork network = OffloadedNetwork.create(dense(DataType.FLOAT, 0), method)) {
      refused("empty", () -> network.fit(new DataSet()));
      refused("epochs", () -> network.fit(iterator(batches(DataType.FLOAT, 1)), 0));
    }
  }

  private static void refused(String why, org.junit.jupiter.api.function.Executable what) {
    Exception e = assertThrows(IllegalArgumentException.class, what);
    assertTrue(e.getMessage().contains(why), e.getMessage());
  }

  @Test
  void theConfigurationSurvivesJson() throws IOException {
    ZO2 method =
        ZO2.builder()
            .learningRate(0.1)
            .blocks(List.of(2, 3))
            .store(Store.MAPPED_FILE)
            .path("/some/where")
            .overlap(false)
            .compression(Compression.BF16)
            .residentBlocks(2)
            .seed(9L)
            .build();
    ObjectMapper json = new ObjectMapper();
    assertEquals(method, json.readValue(json.writeValueAsString(method), ZO2.class));
    assertEquals(ZO2.builder().build(), json.readValue("{}", ZO2.class));
    assertNull(ZO2.builder().build().getBlocks());
    assertThrows(IllegalArgumentException.class, () -> ZO2.builder().residentBlocks(0).build());
    assertThrows(IllegalArgumentException.class, () -> ZO2.builder().blocks(List.of(0)).build());
    assertThrows(IllegalArgumentException.class, () -> ZO2.builder().epsilon(0.0).build());
    assertThrows(IllegalArgumentException.class, () -> ZO2.builder().path("x").build());
  }

  @Test
  void theRegressionLossOfAGraphOfOneLayer() {
    ComputationGraph graph =
        new ComputationGraph(
            builder(DataType.DOUBLE)
                .graphBuilder()
                .addInputs("in")
                .addLayer(
                    "out",
                    new OutputLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .nIn(4)
                        .nOut(3)
                        .build(),
                    "in")
                .setOutputs("out")
                .build());
    graph.init();
    DataSet data = batches(DataType.DOUBLE, 1).get(0);
    try (OffloadedNetwork network =
        OffloadedNetwork.from(graph, ZO2.builder().learningRate(0.05).build())) {
      double before = network.score(data);
      assertEquals(graph.score(data), before);
      for (int t = 0; t < 200; t++) {
        network.fit(data);
      }
      assertTrue(network.score(data) < 0.5 * before, "score " + network.score(data));
    }
  }
}
