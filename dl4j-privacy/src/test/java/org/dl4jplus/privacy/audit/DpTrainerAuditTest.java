package org.dl4jplus.privacy.audit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyAccountant;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.noise.NoiseGrid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The gate in front of {@link DpTrainer}: what it releases is looked at as an adversary would.
 *
 * <p>The network is one linear unit with a weight for each record. A record is either a worst-case
 * canary, a gradient much longer than the clip norm on a weight of its own, or it has no gradient
 * at all. So each weight of a step's release is a release with (or without) one canary.
 */
class DpTrainerAuditTest {

  private static final int RECORDS = 250;
  private static final double CLIP = 0.7;
  private static final double SIGMA = 1;
  private static final double DELTA = 1e-5;

  /** Exact epsilons of one Gaussian with sigma 1, and of two. */
  private static final double ONE_STEP = 4.3771;

  private static final double TWO_STEPS = 6.5729;

  /** A weight of this size makes the loss's gradient twice as large. */
  private static final double HUGE = 1000;

  private static DpConfig.DpConfigBuilder config() {
    return DpConfig.builder().clipNorm(CLIP).noiseMultiplier(SIGMA).samplingRate(1.0);
  }

  /** A network under private training, and its releases. */
  private static final class Releases implements AutoCloseable {

    private final MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(1.0))
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(RECORDS)
                        .nOut(1)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    private final DpTrainer trainer;

    Releases(DpConfig config, boolean canaries) {
      network.init();
      INDArray features =
          canaries
              ? Nd4j.eye(RECORDS).castTo(DataType.DOUBLE)
              : Nd4j.zeros(DataType.DOUBLE, RECORDS, RECORDS);
      trainer =
          DpTrainer.attach(
              network, config, new DataSet(features, Nd4j.zeros(DataType.DOUBLE, RECORDS, 1)));
    }

    /** The step's release where all weights are the same. */
    double[] next(double weights) {
      network.params().assign(weights);
      assertEquals(1, trainer.fit(1));
      return network.params().rsub(weights).toDoubleVector();
    }

    /** Weight by weight, the releases of steps with gradients of the given signs. */
    Supplier<double[]> draws(int... signs) {
      return new Supplier<>() {
        private double[][] steps;
        private int at = RECORDS;

        @Override
        public double[] get() {
          if (at == RECORDS) {
            steps = Arrays.stream(signs).mapToObj(s -> next(s * HUGE)).toArray(double[][]::new);
            at = 0;
          }
          int k = at++;
          return Arrays.stream(steps).mapToDouble(step -> step[k]).toArray();
        }
      };
    }

