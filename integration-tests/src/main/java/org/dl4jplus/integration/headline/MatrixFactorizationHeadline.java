package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.MatrixFactorization;
import org.dl4jplus.privacy.factorization.FactorizationMethod;
import org.dl4jplus.privacy.factorization.Participation;
import org.dl4jplus.privacy.factorization.Workload;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.dl4jplus.privacy.sampling.Sampling;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * Correlated against independent noise under the same guarantee: the squared errors of all sums of
 * gradients, and softmax regression on digits in 10 epochs of 10 batches.
 */
final class MatrixFactorizationHeadline implements Headline {

  private static final int TRAIN = 1400;
  private static final int BATCHES = 10;
  private static final int EPOCHS = 10;
  private static final int SEEDS = 3;
  private static final double[] RATES = {0.5, 1, 2, 4};

  @Override
  public String name() {
    return "private-matrix-factorization";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    errors(rows, Participation.fixedEpoch(8, 2, 4), 3, 0.52);
    errors(rows, Participation.fixedEpoch(12, 3, 4), 4, 0.45);
    errors(rows, Participation.fixedEpoch(24, 3, 8), 6, 0.29);
    rows.add(training(2, Bar.NONE));
    rows.add(training(5, Bar.atMost(0.8)));
    return rows;
  }

  private static void errors(List<Row> rows, Participation participation, int bands, double bar) {
    for (FactorizationMethod method :
        new FactorizationMethod[] {
          FactorizationMethod.SQUARE_ROOT,
          FactorizationMethod.BANDED_SQUARE_ROOT,
          FactorizationMethod.OPTIMAL_BANDED,
          FactorizationMethod.FFT,
          FactorizationMethod.OPTIMAL_MULTI_EPOCH
        }) {
      rows.add(
          Row.ratio(
              "squared error of all sums, %d steps, %d epochs"
                  .formatted(participation.steps(), participation.times()),
              "independent noise",
              error(FactorizationMethod.IDENTITY, participation, bands),
              method.name(),
              error(method, participation, bands),
              method == FactorizationMethod.OPTIMAL_MULTI_EPOCH ? Bar.atMost(bar) : Bar.NONE));
    }
  }

  private static double error(FactorizationMethod method, Participation participation, int bands) {
    Workload workload = Workload.prefixSums(participation.steps());
    return method.create(workload, participation, bands).totalSquaredError(workload, participation);
  }

  private static Row training(double sigma, Bar bar) {
    return Row.ratio(
        "test error, digits, softmax regression, noise multiplier " + Row.number(sigma),
        "independent noise",
        testError(FactorizationMethod.IDENTITY, sigma),
        "BANDED_SQUARE_ROOT",
        testError(FactorizationMethod.BANDED_SQUARE_ROOT, sigma),
        bar);
  }

  private static double testError(FactorizationMethod method, double sigma) {
    return Digits.lowest(
        rate -> Digits.mean(SEEDS, seed -> testError(method, sigma, rate, seed)), RATES);
  }

  private static double testError(FactorizationMethod method, double sigma, double rate, int seed) {
    Digits digits = Digits.of(TRAIN, seed);
    Digits unit = new Digits(unitRows(digits.train()), unitRows(digits.test()));
    MultiLayerNetwork network = Digits.network(seed, new Sgd(rate), 0);
    DpConfig config =
        DpConfig.builder()
            .noiseMultiplier(sigma)
            .clipNorm(1.0)
            .steps(EPOCHS * BATCHES)
            .samplingRate(1.0 / BATCHES)
            .sampling(Sampling.FIXED_EPOCH)
            .testSeed((long) seed)
            .build();
    MatrixFactorization mechanism = MatrixFactorization.builder().method(method).build();
    try (DpTrainer trainer =
        DpTrainer.attach(network, config, mechanism, PrivateRecords.of(unit.train()))) {
      trainer.fit();
    }
    return 1 - unit.accuracy(network);
  }

  private static DataSet unitRows(DataSet data) {
    INDArray features = data.getFeatures();
    return new DataSet(features.divColumnVector(features.norm2(1)), data.getLabels());
  }
}
