package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.dl4jplus.bilevel.Batches;
import org.dl4jplus.bilevel.BilevelAlgorithm;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.BoRep;
import org.dl4jplus.bilevel.F2sa;
import org.dl4jplus.bilevel.F3sa;
import org.dl4jplus.bilevel.LvHba;
import org.dl4jplus.bilevel.PenaltyMethod;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Bilevel methods step by step from a recorded start on recorded samples, always in double
 * precision: the second derivatives' differences would drown in single precision.
 */
final class BilevelTrajectoryAdapter implements GoldenAdapter {

  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private final Class<? extends BilevelAlgorithm> type;

  private BilevelTrajectoryAdapter(Class<? extends BilevelAlgorithm> type) {
    this.type = type;
  }

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("F2SA", new BilevelTrajectoryAdapter(F2sa.class));
    adapters.put("F3SA (momentum F2SA)", new BilevelTrajectoryAdapter(F3sa.class));
    adapters.put("PenaltyBilevel (proximal)", new BilevelTrajectoryAdapter(PenaltyMethod.class));
    adapters.put("BO-REP", new BilevelTrajectoryAdapter(BoRep.class));
    adapters.put("LV-HBA", new BilevelTrajectoryAdapter(LvHba.class));
  }

  @Override
  public void run(GoldenFile file, DataType dataType, Deviation deviation) {
    for (JsonNode test : file.json().get("cases")) {
      BilevelProblem problem = BilevelCases.problem(test.get("problem"), test.get("config"));
      BilevelTrainer trainer =
          new BilevelTrainer(
              problem,
              algorithm(test),
              BilevelCases.array(test.get("x0")),
              BilevelCases.array(test.get("y0")),
              0);
      // A recorded start outside a box stays there: the equations project what a step yields.
      trainer.state().x().assign(BilevelCases.array(test.get("x0")));
      trainer.state().y().assign(BilevelCases.array(test.get("y0")));
      JsonNode expected = test.get("expected");
      // Whatever else has a start and is followed lies in the state; BO-REP's z starts at 0.
      for (Iterator<String> names = expected.fieldNames(); names.hasNext(); ) {
        String name = names.next();
        if (type != BoRep.class && !name.equals("x") && !name.equals("y") && test.has(name + "0")) {
          trainer.state().vector(name, () -> BilevelCases.array(test.get(name + "0")));
        }
      }
      int steps = expected.get("x").get("shape").get(0).asInt();
      for (int k = 0; k < steps; k++) {
        trainer.step(new RecordedBatches(test.path("samples"), k));
        compare(trainer, expected, k, test.path("name").asText(), deviation);
      }
    }
  }

  private BilevelAlgorithm algorithm(JsonNode test) {
    ObjectNode config = test.get("config").deepCopy();
    config.put("@class", type.getName());
    // The recorded runs know neither; by default both are on.
    standard(config, "normaliseByLambda", false);
    standard(config, "sharedBatch", !test.path("samples").has("gxz"));
    if (!config.has("xiDecay")) {
      config.put("xiDecay", 0);
    }
    try {
      return JSON.readValue(config.toString(), BilevelAlgorithm.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void standard(ObjectNode config, String name, boolean value) {
    if (!config.has(name)) {
      config.put(name, value);
    }
  }

  private static void compare(
      BilevelTrainer trainer, JsonNode expected, int k, String test, Deviation deviation) {
    for (Iterator<String> names = expected.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      deviation.compare(
          test + ": " + name + " after step " + k,
          BilevelCases.array(expected.get(name)).getRow(k).toDoubleVector(),
          value(trainer, name));
    }
  }

  private static double[] value(BilevelTrainer trainer, String name) {
    if (name.equals("x")) {
      return trainer.x().toDoubleVector();
    }
    if (name.equals("y")) {
      return trainer.y().toDoubleVector();
    }
    INDArray vector = trainer.state().vector(name);
    return vector == null
        ? new double[] {trainer.state().scalar(name, Double.NaN)}
        : vector.toDoubleVector();
  }

  /** What was recorded for a use: one number a step, or one for each draw of a step. */
  private static final class RecordedBatches implements Batches {

    private final JsonNode samples;
    private final int step;
    private final Map<String, Integer> drawn = new HashMap<>();

    RecordedBatches(JsonNode samples, int step) {
      this.samples = samples;
      this.step = step;
    }

    @Override
    public int upper(String use) {
      return draw(use);
    }

    @Override
    public int lower(String use) {
      return draw(use);
    }

    private int draw(String use) {
      if (!samples.has(use)) {
        return BilevelProblem.ALL;
      }
      JsonNode recorded = samples.get(use).get(step);
      int number = drawn.merge(use, 1, Integer::sum) - 1;
      return (recorded.isArray() ? recorded.get(number) : recorded).asInt();
    }
  }
}
