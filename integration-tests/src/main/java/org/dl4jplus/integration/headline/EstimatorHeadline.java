package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.zeroth.estimate.Difference;
import org.dl4jplus.optim.zeroth.estimate.EvolutionStrategy;
import org.dl4jplus.optim.zeroth.estimate.GradientEstimator;
import org.dl4jplus.optim.zeroth.estimate.RandomizedGradient;
import org.dl4jplus.optim.zeroth.estimate.RandomizedGradient.Kind;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** Estimates of a network's gradient at equal numbers of evaluations. */
final class EstimatorHeadline implements Headline {

  private static final int SEEDS = 5;
  private static final int EVALUATIONS = 400;
  private static final double LARGE_MU = 0.3;

  @Override
  public String name() {
    return "gradient-estimators";
  }

  @Override
  public List<Row> measure() {
    double[] cosines = new double[4];
    for (int seed = 1; seed <= SEEDS; seed++) {
      DataSet batch = Digits.of(1000, seed).batches(128, new Random(seed)).get(0);
      MultiLayerNetwork network = Digits.network(seed, new Sgd(0.1), 0, 16);
      ModelObjective objective = new ModelObjective(network);
      network.setInput(batch.getFeatures());
      network.setLabels(batch.getLabels());
      network.computeGradientAndScore();
      INDArray gradient = ModelAccess.of(network).gradient().dup();
      objective.use(
          new org.nd4j.linalg.dataset.MultiDataSet(batch.getFeatures(), batch.getLabels()));
      GradientEstimator[] estimators = {
        random(Kind.GAUSSIAN, EVALUATIONS - 1),
        random(Kind.ORTHOGONAL, EVALUATIONS - 1),
        random(Kind.GAUSSIAN, EVALUATIONS - 1),
        EvolutionStrategy.builder().queries(EVALUATIONS / 2).build()
      };
      for (int i = 0; i < estimators.length; i++) {
        Directions directions = Directions.of(estimators[i].distribution(), seed, 0);
        double mu = i < 2 ? 1e-4 : LARGE_MU;
        double[] estimate =
            estimators[i].estimate(objective, objective.parameters(), directions, mu).gradient();
        INDArray row = Nd4j.createFromArray(estimate);
        cosines[i] +=
            row.mul(gradient).sumNumber().doubleValue()
                / row.norm2Number().doubleValue()
                / gradient.norm2Number().doubleValue()
                / SEEDS;
      }
    }
    String claim = "cosine with the gradient, " + EVALUATIONS + " evaluations, digits 64-16-10";
    Bar bar = Bar.atLeast(1);
    return List.of(
        Row.ratio(claim, "forward, Gaussians", cosines[0], "forward, orthogonal", cosines[1], bar),
        Row.ratio(
            claim + ", mu = " + LARGE_MU,
            "forward, Gaussians",
            cosines[2],
            "antithetic",
            cosines[3],
            bar));
  }

  private static GradientEstimator random(Kind kind, int queries) {
    return RandomizedGradient.builder()
        .directions(kind)
        .difference(Difference.FORWARD)
        .queries(queries)
        .build();
  }
}