    @Override
    public void close() {
      trainer.close();
    }
  }

  private static double lowerBound(
      DpConfig.DpConfigBuilder config, int draws, double alpha, int... signs) {
    double[] canary = Arrays.stream(signs).mapToDouble(s -> s * CLIP / RECORDS).toArray();
    try (Releases with = new Releases(config.build(), true);
        Releases without = new Releases(config.build(), false)) {
      return GaussianAudit.builder()
          .draws(draws)
          .alpha(alpha)
          .delta(DELTA)
          .build()
          .run(with.draws(signs), without.draws(signs), canary)
          .epsilon();
    }
  }

  private static double accountant(int steps) {
    PrivacyAccountant accountant = Accounting.PLD.create(Neighbours.ADD_REMOVE);
    accountant.compose(
        new PrivacyEvent.PoissonGaussian(1, SIGMA, EnumSet.of(Neighbours.ADD_REMOVE)), steps);
    return accountant.epsilon(DELTA);
  }

  /** The bound that CI holds a release to; a seed makes it the same in every run. */
  @Test
  void releasesAreAsPrivateAsTheAccountantSays() {
    double found = lowerBound(config().testSeed(1L), 20_000, 0.01, 1);
    assertTrue(found <= ONE_STEP, "" + found);
    assertTrue(found > 3.8, "not for want of sharpness: " + found);
    double claimed = accountant(1);
    assertTrue(claimed >= ONE_STEP && found <= claimed, found + ", " + claimed);
  }

  /** With secret noise a wrong alarm must be rare: at this alpha it is 5.5 standard errors off. */
  @Test
  void secretNoiseIsNotSmaller() {
    double found = lowerBound(config(), 10_000, 1e-4, 1);
    assertTrue(found <= ONE_STEP && found > 3.5, "" + found);
  }

  /** The gate itself: 10% less noise, and twice the clip norm. */
  @Test
  void gateSeesTooLittleNoise() {
    double less = lowerBound(config().testSeed(1L).noiseMultiplier(0.9 * SIGMA), 20_000, 0.01, 1);
    assertTrue(less > accountant(1), "" + less);
    // Contributions of twice the length that the canary's direction is measured in.
    double longer =
        lowerBound(
            config().testSeed(1L).clipNorm(2 * CLIP).noiseMultiplier(SIGMA / 2), 2000, 0.01, 1);
    assertTrue(longer > 1.5 * ONE_STEP, "" + longer);
  }

  /** Opposite gradients in two steps: noise that is used twice would cancel from their sum. */
  @Test
  void everyStepHasNoiseOfItsOwn() {
    double found = lowerBound(config().testSeed(1L), 10_000, 0.01, 1, -1);
    assertTrue(found <= TWO_STEPS && found > 5.8, "" + found);
    assertTrue(found <= accountant(2), "" + found);
  }

  private static DpConfig.DpConfigBuilder seeded(double rate) {
    return config().testSeed(3L).samplingRate(rate);
  }

  /** Squared standard normal numbers: mean 1, standard error sqrt(2/n); five of them. */
  private static void assertStandard(double[] z) {
    double mean = Arrays.stream(z).average().orElseThrow();
    double square = Arrays.stream(z).map(v -> v * v).average().orElseThrow();
    assertEquals(0, mean, 5 / Math.sqrt(z.length));
    assertEquals(1, square, 5 * Math.sqrt(2.0 / z.length));
  }

  /**
   * Batches of none, of about one and of all records, all without gradients: a release is a number
   * of the public grid over the public L, to the last bit, with the public standard deviation.
   */
  @ParameterizedTest
  @ValueSource(doubles = {1e-12, 0.005, 0.3, 1})
  void batchSizeDoesNotShow(double rate) {
    int steps = 50;
    double expected = rate * RECORDS;
    double granularity = NoiseGrid.granularity(SIGMA * CLIP);
    double[] standard = new double[steps * RECORDS];
    try (Releases releases = new Releases(seeded(rate).build(), false)) {
      for (int t = 0; t < steps; t++) {
        double[] release = releases.next(0);
        for (int k = 0; k < RECORDS; k++) {
          double cells = Math.rint(release[k] * expected / granularity);
          assertEquals(cells * granularity / expected, release[k]);
          standard[t * RECORDS + k] = release[k] * expected / (SIGMA * CLIP);
        }
        assertEquals(t + 1, releases.network.getIterationCount());
      }
      assertEquals(steps, releases.trainer.ledger().entries().get(0).count());
    }
    assertStandard(standard);
  }

  /** The same draws in pieces of 7, of 64 and at once. */
  @Test
  void piecesAreOneStep() {
    double[][] last = new double[3][];
    int[] pieces = {7, 64, 10_000};
    for (int i = 0; i < pieces.length; i++) {
      DpConfig config = seeded(0.5).maxPhysicalBatch(pieces[i]).build();
      try (Releases releases = new Releases(config, true)) {
        for (int t = 1; t <= 3; t++) {
          last[i] = releases.next(HUGE);
          assertEquals(t, releases.network.getIterationCount());
          assertEquals(t, releases.trainer.steps());
        }
        assertEquals(3, releases.trainer.ledger().entries().get(0).count());
      }
    }
    // Weights of 1000 are known to 1e-13, and to a step of the grid where a sum is on its edge.
    double tolerance = NoiseGrid.granularity(SIGMA * CLIP) / (0.5 * RECORDS) + 1e-12;
    assertArrayEquals(last[2], last[0], tolerance);
    assertArrayEquals(last[2], last[1], tolerance);
    double[] noise = new double[RECORDS];
    for (int k = 0; k < RECORDS; k++) {
      noise[k] = last[0][k] * 0.5 * RECORDS / CLIP - 0.5;
    }
    double mean = Arrays.stream(noise).average().orElseThrow();
    double square = Arrays.stream(noise).map(v -> v * v).average().orElseThrow();
    // A fair coin, drawn or not, and one draw of noise: variance 1/4 + sigma^2, whose square has
    // a variance below 4. A draw for each of the 15 pieces would make it 15.
    assertEquals(0, mean, 5 * Math.sqrt(1.25 / RECORDS));
    assertEquals(1.25, square, 5 * Math.sqrt(4.0 / RECORDS));
  }
}
