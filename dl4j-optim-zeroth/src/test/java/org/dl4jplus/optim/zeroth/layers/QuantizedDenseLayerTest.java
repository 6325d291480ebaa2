package org.dl4jplus.optim.zeroth.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

class QuantizedDenseLayerTest {

  static MultiLayerNetwork network(DataType type, FeedForwardLayer... hidden) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder().seed(7).dataType(type).updater(new Sgd(0.1)).list();
    long in = hidden[0].getNIn();
    for (FeedForwardLayer layer : hidden) {
      list.layer(layer);
      in = layer.getNOut();
    }
    list.layer(new OutputLayer.Builder().nIn(in).nOut(3).build());
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    return network;
  }

  private static DenseLayer dense(int in, int out) {
    return new DenseLayer.Builder().nIn(in).nOut(out).activation(Activation.TANH).build();
  }

  private static QuantizedDenseLayer built(int in, int out, int bits, int groupSize) {
    return new QuantizedDenseLayer.Builder()
        .nIn(in)
        .nOut(out)
        .bits(bits)
        .groupSize(groupSize)
        .activation(Activation.TANH)
        .build();
  }

  static DataSet data(DataType type, int in) {
    INDArray x = Nd4j.create(type, 12, in);
    INDArray y = Nd4j.zeros(type, 12, 3);
    for (int i = 0; i < x.length(); i++) {
      x.putScalar(i, Math.sin(1.7 * i + 0.3));
    }
    for (int i = 0; i < 12; i++) {
      y.putScalar(i, i % 3, 1);
    }
    return new DataSet(x, y);
  }

  private static QuantizedDenseLayer layer(MultiLayerNetwork network, int index) {
    return (QuantizedDenseLayer) network.getLayer(index).conf().getLayer();
  }

  /** Scale times integer, from what the layer shows. */
  private static double[][] weights(MultiLayerNetwork network) {
    QuantizedDenseLayer layer = layer(network, 0);
    INDArray q = layer.integers();
    INDArray scales = network.getParam("0_S");
    double[][] weights = new double[(int) q.size(0)][(int) q.size(1)];
    int size = Math.min(layer.getGroupSize(), weights.length);
    for (int i = 0; i < weights.length; i++) {
      for (int o = 0; o < weights[i].length; o++) {
        weights[i][o] = scales.getDouble(i / size, o) * q.getInt(i, o);
      }
    }
    return weights;
  }

  @ParameterizedTest
  @CsvSource({"2, 3", "4, 3", "8, 3", "2, 64", "4, 1", "8, 7"})
  void aWeightIsOffByHalfAScaleAtMost(int bits, int groupSize) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      MultiLayerNetwork trained = network(type, dense(7, 5));
      MultiLayerNetwork network = QuantizedDenseLayer.quantize(trained, bits, groupSize);
      INDArray before = trained.getParam("0_W");
      double[][] after = weights(network);
      INDArray scales = network.getParam("0_S");
      int qmax = (1 << bits - 1) - 1;
      int size = Math.min(groupSize, 7);
      assertArrayEquals(new long[] {(7 + size - 1) / size, 5}, scales.shape());
      for (int i = 0; i < 7; i++) {
        for (int o = 0; o < 5; o++) {
          double scale = scales.getDouble(i / size, o);
          double off = Math.abs(before.getDouble(i, o) - after[i][o]);
          assertTrue(off <= scale / 2 * (1 + 1e-6), off + " with a scale of " + scale);
          assertTrue(Math.abs(layer(network, 0).integers().getInt(i, o)) <= qmax);
        }
      }
      assertEquals(trained.getParam("0_b"), network.getParam("0_b"));
      assertEquals(trained.getParam("1_W"), network.getParam("1_W"));
    }
  }

  @Test
  void halvesGoToTheEvenAndGroupsOfZerosToZero() {
    MultiLayerNetwork trained = network(DataType.DOUBLE, dense(8, 1));
    double[] weights = {7, 0.5, 1.5, -2.5, 0, 0, 0, 0};
    trained.setParam("0_W", Nd4j.createFromArray(weights).reshape('f', new long[] {8, 1}));
    MultiLayerNetwork network = QuantizedDenseLayer.quantize(trained, 4, 4);
    assertArrayEquals(
        new double[] {7, 0, 2, -2, 0, 0, 0, 0},
        layer(network, 0).integers().castTo(DataType.DOUBLE).data().asDouble());
    assertEquals(1, network.getParam("0_S").getDouble(0), 0);
    assertEquals(1e-7, network.getParam("0_S").getDouble(1), 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4, 8})
  void theForwardPassIsThatOfADenseLayerWithTheseWeights(int bits) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      MultiLayerNetwork trained = network(type, dense(7, 5));
      MultiLayerNetwork network = QuantizedDenseLayer.quantize(trained, bits, 3);
      trained.setParam("0_W", Nd4j.createFromArray(weights(network)).castTo(type));
      INDArray x = data(type, 7).getFeatures();
      double bound = type == DataType.FLOAT ? 1e-6 : 1e-14;
      assertEquals(0, trained.output(x).distance2(network.output(x)), bound);
      assertEquals(type, network.output(x).dataType());
    }
  }

  /** Large enough for two parts, the last of which is the smaller one and has a short group. */
  @Test
  void partsOfALargeLayerAddUp() {
    DataType type = DataType.DOUBLE;
    MultiLayerNetwork trained = network(type, dense(1100, 300));
    MultiLayerNetwork network = QuantizedDenseLayer.quantize(trained, 4, 64);
    trained.setParam("0_W", Nd4j.createFromArray(weights(network)));
    DataSet data = data(type, 1100);
    for (MultiLayerNetwork each : new MultiLayerNetwork[] {trained, network}) {
      each.setInput(data.getFeatures());
      each.setLabels(data.getLabels());
      each.computeGradientAndScore();
    }
    assertEquals(trained.score(), network.score(), 1e-12);
    INDArray ofWeights = trained.gradient().getGradientFor("0_W");
    INDArray ofScales = network.gradient().getGradientFor("0_S");
    INDArray q = layer(network, 0).integers();
    for (int o = 0; o < 300; o += 37) {
      double[] sums = new double[18];
      for (int i = 0; i < 1100; i++) {
        sums[i / 64] += ofWeights.getDouble(i, o) * q.getInt(i, o);
      }
      for (int g = 0; g < sums.length; g++) {
        assertEquals(sums[g], ofScales.getDouble(g, o), 1e-10, "group " + g);
      }
    }
    assertEquals(
        0,
        trained
            .gradient()
            .getGradientFor("0_b")
            .distance2(network.gradient().getGradientFor("0_b")),
        1e-12);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void gradientsAreThoseOfDifferences(boolean hasBias) {
    QuantizedDenseLayer second =
        new QuantizedDenseLayer.Builder()
            .nIn(5)
            .nOut(4)
            .bits(2)
            .groupSize(2)
            .hasBias(hasBias)
            .activation(Activation.SIGMOID)
            .l2(0.01)
            .build();
    DataType usual = Nd4j.defaultFloatingPointType();
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    try {
      MultiLayerNetwork network = network(DataType.DOUBLE, built(7, 5, 4, 3), second);
      network.setLearningRate(1);
      DataSet data = data(DataType.DOUBLE, 7);
      assertTrue(
          GradientCheckUtil.checkGradients(
              new GradientCheckUtil.MLNConfig()
                  .net(network)
                  .epsilon(1e-6)
                  .maxRelError(1e-5)
                  .minAbsoluteError(1e-9)
                  .input(data.getFeatures())
                  .labels(data.getLabels())));
      assertTrue(
          GradientCheckUtil.checkGradients(
              new GradientCheckUtil.GraphConfig()
                  .net(network.toComputationGraph())
                  .epsilon(1e-6)
                  .maxRelError(1e-5)
                  .minAbsoluteError(1e-9)
                  .inputs(new INDArray[] {data.getFeatures()})
                  .labels(new INDArray[] {data.getLabels()})));
    } finally {
      Nd4j.setDefaultDataTypes(usual, usual);
    }
  }

  @Test
  void trainingMovesScalesAndNotIntegersAndSavingKeepsTheBytes(@TempDir Path folder)
      throws IOException {
    File file = folder.resolve("net.zip").toFile();
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      MultiLayerNetwork network = QuantizedDenseLayer.quantize(network(type, dense(7, 5)), 4, 3);
      network.setLearningRate(0.05);
      byte[] before = layer(network, 0).getPacked().clone();
      INDArray scales = network.getParam("0_S").dup();
      DataSet data = data(type, 7);
      double score = network.score(data);
      for (int i = 0; i < 50; i++) {
        network.fit(data);
      }
      assertTrue(network.score(data) < score);
      assertTrue(scales.distance2(network.getParam("0_S")) > 1e-3);
      assertArrayEquals(before, layer(network, 0).getPacked());
      network.save(file);
      MultiLayerNetwork again = MultiLayerNetwork.load(file, true);
      assertArrayEquals(before, layer(again, 0).getPacked());
      assertArrayEquals(network.params().toDoubleVector(), again.params().toDoubleVector());
      assertEquals(network.output(data.getFeatures()), again.output(data.getFeatures()));

      ComputationGraph graph = network.toComputationGraph();
      graph.save(file);
      ComputationGraph read = ComputationGraph.load(file, true);
      assertEquals(network.output(data.getFeatures()), read.output(data.getFeatures())[0]);
      assertEquals(network.output(data.getFeatures()), network.clone().output(data.getFeatures()));
    }
  }

  @Test
  void aGraphIsQuantizedAsANetworkIs() {
    MultiLayerNetwork trained = network(DataType.FLOAT, dense(7, 5), dense(5, 4));
    ComputationGraph graph = trained.toComputationGraph();
    INDArray x = data(DataType.FLOAT, 7).getFeatures();
    ComputationGraph quantized = QuantizedDenseLayer.quantize(graph, 2, 4);
    MultiLayerNetwork layers = QuantizedDenseLayer.quantize(trained, 2, 4);
    assertEquals(layers.output(x), quantized.output(x)[0]);
    assertArrayEquals(layers.params().toDoubleVector(), quantized.params().toDoubleVector());
    assertEquals(trained.output(x), graph.output(x)[0], "the trained ones stay");
    assertInstanceOf(DenseLayer.class, trained.getLayer(0).conf().getLayer());
  }

  @ParameterizedTest
  @EnumSource
  void convolutionsOfOnePixelAreDenseInEveryPixel(CNN2DFormat format) throws IOException {
    DataType usual = Nd4j.defaultFloatingPointType();
    Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    try {
      NeuralNetConfiguration.ListBuilder list =
          new NeuralNetConfiguration.Builder()
              .seed(3)
              .dataType(DataType.DOUBLE)
              .updater(new Sgd(1))
              .list();
      list.layer(new ConvolutionLayer.Builder(1, 1).nOut(5).activation(Activation.TANH).build());
      list.layer(new ConvolutionLayer.Builder(2, 2).nOut(3).activation(Activation.TANH).build());
      list.layer(new ConvolutionLayer.Builder(1, 1).nOut(4).hasBias(false).build());
      list.layer(new OutputLayer.Builder().nOut(3).build());
      list.setInputType(InputType.convolutional(3, 4, 6, format));
      MultiLayerNetwork trained = new MultiLayerNetwork(list.build());
      trained.init();
      trained.getParam("0_b").assign(0.3);
      MultiLayerNetwork network = QuantizedDenseLayer.quantize(trained, 4, 4);
      assertInstanceOf(ConvolutionLayer.class, network.getLayer(1).conf().getLayer());
      double[][] weights = weights(network);
      for (int i = 0; i < 6; i++) {
        for (int o = 0; o < 5; o++) {
          trained.getParam("0_W").putScalar(new int[] {o, i, 0, 0}, weights[i][o]);
        }
      }
      QuantizedDenseLayer third = layer(network, 2);
      for (int i = 0; i < 3; i++) {
        for (int o = 0; o < 4; o++) {
          double weight = third.integers().getInt(i, o) * network.getParam("2_S").getDouble(0, o);
          trained.getParam("2_W").putScalar(new int[] {o, i, 0, 0}, weight);
        }
      }
      long[] shape =
          format == CNN2DFormat.NCHW ? new long[] {12, 6, 3, 4} : new long[] {12, 3, 4, 6};
      INDArray x = data(DataType.DOUBLE, 72).getFeatures().dup('c').reshape('c', shape);
      DataSet data = new DataSet(x, data(DataType.DOUBLE, 72).getLabels());
      assertEquals(0, trained.output(x).distance2(network.output(x)), 1e-13);
      for (MultiLayerNetwork each : new MultiLayerNetwork[] {trained, network}) {
        each.setInput(x);
        each.setLabels(data.getLabels());
        each.computeGradientAndScore();
      }
      INDArray bias = trained.gradient().getGradientFor("0_b");
      assertEquals(
          0, bias.distance2(network.gradient().getGradientFor("0_b").reshape(bias.shape())), 1e-12);
      assertTrue(
          GradientCheckUtil.checkGradients(
              new GradientCheckUtil.MLNConfig()
                  .net(network)
                  .epsilon(1e-6)
                  .maxRelError(1e-5)
                  .minAbsoluteError(1e-9)
                  .input(x)
                  .labels(data.getLabels())));
      ComputationGraph graph = QuantizedDenseLayer.quantize(trained.toComputationGraph(), 4, 4);
      assertEquals(graph.output(x)[0], network.output(x));
      MultiLayerConfiguration read =
          MultiLayerConfiguration.fromJson(network.getLayerWiseConfigurations().toJson());
      MultiLayerNetwork again = new MultiLayerNetwork(read);
      again.init(network.params(), true);
      assertEquals(again.output(x), network.output(x));
      assertThrows(
          DL4JInvalidInputException.class, () -> network.output(x.permute(0, 2, 3, 1).dup()));
    } finally {
      Nd4j.setDefaultDataTypes(usual, usual);
    }
  }

  @Test
  void frozenLayersStayFrozen() {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder().seed(3).updater(new Adam(0.01)).list();
    list.layer(new FrozenLayer(dense(7, 5)));
    list.layer(dense(5, 4));
    list.layer(new OutputLayer.Builder().nIn(4).nOut(3).build());
    MultiLayerNetwork trained = new MultiLayerNetwork(list.build());
    trained.init();
    MultiLayerNetwork network = QuantizedDenseLayer.quantize(trained, 8, 4);
    INDArray frozen = network.getLayer(0).params().dup();
    INDArray free = network.getLayer(1).params().dup();
    DataSet data = data(DataType.FLOAT, 7);
    double far = trained.output(data.getFeatures()).distance2(network.output(data.getFeatures()));
    assertTrue(far < 0.1, "8 bits are near: " + far);
    network.fit(data);
    assertEquals(frozen, network.getLayer(0).params());
    assertTrue(free.distance2(network.getLayer(1).params()) > 0);
  }

  @Test
  void aLayerFromATrainedOneStartsThere() {
    MultiLayerNetwork trained = network(DataType.FLOAT, dense(7, 5));
    trained.getParam("0_b").assign(0.25);
    QuantizedDenseLayer layer = QuantizedDenseLayer.from(trained.getLayer(0), 8, 4);
    MultiLayerNetwork network = network(DataType.FLOAT, layer);
    MultiLayerNetwork whole = QuantizedDenseLayer.quantize(trained, 8, 4);
    assertArrayEquals(
        whole.getLayer(0).params().toDoubleVector(), network.getLayer(0).params().toDoubleVector());
    assertArrayEquals(layer(whole, 0).getPacked(), layer(network, 0).getPacked());
    // Through JSON as well, and what was quantized as a whole carries no second copy.
    MultiLayerConfiguration read =
        MultiLayerConfiguration.fromJson(network.getLayerWiseConfigurations().toJson());
    MultiLayerNetwork again = new MultiLayerNetwork(read);
    again.init();
    assertArrayEquals(
        whole.getLayer(0).params().toDoubleVector(), again.getLayer(0).params().toDoubleVector());
    assertNull(layer(whole, 0).getStart());
  }

  @Test
  void networksOfOneConfigurationShareTheirIntegers() {
    MultiLayerNetwork first = network(DataType.FLOAT, built(7, 5, 4, 3));
    byte[] integers = layer(first, 0).getPacked().clone();
    MultiLayerConfiguration conf = first.getLayerWiseConfigurations().clone();
    conf.getConf(0).setSeed(99);
    MultiLayerNetwork second = new MultiLayerNetwork(conf);
    second.init();
    assertArrayEquals(integers, layer(second, 0).getPacked());
    second.setParams(first.params());
    INDArray x = data(DataType.FLOAT, 7).getFeatures();
    assertEquals(first.output(x), second.output(x));
  }

  @Test
  void settingsOfTheDenseLayerAreKept() {
    DenseLayer dense =
        new DenseLayer.Builder()
            .name("hidden")
            .nIn(7)
            .nOut(5)
            .hasBias(false)
            .activation(Activation.CUBE)
            .dropOut(0.5)
            .updater(new Adam(0.3))
            .l2(0.25)
            .constrainWeights(new NonNegativeConstraint())
            .build();
    QuantizedDenseLayer layer = QuantizedDenseLayer.from(dense, 2, 5);
    assertEquals("hidden", layer.getLayerName());
    assertEquals(dense.getActivationFn(), layer.getActivationFn());
    assertEquals(dense.getIDropout(), layer.getIDropout());
    assertEquals(dense.getIUpdater(), layer.getIUpdater());
    assertEquals(dense.getRegularization(), layer.getRegularization());
    assertNull(layer.getConstraints(), "of weights");
    assertEquals(false, layer.isHasBias());
    assertEquals(10, layer.initializer().numParams(layer));
  }

  @Test
  void badInputIsNamed() {
    named("bits", () -> built(7, 5, 3, 4));
    named("groupSize", () -> built(7, 5, 4, 0));
    MultiLayerNetwork trained = network(DataType.FLOAT, dense(7, 5));
    named("bits", () -> QuantizedDenseLayer.quantize(trained, 16, 4));
    named("dense layer", () -> QuantizedDenseLayer.from(trained.getLayer(1), 4, 4));
    named(
        "layer normalization",
        () ->
            QuantizedDenseLayer.from(
                new DenseLayer.Builder().nIn(7).nOut(5).hasLayerNorm(true).build(), 4, 4));
    trained.getParam("0_W").putScalar(0, Double.NaN);
    named("weights[0]", () -> QuantizedDenseLayer.quantize(trained, 4, 4));
    MultiLayerNetwork none = network(DataType.FLOAT, built(7, 5, 4, 4));
    named("no dense layer", () -> QuantizedDenseLayer.quantize(none, 4, 4));

    QuantizedDenseLayer other = built(7, 5, 4, 4);
    other.setPacked(new byte[3]);
    named("bytes of the integers", () -> network(DataType.FLOAT, other));
    QuantizedDenseLayer start = built(7, 5, 4, 4);
    start.setStart(new double[2]);
    named("numbers in start", () -> network(DataType.FLOAT, start));
    assertThrows(IllegalStateException.class, () -> built(7, 5, 4, 4).integers());
    assertThrows(
        DL4JInvalidInputException.class, () -> none.output(Nd4j.zeros(DataType.FLOAT, 2, 6)));

    QuantizedDenseLayer forward = built(7, 5, 4, 4);
    forward.setForwardOnly(true);
    MultiLayerNetwork forwardOnly = network(DataType.FLOAT, forward);
    Exception e =
        assertThrows(
            UnsupportedOperationException.class, () -> forwardOnly.fit(data(DataType.FLOAT, 7)));
    assertTrue(e.getMessage().contains("forward only"), e.getMessage());
  }

  private static void named(String what, org.junit.jupiter.api.function.Executable run) {
    Exception e = assertThrows(IllegalArgumentException.class, run);
    assertTrue(e.getMessage().contains(what), e.getMessage());
  }
}
