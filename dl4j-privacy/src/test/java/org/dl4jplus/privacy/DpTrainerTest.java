package org.dl4jplus.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.dl4jplus.privacy.sampling.Sampling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

class DpTrainerTest {

  private static MultiLayerNetwork network(IUpdater updater) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(DataType.DOUBLE)
                .updater(updater)
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(6).activation(Activation.TANH).build())
                .layer(new OutputLayer.Builder().nIn(6).nOut(3).build())
                .build());
    network.init();
    return network;
  }

  private static DataSet data(int rows) {
    Random random = new Random(3);
    INDArray x = Nd4j.create(DataType.DOUBLE, rows, 4);
    INDArray y = Nd4j.create(DataType.DOUBLE, rows, 3);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < 4; j++) {
        x.putScalar(i, j, random.nextGaussian());
      }
      y.putScalar(i, random.nextInt(3), 1);
    }
    return new DataSet(x, y);
  }

  @Test
  void withoutNoiseAndClippingItIsPlainTraining() {
    for (IUpdater updater : new IUpdater[] {new Sgd(0.1), new Adam(0.01)}) {
      MultiLayerNetwork plain = network(updater);
      MultiLayerNetwork ours = network(updater);
      DataSet data = data(16);
      try (DpTrainer trainer =
          DpTrainer.attach(
              ours,
              DpConfig.builder()
                  .clipNorm(1e6)
                  .noiseMultiplier(0.0)
                  .nonPrivate(true)
                  .samplingRate(1.0)
                  .build(),
              data)) {
        for (int i = 0; i < 5; i++) {
          plain.fit(data);
        }
        assertEquals(5, trainer.fit(5));
        assertEquals(Double.POSITIVE_INFINITY, trainer.epsilon(1e-3));
      }
      assertArrayEquals(plain.params().toDoubleVector(), ours.params().toDoubleVector());
      assertEquals(5, ours.getIterationCount());
      assertTrue(ours.getListeners().isEmpty());
    }
  }

  @Test
  void aPlainFitIsRefused() {
    MultiLayerNetwork network = network(new Sgd(0.1));
    DataSet data = data(10);
    try (DpTrainer trainer =
        DpTrainer.attach(
            network, DpConfig.builder().noiseMultiplier(1.0).samplingRate(0.3).build(), data)) {
      INDArray before = network.params().dup();
      assertThrows(IllegalStateException.class, () -> network.fit(data));
      assertEquals(before, network.params());
      trainer.fit(3);
      assertNotEquals(before, network.params());
      assertTrue(Double.isNaN(network.score()));
      assertTrue(Double.isFinite(trainer.epsilon(1e-3)));
      network.setListeners();
      assertThrows(IllegalStateException.class, () -> trainer.fit(1));
    }
  }

  @Test
  void anEmptyDrawIsAStepOfNoise() {
    MultiLayerNetwork network = network(new Sgd(1.0));
    try (DpTrainer trainer =
        DpTrainer.attach(
            network,
            DpConfig.builder().noiseMultiplier(1.0).samplingRate(1e-12).build(),
            data(10))) {
      INDArray before = network.params().dup();
      trainer.fit(1);
      assertNotEquals(before, network.params());
      assertEquals(1, network.getIterationCount());
    }
  }

  @Test
  void theBudgetEndsTraining() {
    MultiLayerNetwork network = network(new Sgd(0.1));
    try (DpTrainer trainer =
        DpTrainer.attach(
            network,
            DpConfig.builder()
                .noiseMultiplier(1.0)
                .samplingRate(0.5)
                .accountant(Accounting.RDP)
                .targetEpsilon(3.0)
                .targetDelta(1e-3)
                .build(),
            data(10))) {
      int made = trainer.fit(10_000);
      assertTrue(made > 0 && made < 10_000);
      assertTrue(trainer.epsilon(1e-3) <= 3);
      assertEquals(0, trainer.fit(1));
      assertThrows(IllegalStateException.class, () -> trainer.score(1, 5));
    }
  }

  @Test
  void aResumedRunGoesOnWithItsLedger(@TempDir Path folder) throws IOException {
    MultiLayerNetwork network = network(new Adam(0.01));
    File file = folder.resolve("net.zip").toFile();
    DataSet data = data(10);
    DpConfig config =
        DpConfig.builder().noiseMultiplier(1.0).samplingRate(0.3).testSeed(5L).build();
    try (DpTrainer trainer = DpTrainer.attach(network, config, data)) {
      trainer.fit(3);
      trainer.save(file);
      assertEquals(Double.POSITIVE_INFINITY, trainer.epsilon(1e-3));
      MultiLayerNetwork again = MultiLayerNetwork.load(file, true);
      assertArrayEquals(network.params().toDoubleVector(), again.params().toDoubleVector());
      try (DpTrainer resumed = DpTrainer.resume(again, file, PrivateRecords.of(data))) {
        resumed.fit(2);
        assertEquals(5, resumed.steps());
        assertEquals(5, resumed.ledger().entries().get(0).count());
        assertEquals(5, again.getIterationCount());
        assertFalse(again.params().isNaN().any());
      }
    }
  }

  @Test
  void theNoiseIsTheLeastThatKeepsTheTarget() {
    for (DpConfig.DpConfigBuilder kind :
        new DpConfig.DpConfigBuilder[] {
          DpConfig.builder(),
          DpConfig.builder()
              .sampling(Sampling.SHUFFLED_NO_AMPLIFICATION)
              .accountant(Accounting.RDP),
          DpConfig.builder().sampling(Sampling.WITHOUT_REPLACEMENT)
        }) {
      DpConfig config =
          kind.samplingRate(0.2).targetEpsilon(2.0).targetDelta(1e-3).steps(12).build();
      MultiLayerNetwork network = network(new Sgd(0.1));
      try (DpTrainer trainer = DpTrainer.attach(network, config, data(20))) {
        assertEquals(12, trainer.fit());
        assertEquals(0, trainer.fit());
        assertTrue(trainer.epsilon(1e-3) <= 2 && trainer.epsilon(1e-3) > 1.99);
        assertEquals(12, network.getIterationCount());
      }
    }
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                DpTrainer.attach(
                    network(new Sgd(0.1)),
                    DpConfig.builder()
                        .samplingRate(1.0)
                        .targetEpsilon(1e-3)
                        .targetDelta(1e-9)
                        .steps(1_000_000)
                        .build(),
                    data(10)));
    assertTrue(e.getMessage().contains("targetEpsilon"), e.getMessage());
  }

  @Test
  void anEpochGoesOnAfterAResume(@TempDir Path folder) throws IOException {
    MultiLayerNetwork network = network(new Adam(0.01));
    File file = folder.resolve("net.zip").toFile();
    PrivateRecords records = PrivateRecords.of(data(10));
    DpConfig config =
        DpConfig.builder()
            .noiseMultiplier(1.0)
            .samplingRate(0.3)
            .sampling(Sampling.SHUFFLED_NO_AMPLIFICATION)
            .build();
    try (DpTrainer trainer = DpTrainer.attach(network, config, records)) {
      trainer.fit(6);
      trainer.save(file);
      assertEquals(2, trainer.ledger().entries().get(0).count());
    }
    MultiLayerNetwork again = MultiLayerNetwork.load(file, true);
    try (DpTrainer resumed = DpTrainer.resume(again, file, records)) {
      resumed.fit(2);
      assertEquals(2, resumed.ledger().entries().get(0).count());
      resumed.fit(1);
      assertEquals(3, resumed.ledger().entries().get(0).count());
    }
  }

  @Test
  void whatTheAccountantCannotHandleIsNotCharged() {
    try (DpTrainer trainer =
        DpTrainer.attach(
            network(new Sgd(0.1)),
            DpConfig.builder().noiseMultiplier(1.0).samplingRate(0.3).build(),
            data(10))) {
      trainer.fit(1);
      assertThrows(
          IllegalArgumentException.class,
          () ->
              trainer.charge(new PrivacyEvent.Gaussian(1, EnumSet.of(Neighbours.REPLACE_ONE)), 1));
      assertEquals(1, trainer.ledger().entries().size());
      trainer.charge(new PrivacyEvent.PureDp(0.5, EnumSet.allOf(Neighbours.class)), 1);
      assertEquals(2, trainer.ledger().entries().size());
      assertTrue(Double.isFinite(trainer.epsilon(1e-3)));
    }
  }
}
