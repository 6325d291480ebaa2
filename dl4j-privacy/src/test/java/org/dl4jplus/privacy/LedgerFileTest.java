package org.dl4jplus.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.dl4jplus.privacy.sampling.Sampling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class LedgerFileTest {

  private static final PrivateRecords RECORDS =
      PrivateRecords.of(
          new DataSet(
              Nd4j.linspace(0.0, 1.0, 20, DataType.DOUBLE).reshape(10, 2),
              Nd4j.ones(DataType.DOUBLE, 10, 1)));

  @TempDir Path folder;

  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(
                    new OutputLayer.Builder()
                        .nIn(2)
                        .nOut(1)
                        .activation(Activation.SIGMOID)
                        .lossFunction(LossFunction.XENT)
                        .build())
                .build());
    network.init();
    return network;
  }

  private DpConfig.DpConfigBuilder config() {
    return DpConfig.builder()
        .noiseMultiplier(1.0)
        .samplingRate(0.4)
        .accountant(Accounting.RDP)
        .ledgerFile(folder.resolve("ledger.jsonl").toString());
  }

  private static long count(DpTrainer trainer) {
    return trainer.ledger().entries().stream().mapToLong(PrivacyLedger.Entry::count).sum();
  }

  private DpTrainer resume(File file) throws IOException {
    return DpTrainer.resume(MultiLayerNetwork.load(file, true), file, RECORDS);
  }

  @Test
  void startingTwiceFromOneModelCountsBoth() throws IOException {
    File file = folder.resolve("net.zip").toFile();
    try (DpTrainer trainer = DpTrainer.attach(network(), config().build(), RECORDS)) {
      trainer.fit(3);
      trainer.save(file);
      trainer.charge(new PrivacyEvent.PureDp(0.1, EnumSet.allOf(Neighbours.class)), 2);
      trainer.fit(1);
      assertEquals(6, count(trainer));
    }
    // Another run in the same file is not counted.
    try (DpTrainer other = DpTrainer.attach(network(), config().build(), RECORDS)) {
      other.fit(5);
      assertEquals(5, count(other));
    }
    try (DpTrainer first = resume(file);
        DpTrainer second = resume(file)) {
      assertEquals(3, first.steps());
      assertEquals(6, count(first));
      first.fit(2);
      second.fit(2);
      first.fit(1);
      assertEquals(10, count(second));
      assertEquals(11, count(first));
      double before = first.epsilon(1e-3);
      second.fit(10);
      first.fit(1);
      assertTrue(first.epsilon(1e-3) > before);
      assertEquals(22, count(first));
    }
  }

  @Test
  void theBudgetIsThatOfBothContinuations() throws IOException {
    File file = folder.resolve("net.zip").toFile();
    DpConfig config = config().targetEpsilon(3.0).targetDelta(1e-2).build();
    int alone;
    try (DpTrainer trainer = DpTrainer.attach(network(), config, RECORDS)) {
      trainer.fit(1);
      trainer.save(file);
      alone = 1 + trainer.fit(1000);
      assertTrue(alone > 2 && alone < 1000);
    }
    try (DpTrainer again = resume(file)) {
      assertEquals(0, again.fit(1));
    }
  }

  @Test
  void anEpochThatGoesOnTwiceIsPaidTwice() throws IOException {
    File file = folder.resolve("net.zip").toFile();
    DpConfig config =
        config().samplingRate(0.2).sampling(Sampling.SHUFFLED_NO_AMPLIFICATION).build();
    try (DpTrainer trainer = DpTrainer.attach(network(), config, RECORDS)) {
      trainer.fit(2);
      trainer.save(file);
      assertEquals(1, count(trainer));
    }
    try (DpTrainer first = resume(file);
        DpTrainer second = resume(file)) {
      first.fit(1);
      assertEquals(1, count(first));
      second.fit(1);
      assertEquals(2, count(second));
      // From here on each has paid for itself.
      first.fit(2);
      second.fit(2);
      assertEquals(2, count(second));
      first.fit(1);
      second.fit(1);
      first.fit(1);
      second.fit(1);
      assertEquals(4, count(second));
    }
  }

  @Test
  void anEpochIsNotPaidTwiceBeyondTheBudget() throws IOException {
    File file = folder.resolve("net.zip").toFile();
    DpConfig config =
        config()
            .samplingRate(0.2)
            .sampling(Sampling.SHUFFLED_NO_AMPLIFICATION)
            .noiseMultiplier(null)
            .steps(5)
            .targetEpsilon(2.0)
            .targetDelta(1e-2)
            .build();
    try (DpTrainer trainer = DpTrainer.attach(network(), config, RECORDS)) {
      trainer.fit(2);
      trainer.save(file);
    }
    try (DpTrainer first = resume(file);
        DpTrainer second = resume(file)) {
      assertEquals(3, first.fit());
      assertEquals(0, second.fit());
      assertEquals(1, count(second));
    }
  }

  @Test
  void aReleaseUnderAnotherRelationIsNotWritten() throws IOException {
    DpConfig config = config().build();
    try (DpTrainer trainer = DpTrainer.attach(network(), config, RECORDS)) {
      trainer.fit(1);
      PrivacyEvent other = new PrivacyEvent.Gaussian(1, EnumSet.of(Neighbours.REPLACE_ONE));
      assertThrows(IllegalArgumentException.class, () -> trainer.charge(other, 1));
      assertEquals(1, Files.readAllLines(Path.of(config.getLedgerFile())).size());
      assertEquals(1, count(trainer));
    }
  }

  @Test
  void anotherFileIsRefused() throws IOException {
    File file = folder.resolve("net.zip").toFile();
    DpConfig config = config().build();
    try (DpTrainer trainer = DpTrainer.attach(network(), config, RECORDS)) {
      trainer.fit(3);
      trainer.save(file);
    }
    Path ledger = Path.of(config.getLedgerFile());
    String text = Files.readString(ledger);
    Files.writeString(ledger, text.substring(0, text.indexOf('\n') + 1));
    assertThrows(IllegalArgumentException.class, () -> resume(file));
    Files.delete(ledger);
    assertThrows(IllegalArgumentException.class, () -> resume(file));
  }

  @Test
  void aLineThatWasTornDoesNotSpoilTheFile() throws IOException {
    File file = folder.resolve("net.zip").toFile();
    DpConfig config = config().build();
    try (DpTrainer trainer = DpTrainer.attach(network(), config, RECORDS)) {
      trainer.fit(3);
      trainer.save(file);
    }
    Files.writeString(
        Path.of(config.getLedgerFile()), "{\"run\":\"half", StandardOpenOption.APPEND);
    try (DpTrainer again = resume(file)) {
      again.fit(2);
      assertEquals(5, count(again));
    }
  }

  @Test
  void aSeedMarksTheSavedModel() throws IOException {
    File file = folder.resolve("net.zip").toFile();
    for (Long seed : new Long[] {4L, null}) {
      try (DpTrainer trainer =
          DpTrainer.attach(network(), config().testSeed(seed).build(), RECORDS)) {
        trainer.fit(1);
        trainer.save(file);
        String json = ModelSerializer.getObjectFromFile(file, "differentialPrivacy.json");
        assertEquals(seed != null, json.contains("\"dp\":\"TEST_ONLY\""));
        assertFalse(json.contains("source"));
        assertEquals(seed != null, Double.isInfinite(trainer.epsilon(1e-3)));
      }
    }
  }
}
