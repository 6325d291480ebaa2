package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.SharpnessAwareMinimization;
import org.dl4jplus.optim.first.sharpness.HessianTopEigenvalue;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Nesterovs;

/** SAM under label noise: accuracy on clean data, and the curvature of what it finds. */
final class SharpnessHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int EPOCHS = 60;
  private static final double RHO = 0.2;

  /** 900 images cross some kink of a ReLU within the usual 1e-4. */
  private static final double RADIUS = 1e-6;

  @Override
  public String name() {
    return "sharpness";
  }

  @Override
  public List<Row> measure() {
    double[][] found = new double[2][2];
    for (int seed = 1; seed <= SEEDS; seed++) {
      add(found[0], run(0, seed));
      add(found[1], run(RHO, seed));
    }
    return List.of(
        Row.difference(
            "test accuracy after training on 40% random labels",
            "SGD", found[0][0], "SAM 0.2", found[1][0], Bar.atLeast(0.08)),
        Row.ratio(
            "largest Hessian eigenvalue of the training loss",
            "SGD",
            found[0][1],
            "SAM 0.2",
            found[1][1],
            Bar.atMost(0.5)));
  }

  private static void add(double[] sum, double[] run) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += run[i] / SEEDS;
    }
  }

  private static double[] run(double rho, int seed) {
    Digits digits = Digits.of(900, seed).withLabelNoise(0.4, seed);
    MultiLayerNetwork network = Digits.network(seed, new Nesterovs(0.05, 0.9), 0, 64, 64);
    if (rho > 0) {
      network.setListeners(new SharpnessAwareMinimization(rho));
    }
    Random random = new Random(seed);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      for (DataSet batch : digits.batches(64, random)) {
        network.fit(batch);
      }
    }
    network.setListeners();
    return new double[] {digits.accuracy(network), eigenvalue(network, digits)};
  }

  private static double eigenvalue(MultiLayerNetwork network, Digits digits) {
    return new HessianTopEigenvalue(30, 1e-3, RADIUS, 1)
        .find(Gradients.oracle(network, digits.train()))
        .eigenvalue();
  }
}
