package org.dl4jplus.integration.golden;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
      INDArray turned = array(layers.get(i).get(weight), type, (long) sizes[i + 1], (long) sizes[i]);
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
    deviation.compare(
        "expectedPlainInverse", file.numbers("expectedPlainInverse"), numbers(plain));
    INDArray exact = inverse.dup('c');
    ShermanMorrison.decayed(exact, decay, vector);
    deviation.compare(
        "expectedExactDecayedInverse",
        file.numbers("expectedExactDecayedInverse"),
        numbers(exact));
    ShermanMorrison.towardsIdentity(inverse, decay, vector);
    deviation.compare(
        "expectedMkorOfficialInverse",
        file.numbers("expectedMkorOfficialInverse"),
        numbers(inverse));
  }
}
