package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** K-FAC and MKOR on networks. */
class KroneckerMethodsTest {

  private static final int N = 16;

  /** A method and the updater that goes with it. */
  private record Case(Supplier<GradientListener> method, IUpdater updater) {
    @Override
    public String toString() {
      return method.get().toString();
    }
  }

  static Stream<Case> cases() {
    return Stream.of(
        new Case(() -> Kfac.builder().inverseUpdateFrequency(2).build(), new Sgd(0.3)),
        new Case(
            () -> Kfac.builder().factorUpdateFrequency(3).klClip(0.0).weightDecay(1e-3).build(),
            new Sgd(0.1)),
        new Case(
            () ->
                Kfac.builder()
                    .fisher(Kfac.Fisher.SAMPLED)
                    .factorUpdateFrequency(2)
                    .inverseUpdateFrequency(4)
                    .build(),
            new Sgd(0.3)),
        new Case(() -> Mkor.builder().factorUpdateFrequency(1).build(), new Nesterovs(0.1, 0.9)),
        new Case(
            () -> Mkor.builder().factorUpdateFrequency(2).variant(Mkor.Variant.EXACT).build(),
            new Nesterovs(0.1, 0.9)),
        new Case(
            () ->
                Mkor.builder()
                    .factorUpdateFrequency(3)
                    .warmupSteps(2)
                    .variant(Mkor.Variant.PAPER)
                    .hybrid(true)
                    .window(3)
                    .minSteps(3)
                    .build(),
            new Nesterovs(0.1, 0.9)));
  }

  private static NeuralNetConfiguration.Builder builder(IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .dataType(DataType.DOUBLE)
        .activation(Activation.TANH)
        .updater(updater);
  }

