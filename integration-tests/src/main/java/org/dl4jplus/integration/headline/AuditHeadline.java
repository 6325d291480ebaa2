package org.dl4jplus.integration.headline;

import java.util.EnumSet;
import java.util.List;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.audit.EpsilonLowerBound;
import org.dl4jplus.privacy.audit.GaussianAudit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * What an audit of the trainer's releases shows about epsilon: with the noise that is claimed, with
 * less, and with clipping that does not clip. Each weight of a linear unit is a release with or
 * without a worst-case canary.
 */
final class AuditHeadline implements Headline {

  private static final int WEIGHTS = 500;
  private static final int DRAWS = 20_000;
  private static final double DELTA = 1e-5;
  private static final double ALPHA = 0.05;

  @Override
  public String name() {
    return "audit";
  }

  @Override
  public List<Row> measure() {
    double claimed =
        Accounting.PLD
            .create(Neighbours.ADD_REMOVE)
            .compose(new PrivacyEvent.PoissonGaussian(1, 1, EnumSet.of(Neighbours.ADD_REMOVE)), 1)
            .epsilon(DELTA);
    double[] with = releases(true, 1, 1);
    double[] without = releases(false, 1, 1);
    double[] withLess = releases(true, 0.9, 1);
    double[] withoutLess = releases(false, 0.9, 1);
    double[] withHalf = releases(true, 0.5, 1);
    double[] withoutHalf = releases(false, 0.5, 1);
    // A clip norm of twice the claimed one under the same noise.
    double[] withLong = releases(true, 0.5, 2);
    double[] withoutLong = releases(false, 0.5, 2);
    String audited = "lower bound on epsilon, 20000 releases each, noise multiplier 1";
    return List.of(
        row(audited, claimed, "audit", gaussian(with, without), Bar.atMost(1)),
        row(
            audited + ", noise 10% too small",
            claimed,
            "audit",
            gaussian(withLess, withoutLess),
            Bar.atLeast(1)),
        row(
            audited + ", noise half",
            claimed,
            "audit",
            gaussian(withHalf, withoutHalf),
            Bar.atLeast(1)),
        row(
            audited + ", gradients clipped to twice the norm",
            claimed,
            "audit",
            gaussian(withLong, withoutLong),
            Bar.atLeast(1)),
        row(
            audited,
            claimed,
            "classical Clopper-Pearson bound",
            EpsilonLowerBound.clopperPearson(with, without, DELTA, ALPHA).epsilon(),
            Bar.NONE),
        row(
            audited + ", noise half",
            claimed,
            "classical Clopper-Pearson bound",
            EpsilonLowerBound.clopperPearson(withHalf, withoutHalf, DELTA, ALPHA).epsilon(),
            Bar.NONE));
  }

  private static Row row(String claim, double claimed, String ours, double found, Bar bar) {
    return Row.ratio(claim, "accountant", claimed, ours, found, bar);
  }

  private static double gaussian(double[] with, double[] without) {
    return GaussianAudit.builder()
        .draws(DRAWS)
        .alpha(ALPHA)
        .delta(DELTA)
        .build()
        .run(oneByOne(with), oneByOne(without), new double[] {1})
        .epsilon();
  }

  private static Supplier<double[]> oneByOne(double[] releases) {
    int[] at = new int[1];
    return () -> new double[] {releases[at[0]++]};
  }

  /** Sums of clipped gradients with noise, from records that each have a weight of their own. */
  private static double[] releases(boolean canaries, double noiseMultiplier, double clipNorm) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(1))
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(WEIGHTS)
                        .nOut(1)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    network.init();
    INDArray features =
        canaries
            ? Nd4j.eye(WEIGHTS).castTo(DataType.DOUBLE)
            : Nd4j.zeros(DataType.DOUBLE, WEIGHTS, WEIGHTS);
    DpConfig config =
        DpConfig.builder()
            .clipNorm(clipNorm)
            .noiseMultiplier(noiseMultiplier)
            .samplingRate(1.0)
            .maxPhysicalBatch(WEIGHTS)
            .build();
    double[] releases = new double[DRAWS];
    // At this weight each canary's gradient is 2000.
    double start = 1000;
    try (DpTrainer trainer =
        DpTrainer.attach(
            network, config, new DataSet(features, Nd4j.zeros(DataType.DOUBLE, WEIGHTS, 1)))) {
      for (int at = 0; at < DRAWS; at += WEIGHTS) {
        network.params().assign(start);
        trainer.fit(1);
        double[] moved = network.params().rsub(start).mul(WEIGHTS).toDoubleVector();
        System.arraycopy(moved, 0, releases, at, WEIGHTS);
      }
    }
    return releases;
  }
}
