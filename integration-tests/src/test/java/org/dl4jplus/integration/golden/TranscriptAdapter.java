package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.optim.first.HeavyBall;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Methods that replace a step's gradient, against a transcript of what they ask for. */
final class TranscriptAdapter implements GoldenAdapter {

  private static final List<String> ALGORITHMS =
      List.of("SAM", "ASAM", "GSAM", "WSAM", "LookSAM", "FriendlySAM", "FSAM", "GAM", "FAD");

  private static final ObjectMapper MAPPER = NeuralNetConfiguration.mapper();

  static void register(Map<String, GoldenAdapter> adapters) {
    TranscriptAdapter adapter = new TranscriptAdapter();
    ALGORITHMS.forEach(algorithm -> adapters.put(algorithm, adapter));
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    TranscriptOracle oracle = new TranscriptOracle(file, type, deviation);
    OracleOptimizer optimizer =
        new OracleOptimizer(method(file.config()), updater(file.json()), oracle);
    for (int k = 0; k < file.rows("steps"); k++) {
      JsonNode step = file.json().get("steps").get(k);
      oracle.begin(k);
      optimizer.step();
      deviation.compare(
          "steps[" + k + "].gradientOut",
          GoldenFile.numbers(step.get("gradientOut")),
          optimizer.gradient().toDoubleVector());
      deviation.compare(
          "steps[" + k + "].paramsAfter",
          GoldenFile.numbers(step.get("paramsAfter")),
          oracle.parameters().toDoubleVector());
    }
  }

  private static IUpdater updater(JsonNode file) {
    JsonNode base = file.get("baseUpdater");
    double learningRate = base.get("learningRate").asDouble();
    return switch (base.get("type").asText()) {
      case "Sgd" -> new Sgd(learningRate);
      case "SgdMomentum" ->
          HeavyBall.builder()
              .learningRate(learningRate)
              .momentum(base.get("momentum").asDouble())
              .build();
      default -> throw new IllegalArgumentException(base.toString());
    };
  }

  static GradientListener method(ObjectNode config) {
    try {
      Class<?> type = Class.forName(config.remove("@class").asText());
      return (GradientListener) MAPPER.readValue(MAPPER.writeValueAsString(config), type);
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
