package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.optim.first.MomentumConFIG;
import org.dl4jplus.optim.first.multiobjective.Aggregator;
import org.dl4jplus.optim.first.multiobjective.AlignedMtl;
import org.dl4jplus.optim.first.multiobjective.CAGrad;
import org.dl4jplus.optim.first.multiobjective.ConFIG;
import org.dl4jplus.optim.first.multiobjective.Constant;
import org.dl4jplus.optim.first.multiobjective.DualProj;
import org.dl4jplus.optim.first.multiobjective.GradDrop;
import org.dl4jplus.optim.first.multiobjective.ImtlG;
import org.dl4jplus.optim.first.multiobjective.Krum;
import org.dl4jplus.optim.first.multiobjective.LengthModel;
import org.dl4jplus.optim.first.multiobjective.MGDA;
import org.dl4jplus.optim.first.multiobjective.Mean;
import org.dl4jplus.optim.first.multiobjective.NashMtl;
import org.dl4jplus.optim.first.multiobjective.Objective;
import org.dl4jplus.optim.first.multiobjective.PCGrad;
import org.dl4jplus.optim.first.multiobjective.Random;
import org.dl4jplus.optim.first.multiobjective.Sum;
import org.dl4jplus.optim.first.multiobjective.TrimmedMean;
import org.dl4jplus.optim.first.multiobjective.UPGrad;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectReader;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Aggregators of gradients, case by case. In double precision always: which bound is active may
 * hang on the last bits.
 */
final class AggregatorAdapter {

  private static final Map<String, Class<? extends Aggregator>> AGGREGATORS =
      Map.ofEntries(
          Map.entry("Mean", Mean.class),
          Map.entry("Sum", Sum.class),
          Map.entry("Constant", Constant.class),
          Map.entry("Random", Random.class),
          Map.entry("UPGrad", UPGrad.class),
          Map.entry("DualProj", DualProj.class),
          Map.entry("MGDA", MGDA.class),
          Map.entry("PCGrad", PCGrad.class),
          Map.entry("CAGrad", CAGrad.class),
          Map.entry("NashMTL", NashMtl.class),
          Map.entry("IMTLG", ImtlG.class),
          Map.entry("AlignedMTL", AlignedMtl.class),
          Map.entry("ConFIG", ConFIG.class),
          Map.entry("Krum", Krum.class),
          Map.entry("TrimmedMean", TrimmedMean.class));

  private static final ObjectReader READER =
      NeuralNetConfiguration.mapper()
          .reader()
          .with(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private AggregatorAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("aggregators", AggregatorAdapter::aggregators);
    adapters.put("ConFIG", AggregatorAdapter::lengthModels);
    adapters.put("GradDrop", AggregatorAdapter::gradDrop);
    adapters.put("MomentumConFIG", AggregatorAdapter::momentum);
  }

