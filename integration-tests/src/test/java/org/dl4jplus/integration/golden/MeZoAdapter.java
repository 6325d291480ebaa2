package org.dl4jplus.integration.golden;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.MeZO;
import org.dl4jplus.optim.zeroth.ZoStep;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** MeZO along recorded directions, always in double precision. */
final class MeZoAdapter implements GoldenAdapter {

  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("MeZO", new MeZoAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    MeZO method;
    try {
      method =
          JSON.readValue(file.config().put("@class", MeZO.class.getName()).toString(), MeZO.class);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    JsonNode json = file.json();
    INDArray x = Nd4j.createFromArray(file.numbers("params"));
    ZoObjective function = ZerothOrderProblem.of(json.get("problem"));
    List<Double> losses = new ArrayList<>();
    ZoProblem problem =
        ZoProblem.of(
            point -> {
              double loss = function.value(point);
              losses.add(loss);
              return loss;
            },
            x,
            ZerothOrderProblem.stretches(json.get("problem"), x.length()));
    Perturber perturber = new Perturber(x, problem.stretches());
    GradientState state = new GradientState();
    Directions directions =
        (iteration, query, from, target, length) -> {
          JsonNode recorded = json.get("directions").get((int) iteration);
          double[] z =
              GoldenFile.numbers(recorded.get(0).isArray() ? recorded.get(query) : recorded);
          System.arraycopy(z, (int) from, target, 0, length);
        };
    for (int t = 0; t < file.rows("directions"); t++) {
      losses.clear();
      method.step(new ZoStep(problem, perturber, t, 0, state), directions);
      double[] seen = losses.stream().mapToDouble(v -> v).toArray();
      deviation.compare("losses " + t, file.numbers("expectedLosses", t), seen);
      if (file.has("expectedProjectedGradients") && method.getQueries() == 1) {
        double[] expected = {file.numbers("expectedProjectedGradients")[t]};
        double estimate =
            method.getPerturbationMode() == MeZO.PerturbationMode.TWO_SIDED
                ? (seen[0] - seen[1]) / (2 * method.getEpsilon())
                : (seen[1] - seen[0]) / method.getEpsilon();
        deviation.compare("estimate " + t, expected, new double[] {estimate});
      }
      deviation.compare("params " + t, file.numbers("expectedParams", t), x.toDoubleVector());
    }
  }
}
