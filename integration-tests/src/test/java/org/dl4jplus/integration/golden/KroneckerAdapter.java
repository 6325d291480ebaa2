package org.dl4jplus.integration.golden;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.HeavyBall;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.first.tape.LayerRecord;
import org.dl4jplus.optim.first.tape.OutputErrors;
import org.dl4jplus.optim.first.tape.Tape;
import org.dl4jplus.optim.second.Kfac;
import org.dl4jplus.optim.second.kronecker.DampedInverse;
import org.dl4jplus.optim.second.kronecker.KfacLayer;
import org.dl4jplus.optim.second.kronecker.KroneckerFactors;
import org.dl4jplus.optim.second.kronecker.ShermanMorrison;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Kronecker factors, and the methods on them: the real listeners on records made of the file. */
final class KroneckerAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    KroneckerAdapter adapter = new KroneckerAdapter();
    adapters.put("KFAC", adapter);
    adapters.put("KFAC-convolution-factors", adapter);
    adapters.put("KFAC-recurrent-factors", adapter);
    adapters.put("MKOR", adapter);
    adapters.put("ShermanMorrison", adapter);
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    switch (file.algorithm()) {
      case "KFAC" -> kfac(file, type, deviation);
      case "MKOR" -> mkor(file, type, deviation);
      case "ShermanMorrison" -> shermanMorrison(file, deviation);
      case "KFAC-convolution-factors" -> convolution(file, type, deviation);
      default -> recurrent(file, type, deviation);
    }
  }

  private static INDArray array(JsonNode numbers, DataType type, long... shape) {
    return Nd4j.createFromArray(GoldenFile.numbers(numbers)).castTo(type).reshape('c', shape);
  }

  private static long[] shape(GoldenFile file, String field) {
    double[] sizes = file.numbers(field);
    long[] shape = new long[sizes.length];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = (long) sizes[i];
    }
    return shape;
  }

  private static double[] numbers(INDArray array) {
    return array.dup('c').reshape('c', new long[] {array.length()}).toDoubleVector();
  }

  private static void kfac(GoldenFile file, DataType type, Deviation deviation) {
    ObjectNode config = file.config();
    config.remove("learningRate");
    config.put("momentum", 0).put("klClip", 0).put("weightDecay", 0);
    config.put("factorUpdateFrequency", 1).put("inverseUpdateFrequency", 1);
    Kfac method = (Kfac) TranscriptAdapter.method(config);
    int examples = file.json().get("batchSize").asInt();
    int inputs = file.json().get("nIn").asInt();
    int outputs = file.json().get("nOut").asInt();
    boolean bias = file.json().path("hasBias").asBoolean(true);
    long rows = inputs + (bias ? 1 : 0);
    Given given = new Given(Nd4j.create(type, rows * outputs));
    OracleOptimizer optimizer = new OracleOptimizer(method, new Sgd(0.1), given);
    int k = 0;
    for (JsonNode step : file.json().get("steps")) {
      given.gradient = array(step.get("gradient"), type, rows * outputs);
      given.records =
          List.of(
              new GivenRecord(
                  array(step.get("inputs"), type, examples, inputs),
                  array(step.get("preActivationGradients"), type, examples, outputs),
                  examples,
                  bias,
                  0));
      optimizer.step();
      INDArray a = optimizer.state().matrix(0);
      INDArray g = optimizer.state().matrix(1);
      String at = "[" + k++ + "]";
      deviation.compare("expectedA" + at, GoldenFile.numbers(step.get("expectedA")), numbers(a));
      deviation.compare("expectedG" + at, GoldenFile.numbers(step.get("expectedG")), numbers(g));
      if (method.isPiCorrection() && step.hasNonNull("pi")) {
        deviation.compare(
            "pi" + at,
            new double[] {step.get("pi").asDouble()},
            new double[] {new KfacLayer(a, g, a, g).pi()});
      }
      deviation.compare(
          "expectedPreconditioned" + at,
          GoldenFile.numbers(step.get("expectedPreconditioned")),
          numbers(optimizer.gradient()));
    }
  }

  private static void mkor(GoldenFile file, DataType type, Deviation deviation) {
    ObjectNode config = file.config();
    HeavyBall backend =
        HeavyBall.builder()
            .learningRate(config.get("learningRate").asDouble())
            .momentum(config.path("momentum").asDouble(0))
            .build();
    boolean bias = config.path("bias").asBoolean(true);
    config.remove(List.of("learningRate", "momentum", "bias", "backend"));
    double[] sizes = file.numbers("layerSizes");
    int examples = file.json().get("batchSize").asInt();
    Given given = new Given(flat(file.json().get("initial"), "weight", "bias", sizes, type));
    OracleOptimizer optimizer =
        new OracleOptimizer(TranscriptAdapter.method(config), backend, given);
    int k = 0;
    for (JsonNode step : file.json().get("steps")) {
      JsonNode layers = step.get("layers");
      given.gradient = flat(layers, "weightGradient", "biasGradient", sizes, type);
      given.records = new ArrayList<>();
      long at = 0;
      for (int i = 0; i < layers.size(); i++) {
        LayerRecord record =
            new GivenRecord(
                array(layers.get(i).get("inputs"), type, examples, (long) sizes[i]),
                array(
                    layers.get(i).get("preActivationGradients"),
                    type,
                    examples,
                    (long) sizes[i + 1]),
                examples,
                bias,
                at);
        given.records.add(record);
        at += (long) ((sizes[i] + (bias ? 1 : 0)) * sizes[i + 1]);
      }
      optimizer.step();
      deviation.compare(
          "expected[" + k + "]",
          flat(file.json().get("expected").get(k), "weight", "bias", sizes, DataType.DOUBLE)
              .toDoubleVector(),
          given.parameters.toDoubleVector());
      k++;
    }
    GradientState state = optimizer.state();
    for (int i = 0; i + 1 < sizes.length; i++) {
      JsonNode inverses = file.json().get("expectedFinalInverses").get(i);
      deviation.compare(
          "inputInverse[" + i + "]",
          GoldenFile.numbers(inverses.get("inputInverse")),
          numbers(state.matrix(2 * i)));
      deviation.compare(
          "outputInverse[" + i + "]",
          GoldenFile.numbers(inverses.get("outputInverse")),
          numbers(state.matrix(2 * i + 1)));
    }
  }

  /** The layers' matrices [inputs (+ 1), outputs] behind each other; the file has them turned. */
  private static INDArray flat(
      JsonNode layers, String weight, String bias, double[] sizes, DataType type) {
    List<INDArray> parts = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      INDArray turned =
          array(layers.get(i).get(weight), type, (long) sizes[i + 1], (long) sizes[i]);
      parts.add(Nd4j.createFromArray(numbers(turned.transpose())).castTo(type));
      if (layers.get(i).hasNonNull(bias)) {
        parts.add(array(layers.get(i).get(bias), type, (long) sizes[i + 1]));
      }
    }
    return Nd4j.concat(0, parts.toArray(INDArray[]::new));
  }

  private static void shermanMorrison(GoldenFile file, Deviation deviation) {
    long[] shape = shape(file, "shape");
    INDArray matrix = array(file.json().get("matrix"), DataType.DOUBLE, shape);
    INDArray vector = Nd4j.createFromArray(file.numbers("vector"));
    double decay = file.json().path("decay").asDouble(0.95);
    INDArray inverse = Nd4j.create(DataType.DOUBLE, shape);
    DampedInverse.invert(matrix, Double.MIN_NORMAL, inverse);
    INDArray plain = inverse.dup('c');
    ShermanMorrison.plain(plain, vector);
    deviation.compare("expectedPlainInverse", file.numbers("expectedPlainInverse"), numbers(plain));
    INDArray exact = inverse.dup('c');
    ShermanMorrison.decayed(exact, decay, vector);
    deviation.compare(
        "expectedExactDecayedInverse", file.numbers("expectedExactDecayedInverse"), numbers(exact));
    ShermanMorrison.towardsIdentity(inverse, decay, vector);
    deviation.compare(
        "expectedMkorOfficialInverse",
        file.numbers("expectedMkorOfficialInverse"),
        numbers(inverse));
  }

  /** A network of one convolution whose errors are the file's. */
  private static void convolution(GoldenFile file, DataType type, Deviation deviation) {
    long[] inputShape = shape(file, "inputShape");
    long[] errorShape = shape(file, "preActivationGradientShape");
    ConvolutionLayer layer =
        new ConvolutionLayer.Builder(sizes(file, "kernel"))
            .stride(sizes(file, "stride"))
            .padding(sizes(file, "padding"))
            .nOut((int) errorShape[1])
            .convolutionMode(ConvolutionMode.Truncate)
            .activation(Activation.IDENTITY)
            .build();
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(type)
                .updater(new Sgd(0.1))
                .list()
                .layer(layer)
                .layer(
                    new CnnLossLayer.Builder(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.convolutional(inputShape[2], inputShape[3], inputShape[1]))
                .build());
    network.init();
    network.setInput(array(file.json().get("input"), type, inputShape));
    network.setLabels(Nd4j.create(type, errorShape));
    INDArray errors =
        array(file.json().get("preActivationGradients"), type, errorShape)
            .permute(0, 2, 3, 1)
            .dup('c')
            .reshape('c', new long[] {-1, errorShape[1]});
    ModelOracle oracle = new ModelOracle(network);
    INDArray gradient = oracle.parameters().ulike();
    Tape tape =
        oracle.record(
            oracle.parameters().dup(),
            (output, loss, labels, z, activation, mask) -> errors,
            gradient);
    oracle.restore();
    LayerRecord record = tape.layers().get(0);
    INDArray matrix = record.readMatrix(gradient);
    long patch = matrix.rows() - 1;
    deviation.compare(
        "expectedWeightGradient",
        file.numbers("expectedWeightGradient"),
        numbers(matrix.get(NDArrayIndex.interval(0, patch), NDArrayIndex.all()).transpose()));
    deviation.compare(
        "expectedBiasGradient",
        file.numbers("expectedBiasGradient"),
        numbers(matrix.getRow(patch)));
    KroneckerFactors factors = KroneckerFactors.of(record, record);
    deviation.compare("expectedA", file.numbers("expectedA"), numbers(factors.inputPerExample()));
    deviation.compare("expectedG", file.numbers("expectedG"), numbers(factors.error()));
  }

  private static int[] sizes(GoldenFile file, String field) {
    return Arrays.stream(shape(file, field)).mapToInt(Math::toIntExact).toArray();
  }

  private static void recurrent(GoldenFile file, DataType type, Deviation deviation) {
    long[] inputShape = shape(file, "inputShape");
    long examples = inputShape[0];
    long steps = inputShape[2];
    INDArray mask =
        file.has("mask")
            ? array(file.json().get("mask"), type, examples, steps)
            : Nd4j.ones(type, examples, steps);
    GivenRecord record =
        new GivenRecord(
            timeRows(array(file.json().get("input"), type, inputShape)),
            timeRows(
                array(
                        file.json().get("preActivationGradients"),
                        type,
                        shape(file, "preActivationGradientShape"))
                    .mul(mask.reshape('c', new long[] {examples, 1, steps}))),
            (int) examples,
            false,
            0);
    double[] counts = numbers(mask);
    record.unmaskedRows = IntStream.range(0, counts.length).filter(i -> counts[i] != 0).toArray();
    deviation.compare(
        "expectedWeightGradient",
        file.numbers("expectedWeightGradient"),
        numbers(record.inputs.transpose().mmul(record.errors).divi(examples)));
    KroneckerFactors factors = KroneckerFactors.of(record, record);
    deviation.compare("expectedA", file.numbers("expectedA"), numbers(factors.input()));
    deviation.compare("expectedG", file.numbers("expectedG"), numbers(factors.error()));
    deviation.compare(
        "expectedMeanSteps",
        new double[] {file.json().get("expectedMeanSteps").asDouble()},
        new double[] {factors.positions()});
  }

  /** [examples, size, time] as rows. */
  private static INDArray timeRows(INDArray sequences) {
    return sequences.permute(0, 2, 1).dup('c').reshape('c', new long[] {-1, sequences.size(1)});
  }

  /** A function whose gradient and records are set before each step. */
  private static final class Given implements GradientOracle {

    private final INDArray parameters;
    private INDArray gradient;
    private List<LayerRecord> records;

    Given(INDArray parameters) {
      this.parameters = parameters;
    }

    @Override
    public INDArray parameters() {
      return parameters;
    }

    @Override
    public double lossAndGradient(INDArray point, INDArray gradientOut) {
      gradientOut.assign(gradient);
      return 0;
    }

    @Override
    public Tape record(INDArray point, OutputErrors errors, INDArray gradientOut) {
      gradientOut.assign(gradient);
      int examples = records.get(0).examples();
      return new Tape(examples, size(), parameters.dataType(), records, List.of(), new INDArray[1]);
    }
  }

  /** A layer whose matrix lies row by row in the parameters. */
  private static final class GivenRecord extends LayerRecord {

    private final INDArray inputs;
    private final INDArray errors;
    private final int examples;
    private final boolean bias;
    private final long from;
    private int[] unmaskedRows;

    GivenRecord(INDArray inputs, INDArray errors, int examples, boolean bias, long from) {
      this.inputs = inputs;
      this.errors = errors;
      this.examples = examples;
      this.bias = bias;
      this.from = from;
    }

    @Override
    public String name() {
      return "given (at " + from + ")";
    }

    @Override
    public int examples() {
      return examples;
    }

    @Override
    public int positions() {
      return (int) errors.size(0) / examples;
    }

    @Override
    public INDArray inputRows() {
      return inputs;
    }

    @Override
    public INDArray errorRows() {
      return errors;
    }

    @Override
    public boolean hasBias() {
      return bias;
    }

    @Override
    public boolean isLinear() {
      return true;
    }

    @Override
    public int[] unmaskedRows() {
      return unmaskedRows;
    }

    private INDArray part(INDArray vector) {
      long rows = inputs.size(1) + (bias ? 1 : 0);
      return vector
          .get(NDArrayIndex.interval(from, from + rows * errors.size(1)))
          .reshape('c', new long[] {rows, errors.size(1)});
    }

    @Override
    public INDArray readMatrix(INDArray vector) {
      return part(vector).dup('c');
    }

    @Override
    public void writeMatrix(INDArray matrix, INDArray vector) {
      part(vector).assign(matrix);
    }

    @Override
    public void addSquaredNorms(double[] sums) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void weightedSum(double[] weights, INDArray out) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void addProducts(INDArray vector, double[] sums) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void gradients(INDArray rows) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void addGramian(LayerRecord other, INDArray gramian) {
      throw new UnsupportedOperationException();
    }
  }
}
