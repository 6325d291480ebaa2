package org.dl4jplus.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.factorization.CorrelatedNoise;
import org.dl4jplus.privacy.factorization.Factorization;
import org.dl4jplus.privacy.factorization.FactorizationMethod;
import org.dl4jplus.privacy.factorization.NoiseSecret;
import org.dl4jplus.privacy.factorization.Participation;
import org.dl4jplus.privacy.factorization.TriangularFactorization;
import org.dl4jplus.privacy.factorization.Workload;
import org.dl4jplus.privacy.gradient.ClipRule;
import org.dl4jplus.privacy.gradient.PrivateGradients;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.dl4jplus.privacy.noise.NoiseKey;
import org.dl4jplus.privacy.sampling.Sampling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class MatrixFactorizationTest {

  private static final int RECORDS = 10;
  private static final int COORDINATES = 3;
  private static final double SIGMA = 1.5;

  /** Batches of 3, 3, 3 and 1; 2 epochs and a half. */
  private static final int STEPS = 10;

  private static final double[] SUM = {1, -2, 0.25};

  @TempDir private Path folder;

  private static DpConfig.DpConfigBuilder config() {
    return DpConfig.builder()
        .noiseMultiplier(SIGMA)
        .steps(STEPS)
        .expectedBatchSize(3.0)
        .clipNorm(0.5)
        .sampling(Sampling.FIXED_EPOCH);
  }

  private static DpPlan plan(DpConfig config) {
    return new DpPlan(config, null, RECORDS, COORDINATES);
  }

  private static DpStep step(int index, DataType type) {
    return new DpStep(
        index,
        new Given(),
        3,
        Nd4j.zeros(type, COORDINATES),
        SIGMA,
        (values, std) -> {
          throw new AssertionError("independent noise");
        },
        new double[COORDINATES]);
  }

  private static double[] release(MatrixFactorization mechanism, DpPlan plan, int index) {
    DpStep step = step(index, DataType.DOUBLE);
    mechanism.step(plan, step);
    return step.direction();
  }

  private String file() {
    return folder.resolve("noise.key").toString();
  }

  private MatrixFactorization kept() {
    return MatrixFactorization.builder().secretFile(file()).build();
  }

  private MatrixFactorization resumed(Map<String, double[]> state, DpPlan plan) {
    MatrixFactorization mechanism = kept();
    mechanism.restore(state);
    mechanism.begin(plan);
    return mechanism;
  }

  private static double multiplier(PrivacyEvent event) {
    return ((PrivacyEvent.Gaussian) event).noiseMultiplier();
  }

  @ParameterizedTest
  @EnumSource
  void releasesTheSumWithCorrelatedNoise(FactorizationMethod method) {
    DpPlan plan = plan(config().testSeed(7L).build());
    MatrixFactorization mechanism = MatrixFactorization.builder().method(method).build();
    mechanism.begin(plan);
    Participation participation = Participation.fixedEpoch(STEPS, 3, 4);
    Factorization factorization = method.create(Workload.prefixSums(STEPS), participation, null);
    double std = SIGMA * participation.sensitivity(factorization) * 0.5;
    NoiseKey key = NoiseKey.seeded(7, 4);
    CorrelatedNoise noise =
        factorization.noise((i, out) -> key.source(i).gaussian(out), COORDINATES);
    for (int t = 0; t < STEPS; t++) {
      double[] expected = new double[COORDINATES];
      noise.next(expected);
      for (int c = 0; c < COORDINATES; c++) {
        expected[c] = (SUM[c] + std * expected[c]) / 3;
      }
      // The grid's cells are 2^-20 of the noise.
      assertArrayEquals(expected, release(mechanism, plan, t), 2e-6 * std, "step " + t);
    }
  }

  @Test
  void chargesOneGaussianAtTheFirstStep() {
    DpPlan plan = plan(config().build());
    MatrixFactorization mechanism = MatrixFactorization.builder().build();
    mechanism.begin(plan);
    PrivacyEvent event = mechanism.event(plan, 0, SIGMA);
    assertEquals(SIGMA, multiplier(event));
    assertTrue(event.relations().contains(Neighbours.REPLACE_ZERO));
    assertTrue(event.relations().contains(Neighbours.REPLACE_ONE));
    assertFalse(event.relations().contains(Neighbours.ADD_REMOVE));
    for (int t = 1; t < STEPS; t++) {
      assertNull(mechanism.event(plan, t, SIGMA));
    }
  }

  @Test
  void noiseIsSecureAndNewForEachRun() {
    DpPlan plan = plan(config().build());
    double[][] first = new double[2][];
    for (int run = 0; run < 2; run++) {
      MatrixFactorization mechanism = MatrixFactorization.builder().build();
      mechanism.begin(plan);
      first[run] = release(mechanism, plan, 0);
    }
    assertTrue(first[0][0] != first[1][0]);
  }

  @Test
  void replacingOneDoublesTheNoiseAndSinglePrecisionWidensIt() {
    double[][] noise = new double[3][];
    for (int run = 0; run < 3; run++) {
      Neighbours relation = run == 1 ? Neighbours.REPLACE_ONE : Neighbours.REPLACE_ZERO;
      DpPlan plan = plan(config().testSeed(3L).neighbours(relation).build());
      MatrixFactorization mechanism = MatrixFactorization.builder().build();
      mechanism.begin(plan);
      DpStep step = step(0, run == 2 ? DataType.FLOAT : DataType.DOUBLE);
      mechanism.step(plan, step);
      noise[run] = step.direction();
      for (int c = 0; c < COORDINATES; c++) {
        noise[run][c] -= SUM[c] / 3;
      }
    }
    for (int c = 0; c < COORDINATES; c++) {
      assertEquals(2 * noise[0][c], noise[1][c], 2e-5);
      assertEquals(1.001 * noise[0][c], noise[2][c], 2e-5);
    }
  }

  @Test
  void noiseIsExhaustedAfterTheLastStep() {
    DpPlan plan = plan(config().build());
    MatrixFactorization mechanism = MatrixFactorization.builder().build();
    mechanism.begin(plan);
    for (int t = 0; t < STEPS; t++) {
      release(mechanism, plan, t);
    }
    IllegalStateException error =
        assertThrows(IllegalStateException.class, () -> release(mechanism, plan, STEPS));
    assertTrue(error.getMessage().contains("noise exhausted"), error.getMessage());
    assertThrows(IllegalStateException.class, () -> release(mechanism, plan, 4));
  }

  @Test
  void goesOnWithTheKeyAndTheOrder() {
    DpPlan plan = plan(config().build());
    MatrixFactorization mechanism = kept();
    mechanism.begin(plan);
    int[][] batches = new int[STEPS][];
    double[][] released = new double[STEPS][];
    for (int t = 0; t < STEPS; t++) {
      batches[t] = mechanism.sampler(plan, t).draw(t, null);
      released[t] = release(mechanism, plan, t);
      mechanism = resumed(mechanism.state(), plan);
      if (t + 1 < STEPS) {
        assertNull(mechanism.event(plan, t + 1, SIGMA));
      }
      if (t >= 4) {
        assertArrayEquals(batches[t - 4], batches[t]);
      }
    }
    NoiseSecret.Content content = new NoiseSecret(Path.of(file())).read();
    assertEquals(1, content.keys());
    assertEquals(STEPS, content.next());
    NoiseKey key = NoiseKey.of(content.key(), 4);
    TriangularFactorization c = TriangularFactorization.squareRoot(STEPS, 4);
    CorrelatedNoise noise = c.noise((i, out) -> key.source(i).gaussian(out), COORDINATES);
    double std = SIGMA * Participation.fixedEpoch(STEPS, 3, 4).sensitivity(c) * 0.5;
    double[] expected = new double[COORDINATES];
    for (int t = 0; t < STEPS; t++) {
      noise.next(expected);
      assertEquals((SUM[0] + std * expected[0]) / 3, released[t][0], 2e-6 * std);
    }
  }

  @Test
  void rewindsCostAKeyEach() {
    DpPlan plan = plan(config().build());
    MatrixFactorization mechanism = kept();
    mechanism.begin(plan);
    Map<String, double[]> before = mechanism.state();
    release(mechanism, plan, 0);
    release(mechanism, plan, 1);
    Map<String, double[]> early = mechanism.state();
    release(mechanism, plan, 2);

    MatrixFactorization again = resumed(early, plan);
    assertEquals(SIGMA, multiplier(again.event(plan, 2, SIGMA)));
    assertNull(again.event(plan, 3, SIGMA));
    Map<String, double[]> unreleased = again.state();
    release(again, plan, 2);
    Map<String, double[]> second = again.state();
    assertNull(resumed(second, plan).event(plan, 3, SIGMA));
    release(again, plan, 3);

    // Its ledger lacks the second key's Gaussian and that of a third one.
    assertEquals(
        SIGMA / Math.sqrt(2), multiplier(resumed(early, plan).event(plan, 2, SIGMA)), 1e-15);
    assertEquals(
        SIGMA / Math.sqrt(2), multiplier(resumed(unreleased, plan).event(plan, 2, SIGMA)), 1e-15);
    assertEquals(SIGMA, multiplier(resumed(second, plan).event(plan, 3, SIGMA)));
    assertEquals(
        SIGMA / Math.sqrt(3), multiplier(resumed(before, plan).event(plan, 0, SIGMA)), 1e-15);

    // Nine steps remain, and no more.
    MatrixFactorization third = resumed(second, plan);
    for (int t = 3; t < STEPS; t++) {
      release(third, plan, t);
    }
    assertThrows(IllegalStateException.class, () -> release(third, plan, STEPS));
    // The first run's file has moved on.
    assertThrows(IllegalStateException.class, () -> release(mechanism, plan, 3));
  }

  @Test
  void twoRunsNeverReleaseOneStep() {
    DpPlan plan = plan(config().build());
    MatrixFactorization mechanism = kept();
    mechanism.begin(plan);
    release(mechanism, plan, 0);
    MatrixFactorization one = resumed(mechanism.state(), plan);
    MatrixFactorization other = resumed(mechanism.state(), plan);
    release(one, plan, 1);
    IllegalStateException error =
        assertThrows(IllegalStateException.class, () -> release(other, plan, 1));
    assertTrue(error.getMessage().contains("another run"), error.getMessage());
  }

  @Test
  void seededRunsRepeat() {
    DpPlan plan = plan(config().testSeed(5L).build());
    MatrixFactorization whole = MatrixFactorization.builder().build();
    whole.begin(plan);
    release(whole, plan, 0);
    MatrixFactorization rest = MatrixFactorization.builder().build();
    rest.restore(whole.state());
    rest.begin(plan);
    assertArrayEquals(release(whole, plan, 1), release(rest, plan, 1));
  }

  @Test
  void rejects() throws IOException {
    DpConfig good = config().build();
    assertRejected("FIXED_EPOCH", config().sampling(Sampling.POISSON).build(), matrix());
    assertRejected("steps", config().steps(null).build(), matrix());
    assertRejected("bands", good, matrix().bands(5));
    assertRejected("learningRates", good, matrix().learningRates(new double[] {1}));
    for (Participation wrong :
        new Participation[] {
          Participation.fixedEpoch(STEPS, 2, 5),
          Participation.fixedEpoch(STEPS, 4, 3),
          Participation.minSeparation(STEPS, 2, 4),
          Participation.minSeparation(STEPS, 3, 5),
          Participation.minSeparation(STEPS - 1, 3, 4)
        }) {
      assertRejected("does not hold", good, matrix().participation(wrong));
    }
    assertThrows(IllegalArgumentException.class, () -> matrix().bands(0).build());
    assertThrows(IllegalArgumentException.class, () -> matrix().momentum(1.0).build());

    MatrixFactorization mechanism = kept();
    mechanism.begin(plan(good));
    release(mechanism, plan(good), 0);
    assertRejected("another run", good, matrix().secretFile(file()));
    Map<String, double[]> state = mechanism.state();
    MatrixFactorization unkept = MatrixFactorization.builder().build();
    unkept.restore(state);
    assertThrows(IllegalArgumentException.class, () -> unkept.begin(plan(good)));
    MatrixFactorization elsewhere = matrix().secretFile(folder.resolve("none").toString()).build();
    elsewhere.restore(state);
    assertThrows(IllegalArgumentException.class, () -> elsewhere.begin(plan(good)));
    MatrixFactorization fewer = kept();
    fewer.restore(state);
    assertThrows(
        IllegalArgumentException.class,
        () -> fewer.begin(new DpPlan(good, null, RECORDS - 1, COORDINATES)));
    Path other = folder.resolve("other");
    Files.writeString(other, "something else");
    assertThrows(IllegalStateException.class, () -> new NoiseSecret(other).read());
  }

  private static MatrixFactorization.MatrixFactorizationBuilder matrix() {
    return MatrixFactorization.builder();
  }

  private static void assertRejected(
      String part, DpConfig config, MatrixFactorization.MatrixFactorizationBuilder builder) {
    MatrixFactorization mechanism = builder.build();
    IllegalArgumentException error =
        assertThrows(IllegalArgumentException.class, () -> mechanism.begin(plan(config)));
    assertTrue(error.getMessage().contains(part), error.getMessage());
  }

  @Test
  void acceptsAWeakerParticipation() {
    DpPlan plan = plan(config().build());
    MatrixFactorization mechanism =
        matrix().participation(Participation.minSeparation(STEPS, 4, 3)).bands(3).build();
    mechanism.begin(plan);
    assertEquals(COORDINATES, release(mechanism, plan, 0).length);
  }

  @Test
  void survivesJson() throws IOException {
    MatrixFactorization mechanism =
        matrix()
            .method(FactorizationMethod.OPTIMAL_BANDED)
            .bands(3)
            .momentum(0.9)
            .learningRates(new double[] {1, 2})
            .participation(Participation.fixedEpoch(2, 1, 2))
            .secretFile("key")
            .build();
    ObjectMapper json = new ObjectMapper();
    String text = json.writeValueAsString(mechanism);
    assertEquals(mechanism, json.readValue(text, DpMechanism.class), text);
    assertEquals(
        matrix().build(),
        json.readValue(json.writeValueAsString(matrix().build()), DpMechanism.class));
  }

  @Test
  void trainsSavesAndGoesOn() {
    DataSet data =
        new DataSet(Nd4j.rand(DataType.DOUBLE, RECORDS, 2), Nd4j.rand(DataType.DOUBLE, RECORDS, 2));
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(new OutputLayer.Builder(LossFunction.MSE).nIn(2).nOut(2).build())
                .build());
    network.init();
    PrivateRecords records = PrivateRecords.of(data);
    File early = folder.resolve("early.zip").toFile();
    File late = folder.resolve("late.zip").toFile();
    try (DpTrainer trainer = DpTrainer.attach(network, config().build(), kept(), records)) {
      trainer.fit(2);
      trainer.save(early);
      trainer.fit(2);
      trainer.save(late);
    }
    assertEquals(1, goOn(late, records));
    assertEquals(2, goOn(early, records));
    assertEquals(3, goOn(early, records), 1e-12);
  }

  /** Makes the rest of the steps; how many Gaussians they have cost with those before. */
  private static double goOn(File file, PrivateRecords records) {
    try (DpTrainer trainer = DpTrainer.resume(restored(file), file, records)) {
      trainer.fit();
      assertEquals(STEPS, trainer.steps());
      return trainer.ledger().entries().stream()
          .mapToDouble(entry -> entry.count() * Math.pow(SIGMA / multiplier(entry.event()), 2))
          .sum();
    }
  }

  private static MultiLayerNetwork restored(File file) {
    try {
      return ModelSerializer.restoreMultiLayerNetwork(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A sum whatever the records are. */
  private static final class Given implements PrivateGradients {

    @Override
    public int coordinates() {
      return COORDINATES;
    }

    @Override
    public int count() {
      return 3;
    }

    @Override
    public PrivateGradients part(int from, int to) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void clippedSum(INDArray point, ClipRule rule, double[] clipped) {
      System.arraycopy(SUM, 0, clipped, 0, COORDINATES);
    }

    @Override
    public void clippedAndPlainSum(
        INDArray point, ClipRule rule, double[] clipped, double[] plain) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void clippedDifferenceSum(
        INDArray point, INDArray reference, double threshold, double[] clipped) {
      throw new UnsupportedOperationException();
    }
  }
}
