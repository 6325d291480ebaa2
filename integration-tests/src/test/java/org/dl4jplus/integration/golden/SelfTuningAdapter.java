package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jplus.bilevel.problem.HyperTransform;
import org.dl4jplus.bilevel.selftuning.SelfTuningConvolutionLayer;
import org.dl4jplus.bilevel.selftuning.SelfTuningDenseLayer;
import org.dl4jplus.bilevel.selftuning.SelfTuningLayer;
import org.dl4jplus.bilevel.selftuning.SelfTuningTrainer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The layers and transforms of self-tuning networks. */
final class SelfTuningAdapter implements GoldenAdapter {

  private static final Map<String, String> NAMES =
      Map.of(
          "elem_weight", "elemW",
          "hnet_weight", "hnetW",
          "elem_bias", "elemB",
          "hnet_bias", "hnetB",
          "elem_scalar", "elemScalar",
          "htensor_to_scalars.weight", "T");

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("Self-Tuning Network layers", new SelfTuningAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      if (one.has("params")) {
        layer(one, deviation);
      } else {
        transforms(one, deviation);
      }
    }
  }

  private static void layer(JsonNode one, Deviation deviation) {
    INDArray input = array(one.get("input"));
    INDArray h = array(one.get("h"));
    JsonNode parameters = one.get("params");
    boolean conv = one.get("kind").asText().equals("conv");
    long[] shape = array(parameters.get("elem_weight")).shape();
    SelfTuningLayer.Builder<?> builder =
        conv
            ? new SelfTuningConvolutionLayer.Builder()
                .kernelSize((int) shape[2], (int) shape[3])
                .padding(1, 1)
            : new SelfTuningDenseLayer.Builder();
    builder
        .nIn(shape[1])
        .nOut(shape[0])
        .hyperparameters((int) h.size(1))
        .activation(Activation.IDENTITY);
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(1))
                .list((SelfTuningLayer) builder.build())
                .build());
    network.init();
    network.initGradientsView();
    NAMES.forEach(
        (golden, own) -> {
          INDArray to = network.getLayer(0).getParam(own);
          to.assign(ownShape(golden, conv, array(parameters.get(golden)), to.shape()));
        });
    SelfTuningLayer layer = (SelfTuningLayer) network.getLayer(0).conf().getLayer();
    layer.perturb(null);
    deviation.compare(one, "outputWithoutH", () -> row(network.output(input, false)));
    layer.perturb(h);
    network.setInput(input);
    INDArray output = network.feedForward(true, false).get(1);
    deviation.compare(one, "output", () -> row(output));
    Gradient gradient =
        network
            .getLayer(0)
            .backpropGradient(array(one.get("outputCotangent")), LayerWorkspaceMgr.noWorkspaces())
            .getFirst();
    NAMES.forEach(
        (golden, own) -> {
          INDArray actual = gradient.getGradientFor(own);
          JsonNode expected = one.path("gradParams").path(golden);
          if (expected.isMissingNode()) {
            return;
          }
          deviation.compare(
              golden, row(ownShape(golden, conv, array(expected), actual.shape())), row(actual));
        });
    deviation.compare(one, "gradH", () -> row(layer.gradientOfHyperparameters()));
  }

  /** Golden weights are [out, in]; DL4J's dense ones [in, out]. */
  private static INDArray ownShape(String golden, boolean conv, INDArray array, long[] shape) {
    if (golden.endsWith("_weight") && !conv) {
      return array.transpose();
    }
    return array.reshape(shape);
  }

  private static void transforms(JsonNode one, Deviation deviation) {
    double[] x = GoldenFile.numbers(one.get("x").get("data"));
    for (var fields = one.fields(); fields.hasNext(); ) {
      var field = fields.next();
      String[] words = field.getKey().split("_");
      if (words[0].equals("project")) {
        HyperTransform transform = new HyperTransform(bound(words[1]), bound(words[2]));
        deviation.compare(
            field.getKey(),
            GoldenFile.numbers(field.getValue().get("data")),
            Arrays.stream(x).map(transform::value).toArray());
      } else if (words[0].equals("entropyOfScales")) {
        deviation.compare(
            field.getKey(),
            new double[] {field.getValue().asDouble()},
            new double[] {SelfTuningTrainer.entropy(x)});
      } else if (words[0].equals("inverseSoftplus")) {
        deviation.compare(
            field.getKey(),
            GoldenFile.numbers(field.getValue().get("data")),
            Arrays.stream(x)
                .map(HyperTransform::softplus)
                .map(HyperTransform::inverseSoftplus)
                .toArray());
      } else if (words[0].equals("s") && words[1].equals("logit")) {
        HyperTransform transform = new HyperTransform(bound(words[2]), bound(words[3]));
        deviation.compare(
            field.getKey(),
            new double[] {field.getValue().asDouble()},
            new double[] {transform.inverse(Double.parseDouble(words[5]))});
      }
    }
  }

  private static double bound(String word) {
    return switch (word) {
      case "minf" -> Double.NEGATIVE_INFINITY;
      case "inf" -> Double.POSITIVE_INFINITY;
      default -> Double.parseDouble(word);
    };
  }

  private static INDArray array(JsonNode node) {
    return Nd4j.createFromArray(GoldenFile.numbers(node.get("data")))
        .reshape(
            'c',
            Arrays.stream(GoldenFile.numbers(node.get("shape")))
                .mapToLong(d -> (long) d)
                .toArray());
  }

  private static double[] row(INDArray array) {
    return array.dup('c').data().asDouble();
  }
}
