package org.dl4jplus.integration.golden;

import java.util.Map;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.TanSimulator;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** The total amount of noise, always in double precision. */
final class TanAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("Tan", new TanAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode json : file.json().get("cases")) {
      DpConfig config = DpConfig.builder().samplingRate(1.0).noiseMultiplier(1.0).build();
      TanSimulator tan =
          new TanSimulator(
              config,
              json.get("batch").asDouble(),
              json.get("noiseMultiplier").asDouble(),
              json.get("steps").asInt(),
              json.get("N").asInt());
      double smaller = json.get("simulateAtBatch").asDouble();
      deviation.compare(
          "eta, epsilonTan, signalToNoise, simulatedNoiseMultiplier, epochsForSameSteps",
          new double[] {
            json.get("eta").asDouble(),
            json.get("epsilonTan").asDouble(),
            json.get("signalToNoise").asDouble(),
            json.get("simulatedNoiseMultiplier").asDouble(),
            json.get("epochsForSameSteps").asDouble()
          },
          new double[] {
            tan.eta(),
            tan.plannedEpsilon(json.get("delta").asDouble()),
            tan.signalToNoise(),
            tan.simulateAt(smaller).getNoiseMultiplier(),
            tan.epochsAt(smaller)
          });
    }
  }
}