  private static MultiLayerNetwork network(IUpdater updater) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(updater)
                .list()
                .layer(new DenseLayer.Builder().nIn(3).nOut(5).name("first").build())
                .layer(new DenseLayer.Builder().nIn(5).nOut(4).hasBias(false).build())
                .layer(output(4))
                .build());
    network.init();
    return network;
  }

  private static OutputLayer output(int inputs) {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nIn(inputs)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  private static DataSet batch(long... inputShape) {
    INDArray features = Nd4j.create(DataType.DOUBLE, inputShape);
    INDArray flat = features.reshape('c', new long[] {features.length()});
    for (int i = 0; i < flat.length(); i++) {
      flat.putScalar(i, Math.sin(1.7 * i + 0.3 * i * i));
    }
    INDArray labels = Nd4j.create(DataType.DOUBLE, inputShape[0], 3);
    for (int i = 0; i < inputShape[0]; i++) {
      double x = flat.getDouble(i * (features.length() / inputShape[0]));
      labels.putScalar(i, x < -0.4 ? 0 : x < 0.4 ? 1 : 2, 1);
    }
    return new DataSet(features, labels);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void trains(Case c) {
    MultiLayerNetwork network = network(c.updater.clone());
    GradientListener method = c.method.get();
    network.setListeners(method);
    DataSet batch = batch(N, 3);
    double before = network.score(batch);
    for (int i = 0; i < 30; i++) {
      network.fit(batch);
    }
    assertTrue(network.score(batch) < 0.6 * before, () -> before + " -> " + network.score(batch));
    assertEquals(0, method.plainSteps());
  }

  /** The graph with the same layers takes the same steps. */
  @ParameterizedTest
  @MethodSource("cases")
  void trainsAGraph(Case c) {
    MultiLayerNetwork network = network(c.updater.clone());
    ComputationGraph graph = network.toComputationGraph();
    GradientListener method = c.method.get();
    network.setListeners(method);
    graph.setListeners(method);
    DataSet batch = batch(N, 3);
    for (int i = 0; i < 6; i++) {
      network.fit(batch);
      graph.fit(batch);
    }
    assertArrayEquals(network.params().toDoubleVector(), graph.params().toDoubleVector(), 1e-12);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void resumesToTheSameBits(Case c, @TempDir Path folder) throws Exception {
    MultiLayerNetwork whole = network(c.updater.clone());
    GradientListener method = c.method.get();
    whole.setListeners(method);
    DataSet batch = batch(N, 3);
    for (int i = 0; i < 4; i++) {
      whole.fit(batch);
    }
    File file = folder.resolve("network.zip").toFile();
    ModelSerializer.writeModel(whole, file, true);
    GradientState state = copy(method.state(whole));
    MultiLayerNetwork resumed = ModelSerializer.restoreMultiLayerNetwork(file);
    GradientListener second = copy(method);
    second.restoreState(resumed, state);
    resumed.setListeners(second);
    for (int i = 0; i < 5; i++) {
      whole.fit(batch);
      resumed.fit(batch);
    }
    assertArrayEquals(whole.params().toDoubleVector(), resumed.params().toDoubleVector());
  }

  @SuppressWarnings("unchecked")
  private static <T> T copy(T object) throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void survivesJson(Case c) throws IOException {
    GradientListener method = c.method.get();
    var mapper = NeuralNetConfiguration.mapper();
    assertEquals(method, mapper.readValue(mapper.writeValueAsString(method), method.getClass()));
  }

  /** Layers without a record, and batch normalization, go along. */
  @ParameterizedTest
  @MethodSource("cases")
  void takesEveryLayer(Case c) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(c.updater.clone())
                .list()
                .layer(new ConvolutionLayer.Builder(2, 2).nOut(2).build())
                .layer(new BatchNormalization())
                .layer(output(0))
                .setInputType(InputType.convolutional(4, 4, 1))
                .build());
    network.init();
    network.setListeners(c.method.get());
    DataSet batch = batch(N, 1, 4, 4);
    double before = network.score(batch);
    for (int i = 0; i < 20; i++) {
      network.fit(batch);
    }
    assertTrue(network.score(batch) < before);
  }

  /** What lies behind the mask does not matter. */
  @ParameterizedTest
  @MethodSource("cases")
  void masksHide(Case c) {
    INDArray[] results = new INDArray[2];
    for (int i = 0; i < 2; i++) {
      MultiLayerNetwork network =
          new MultiLayerNetwork(
              builder(c.updater.clone())
                  .list()
                  .layer(
                      new RnnOutputLayer.Builder(LossFunction.MCXENT)
                          .nIn(2)
                          .nOut(2)
                          .activation(Activation.SOFTMAX)
                          .build())
                  .build());
      network.init();
      network.setListeners(c.method.get());
      INDArray features = batch(4, 2, 5).getFeatures();
      INDArray labels = Nd4j.create(DataType.DOUBLE, 4, 2, 5);
      labels.get(NDArrayIndex.all(), NDArrayIndex.point(0), NDArrayIndex.all()).assign(1);
      INDArray mask = Nd4j.ones(DataType.DOUBLE, 4, 5);
      mask.putScalar(1, 4, 0);
      mask.putScalar(1, 3, 0);
      features.putScalar(new int[] {1, 0, 4}, i * 3.0);
      features.putScalar(new int[] {1, 1, 3}, i * 3.0);
      for (int step = 0; step < 4; step++) {
        network.fit(features, labels, mask, mask);
      }
      results[i] = network.params();
    }
    assertEquals(results[0], results[1]);
    assertTrue(Double.isFinite(results[0].norm2Number().doubleValue()));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aZeroGradientMovesNothing(Case c) {
    MultiLayerNetwork network = network(c.updater.clone());
    network.params().assign(0);
    GradientListener method = c.method.get();
    network.setListeners(method);
    DataSet batch = batch(N, 3);
    batch.setLabels(Nd4j.valueArrayOf(new long[] {N, 3}, 1.0 / 3, DataType.DOUBLE));
    for (int i = 0; i < 3; i++) {
      network.fit(batch);
    }
    assertEquals(0, network.params().amaxNumber().doubleValue(), 1e-15);
  }

  /** Inputs of 1e160, whose squares overflow, and in single precision of 1e25. */
  @ParameterizedTest
  @MethodSource("cases")
  void hugeInputsMakeNoNaN(Case c) {
    for (double size : new double[] {1e25, 1e160}) {
      MultiLayerNetwork network = network(c.updater.clone());
      network.setListeners(c.method.get());
      DataSet batch = batch(N, 3);
      batch.getFeatures().muli(size);
      for (int i = 0; i < 4; i++) {
        network.fit(batch);
      }
      assertTrue(Double.isFinite(network.params().norm2Number().doubleValue()));
    }
  }

  /** A dead input and a dead unit. */
  @ParameterizedTest
  @MethodSource("cases")
  void deadInputsStay(Case c) {
    MultiLayerNetwork network = network(c.updater.clone());
    network.getLayer(2).getParam("W").getRow(1).assign(0);
    network.setListeners(c.method.get());
    DataSet batch = batch(N, 3);
    batch.getFeatures().getColumn(2).assign(0);
    INDArray before = network.getLayer(0).getParam("W").getRow(2).dup();
    for (int i = 0; i < 10; i++) {
      network.fit(batch);
    }
    assertTrue(Double.isFinite(network.params().norm2Number().doubleValue()));
    INDArray after = network.getLayer(0).getParam("W").getRow(2).dup();
    assertTrue(before.distance2(after) < 0.05 * before.norm2Number().doubleValue());
  }

  /** Recurrent layers are one map of the step's input and the last output. */
  @ParameterizedTest
  @MethodSource("cases")
  void trainsARecurrentNetwork(Case c) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(c.updater.clone())
                .list()
                .layer(new LSTM.Builder().nIn(2).nOut(3).build())
                .layer(
                    new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(3)
                        .nOut(2)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    GradientListener method = c.method.get();
    network.setListeners(method);
    INDArray features = batch(6, 2, 5).getFeatures();
    INDArray labels = Nd4j.create(DataType.DOUBLE, 6, 2, 5);
    for (int i = 0; i < 30; i++) {
      int example = i / 5;
      int step = i % 5;
      int label = features.getDouble(example, 0, step) > 0 ? 1 : 0;
      labels.putScalar(new int[] {example, label, step}, 1);
    }
    DataSet batch = new DataSet(features, labels);
    double before = network.score(batch);
    for (int i = 0; i < 30; i++) {
      network.fit(batch);
    }
    assertTrue(network.score(batch) < 0.7 * before, () -> before + " -> " + network.score(batch));
    if (method instanceof Kfac) {
      // 2 + 3 inputs and the bias; four gates of 3.
      assertEquals(6, method.state(network).matrix(0).rows());
      assertEquals(12, method.state(network).matrix(1).rows());
    }
  }

  @Test
  void mkorLeavesNamedLayersAlone() {
    INDArray[] first = new INDArray[2];
    INDArray[] last = new INDArray[2];
    for (int i = 0; i < 2; i++) {
      MultiLayerNetwork network = network(new Sgd(0.1));
      if (i == 1) {
        network.setListeners(
            Mkor.builder().factorUpdateFrequency(1).sgdLayers(List.of("first")).build());
      }
      DataSet batch = batch(N, 3);
      // From the third step on the other layers' gradients differ.
      for (int step = 0; step < 2; step++) {
        network.fit(batch);
      }
      first[i] = network.getLayer(0).params().dup();
      last[i] = network.getLayer(2).params().dup();
    }
    assertArrayEquals(first[0].toDoubleVector(), first[1].toDoubleVector(), 1e-14);
    assertNotEquals(last[0], last[1]);
  }

  /** A learning rate of 0: the loss stands still after steps that moved it. */
  @Test
  void hybridEndsWhenTheLossStandsStill() {
    MultiLayerNetwork network = network(new Sgd(0.1));
    Mkor method = Mkor.builder().factorUpdateFrequency(1).hybrid(true).window(5).build();
    network.setListeners(method);
    assertEquals(10, method.getMinSteps());
    DataSet batch = batch(N, 3);
    for (int i = 0; i < 11; i++) {
      network.fit(batch);
    }
    assertNotNull(method.state(network).matrix(0));
    network.setLearningRate(0);
    // The average of the loss falls on for its memory of about 100 steps.
    for (int i = 0; i < 400; i++) {
      network.fit(batch);
    }
    assertNull(method.state(network).matrix(0));
    network.setLearningRate(0.1);
    MultiLayerNetwork plain = network.clone();
    network.fit(batch);
    plain.setListeners();
    plain.fit(batch);
    assertArrayEquals(plain.params().toDoubleVector(), network.params().toDoubleVector(), 1e-15);
  }

  /** The mean of d d^T over drawn labels is diag(p) - p p^T: known for one layer. */
  @Test
  void drawnLabelsGiveTheFisherMatrix() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(builder(new Sgd(0)).list().layer(output(3)).build());
    network.init();
    Kfac method = Kfac.builder().fisher(Kfac.Fisher.SAMPLED).factorDecay(0.0).seed(3L).build();
    network.setListeners(method);
    DataSet batch = batch(2000, 3);
    INDArray start = network.params().dup();
    network.fit(batch);
    assertEquals(start, network.params());
    INDArray p = network.output(batch.getFeatures());
    INDArray expected = p.transpose().mmul(p).divi(-2000).addi(Nd4j.diag(p.mean(0)));
    INDArray actual = method.state(network).matrix(1);
    // Four standard deviations: an entry of d d^T lies in [-1, 1], with a variance below 1/4.
    assertTrue(expected.sub(actual).amaxNumber().doubleValue() < 4 * 0.5 / Math.sqrt(2000));
    INDArray first = actual.dup();
    network.fit(batch);
    assertNotEquals(first, method.state(network).matrix(1));
  }

  @Test
  void klClipBoundsTheStep() {
    MultiLayerNetwork[] networks = {network(new Sgd(1)), network(new Sgd(1))};
    INDArray start = networks[0].params().dup();
    DataSet batch = batch(N, 3);
    for (int i = 0; i < 2; i++) {
      networks[i].setListeners(Kfac.builder().klClip(i * 1e-6).build());
      networks[i].fit(batch);
    }
    double free = start.distance2(networks[0].params());
    assertTrue(start.distance2(networks[1].params()) < 0.1 * free);
  }

  @Test
  void badFieldsAreNamed() {
    assertRejected("momentum must be in [0, 1), got 1", () -> Kfac.builder().momentum(1.0).build());
    assertRejected("damping must be finite and above 0, got 0", () -> new Kfac(0));
    assertRejected("factorDecay", () -> Kfac.builder().factorDecay(-0.1).build());
    assertRejected("factorUpdateFrequency", () -> Kfac.builder().factorUpdateFrequency(0).build());
    assertRejected(
        "inverseUpdateFrequency", () -> Kfac.builder().inverseUpdateFrequency(0).build());
    assertRejected("klClip", () -> Kfac.builder().klClip(Double.NaN).build());
    assertRejected("weightDecay", () -> Kfac.builder().weightDecay(-1.0).build());
    assertRejected("factorUpdateFrequency", () -> Mkor.builder().factorUpdateFrequency(0).build());
    assertRejected("factorDecay", () -> Mkor.builder().factorDecay(1.0).build());
    assertRejected("stabilization", () -> Mkor.builder().stabilization(0.0).build());
    assertRejected("clippingValue", () -> Mkor.builder().clippingValue(0.0).build());
    assertRejected("warmupSteps", () -> Mkor.builder().warmupSteps(-1).build());
    assertRejected("resetThreshold", () -> Mkor.builder().resetThreshold(0.5).build());
    assertRejected("window", () -> Mkor.builder().window(0).build());
    assertRejected("switchThreshold", () -> Mkor.builder().switchThreshold(2.0).build());
    assertRejected("minSteps", () -> Mkor.builder().minSteps(-1).build());
  }

  private static void assertRejected(String message, Supplier<?> build) {
    String actual = assertThrows(IllegalArgumentException.class, build::get).getMessage();
    assertTrue(actual.startsWith(message), actual);
  }
}
