package org.dl4jplus.integration.golden;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.ScaleBiO;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.task.SourceWeights;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.databind.JsonNode;

/** ScaleBiO's weights of sources, and its loop with plain SGD; always in double precision. */
final class ScaleBiOAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    ScaleBiOAdapter adapter = new ScaleBiOAdapter();
    adapters.put("ScaleBiO source weights", adapter);
    adapters.put("ScaleBiO loop (SGD for all three)", adapter);
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode test : file.json().get("cases")) {
      if (test.has("source")) {
        weights(test, deviation);
      } else {
        trajectory(test, deviation);
      }
    }
  }

  private static double[] numbers(JsonNode json) {
    return BilevelCases.array(json).toDoubleVector();
  }

  private static void weights(JsonNode test, Deviation deviation) {
    int[] source = new int[test.get("source").size()];
    for (int i = 0; i < source.length; i++) {
      source[i] = test.get("source").get(i).asInt();
    }
    SourceWeights weights = new SourceWeights(numbers(test.get("p")), source);
    double[] losses = numbers(test.get("perExampleLoss"));
    double loss = 0;
    for (int i = 0; i < losses.length; i++) {
      loss += weights.weights()[i] * losses[i];
    }
    double[] weighted = {loss};
    deviation.compare(test, "probabilities", weights::probabilities);
    deviation.compare(test, "weightedLoss", () -> weighted);
    deviation.compare(test, "gradP", () -> weights.gradient(losses));
    deviation.compare(test, "gradPerExample", weights::weights);
  }

  private static void trajectory(JsonNode test, Deviation deviation) {
    JsonNode config = test.get("config");
    ScaleBiO method =
        ScaleBiO.builder()
            .alpha(config.get("alpha").asDouble())
            .tau(config.path("tau").asDouble(1))
            .lrU(config.get("lrU").asDouble())
            .lrW(config.get("lrW").asDouble())
            .lrLambda(config.get("lrLambda").asDouble())
            .weightDecay(config.path("weightDecay").asDouble(0))
            .updater(new Sgd())
            .build();
    Regression problem = new Regression(test);
    BilevelTrainer trainer =
        new BilevelTrainer(
            problem,
            method,
            Nd4j.zeros(DataType.DOUBLE, problem.dimX()),
            Nd4j.zeros(DataType.DOUBLE, problem.dimY()),
            0);
    JsonNode expected = test.get("expected");
    int steps = expected.get("p").get("shape").get(0).asInt();
    for (int k = 0; k < steps; k++) {
      trainer.step();
      for (Iterator<String> names = expected.fieldNames(); names.hasNext(); ) {
        String name = names.next();
        INDArray actual =
            switch (name) {
              case "p" -> trainer.x();
              case "w" -> trainer.y();
              default -> trainer.state().vector(name);
            };
        deviation.compare(
            name + " after step " + k,
            BilevelCases.array(expected.get(name)).getRow(k).toDoubleVector(),
            actual.toDoubleVector());
      }
    }
  }

  /** Least squares on sources: halves of mean squares, the sources' by softmax(p). */
  private static final class Regression implements BilevelProblem {

    private final List<INDArray> sources = new ArrayList<>();
    private final List<INDArray> targets = new ArrayList<>();
    private final INDArray validation;
    private final INDArray validationTargets;

    Regression(JsonNode test) {
      for (int s = 0; s < test.get("X").size(); s++) {
        sources.add(BilevelCases.array(test.get("X").get(s)));
        targets.add(BilevelCases.array(test.get("y").get(s)));
      }
      validation = BilevelCases.array(test.get("V"));
      validationTargets = BilevelCases.array(test.get("yv"));
    }

    @Override
    public long dimX() {
      return sources.size();
    }

    @Override
    public long dimY() {
      return validation.columns();
    }

    /** The half of the mean square; adds its gradient times a weight. */
    private static double add(
        INDArray rows, INDArray targets, INDArray w, double weight, INDArray gradient) {
      INDArray errors = rows.mmul(w).subi(targets);
      if (gradient != null) {
        gradient.addi(rows.transpose().mmul(errors).muli(weight / rows.rows()));
      }
      return 0.5 * BilevelCases.dot(errors, errors) / rows.rows();
    }

    @Override
    public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      for (INDArray gradient : new INDArray[] {gradientX, gradientY}) {
        if (gradient != null) {
          gradient.assign(0);
        }
      }
      return add(validation, validationTargets, y, 1, gradientY);
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      // One example for each source: its loss is the source's.
      int[] one = new int[sources.size()];
      for (int s = 0; s < one.length; s++) {
        one[s] = s;
      }
      SourceWeights weights = new SourceWeights(x.toDoubleVector(), one);
      double[] q = weights.weights();
      double[] losses = new double[one.length];
      if (gradientY != null) {
        gradientY.assign(0);
      }
      double loss = 0;
      for (int s = 0; s < one.length; s++) {
        losses[s] = add(sources.get(s), targets.get(s), y, q[s], gradientY);
        loss += q[s] * losses[s];
      }
      if (gradientX != null) {
        gradientX.assign(Nd4j.createFromArray(weights.gradient(losses)));
      }
      return loss;
    }
  }
}
