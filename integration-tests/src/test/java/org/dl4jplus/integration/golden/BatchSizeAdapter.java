package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.optim.first.BatchSizeTest;
import org.dl4jplus.optim.first.LinearDecaySchedule;
import org.dl4jplus.optim.first.NoiseScale;
import org.dl4jplus.optim.first.RefinedSchedule;
import org.dl4jplus.optim.first.RefinedSchedule.NormType;
import org.dl4jplus.optim.first.StepLaw;
import org.dl4jplus.optim.first.SurgeRule;
import org.dl4jplus.optim.first.batchsize.GradientSpread;
import org.dl4jplus.optim.first.batchsize.TestBounds;
import org.dl4jplus.optim.first.schedule.Refinement;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Batch sizes, and learning rates over time and over the batch size. */
final class BatchSizeAdapter {

  private static final Map<String, BatchSizeTest> BATCH_SIZE_TESTS =
      Map.of(
          "norm", BatchSizeTest.NORM,
          "innerProduct", BatchSizeTest.INNER_PRODUCT,
          "augmentedInnerProduct", BatchSizeTest.AUGMENTED,
          "coordinatewise", BatchSizeTest.COORDINATEWISE);

  private BatchSizeAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("adaptive batch size tests", BatchSizeAdapter::batchSizeTests);
    adapters.put("RefinedSchedule", BatchSizeAdapter::refinedSchedule);
    adapters.put("scaling laws", BatchSizeAdapter::scalingLaws);
  }

  private static void batchSizeTests(GoldenFile file, DataType type, Deviation deviation) {
    int index = 0;
    for (JsonNode node : file.json().get("cases")) {
      JsonNode examples = node.get("perExampleGradients");
      double[] shape = numbers(examples.get("shape"));
      // In double always: sizes are rounded up.
      INDArray gradients =
          Nd4j.createFromArray(numbers(examples.get("values")))
              .reshape('c', (long) shape[0], (long) shape[1]);
      GradientSpread spread = new GradientSpread(gradients.mean(0), true);
      spread.begin(1);
      for (int i = 0; i < shape[0]; i++) {
        spread.add(gradients.getRow(i).dup());
      }
      for (JsonNode expected : node.get("expected")) {
        String name = "cases[" + index + "]." + expected.get("test").asText() + ".";
        TestBounds bounds =
            new TestBounds(
                number(expected, "eta"),
                number(expected, "theta"),
                number(expected, "nu"),
                number(expected, "coordinateQuantile"));
        int next =
            BATCH_SIZE_TESTS
                .get(expected.get("test").asText())
                .nextBatchSize(
                    spread,
                    bounds,
                    node.get("batchSize").asInt(),
                    expected.path("maxBatchSize").asInt(Integer.MAX_VALUE));
        compare(deviation, name, expected, "newBatchSize", next);
        compare(deviation, name, expected, "varianceOneNorm", spread.variance());
        compare(deviation, name, expected, "gradNormSquared", spread.gradNormSquared());
        compare(deviation, name, expected, "varianceInnerProduct", spread.innerProductVariance());
        compare(deviation, name, expected, "varianceOrthogonal", spread.orthogonalVariance());
      }
      index++;
    }
  }

  private static Double number(JsonNode node, String field) {
    return node.hasNonNull(field) ? node.get(field).asDouble() : null;
  }

  private static void refinedSchedule(GoldenFile file, DataType type, Deviation deviation) {
    int index = 0;
    for (JsonNode node : file.json().get("cases")) {
      String name = "cases[" + index++ + "].";
      double[] norms = numbers(node.get("norms"));
      Double fraction = number(node, "medianFraction");
      double width = fraction == null ? 0.1 : fraction;
      double[] filtered = Refinement.smooth(Refinement.repair(norms), width);
      compare(deviation, name, node, "filterWidth", Refinement.width(norms.length, width));
      compare(deviation, name, node, "filtered", filtered);
      RefinedSchedule schedule =
          RefinedSchedule.fromNorms(
              norms,
              NormType.valueOf(node.path("normType").asText("L2")),
              fraction,
              number(node, "maxWeightRatio"));
      double[] values = new double[norms.length];
      for (int t = 0; t < values.length; t++) {
        values[t] = schedule.valueAt(t, 0);
      }
      compare(deviation, name, node, "schedule", values);
      if (node.hasNonNull("raw")) {
        // Up to a common factor, which the specification has otherwise than the reference.
        double largest = Arrays.stream(numbers(node.get("raw"))).max().orElseThrow();
        compare(
            deviation, name, node, "raw", Arrays.stream(values).map(v -> v * largest).toArray());
      }
    }
  }

  private static void scalingLaws(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode json = file.json();
    for (JsonNode node : json.path("surge")) {
      double peak = node.get("maxLearningRate").asDouble();
      double noise = node.get("noiseBatch").asDouble();
      double batch = node.get("batch").asDouble();
      compare(deviation, "surge.", node, "adam", SurgeRule.adam(peak, noise, batch));
      compare(deviation, "surge.", node, "sgd", SurgeRule.sgd(peak, noise, batch));
    }
    for (JsonNode node : json.path("stepLaw")) {
      double tokens = node.get("tokens").asDouble();
      compare(
          deviation,
          "stepLaw.",
          node,
          "learningRate",
          StepLaw.learningRate(node.get("nonEmbeddingParams").asDouble(), tokens));
      compare(deviation, "stepLaw.", node, "batchTokens", StepLaw.batchTokens(tokens));
    }
    for (JsonNode node : json.path("linearDecay")) {
      LinearDecaySchedule schedule =
          new LinearDecaySchedule(
              node.get("peak").asDouble(), node.get("warmup").asInt(), node.get("total").asInt());
      double[] values = new double[node.get("values").size()];
      for (int t = 0; t < values.length; t++) {
        values[t] = schedule.valueAt(t, 0);
      }
      compare(deviation, "linearDecay.", node, "values", values);
    }
    for (JsonNode node : json.path("noiseScale")) {
      double small = node.get("batchSmall").asDouble();
      double big = node.get("batchBig").asDouble();
      double normSqSmall = node.get("normSqSmall").asDouble();
      double normSqBig = node.get("normSqBig").asDouble();
      NoiseScale scale = new NoiseScale(null);
      scale.add(small, normSqSmall, big, normSqBig);
      compare(deviation, "noiseScale.", node, "gradNormSq", scale.gradNormSq());
      compare(deviation, "noiseScale.", node, "trSigma", scale.trSigma());
      compare(deviation, "noiseScale.", node, "noiseBatch", scale.noiseBatch());
    }
  }

  private static void compare(
      Deviation deviation, String name, JsonNode node, String field, double... actual) {
    if (node.hasNonNull(field)) {
      deviation.compare(name + field, numbers(node.get(field)), actual);
    }
  }

  /** The numbers of an array, or the one number that there is. */
  private static double[] numbers(JsonNode node) {
    if (!node.isArray()) {
      return new double[] {node.asDouble()};
    }
    double[] values = new double[node.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = node.get(i).asDouble();
    }
    return values;
  }
}
