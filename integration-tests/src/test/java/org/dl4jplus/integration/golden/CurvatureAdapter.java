package org.dl4jplus.integration.golden;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.AdaHessian;
import org.dl4jplus.optim.second.Oasis;
import org.dl4jplus.optim.second.Sania;
import org.dl4jplus.optim.second.Sophia;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Methods that scale the gradient by a diagonal of curvature: the file's gradients, losses and
 * estimates are what the method is told when it asks.
 */
final class CurvatureAdapter implements GoldenAdapter {

  private static final ObjectMapper MAPPER = NeuralNetConfiguration.mapper();
  private static final Pattern BLOCK = Pattern.compile("BLOCK\\((\\d+)\\)");

  static void register(Map<String, GoldenAdapter> adapters) {
    CurvatureAdapter adapter = new CurvatureAdapter();
    List.of(
            "AdaHessian",
            "Sophia",
            "Sophia-G",
            "Sophia-H",
            "OASIS",
            "Oasis",
            "SANIA",
            "Sania",
            "SANIA-ADAGRAD_SQR",
            "SANIA-ADAM_SQR",
            "SANIA-HUTCHINSON",
            "SANIA-NONE")
        .forEach(algorithm -> adapters.put(algorithm, adapter));
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    ObjectNode config = file.config();
    String algorithm = file.algorithm();
    config.remove("@class");
    JsonNode rate = config.remove("learningRate");
    if (algorithm.startsWith("Sania") || algorithm.startsWith("SANIA")) {
      preconditioner(algorithm, config);
      steps(file, read(config, Sania.class), rate(rate, 1), type, deviation);
    } else if (algorithm.equals("AdaHessian")) {
      blocks(config);
      steps(file, read(config, AdaHessian.class), rate(rate, 0.15), type, deviation);
    } else if (algorithm.startsWith("Sophia")) {
      if (!config.has("estimator")) {
        config.put("estimator", algorithm.equals("Sophia-H") ? "HUTCHINSON" : "GNB");
      }
      steps(file, read(config, Sophia.class), rate(rate, 1e-4), type, deviation);
    } else {
      trajectory(file, read(config, Oasis.class), rate(rate, 1), type, deviation);
    }
  }

  private static double rate(JsonNode rate, double standard) {
    return rate == null ? standard : rate.asDouble();
  }

  private static <T> T read(ObjectNode config, Class<T> type) {
    return MAPPER.convertValue(config, type);
  }

  private static void preconditioner(String algorithm, ObjectNode config) {
    int dash = algorithm.indexOf('-');
    if (dash > 0 && !config.has("preconditioner")) {
      config.put("preconditioner", algorithm.substring(dash + 1));
    }
  }

  /** The specification writes the block's size into the name. */
  private static void blocks(ObjectNode config) {
    Matcher block = BLOCK.matcher(config.path("spatialAverage").asText());
    if (block.matches()) {
      config.put("spatialAverage", "BLOCK").put("blockSize", Integer.parseInt(block.group(1)));
    }
  }

  private static void steps(
      GoldenFile file, GradientListener method, double rate, DataType type, Deviation deviation) {
    RecordedOracle oracle = new RecordedOracle(file, type);
    OracleOptimizer optimizer = new OracleOptimizer(method, new Sgd(rate), oracle);
    for (int k = 0; k < file.rows("gradients"); k++) {
      oracle.begin(k);
      optimizer.step();
      deviation.compare(
          "expectedParams[" + k + "]",
          file.numbers("expectedParams", k),
          oracle.parameters().toDoubleVector());
      if (file.has("expectedStepSizes")) {
        deviation.compare(
            "expectedStepSizes[" + k + "]",
            new double[] {file.json().get("expectedStepSizes").get(k).asDouble()},
            new double[] {Sania.stepSize(optimizer.state())});
      }
    }
    deviation.compare(
        "estimates that were asked for",
        new double[] {oracle.recorded()},
        new double[] {oracle.asked()});
  }

  private static void trajectory(
      GoldenFile file, Oasis method, double rate, DataType type, Deviation deviation) {
    LogisticOracle oracle = new LogisticOracle(file, type);
    OracleOptimizer optimizer = new OracleOptimizer(method, new Sgd(rate), oracle);
    // Below this change of the parameters the step size is a quotient of rounding.
    double smallest = type == DataType.DOUBLE ? 1e-7 : 1e-2;
    double change = Double.POSITIVE_INFINITY;
    for (int k = 0; k < file.rows("expectedParams"); k++) {
      INDArray before = oracle.parameters().dup();
      double loss = optimizer.step();
      GradientState state = optimizer.state();
      String at = "[" + k + "]";
      deviation.compare(
          "expectedParams" + at,
          file.numbers("expectedParams", k),
          oracle.parameters().toDoubleVector());
      compare(file, "lossBeforeStep", k, loss, deviation);
      if (method.getMode() == Oasis.Mode.ADAPTIVE && change >= smallest) {
        compare(file, "expectedSteps", k, Oasis.stepSize(state), deviation);
      }
      change =
          GradientTurn.norm(before.subi(oracle.parameters()))
              / GradientTurn.norm(oracle.parameters());
    }
    deviation.compare(
        "probes that were asked for",
        new double[] {file.rows("probes")},
        new double[] {oracle.asked()});
  }

  private static void compare(
      GoldenFile file, String field, int k, double actual, Deviation deviation) {
    if (file.has(field)) {
      deviation.compare(
          field + "[" + k + "]",
          new double[] {file.json().get(field).get(k).asDouble()},
          new double[] {actual});
    }
  }
}
