package org.dl4jplus.integration.golden;

import java.util.Map;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.estimate.CoordinateGradient;
import org.dl4jplus.optim.zeroth.estimate.Difference;
import org.dl4jplus.optim.zeroth.estimate.EvolutionStrategy;
import org.dl4jplus.optim.zeroth.estimate.GradientEstimator;
import org.dl4jplus.optim.zeroth.estimate.OnePointGradient;
import org.dl4jplus.optim.zeroth.estimate.RandomizedGradient;
import org.dl4jplus.optim.zeroth.estimate.RandomizedGradient.Kind;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Every estimator along recorded directions, always in double precision. */
final class EstimatorAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("GradientEstimators", new EstimatorAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    Difference forward = Difference.FORWARD;
    Difference central = Difference.CENTRAL;
    check(file, deviation, "ForwardRge", "gaussians", random(file, Kind.GAUSSIAN, forward));
    check(file, deviation, "CentralRge", "gaussians", random(file, Kind.GAUSSIAN, central));
    check(file, deviation, "SphereForwardTimesD", "gaussians", random(file, Kind.SPHERE, forward));
    check(file, deviation, "Spsa", "signs", random(file, Kind.SPSA, central));
    check(
        file,
        deviation,
        "AntitheticEs",
        "gaussians",
        EvolutionStrategy.builder().queries(file.rows("gaussians")).build());
    check(
        file,
        deviation,
        "OrthogonalMeanOverQ",
        "orthogonalRawGaussians",
        RandomizedGradient.builder()
            .directions(Kind.ORTHOGONAL)
            .difference(forward)
            .queries(file.rows("orthogonalRawGaussians"))
            .scaled(false)
            .build());
    check(file, deviation, "CentralCge", "gaussians", CoordinateGradient.builder().build());
    residual(file, deviation);
  }

  private static GradientEstimator random(GoldenFile file, Kind kind, Difference difference) {
    return RandomizedGradient.builder()
        .directions(kind)
        .difference(difference)
        .queries(file.rows(kind == Kind.SPSA ? "signs" : "gaussians"))
        .build();
  }

  private static void check(
      GoldenFile file, Deviation deviation, String what, String rows, GradientEstimator estimator) {
    if (file.has("expected" + what)) {
      Directions directions =
          (iteration, query, from, target, length) ->
              System.arraycopy(file.numbers(rows, query), (int) from, target, 0, length);
      double[] estimate =
          estimator.estimate(objective(file), point(file), directions, mu(file)).gradient();
      deviation.compare(what, file.numbers("expected" + what), estimate);
    }
  }

  private static void residual(GoldenFile file, Deviation deviation) {
    if (!file.has("expectedOnePointResidualSequence")) {
      return;
    }
    GradientState memory = new GradientState();
    Directions directions =
        (iteration, query, from, target, length) ->
            System.arraycopy(
                file.numbers("gaussians", (int) iteration), (int) from, target, 0, length);
    for (int t = 0; t <= file.rows("expectedOnePointResidualSequence"); t++) {
      double[] estimate =
          OnePointGradient.builder()
              .build()
              .estimate(objective(file), point(file), directions, mu(file), t, memory)
              .gradient();
      if (t > 0) {
        deviation.compare(
            "residual " + t, file.numbers("expectedOnePointResidualSequence", t - 1), estimate);
      }
    }
  }

  private static ZoObjective objective(GoldenFile file) {
    return ZerothOrderProblem.of(file.json().get("problem"));
  }

  private static INDArray point(GoldenFile file) {
    return Nd4j.createFromArray(file.numbers("x"));
  }

  private static double mu(GoldenFile file) {
    return file.json().get("mu").asDouble();
  }
}
