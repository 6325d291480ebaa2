package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.tape.Tape;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpPlan;
import org.dl4jplus.privacy.DpSgd;
import org.dl4jplus.privacy.DpStep;
import org.dl4jplus.privacy.gradient.ClipRule;
import org.dl4jplus.privacy.gradient.Clipping;
import org.dl4jplus.privacy.gradient.GradientEngine;
import org.dl4jplus.privacy.gradient.ModelGradients;
import org.dl4jplus.privacy.gradient.PrivateGradients;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * Norms of single examples' gradients out of one pass, clipped sums by every engine, and the noisy
 * mean that a step of DP-SGD releases.
 */
final class PerExampleAdapter implements GoldenAdapter {

  private static final double AUTOMATIC_STABILITY = 0.01;

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("PerExampleClipping", new PerExampleAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode json : file.json().get("cases")) {
      new Case(json, type, deviation).run();
    }
  }

  /** One network and batch. */
  private static final class Case {

    private final JsonNode json;
    private final DataType type;
    private final Deviation deviation;
    private final MultiLayerNetwork network;
    private final DataSet data;
    private final ModelOracle oracle;
    private final INDArray point;
    private final Tape tape;

    Case(JsonNode json, DataType type, Deviation deviation) {
      this.json = json;
      this.type = type;
      this.deviation = deviation;
      network = network();
      for (JsonNode parameter : json.get("params")) {
        network.setParam(key(parameter), array(parameter));
      }
      data = new DataSet(array(json.get("x")), array(json.get("y")));
      network.setInput(data.getFeatures());
      network.setLabels(data.getLabels());
      oracle = new ModelOracle(network);
      point = oracle.parameters().dup();
      tape = oracle.record(point, null, point.ulike());
      oracle.restore();
    }

    private static String key(JsonNode parameter) {
      return parameter.get("layer").asText() + "_" + parameter.get("param").asText();
    }

    private INDArray array(JsonNode node) {
      long[] shape =
          Arrays.stream(GoldenFile.numbers(node.get("shape"))).mapToLong(d -> (long) d).toArray();
      return Nd4j.createFromArray(GoldenFile.numbers(node.get("data")))
          .castTo(type)
          .reshape('c', shape);
    }

    private MultiLayerNetwork network() {
      ListBuilder list =
          new NeuralNetConfiguration.Builder().dataType(type).updater(new Sgd(1)).list();
      for (JsonNode layer : json.get("layers")) {
        list.layer(layer(layer));
      }
      double[] shape = GoldenFile.numbers(json.get("x").get("shape"));
      InputType input =
          shape.length == 2
              ? InputType.feedForward((long) shape[1])
              : InputType.convolutional((long) shape[2], (long) shape[3], (long) shape[1]);
      MultiLayerNetwork built = new MultiLayerNetwork(list.setInputType(input).build());
      built.init();
      return built;
    }

    private static Layer layer(JsonNode node) {
      Activation activation = Activation.fromString(node.path("activation").asText("identity"));
      String kind = node.get("type").asText();
      JsonNode weightShape = node.path("params").path("W");
      boolean bias = node.path("params").has("b");
      return switch (kind) {
        case "dense" ->
            new DenseLayer.Builder()
                .nOut(weightShape.get(1).asInt())
                .hasBias(bias)
                .hasLayerNorm(node.path("layerNorm").asBoolean())
                .activation(activation)
                .build();
        case "output" ->
            new OutputLayer.Builder(
                    LossFunction.valueOf(node.get("loss").asText().toUpperCase(Locale.ROOT)))
                .nOut(weightShape.get(1).asInt())
                .hasBias(bias)
                .activation(activation)
                .build();
        case "conv" ->
            new ConvolutionLayer.Builder(pair(node, "kernel"))
                .stride(pair(node, "stride"))
                .padding(pair(node, "padding"))
                .nOut(weightShape.get(0).asInt())
                .hasBias(bias)
                .activation(activation)
                .build();
        case "avgpool", "maxpool" ->
            new SubsamplingLayer.Builder(kind.equals("avgpool") ? PoolingType.AVG : PoolingType.MAX)
                .kernelSize(pair(node, "kernel"))
                .stride(pair(node, "stride"))
                .build();
        default -> throw new IllegalArgumentException(kind);
      };
    }

    private static int[] pair(JsonNode node, String field) {
      return Arrays.stream(GoldenFile.numbers(node.get(field))).mapToInt(d -> (int) d).toArray();
    }

    void run() {
      JsonNode expected = json.get("expected");
      compare(
          "perExampleNorms",
          GoldenFile.numbers(expected.get("perExampleNorms")),
          roots(tape.squaredNorms()));
      int at = 0;
      for (JsonNode layer : expected.get("perLayerNorms")) {
        double[] squares = new double[tape.examples()];
        tape.layers().get(at++).addSquaredNorms(squares);
        compare("perLayerNorms", GoldenFile.numbers(layer), roots(squares));
      }
      for (GradientEngine engine : GradientEngine.values()) {
        sums(
            new ModelGradients(oracle, PrivateRecords.of(data), engine, 4)
                .of(IntStream.range(0, tape.examples()).toArray()),
            engine);
      }
    }

    private void sums(PrivateGradients records, GradientEngine engine) {
      double bound = json.get("clipNorm").asDouble();
      double[] clipped = new double[records.coordinates()];
      double[] plain = new double[records.coordinates()];
      records.clippedAndPlainSum(point, rule(Clipping.AUTO_S, bound), clipped, plain);
      compare("sumGradient", plain);
      compare("clippedSumAutoS", clipped);
      if (engine != GradientEngine.GHOST) {
        compare("clippedSumPerLayer", sum(records, rule(Clipping.PER_LAYER, bound)));
      }
      compare("clippedSumFlat", sum(records, rule(Clipping.FLAT, bound)));
      // The noise's own layout is that of the parameters.
      for (JsonNode noise : json.get("expected").get("standardNormalNoise")) {
        network.setParam(key(noise), array(noise));
      }
      double[] normal = network.params().castTo(DataType.DOUBLE).toDoubleVector();
      network.setParams(point.reshape(1, point.length()));
      DpConfig config =
          DpConfig.builder()
              .clipNorm(bound)
              .noiseMultiplier(json.get("noiseMultiplier").asDouble())
              .samplingRate(1.0)
              .build();
      double[] released = new double[records.coordinates()];
      new DpSgd()
          .step(
              new DpPlan(config, null, records.count(), records.coordinates()),
              new DpStep(
                  0,
                  records,
                  json.get("expectedBatchSize").asDouble(),
                  point,
                  config.getNoiseMultiplier(),
                  (values, std) -> {
                    for (int i = 0; i < values.length; i++) {
                      values[i] += std * normal[i];
                    }
                  },
                  released));
      compare("noisyMeanFlat", released);
    }

    private static ClipRule rule(Clipping clipping, double bound) {
      return new ClipRule(clipping, bound, AUTOMATIC_STABILITY, null);
    }

    private double[] sum(PrivateGradients records, ClipRule rule) {
      double[] sum = new double[records.coordinates()];
      records.clippedSum(point, rule, sum);
      return sum;
    }

    private static double[] roots(double[] squares) {
      return Arrays.stream(squares).map(Math::sqrt).toArray();
    }

    private void compare(String what, double[] expected, double[] actual) {
      deviation.compare(json.get("case").asText() + ", " + what, expected, actual);
    }

    /** By way of the network's views, which know where each variable lies. */
    private void compare(String what, double[] vector) {
      network.setParams(Nd4j.createFromArray(vector).castTo(type).reshape(1, vector.length));
      for (JsonNode variable : json.get("expected").get(what)) {
        INDArray view = network.getParam(key(variable));
        compare(
            what + " " + key(variable),
            GoldenFile.numbers(variable.get("data")),
            Nd4j.toFlattened('c', view).castTo(DataType.DOUBLE).toDoubleVector());
      }
      network.setParams(point.reshape(1, point.length()));
    }
  }
}
