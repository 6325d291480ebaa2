package org.dl4jplus.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.RdpAccountant;
import org.dl4jplus.privacy.accounting.RenyiDivergence;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.dl4jplus.privacy.sampling.PoissonSampler;
import org.dl4jplus.privacy.sampling.Sampling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** DiceSGD, DIFF2 and private SpiderBoost. */
class DifferenceMechanismsTest {

  private static final int N = 16;

  private final PrivateRecords records = PrivateRecords.of(data());

  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.2))
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(6).activation(Activation.TANH).build())
                .layer(new OutputLayer.Builder().nIn(6).nOut(3).build())
                .build());
    network.init();
    return network;
  }

  private static DataSet data() {
    Random random = new Random(3);
    INDArray x = Nd4j.create(DataType.DOUBLE, N, 4);
    INDArray y = Nd4j.create(DataType.DOUBLE, N, 3);
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < 4; j++) {
        x.putScalar(i, j, random.nextGaussian());
      }
      y.putScalar(i, random.nextInt(3), 1);
    }
    return new DataSet(x, y);
  }

  private static DpConfig.DpConfigBuilder silent() {
    return DpConfig.builder().samplingRate(1.0).noiseMultiplier(0.0).nonPrivate(true).steps(20);
  }

  private INDArray train(DpMechanism mechanism, DpConfig config, int steps) {
    MultiLayerNetwork network = network();
    try (DpTrainer trainer = DpTrainer.attach(network, config, mechanism, records)) {
      assertEquals(steps, trainer.fit(steps));
    }
    return network.params();
  }

  @Test
  void withoutErrorClipDiceSgdIsDpSgd() {
    DpConfig config = silent().clipNorm(0.3).build();
    DiceSgd dice = DiceSgd.builder().errorClipNorm(0.0).analysis(DiceSgd.Analysis.PAPER).build();
    assertEquals(train(new DpSgd(), config, 5), train(dice, config, 5));
  }

  @Test
  void whatDiceSgdCutsOffIsInItsError() {
    MultiLayerNetwork network = network();
    DiceSgd dice = DiceSgd.builder().errorClipNorm(0.01).analysis(DiceSgd.Analysis.PAPER).build();
    INDArray plain = network.clone().params().dup();
    MultiLayerNetwork reference = network();
    reference.fit(data());
    INDArray gradient = plain.sub(reference.params()).div(0.2);
    INDArray before = network.params().dup();
    try (DpTrainer trainer =
        DpTrainer.attach(network, silent().clipNorm(0.05).build(), dice, records)) {
      trainer.fit(1);
    }
    INDArray released = before.sub(network.params()).div(0.2);
    INDArray sum = released.add(Nd4j.createFromArray(dice.error()));
    assertTrue(sum.sub(gradient).norm2Number().doubleValue() < 1e-12);
    assertTrue(dice.state().isEmpty(), "the error must not be saved");
  }

  @Test
  void conservativeCurvesCostMoreThanTheSampleAndLessForASmallerErrorClip() {
    DpConfig config =
        DpConfig.builder()
            .samplingRate(0.1)
            .noiseMultiplier(2.0)
            .accountant(Accounting.RDP)
            .build();
    DpPlan plan = new DpPlan(config, new PoissonSampler(1000, 0.1), 1000, 5);
    double[] orders = RdpAccountant.defaultOrders();
    double before = 0;
    for (double errorClip : new double[] {0, 0.002, 0.01, 0.1}) {
      DiceSgd dice = DiceSgd.builder().errorClipNorm(errorClip).build();
      dice.begin(plan);
      // The same noise for all.
      double multiplier = 200 / Math.sqrt(1 + 2 * errorClip * errorClip * 1e4);
      PrivacyEvent first = dice.event(plan, 0, multiplier);
      double[] sample = RenyiDivergence.of(first, orders);
      double[] later = RenyiDivergence.of(dice.event(plan, 1, multiplier), orders);
      for (int i = 0; i < orders.length; i++) {
        assertTrue(later[i] >= sample[i] * (1 - 1e-12));
      }
      assertTrue(later[20] >= before);
      before = later[20];
    }
  }

  @Test
  void withoutNoiseDifferencesAddUpToGradientDescent() {
    DpConfig config = silent().clipNorm(1e6).neighbours(Neighbours.REPLACE_ZERO).build();
    INDArray expected = train(new DpSgd(), config, 20);
    INDArray diff2 =
        train(Diff2.builder().differenceClip(1e6).restartEvery(7).clients(4).build(), config, 20);
    INDArray spider =
        train(
            PrivateSpiderBoost.builder()
                .smoothness(1e6)
                .anchorBatch((double) N)
                .variationBatch((double) N)
                .phaseLength(6)
                .build(),
            config,
            20);
    assertEquals(0, expected.sub(diff2).norm2Number().doubleValue(), 1e-11);
    assertEquals(0, expected.sub(spider).norm2Number().doubleValue(), 1e-11);
  }

  @Test
  void diff2SharesItsBudgetBetweenRestartsAndDifferences() {
    DpConfig config = DpConfig.builder().samplingRate(1.0).noiseMultiplier(5.0).steps(20).build();
    for (Double share : new Double[] {0.2, 0.5, 0.9}) {
      Diff2 diff2 = Diff2.builder().restartShare(share).restartEvery(6).build();
      DpPlan plan = new DpPlan(config, new PoissonSampler(N, 1), N, 5);
      diff2.begin(plan);
      double rho = 0;
      double restarts = 0;
      for (int t = 0; t < 20; t++) {
        double m = ((PrivacyEvent.Gaussian) diff2.event(plan, t, 5)).noiseMultiplier();
        rho += 1 / (2 * m * m);
        restarts += t % 6 == 0 ? 1 / (2 * m * m) : 0;
      }
      assertEquals(20 / (2 * 25.0), rho, 1e-12);
      assertEquals(share * rho, restarts, 1e-12);
    }
  }

  @Test
  void underReplaceOneDiff2DoublesItsNoise() {
    DpConfig zero = config(Neighbours.REPLACE_ZERO);
    DpConfig one = config(Neighbours.REPLACE_ONE);
    // The seed is the same, so the noise is twice as far from the path without noise.
    double[] distances = new double[2];
    for (int i = 0; i < 2; i++) {
      DpConfig config = i == 0 ? zero : one;
      MultiLayerNetwork network = network();
      INDArray start = network.params().dup();
      MultiLayerNetwork plain = network();
      plain.fit(data());
      try (DpTrainer trainer =
          DpTrainer.attach(network, config, Diff2.builder().build(), records)) {
        trainer.fit(1);
      }
      INDArray noise = network.params().sub(plain.params());
      assertTrue(start.sub(plain.params()).norm2Number().doubleValue() > 0);
      distances[i] = noise.norm2Number().doubleValue();
    }
    assertEquals(2, distances[1] / distances[0], 1e-4);
  }

  @Test
  void clientsOfDifferentSizesCountAlikeAndHaveNoiseOfTheirOwnSize() {
    // Mean of means: a client of one record weighs as much as one of fifteen.
    DpConfig config =
        config(Neighbours.REPLACE_ZERO).toBuilder()
            .testSeed(null)
            .noiseMultiplier(0.0)
            .nonPrivate(true)
            .build();
    INDArray two = train(Diff2.builder().clientSizes(new int[] {1, N - 1}).build(), config, 1);
    MultiLayerNetwork network = network();
    INDArray start = network.params().dup();
    INDArray expected = Nd4j.zeros(DataType.DOUBLE, start.length());
    for (int[] range : new int[][] {{0, 1}, {1, N}}) {
      network.setParams(start.dup());
      network.fit((DataSet) data().getRange(range[0], range[1]));
      expected.addi(network.params().div(2));
    }
    assertEquals(0, expected.sub(two).norm2Number().doubleValue(), 1e-12);
    assertThrows(
        IllegalArgumentException.class,
        () -> train(Diff2.builder().clientSizes(new int[] {1, 2}).build(), config, 1));
  }

  private static DpConfig config(Neighbours neighbours) {
    return DpConfig.builder()
        .clipNorm(1e3)
        .sampling(Sampling.SHUFFLED_NO_AMPLIFICATION)
        .neighbours(neighbours)
        .samplingRate(1.0)
        .noiseMultiplier(1.0)
        .steps(9)
        .testSeed(11L)
        .build();
  }

  @Test
  void adaptiveRestartsCostTheSameInEveryStep() {
    DpConfig config =
        DpConfig.builder().samplingRate(1.0).noiseMultiplier(5.0).steps(20).testSeed(2L).build();
    MultiLayerNetwork network = network();
    try (DpTrainer trainer =
        DpTrainer.attach(network, config, Diff2.builder().adaptiveRestart(true).build(), records)) {
      trainer.fit(20);
      assertEquals(1, trainer.ledger().entries().size());
      assertEquals(20, trainer.ledger().entries().get(0).count());
    }
  }

  @Test
  void aSavedRunGoesOnWithItsEstimate(@TempDir Path folder) throws IOException {
    DpConfig config = silent().clipNorm(1e6).build();
    for (int kind = 0; kind < 2; kind++) {
      INDArray whole = train(mechanism(kind), config, 9);
      MultiLayerNetwork network = network();
      File file = folder.resolve("net" + kind + ".zip").toFile();
      try (DpTrainer trainer = DpTrainer.attach(network, config, mechanism(kind), records)) {
        trainer.fit(4);
        trainer.save(file);
      }
      MultiLayerNetwork again = MultiLayerNetwork.load(file, true);
      try (DpTrainer trainer = DpTrainer.resume(again, file, records)) {
        trainer.fit(5);
      }
      assertEquals(whole, again.params());
    }
  }

  private static DpMechanism mechanism(int kind) {
    return kind == 0
        ? Diff2.builder().differenceClip(2.0).restartEvery(3).build()
        : PrivateSpiderBoost.builder()
            .phaseLength(3)
            .anchorBatch((double) N)
            .variationBatch((double) N)
            .build();
  }

  @Test
  void badInputIsNamed() {
    assertThrows(IllegalArgumentException.class, () -> Diff2.builder().clients(0).build());
    assertThrows(IllegalArgumentException.class, () -> Diff2.builder().restartShare(1.0).build());
    assertThrows(IllegalArgumentException.class, () -> Diff2.builder().sigma1(1.0).build());
    assertThrows(
        IllegalArgumentException.class, () -> DiceSgd.builder().errorClipNorm(-1.0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> PrivateSpiderBoost.builder().smoothness(Double.NaN).build());
    DpConfig half = DpConfig.builder().samplingRate(0.5).noiseMultiplier(1.0).steps(4).build();
    assertThrows(IllegalArgumentException.class, () -> train(new Diff2(), half, 1));
    // Without a record others would belong to other clients.
    assertThrows(
        IllegalArgumentException.class,
        () -> train(Diff2.builder().clients(2).build(), silent().build(), 1));
    // Its analysis gives Renyi divergences, the default accountant wants distributions.
    assertThrows(IllegalArgumentException.class, () -> train(new DiceSgd(), half, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> train(PrivateSpiderBoost.builder().anchorBatch(100.0).build(), half, 1));
  }
}
