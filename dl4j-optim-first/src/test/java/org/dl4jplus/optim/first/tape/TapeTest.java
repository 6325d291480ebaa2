package org.dl4jplus.optim.first.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastMulOp;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Gradients of single examples out of one pass against passes of single examples. */
class TapeTest {

  private static final int EXAMPLES = 5;

  /** A network and its batch. */
  record Case(String name, MultiLayerNetwork network, DataSet data) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    cases.add(
        flat(
            "dense", list -> list.layer(new DenseLayer.Builder().nOut(4).build()).layer(output())));
    cases.add(
        flat(
            "dense without bias",
            list ->
                list.layer(new DenseLayer.Builder().nOut(4).hasBias(false).build())
                    .layer(
                        new OutputLayer.Builder(LossFunction.MSE).nOut(3).hasBias(false).build())));
    cases.add(
        sequence(
            "dense over time",
            list -> list.layer(new DenseLayer.Builder().nOut(4).build()).layer(rnnOutput())));
    for (CNN2DFormat format : CNN2DFormat.values()) {
      for (ConvolutionMode mode : List.of(ConvolutionMode.Truncate, ConvolutionMode.Same)) {
        cases.add(
            image(
                "convolution " + format + " " + mode,
                format,
                list ->
                    list.layer(
                            new ConvolutionLayer.Builder(3, 2)
                                .nOut(3)
                                .stride(2, 1)
                                .dilation(1, 2)
                                .padding(mode == ConvolutionMode.Same ? 0 : 1, 0)
                                .convolutionMode(mode)
                                .build())
                        .layer(
                            new ConvolutionLayer.Builder(2, 2)
                                .nOut(2)
                                .hasBias(false)
                                .convolutionMode(mode)
                                .build())
                        .layer(
                            new SubsamplingLayer.Builder(2, 2)
                                .convolutionMode(ConvolutionMode.Same)
                                .build())
                        .layer(output())));
      }
    }
    for (boolean bias : new boolean[] {true, false}) {
      cases.add(
          flat(
              "layer normalization, bias " + bias,
              list ->
                  list.layer(
                          new DenseLayer.Builder().nOut(5).hasLayerNorm(true).hasBias(bias).build())
                      .layer(output())));
    }
    cases.add(
        sequence(
            "layer normalization over time",
            list ->
                list.layer(new DenseLayer.Builder().nOut(4).hasLayerNorm(true).build())
                    .layer(rnnOutput())));
    for (ConvolutionMode mode :
        List.of(ConvolutionMode.Truncate, ConvolutionMode.Same, ConvolutionMode.Causal)) {
      cases.add(
          sequence(
              "convolution over time " + mode,
              list ->
                  list.layer(
                          new Convolution1DLayer.Builder(3)
                              .nOut(3)
                              .stride(2)
                              .dilation(2)
                              .padding(mode == ConvolutionMode.Truncate ? 1 : 0)
                              .convolutionMode(mode)
                              .build())
                      .layer(new GlobalPoolingLayer.Builder().build())
                      .layer(output()),
              classes(EXAMPLES)));
    }
    INDArray tokens = Nd4j.create(DataType.DOUBLE, EXAMPLES, 6);
    for (long i = 0; i < tokens.length(); i++) {
      tokens.putScalar(i, (i * i + i / 6) % 4);
    }
    for (boolean bias : new boolean[] {true, false}) {
      cases.add(
          of(
              "embedding, bias " + bias,
              list ->
                  list.layer(
                          new EmbeddingLayer.Builder()
                              .nIn(4)
                              .nOut(3)
                              .hasBias(bias)
                              .activation(Activation.TANH)
                              .build())
                      .layer(output()),
              InputType.feedForward(4),
              rows(tokens.getColumn(2, true), 0, EXAMPLES),
              classes(EXAMPLES)));
      for (RNNFormat format : RNNFormat.values()) {
        cases.add(
            of(
                "embedding of sequences " + format + ", bias " + bias,
                list ->
                    list.layer(
                            new EmbeddingSequenceLayer.Builder()
                                .nIn(4)
                                .nOut(3)
                                .hasBias(bias)
                                .inputLength(6)
                                .outputDataFormat(format)
                                .build())
                        .layer(
                            new LastTimeStep(new LSTM.Builder().nOut(3).dataFormat(format).build()))
                        .layer(output()),
                InputType.recurrent(4, 6, format),
                tokens,
                classes(EXAMPLES)));
      }
    }
    cases.add(
        sequence(
            "LSTM", list -> list.layer(new LSTM.Builder().nOut(3).build()).layer(rnnOutput())));
    cases.add(
        sequence(
            "LSTM with other activations",
            list ->
                list.layer(
                        new LSTM.Builder()
                            .nOut(3)
                            .activation(Activation.SOFTSIGN)
                            .gateActivationFunction(Activation.HARDSIGMOID)
                            .build())
                    .layer(rnnOutput())));
    cases.add(
        sequence(
            "SimpleRnn",
            list -> list.layer(new SimpleRnn.Builder().nOut(3).build()).layer(rnnOutput())));
    cases.add(
        sequence(
            "last step of an LSTM",
            list ->
                list.layer(new LastTimeStep(new LSTM.Builder().nOut(3).build())).layer(output()),
            classes(EXAMPLES)));
    cases.add(
        sequence(
            "last step of a SimpleRnn",
            list ->
                list.layer(new LastTimeStep(new SimpleRnn.Builder().nOut(3).build()))
                    .layer(output()),
            classes(EXAMPLES)));
    cases.add(
        of(
            "one step",
            list ->
                list.layer(new LSTM.Builder().nOut(3).build())
                    .layer(new SimpleRnn.Builder().nOut(3).build())
                    .layer(rnnOutput()),
            InputType.recurrent(4, 1),
            normal(3, EXAMPLES, 4, 1),
            steps(EXAMPLES, 1)));
    cases.addAll(maskedCases());
    return cases;
  }

  /** Sequences of different lengths. */
  private static List<Case> maskedCases() {
    INDArray mask = Nd4j.ones(DataType.DOUBLE, EXAMPLES, 6);
    for (int i = 0; i < EXAMPLES; i++) {
      for (int t = 6 - i; t < 6; t++) {
        mask.putScalar(i, t, 0);
      }
    }
    List<Case> cases = new ArrayList<>();
    cases.add(
        sequence(
            "dense",
            list -> list.layer(new DenseLayer.Builder().nOut(4).build()).layer(rnnOutput())));
    cases.add(
        sequence(
            "layer normalization",
            list ->
                list.layer(new DenseLayer.Builder().nOut(4).hasLayerNorm(true).build())
                    .layer(rnnOutput())));
    cases.add(
        sequence(
            "LSTM", list -> list.layer(new LSTM.Builder().nOut(3).build()).layer(rnnOutput())));
    cases.add(
        sequence(
            "SimpleRnn",
            list -> list.layer(new SimpleRnn.Builder().nOut(3).build()).layer(rnnOutput())));
    List<Case> masked = new ArrayList<>();
    for (Case c : cases) {
      c.data.setLabelsMaskArray(mask);
      masked.add(new Case(c.name + ", labels masked", c.network, c.data));
      DataSet both = new DataSet(c.data.getFeatures(), c.data.getLabels(), mask.dup(), mask.dup());
      masked.add(new Case(c.name + ", all masked", c.network, both));
    }
    Case last =
        sequence(
            "last step of an LSTM, masked",
            list ->
                list.layer(new LastTimeStep(new LSTM.Builder().nOut(3).build())).layer(output()),
            classes(EXAMPLES));
    last.data.setFeaturesMaskArray(mask);
    masked.add(last);
    Case zeros =
        sequence(
            "masking zeros",
            list ->
                list.layer(
                        new MaskZeroLayer.Builder()
                            .setUnderlying(new LSTM.Builder().nIn(4).nOut(3).build())
                            .setMaskValue(0)
                            .build())
                    .layer(rnnOutput()));
    Nd4j.getExecutioner()
        .exec(new BroadcastMulOp(zeros.data.getFeatures(), mask, zeros.data.getFeatures(), 0, 2));
    masked.add(zeros);
    return masked;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void examplesAreWhatTheyAreAlone(Case c) {
    for (int examples : new int[] {EXAMPLES, 1}) {
      DataSet data = rows(c.data, 0, examples);
      ModelOracle oracle = oracle(c.network, data);
      INDArray point = oracle.parameters().dup();
      INDArray gradient = point.ulike();
      Tape tape = oracle.record(point, null, gradient);
      oracle.restore();
      assertEquals(List.of(), tape.unsupported());
      assertEquals(examples, tape.examples());
      INDArray rows = tape.gradients();
      close(rows.mean(0), gradient, 1e-12);
      for (int i = 0; i < examples; i++) {
        ModelOracle alone = oracle(c.network, rows(c.data, i, i + 1));
        alone.lossAndGradient(point, gradient);
        alone.restore();
        close(rows.getRow(i), gradient, 1e-10);
      }
      consistent(tape, rows);
      unwrapped(c.network);
    }
  }

  @Test
  void dropoutIsThatOfTheGradient() {
    for (Case c :
        List.of(
            flat(
                "dense",
                list ->
                    list.layer(new DenseLayer.Builder().nOut(4).dropOut(0.5).build())
                        .layer(dropped(output()))),
            sequence(
                "recurrent",
                list ->
                    list.layer(new LSTM.Builder().nOut(3).dropOut(0.5).build())
                        .layer(new SimpleRnn.Builder().nOut(3).dropOut(0.5).build())
                        .layer(dropped(rnnOutput()))),
            image(
                "convolution",
                CNN2DFormat.NCHW,
                list ->
                    list.layer(new ConvolutionLayer.Builder(2, 2).nOut(3).dropOut(0.5).build())
                        .layer(dropped(output()))),
            flat(
                "weights dropped",
                list ->
                    list.layer(
                            new DenseLayer.Builder()
                                .nOut(4)
                                .weightNoise(new DropConnect(0.5))
                                .build())
                        .layer(output())))) {
      ModelOracle oracle = oracle(c.network, c.data);
      INDArray point = oracle.parameters().dup();
      INDArray gradient = point.ulike();
      Tape tape = oracle.record(point, null, gradient);
      oracle.restore();
      close(tape.gradients().mean(0), gradient, 1e-12);
      consistent(tape, tape.gradients());
    }
  }

  private static <T extends BaseOutputLayer> T dropped(T layer) {
    layer.setIDropout(new Dropout(0.5));
    return layer;
  }

  @Test
  void twoPassesTogether() {
    for (Case c : cases()) {
      ModelOracle oracle = oracle(c.network, c.data);
      INDArray point = oracle.parameters().dup();
      INDArray gradient = point.ulike();
      Tape one = oracle.record(point, null, gradient);
      Tape two = oracle.record(point.mul(1.1), null, gradient);
      oracle.restore();
      close(one.gramian(two), one.gradients().mmul(two.gradients().transpose()), 1e-11);
      INDArray product = gradient.ulike();
      one.fisherVector(gradient, product);
      INDArray rows = one.gradients();
      close(product, rows.transpose().mmul(rows.mmul(gradient)).divi(EXAMPLES), 1e-11);
    }
  }

  @Test
  void differencesOfTwoPasses() {
    for (Case c : cases()) {
      ModelOracle oracle = oracle(c.network, c.data);
      INDArray point = oracle.parameters().dup();
      for (double factor : new double[] {1.1, 1 + 1e-7}) {
        INDArray gradient = point.ulike();
        // A recorder keeps its memory for its next tape, so these are two.
        Tape one = oracle.record(point.mul(factor), null, gradient);
        Tape two = oracle.record(point, null, gradient);
        oracle.restore();
        Tape difference = one.minus(two);
        INDArray rows = one.gradients().subi(two.gradients());
        // What the gradients themselves lose in their difference.
        double lost = 1e-12 / (factor - 1);
        close(difference.gradients(), rows, lost);
        double[] norms = difference.squaredNorms();
        INDArray formed = difference.gradients();
        for (int i = 0; i < norms.length; i++) {
          double norm = formed.getRow(i).norm2Number().doubleValue();
          assertEquals(1, Math.sqrt(norms[i]) / norm, 1e-11, c.name);
        }
        double[] weights = new Random(6).doubles(norms.length, -1, 1).toArray();
        difference.weightedSum(weights, gradient);
        close(gradient, formed.transpose().mmul(Nd4j.createFromArray(weights)), 1e-11);
      }
    }
  }

  @Test
  void activeRowsAreThoseThatTheMasksLeave() {
    Case c = maskedCases().get(1);
    ModelOracle oracle = oracle(c.network, c.data);
    Tape tape = oracle.record(oracle.parameters().dup(), null, oracle.parameters().ulike());
    oracle.restore();
    // 6 + 5 + 4 + 3 + 2 time steps.
    assertEquals(20, tape.layers().get(0).activeRows());
    assertEquals(20, tape.layers().get(1).activeRows());
    for (LayerRecord layer : tape.layers()) {
      for (int row : layer.unmaskedRows()) {
        assertTrue(row % 6 < 6 - row / 6, layer.name() + ", row " + row);
      }
    }
    assertEquals(6, tape.layers().get(0).positions());
    assertEquals(20, oracle.labelCount());
    Case whole = cases().get(2);
    assertEquals(30, oracle(whole.network, whole.data).labelCount());
  }

  @Test
  void singlePrecision() {
    Random random = new Random(4);
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .activation(Activation.TANH)
                .updater(new Sgd(0.1))
                .list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(3).build())
                .layer(output())
                .setInputType(InputType.convolutional(6, 5, 2))
                .build());
    network.init();
    DataSet data =
        new DataSet(
            normal(2, EXAMPLES, 2, 6, 5).castTo(DataType.FLOAT),
            classes(EXAMPLES).castTo(DataType.FLOAT));
    ModelOracle oracle = oracle(network, data);
    INDArray gradient = oracle.parameters().ulike();
    Tape tape = oracle.record(oracle.parameters().dup(), null, gradient);
    oracle.restore();
    INDArray rows = tape.gradients();
    assertEquals(DataType.FLOAT, rows.dataType());
    close(rows.mean(0), gradient, 1e-6);
    INDArray vector =
        Nd4j.createFromArray(random.doubles(rows.size(1), -1, 1).toArray()).castTo(DataType.FLOAT);
    close(Nd4j.createFromArray(tape.products(vector)), Rows.asDouble(rows.mmul(vector)), 1e-5);
    INDArray exact = Rows.asDouble(rows);
    close(tape.gramian(tape), exact.mmul(exact.transpose()), 1e-6);
  }

  /** Everything else follows from the gradients. */
  static void consistent(Tape tape, INDArray rows) {
    int examples = tape.examples();
    INDArray gramian = rows.mmul(rows.transpose());
    close(tape.gramian(tape), gramian, 1e-11);
    double[] norms = tape.squaredNorms();
    Random random = new Random(4);
    double[] weights = random.doubles(examples, -1, 1).toArray();
    INDArray vector = Nd4j.createFromArray(random.doubles(rows.size(1), -1, 1).toArray());
    for (int i = 0; i < examples; i++) {
      assertEquals(1, norms[i] / gramian.getDouble(i, i), 1e-11);
    }
    INDArray out = vector.ulike();
    tape.weightedSum(weights, out);
    close(out, rows.transpose().mmul(Nd4j.createFromArray(weights)), 1e-11);
    close(Nd4j.createFromArray(tape.products(vector)), rows.mmul(vector), 1e-11);
    for (LayerRecord layer : tape.layers()) {
      out.assign(0);
      layer.writeMatrix(layer.readMatrix(vector), out);
      if (layer.isLinear()) {
        INDArray again = out.ulike();
        layer.writeMatrix(layer.readMatrix(out), again);
        close(again, out, 0);
        INDArray errors = layer.errorRows();
        INDArray inputs = layer.inputRows();
        if (layer.hasBias()) {
          inputs = Nd4j.hstack(inputs, Nd4j.ones(inputs.dataType(), inputs.size(0), 1));
        }
        INDArray mine = out.ulike();
        layer.writeMatrix(inputs.transpose().mmul(errors), mine);
        out.assign(0);
        double[] ones = new double[examples];
        Arrays.fill(ones, 1);
        layer.weightedSum(ones, out);
        close(mine, out, 1e-11);
      }
    }
  }

  static void unwrapped(MultiLayerNetwork network) {
    for (var layer : network.getLayers()) {
      if (layer.conf().getLayer() instanceof BaseLayer base) {
        assertFalse(base.getActivationFn() instanceof RecordingActivation);
      }
      if (layer.conf().getLayer() instanceof BaseOutputLayer output) {
        assertFalse(output.getLossFn() instanceof RecordingLoss);
      }
    }
  }

  static void close(INDArray actual, INDArray expected, double tolerance) {
    double scale = expected.norm2Number().doubleValue();
    double error = actual.reshape(expected.shape()).sub(expected).norm2Number().doubleValue();
    assertTrue(error <= tolerance * scale, () -> "error " + error + " of " + scale);
  }

  static ModelOracle oracle(MultiLayerNetwork network, DataSet data) {
    network.setInput(data.getFeatures());
    network.setLabels(data.getLabels());
    if (data.hasMaskArrays()) {
      network.setLayerMaskArrays(data.getFeaturesMaskArray(), data.getLabelsMaskArray());
    } else {
      network.clearLayerMaskArrays();
    }
    return new ModelOracle(network);
  }

  static DataSet rows(DataSet data, int from, int to) {
    return new DataSet(
        rows(data.getFeatures(), from, to),
        rows(data.getLabels(), from, to),
        rows(data.getFeaturesMaskArray(), from, to),
        rows(data.getLabelsMaskArray(), from, to));
  }

  private static INDArray rows(INDArray array, int from, int to) {
    if (array == null) {
      return null;
    }
    var index = new INDArrayIndex[array.rank()];
    Arrays.fill(index, NDArrayIndex.all());
    index[0] = NDArrayIndex.interval(from, to);
    return array.get(index).dup();
  }

  static ListBuilder builder() {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .dataType(DataType.DOUBLE)
        .activation(Activation.TANH)
        .updater(new Sgd(0.1))
        .list();
  }

  static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  static RnnOutputLayer rnnOutput() {
    return new RnnOutputLayer.Builder(LossFunction.MCXENT)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  static Case flat(String name, Consumer<ListBuilder> layers) {
    return of(name, layers, InputType.feedForward(4), normal(1, EXAMPLES, 4), classes(EXAMPLES));
  }

  static Case image(String name, CNN2DFormat format, Consumer<ListBuilder> layers) {
    INDArray x = normal(2, EXAMPLES, 2, 6, 5);
    return of(
        name,
        layers,
        InputType.convolutional(6, 5, 2, format),
        format == CNN2DFormat.NCHW ? x : x.permute(0, 2, 3, 1).dup('c'),
        classes(EXAMPLES));
  }

  static Case sequence(String name, Consumer<ListBuilder> layers) {
    return of(
        name, layers, InputType.recurrent(4, 6), normal(3, EXAMPLES, 4, 6), steps(EXAMPLES, 6));
  }

  static Case sequence(String name, Consumer<ListBuilder> layers, INDArray labels) {
    return of(name, layers, InputType.recurrent(4, 6), normal(3, EXAMPLES, 4, 6), labels);
  }

  static Case of(
      String name, Consumer<ListBuilder> layers, InputType type, INDArray x, INDArray y) {
    ListBuilder list = builder();
    layers.accept(list);
    MultiLayerNetwork network = new MultiLayerNetwork(list.setInputType(type).build());
    network.init();
    // Biases that are not zero.
    network.params().addi(normal(9, (int) network.numParams()).muli(0.1));
    return new Case(name, network, new DataSet(x, y));
  }

  static INDArray normal(long seed, int... shape) {
    Random random = new Random(seed);
    INDArray array = Nd4j.create(DataType.DOUBLE, Arrays.stream(shape).asLongStream().toArray());
    for (long i = 0; i < array.length(); i++) {
      array.putScalar(i, random.nextGaussian());
    }
    return array;
  }

  static INDArray classes(int examples) {
    INDArray y = Nd4j.create(DataType.DOUBLE, examples, 3);
    for (int i = 0; i < examples; i++) {
      y.putScalar(i, (i * 2) % 3, 1);
    }
    return y;
  }

  static INDArray steps(int examples, int length) {
    INDArray y = Nd4j.create(DataType.DOUBLE, examples, 3, length);
    for (int i = 0; i < examples; i++) {
      for (int t = 0; t < length; t++) {
        y.putScalar(new int[] {i, (i + t * t) % 3, t}, 1);
      }
    }
    return y;
  }
}
