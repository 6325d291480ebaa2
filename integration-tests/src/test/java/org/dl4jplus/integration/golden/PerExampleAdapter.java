package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
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
import org.dl4jplus.optim.first.tape.LayerRecord;
import org.dl4jplus.optim.first.tape.Tape;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Norms and clipped sums of single examples' gradients, out of one pass. */
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
    private final Tape tape;
    private final INDArray sum;

    Case(JsonNode json, DataType type, Deviation deviation) {
      this.json = json;
      this.type = type;
      this.deviation = deviation;
      network = network();
      for (JsonNode parameter : json.get("params")) {
        network.setParam(key(parameter), array(parameter));
      }
      network.setInput(array(json.get("x")));
      network.setLabels(array(json.get("y")));
      ModelOracle oracle = new ModelOracle(network);
      sum = oracle.parameters().ulike();
      tape = oracle.record(oracle.parameters().dup(), null, sum);
      oracle.restore();
      sum.muli(tape.examples());
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
      double bound = json.get("clipNorm").asDouble();
      double[] norms = roots(tape.squaredNorms());
      compare("perExampleNorms", GoldenFile.numbers(expected.get("perExampleNorms")), norms);
      double[][] perLayer = new double[tape.layers().size()][];
      INDArray clippedByLayer = sum.ulike();
      double layerBound = bound / Math.sqrt(perLayer.length);
      for (int i = 0; i < perLayer.length; i++) {
        LayerRecord layer = tape.layers().get(i);
        double[] squares = new double[tape.examples()];
        layer.addSquaredNorms(squares);
        perLayer[i] = roots(squares);
        layer.weightedSum(map(perLayer[i], n -> Math.min(1, layerBound / n)), clippedByLayer);
      }
      int at = 0;
      for (JsonNode layer : expected.get("perLayerNorms")) {
        compare("perLayerNorms", GoldenFile.numbers(layer), perLayer[at++]);
      }
      compare("sumGradient", sum);
      INDArray clipped = sum.ulike();
      tape.weightedSum(map(norms, n -> bound / (n + AUTOMATIC_STABILITY)), clipped);
      compare("clippedSumAutoS", clipped);
      compare("clippedSumPerLayer", clippedByLayer);
      tape.weightedSum(map(norms, n -> Math.min(1, bound / n)), clipped);
      compare("clippedSumFlat", clipped);
      // The noise's own layout is that of the parameters.
      for (JsonNode noise : expected.get("standardNormalNoise")) {
        network.setParam(key(noise), array(noise));
      }
      INDArray noisy =
          network
              .params()
              .reshape(sum.length())
              .mul(json.get("noiseMultiplier").asDouble() * bound)
              .addi(clipped)
              .divi(json.get("expectedBatchSize").asDouble());
      compare("noisyMeanFlat", noisy);
    }

    private static double[] roots(double[] squares) {
      return map(squares, Math::sqrt);
    }

    private static double[] map(double[] values, DoubleUnaryOperator function) {
      return Arrays.stream(values).map(function).toArray();
    }

    private void compare(String what, double[] expected, double[] actual) {
      deviation.compare(json.get("case").asText() + ", " + what, expected, actual);
    }

    /** By way of the network's views, which know where each variable lies. */
    private void compare(String what, INDArray vector) {
      network.setParams(vector.reshape(1, vector.length()));
      for (JsonNode variable : json.get("expected").get(what)) {
        INDArray view = network.getParam(key(variable));
        compare(
            what + " " + key(variable),
            GoldenFile.numbers(variable.get("data")),
            Nd4j.toFlattened('c', view).castTo(DataType.DOUBLE).toDoubleVector());
      }
    }
  }
}
