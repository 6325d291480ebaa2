package org.dl4jplus.integration.golden;

import java.util.Map;
import org.dl4jplus.optim.zeroth.ESSingle;
import org.dl4jplus.optim.zeroth.PersistentES;
import org.dl4jplus.optim.zeroth.TruncatedES;
import org.dl4jplus.optim.zeroth.UnrolledES;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.UnrolledProblem;
import org.dl4jplus.optim.zeroth.search.UnrolledRun;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Evolution strategies through a toy inner problem, always in double precision. */
final class UnrolledAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("PersistentES", new UnrolledAdapter());
    adapters.put("ESSingle", new UnrolledAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.config();
    int particles = config.get("particles").asInt();
    int horizon = config.get("horizon").asInt();
    int truncation = config.get("truncation").asInt();
    double sigma = config.get("sigma").asDouble();
    PersistentES persistent =
        PersistentES.builder()
            .particles(particles)
            .horizon(horizon)
            .truncation(truncation)
            .sigma(sigma)
            .build();
    ESSingle single =
        ESSingle.builder()
            .particles(particles)
            .horizon(horizon)
            .truncation(truncation)
            .sigma(sigma)
            .build();
    TruncatedES truncated =
        TruncatedES.builder()
            .particles(particles)
            .horizon(horizon)
            .truncation(truncation)
            .sigma(sigma)
            .build();
    compare(file, "expectedPes", persistent, "pesPerturbations", true, sigma, deviation);
    compare(file, "expectedEsSingle", single, "singlePerturbations", false, sigma, deviation);
    compare(file, "expectedTruncatedEs", truncated, "pesPerturbations", true, sigma, deviation);
  }

  private static void compare(
      GoldenFile file,
      String expected,
      UnrolledES method,
      String perturbations,
      boolean byTruncation,
      double sigma,
      Deviation deviation) {
    if (!file.has(expected)) {
      return;
    }
    JsonNode recorded = file.json().get(perturbations);
    double[] data = GoldenFile.numbers(recorded.get("data"));
    JsonNode shape = recorded.get("shape");
    int pairs = shape.get(byTruncation ? 1 : 0).asInt();
    INDArray theta = Nd4j.createFromArray(file.numbers("theta"));
    int n = (int) theta.length();
    Directions directions =
        (iteration, query, from, target, length) -> {
          int row = byTruncation ? (int) iteration * pairs + query : query;
          for (int i = 0; i < length; i++) {
            target[i] = data[row * n + (int) from + i] / sigma;
          }
        };
    UnrolledRun<double[]> run = method.run(new Toy(file)).along(directions);
    for (int t = 0; t < file.rows(expected); t++) {
      deviation.compare(
          expected + " " + t, file.numbers(expected, t), run.gradient(theta).toDoubleVector());
    }
  }

  /** s - exp(theta0) a s + 0.1 theta1, and the mean of 0.5 sum a s^2 after each step. */
  private static final class Toy implements UnrolledProblem<double[]> {
    private final double[] curvature;
    private final double[] start;

    Toy(GoldenFile file) {
      curvature = file.numbers("curvature");
      start = file.numbers("initialState");
    }

    @Override
    public double[] init(long seed) {
      return start.clone();
    }

    @Override
    public Unrolled<double[]> unroll(INDArray theta, double[] state, int steps, long dataSeed) {
      double[] s = state.clone();
      double rate = Math.exp(theta.getDouble(0));
      double shift = 0.1 * theta.getDouble(1);
      double loss = 0;
      for (int step = 0; step < steps; step++) {
        for (int i = 0; i < s.length; i++) {
          s[i] += shift - rate * curvature[i] * s[i];
          loss += 0.5 * curvature[i] * s[i] * s[i] / steps;
        }
      }
      return new Unrolled<>(loss, s);
    }
  }
}
