package org.dl4jplus.integration.golden;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.dl4jplus.ot.LossProximalMatching;
import org.dl4jplus.ot.prox.ConvexPotential;
import org.dl4jplus.ot.prox.ConvexPotential.Weights;
import org.dl4jplus.ot.solver.MongeGap;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Networks as maps between points of one space, always in double precision. */
final class MapAdapter {

  private MapAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("MongeGap", MapAdapter::mongeGap);
    adapters.put("LearnedProximalNetwork", MapAdapter::proximal);
  }

  private static void mongeGap(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.config();
    JsonNode inputs = file.json().get("inputs");
    MongeGap.Gap gap =
        MongeGap.builder()
            .epsilon(config.has("epsilon") ? (Double) config.get("epsilon").asDouble() : null)
            .tolerance(1e-12)
            .build()
            .evaluate(rows(inputs.get("x")), rows(inputs.get("y")));
    compare(file, deviation, "mongeGap", gap.value());
    compare(file, deviation, "entRegCost", gap.transport().entRegCost());
    compare(file, deviation, "meanDisplacementCost", gap.displacement());
    compare(file, deviation, "gradY", gap.gradientY());
  }

  private static void proximal(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.config();
    JsonNode inputs = file.json().get("inputs");
    Weights weights =
        new Weights(
            arrays(inputs.get("linWeights")),
            arrays(inputs.get("resWeights")),
            arrays(inputs.get("resBiases")).stream().map(b -> b.reshape(1, b.length())).toList());
    Weights gradients = new Weights(like(weights.lin()), like(weights.res()), like(weights.bias()));
    ConvexPotential.Point point =
        new ConvexPotential(config.get("beta").asDouble(), config.path("alpha").asDouble(0))
            .at(array(inputs.get("x")), weights);
    INDArray target = array(inputs.get("target"));
    IActivation identity = Activation.IDENTITY.getActivationFunction();
    Pair<Double, INDArray> loss =
        new LossProximalMatching(config.get("gamma").asDouble())
            .computeGradientAndScore(target, point.gradient(), identity, null, true);
    point.backward(loss.getSecond().div(target.size(0)), gradients);
    compare(file, deviation, "scalar", values(point.value()));
    compare(file, deviation, "prox", values(point.gradient()));
    compare(file, deviation, "loss", loss.getFirst());
    compareAll(file, deviation, "gradLinWeights", gradients.lin());
    compareAll(file, deviation, "gradResWeights", gradients.res());
    compareAll(file, deviation, "gradResBiases", gradients.bias());
  }

  private static INDArray array(JsonNode node) {
    long[] shape =
        Arrays.stream(GoldenFile.numbers(node.get("shape"))).mapToLong(v -> (long) v).toArray();
    return Nd4j.create(data(node), shape, 'c');
  }

  private static List<INDArray> arrays(JsonNode list) {
    List<INDArray> arrays = new ArrayList<>();
    list.forEach(node -> arrays.add(array(node)));
    return arrays;
  }

  private static List<INDArray> like(List<INDArray> arrays) {
    return arrays.stream().map(a -> Nd4j.zeros(DataType.DOUBLE, a.shape())).toList();
  }

  private static double[] values(INDArray array) {
    return array.dup('c').data().asDouble();
  }

  private static void compareAll(
      GoldenFile file, Deviation deviation, String name, List<INDArray> actual) {
    JsonNode expected = file.json().get("expected").get(name);
    for (int k = 0; k < actual.size(); k++) {
      deviation.compare(name + k, data(expected.get(k)), values(actual.get(k)));
    }
  }

  private static double[] data(JsonNode array) {
    return GoldenFile.numbers(array.get("data"));
  }

  private static double[][] rows(JsonNode array) {
    double[] data = data(array);
    int columns = array.get("shape").get(1).asInt();
    double[][] rows = new double[data.length / columns][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(data, i * columns, (i + 1) * columns));
    return rows;
  }

  private static void compare(GoldenFile file, Deviation deviation, String name, double actual) {
    double expected = file.json().get("expected").get(name).asDouble();
    deviation.compare(name, new double[] {expected}, new double[] {actual});
  }

  private static void compare(GoldenFile file, Deviation deviation, String name, double[] actual) {
    deviation.compare(name, data(file.json().get("expected").get(name)), actual);
  }
}