  private static void aggregators(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      String name = one.get("aggregator").asText();
      JsonNode config = one.get("config").deepCopy();
      compare(file, one, read(config, AGGREGATORS.get(name.replace("-", ""))), deviation);
    }
  }

  private static void lengthModels(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      ConFIG.ConFIGBuilder builder = ConFIG.builder();
      if (one.hasNonNull("directionWeights")) {
        builder.directionWeights(numbers(one.get("directionWeights")));
      }
      String model = one.path("lengthModel").asText("PROJECTION");
      if (model.matches("TRACK_\\d+")) {
        builder
            .lengthModel(LengthModel.TRACK_SPECIFIC)
            .trackedObjective(Integer.valueOf(model.substring("TRACK_".length())));
      } else {
        builder.lengthModel(LengthModel.valueOf(model));
      }
      compare(file, one, builder.build(), deviation);
    }
  }

  private static void gradDrop(GoldenFile file, DataType type, Deviation deviation) {
    int index = 0;
    for (JsonNode one : file.json().get("cases")) {
      INDArray jacobian = matrix(one.get("matrix"), one.get("shape"));
      GradDrop.GradDropBuilder builder = GradDrop.builder();
      if (one.hasNonNull("leak")) {
        builder.leak(numbers(one.get("leak")));
      }
      INDArray out = Nd4j.create(DataType.DOUBLE, jacobian.size(1));
      builder.build().aggregate(jacobian, numbers(one.get("uniforms")), out);
      deviation.compare("case " + index++, numbers(one.get("expected")), out.toDoubleVector());
    }
  }

  /** The steps' gradients stand for what the objectives would return. */
  private static void momentum(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode steps = file.json().get("steps");
    int[][] indices = new int[steps.size()][];
    for (int k = 0; k < indices.length; k++) {
      double[] listed = numbers(steps.get(k).get("indexes"));
      indices[k] = Arrays.stream(listed).mapToInt(i -> (int) i).toArray();
    }
    ObjectNode json = file.config();
    json.remove("@class");
    MomentumConFIG config = read(json, MomentumConFIG.class);
    MomentumConFIG method =
        config.toBuilder()
            .schedule((iteration, objectives) -> indices[iteration])
            .objectives(turn -> recorded(steps.get(turn.iteration()), config.getNumObjectives()))
            .build();
    INDArray parameters = Nd4j.createFromArray(file.numbers("params")).castTo(type);
    double learningRate = file.json().get("baseUpdater").get("learningRate").asDouble();
    OracleOptimizer optimizer =
        new OracleOptimizer(method, new Sgd(learningRate), new Still(parameters));
    for (int k = 0; k < indices.length; k++) {
      optimizer.step();
      deviation.compare(
          "output[" + k + "]",
          numbers(steps.get(k).get("output")),
          optimizer.gradient().toDoubleVector());
      deviation.compare(
          "paramsAfter[" + k + "]",
          numbers(steps.get(k).get("paramsAfter")),
          parameters.toDoubleVector());
    }
  }

  private static List<Objective> recorded(JsonNode step, int objectives) {
    Objective[] recorded = new Objective[objectives];
    Arrays.fill(recorded, (Objective) out -> out.assign(Double.NaN));
    for (int k = 0; k < step.get("indexes").size(); k++) {
      double[] gradient = numbers(step.get("gradients").get(k));
      recorded[step.get("indexes").get(k).asInt()] =
          out -> out.assign(Nd4j.createFromArray(gradient));
    }
    return List.of(recorded);
  }

  /** A function whose own gradient is not used. */
  private record Still(INDArray parameters) implements GradientOracle {

    @Override
    public double lossAndGradient(INDArray point, INDArray gradientOut) {
      gradientOut.assign(0);
      return 0;
    }
  }

  /** Cases have tolerances of their own: the deviation is told on the scale of the file's. */
  private static void compare(
      GoldenFile file, JsonNode one, Aggregator aggregator, Deviation deviation) {
    JsonNode matrix = file.json().get("matrices").get(one.get("matrix").asText());
    double[] actual =
        aggregator.aggregate(matrix(matrix.get("values"), matrix.get("shape"))).toDoubleVector();
    double[] expected = numbers(one.get("expected"));
    double factor = file.tolerance() / one.path("tolerance").asDouble(file.tolerance());
    double size = 1;
    for (double x : expected) {
      size = Math.max(size, Math.abs(x));
    }
    double[] scaledExpected = new double[expected.length];
    double[] scaledActual = new double[actual.length];
    for (int i = 0; i < actual.length; i++) {
      scaledActual[i] = factor * (actual[i] - expected[i]) / size;
    }
    deviation.compare(
        aggregator + " of " + one.get("matrix").asText(), scaledExpected, scaledActual);
  }

  private static <T> T read(JsonNode config, Class<T> type) {
    try {
      return READER.forType(type).readValue(config.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static INDArray matrix(JsonNode values, JsonNode shape) {
    return Nd4j.createFromArray(numbers(values))
        .reshape(shape.get(0).asInt(), shape.get(1).asInt());
  }

  private static double[] numbers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }
}
