package org.dl4jplus.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.noise.NoiseGrid;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.dl4jplus.privacy.noise.SecureNoise;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class DpFeaturePreprocessorTest {

  /** So much budget that the noise is nothing. */
  private static final double NO_NOISE = 1e24;

  private static DpFeaturePreprocessor.DpFeaturePreprocessorBuilder config(int records) {
    return DpFeaturePreprocessor.builder().rho(NO_NOISE).maxNorm(100.0).records(records);
  }

  private static double[][] points(int n, int d, double offset, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] points = new double[n][];
    for (int i = 0; i < n; i++) {
      points[i] = random.doubles(d, offset - 1, offset + 1).toArray();
    }
    return points;
  }

  private static DataSet data(double[][] features) {
    return new DataSet(Nd4j.createFromArray(features), Nd4j.zeros(features.length, 1));
  }

  @Test
  void withoutNoiseFeaturesAreCentredInTheUnitBall() {
    double[][] points = points(50, 4, 10, 1);
    DpFeaturePreprocessor preprocessor = config(50).quantile(1.0).build();
    DataSet data = data(points);
    preprocessor.fit(data, new SeededNoise(1));
    assertArrayEquals(data.getFeatures().mean(0).toDoubleVector(), preprocessor.getMean(), 1e-5);
    INDArray before = data.getFeatures().dup();
    preprocessor.transform(data);
    INDArray after = data.getFeatures();
    // The private quantile 1 lies between the largest distance and the bound: a uniform point.
    for (double mean : after.mean(0).toDoubleVector()) {
      assertEquals(0, mean, 1e-5);
    }
    assertTrue(after.norm2(1).maxNumber().doubleValue() <= 1 + 1e-12);
    preprocessor.revert(data);
    assertTrue(before.equalsWithEps(data.getFeatures(), 1e-9));
  }

  @Test
  void withoutNoiseTheQuantilesRecordHasNormOne() {
    double[][] points = points(100, 3, 5, 2);
    DpFeaturePreprocessor preprocessor = config(100).build();
    DataSet data = data(points);
    preprocessor.fit(data, new SeededNoise(1));
    preprocessor.preProcess(data);
    double[] norms = data.getFeatures().norm2(1).toDoubleVector();
    // The default quantile of 100 records is 0.9: ten are clipped to 1, give or take a neighbour.
    long clipped = Arrays.stream(norms).filter(x -> x > 1 - 1e-12).count();
    assertEquals(10, clipped, 1);
    assertTrue(Arrays.stream(norms).max().orElseThrow() <= 1 + 1e-12);
  }

  @Test
  void longRecordsAreScaledToTheBoundInTheMean() {
    DpFeaturePreprocessor preprocessor = config(2).maxNorm(5.0).build();
    preprocessor.fit(data(new double[][] {{30, 40}, {1, 0}}), new SeededNoise(1));
    // (3, 4) and (1, 0).
    assertArrayEquals(new double[] {2, 2}, preprocessor.getMean(), 1e-6);
  }

  @Test
  void aRecordMovesTheMeanByAtMostItsSensitivity() {
    SplittableRandom random = new SplittableRandom(9);
    double bound = 3;
    for (int trial = 0; trial < 60; trial++) {
      double[][] points = points(10, 4, 0, trial);
      double size = Math.pow(10, random.nextDouble(-3, trial % 3 == 0 ? 300 : 3));
      double[][] replaced = points.clone();
      replaced[3] = DoubleStream.of(points[4]).map(x -> x * size).toArray();
      double[] before = meanOf(points, bound);
      assertTrue(distance(before, meanOf(replaced, bound)) <= 2 * bound / 10 * 1.000001);
      double[][] removed = Arrays.copyOf(replaced, 9);
      double[][] added = Arrays.copyOf(removed, 10);
      added[9] = replaced[3];
      assertTrue(distance(meanOf(removed, bound), meanOf(added, bound)) <= bound / 10 * 1.000001);
    }
  }

  private static double[] meanOf(double[][] points, double bound) {
    DpFeaturePreprocessor preprocessor = config(10).maxNorm(bound).build();
    preprocessor.fit(data(points), new SeededNoise(1));
    return preprocessor.getMean();
  }

  private static double distance(double[] a, double[] b) {
    double squares = 0;
    for (int j = 0; j < a.length; j++) {
      squares += (a[j] - b[j]) * (a[j] - b[j]);
    }
    return Math.sqrt(squares);
  }

  /** The noise of the mean has the charged deviation, and its sum lies on the grid. */
  @Test
  void meanHasTheNoiseThatIsCharged() {
    int d = 4000;
    int n = 10;
    double rho = 0.3;
    DpFeaturePreprocessor preprocessor =
        config(n).rho(rho).fraction(0.2).meanShare(0.25).maxNorm(2.0).build();
    preprocessor.fit(data(new double[n][d]), new SecureNoise());
    // Two times the bound over n, times 1 / sqrt(2 rho1).
    double rho1 = 0.3 * 0.2 * 0.25;
    double deviation = 2 * 2.0 / n / Math.sqrt(2 * rho1);
    double squares = 0;
    double cell = NoiseGrid.granularity(deviation * n);
    for (double x : preprocessor.getMean()) {
      squares += x * x;
      assertEquals(Math.rint(x * n / cell), x * n / cell, 1e-6);
    }
    // The relative deviation of the mean square is sqrt(2/d); 6 of them.
    assertEquals(1, squares / d / (deviation * deviation), 6 * Math.sqrt(2.0 / d));
    PrivacyLedger ledger = preprocessor.ledger(Neighbours.REPLACE_ONE);
    PrivacyEvent.Gaussian gaussian = (PrivacyEvent.Gaussian) ledger.entries().get(0).event();
    assertEquals(deviation * n / (2 * 2.0), gaussian.noiseMultiplier(), 1e-12);
  }

  @Test
  void ledgersAddUpToTheFraction() {
    DpFeaturePreprocessor preprocessor =
        config(20).rho(0.5).fraction(0.3).meanShare(0.6).rounds(3).build();
    assertEquals(0.35, preprocessor.trainingRho(), 1e-15);
    assertTrue(preprocessor.ledger(Neighbours.ADD_REMOVE).entries().isEmpty());
    preprocessor.fit(data(points(20, 3, 0, 1)));
    for (Neighbours neighbours : Neighbours.values()) {
      double sum = 0;
      double pure = 0;
      for (PrivacyLedger.Entry entry : preprocessor.zcdpLedger(neighbours).entries()) {
        assertEquals(3, entry.count());
        sum += 3 * zcdp(entry.event());
      }
      for (PrivacyLedger.Entry entry : preprocessor.ledger(neighbours).entries()) {
        pure += 3 * zcdp(entry.event());
      }
      assertEquals(0.15, sum, 1e-12);
      assertEquals(0.15, pure, 1e-12);
    }
  }

  private static double zcdp(PrivacyEvent event) {
    if (event instanceof PrivacyEvent.Gaussian gaussian) {
      return 1 / (2 * gaussian.noiseMultiplier() * gaussian.noiseMultiplier());
    }
    if (event instanceof PrivacyEvent.PureDp pure) {
      // Of an exponential mechanism.
      return pure.epsilon() * pure.epsilon() / 8;
    }
    return ((PrivacyEvent.ZCdp) event).rho();
  }

  /** The second round's noise is that of the first one's radius, not of the bound. */
  @Test
  void aSecondRoundIsFiner() {
    int n = 1000;
    double[][] points = points(n, 20, 50, 3);
    double[] errors = new double[2];
    for (int rounds = 1; rounds <= 2; rounds++) {
      DpFeaturePreprocessor preprocessor =
          config(n).rho(10.0).maxNorm(300.0).rounds(rounds).build();
      preprocessor.fit(data(points), new SeededNoise(1));
      for (double x : preprocessor.getMean()) {
        errors[rounds - 1] += (x - 50) * (x - 50);
      }
    }
    assertTrue(errors[1] < errors[0] / 20, errors[0] + " " + errors[1]);
  }

  @Test
  void defaultQuantileGivesWayToSmallBudgets() {
    assertEquals(1 - 1 / Math.sqrt(10_000), config(10_000).build().getQuantile(), 1e-12);
    assertEquals(0.9, config(1000).rho(0.01).build().getQuantile());
    assertEquals(0.9, config(4).build().getQuantile());
    // epsilon^2 = 8 * 0.5 * 0.1 * 0.5.
    double expected = 1 - 2 * 24 * Math.log(2) / (1000 * Math.sqrt(0.2));
    assertEquals(expected, config(1000).rho(0.5).build().getQuantile(), 1e-12);
  }

  @Test
  void noiseFromASeedGuaranteesNothing() {
    DpFeaturePreprocessor preprocessor = config(20).rho(0.5).build();
    preprocessor.fit(data(points(20, 3, 0, 1)), new SeededNoise(1));
    PrivacyEvent first = preprocessor.ledger(Neighbours.ADD_REMOVE).entries().get(0).event();
    assertEquals(0, ((PrivacyEvent.Gaussian) first).noiseMultiplier());
  }

  @Test
  void trainersTakeItsLedger() {
    DataSet data = data(points(30, 3, 5, 1));
    DpFeaturePreprocessor preprocessor = config(30).rho(0.5).rounds(2).build();
    preprocessor.fit(data);
    preprocessor.transform(data);
    DpConfig config =
        DpConfig.builder()
            .noiseMultiplier(5.0)
            .samplingRate(0.2)
            .steps(4)
            .targetDelta(1e-5)
            .build();
    PrivacyLedger ledger = preprocessor.ledger(config.getNeighbours());
    double alone = Accounting.PLD.create(ledger).epsilon(1e-5);
    assertTrue(alone > 0.1 && alone < 3, "" + alone);
    double zcdp =
        Accounting.RDP.create(preprocessor.zcdpLedger(Neighbours.ADD_REMOVE)).epsilon(1e-5);
    assertTrue(zcdp <= Accounting.RDP.create(ledger).epsilon(1e-5) * (1 + 1e-9));
    try (DpTrainer trainer = DpTrainer.attach(network(), config, data)) {
      ledger.entries().forEach(entry -> trainer.charge(entry.event(), entry.count()));
      assertEquals(alone, trainer.epsilon(1e-5), 1e-9);
      trainer.fit(4);
      assertTrue(trainer.epsilon(1e-5) > alone);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Accounting.class,
      names = {"PLD", "RDP"})
  void noiseFromASeedCostsInfinitelyMuch(Accounting accounting) {
    DpFeaturePreprocessor preprocessor = config(30).rho(0.5).build();
    preprocessor.fit(data(points(30, 3, 5, 1)), new SeededNoise(1));
    PrivacyLedger ledger = preprocessor.ledger(Neighbours.ADD_REMOVE);
    assertEquals(Double.POSITIVE_INFINITY, accounting.create(ledger).epsilon(1e-5));
  }

  @Test
  void anotherNumberOfRecordsChangesNothingButTheData() {
    // 30 records where 20 were announced: the divisor stays 20, or neighbours could be told apart.
    DpFeaturePreprocessor preprocessor = config(20).build();
    double[][] points = new double[30][];
    Arrays.fill(points, new double[] {2, 4});
    preprocessor.fit(data(points), new SeededNoise(1));
    assertArrayEquals(new double[] {3, 6}, preprocessor.getMean(), 1e-6);
  }

  @Test
  void iteratorsAndOtherShapesGiveTheSame() {
    double[][] points = points(40, 12, 3, 7);
    DpFeaturePreprocessor whole = config(40).rho(1.0).build();
    whole.fit(data(points), new SeededNoise(5));
    DpFeaturePreprocessor pieces = config(40).rho(1.0).build();
    DataSetIterator iterator = new ListDataSetIterator<>(data(points).asList(), 7);
    pieces.fit(iterator, new SeededNoise(5));
    assertEquals(whole, pieces);
    assertTrue(iterator.hasNext());
    INDArray flat = Nd4j.createFromArray(points);
    INDArray images = flat.dup().reshape(40, 3, 2, 2).dup('f').castTo(DataType.FLOAT);
    DpFeaturePreprocessor shaped = config(40).rho(1.0).build();
    shaped.fit(new DataSet(images, Nd4j.zeros(40, 1)), new SeededNoise(5));
    assertArrayEquals(whole.getMean(), shaped.getMean(), 1e-5);
    whole.transform(flat);
    whole.transform(images);
    assertEquals(DataType.FLOAT, images.dataType());
    assertTrue(flat.equalsWithEps(images.castTo(DataType.DOUBLE).dup('c').reshape(40, 12), 1e-6));
    iterator.setPreProcessor(pieces);
    iterator.reset();
    assertTrue(
        flat.get(NDArrayIndex.interval(0, 7)).equalsWithEps(iterator.next().getFeatures(), 1e-12));
  }

  @Test
  void modelsCarryIt(@TempDir Path directory) throws IOException {
    DpFeaturePreprocessor preprocessor = config(20).rho(0.5).build();
    preprocessor.fit(data(points(20, 3, 0, 1)));
    MultiLayerNetwork network = network();
    File file = directory.resolve("model.zip").toFile();
    ModelSerializer.writeModel(network, file, true);
    ModelSerializer.addNormalizerToModel(file, preprocessor);
    assertEquals(preprocessor, ModelSerializer.restoreNormalizerFromFile(file));
    assertEquals(
        preprocessor,
        ModelSerializer.restoreMultiLayerNetworkAndNormalizer(file, true).getSecond());
    File other = directory.resolve("other.zip").toFile();
    ModelSerializer.writeModel(network, other, true, preprocessor);
    DpFeaturePreprocessor restored = ModelSerializer.restoreNormalizerFromFile(other);
    assertEquals(
        preprocessor.ledger(Neighbours.ADD_REMOVE).entries(),
        restored.ledger(Neighbours.ADD_REMOVE).entries());
    assertThrows(IllegalStateException.class, () -> restored.fit(data(points(20, 3, 0, 1))));
  }

  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(3)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    network.init();
    return network;
  }

  @Test
  void javaSerializationCarriesIt() throws IOException, ClassNotFoundException {
    DpFeaturePreprocessor preprocessor = config(20).rho(0.5).build();
    preprocessor.fit(data(points(20, 3, 0, 1)));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(preprocessor);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertEquals(preprocessor, in.readObject());
    }
  }

  @Test
  void badInputIsRefused() {
    assertRefused("rho", () -> config(2).rho(null).build());
    assertRefused("rho", () -> config(2).rho(0.0).build());
    assertRefused("fraction", () -> config(2).fraction(1.0).build());
    assertRefused("meanShare", () -> config(2).meanShare(0.0).build());
    assertRefused("maxNorm", () -> config(2).maxNorm(0.0).build());
    assertRefused("maxNorm", () -> config(2).maxNorm(null).build());
    assertRefused("records", () -> config(1).build());
    assertRefused("quantile", () -> config(2).quantile(1.5).build());
    DpFeaturePreprocessor preprocessor = config(3).build();
    assertThrows(IllegalStateException.class, () -> preprocessor.transform(Nd4j.zeros(1, 2)));
    assertNull(preprocessor.getMean());
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      DataSet data = data(new double[][] {{0, 1}, {5, bad}, {7, 9}});
      String message = assertRefused("features", () -> preprocessor.fit(data));
      assertTrue(message.contains("column 1"), message);
      assertFalse(message.contains("5") || message.contains("2"), message);
    }
    DataSet masked = data(new double[][] {{0, 1}, {5, 2}});
    masked.setFeaturesMaskArray(Nd4j.ones(2, 1));
    assertRefused("featuresMask", () -> preprocessor.fit(masked));
    assertRefused("fitLabels", () -> preprocessor.fitLabel(true));
    assertFalse(preprocessor.isFitLabel());
    DataSet good = data(new double[][] {{0, 1}, {5, 2}, {0, 0}});
    preprocessor.fit(good);
    assertThrows(IllegalStateException.class, () -> preprocessor.fit(good));
    assertRefused("features", () -> preprocessor.transform(Nd4j.zeros(1, 3)));
    assertRefused("featuresMask", () -> preprocessor.transform(masked));
  }

  // The counter-example: what the records share hides what tells them apart.

  /** Features offset e1 + y e2 with y = +-1: noise of DP-SGD is scaled to the offset. */
  @ParameterizedTest
  @ValueSource(doubles = {100, 1000})
  void sharedOffsetBreaksTrainingUnlessItIsRemoved(double offset) {
    int n = 200;
    double rho = 2;
    double[][] points = new double[n][];
    for (int i = 0; i < n; i++) {
      points[i] = new double[] {offset, i % 2 == 0 ? 1 : -1};
    }
    double plain = 0;
    double prepared = 0;
    int runs = 8;
    for (int run = 0; run < runs; run++) {
      NoiseSource noise = new SeededNoise(100 + run);
      plain += accuracy(points, rho, noise) / runs;
      DpFeaturePreprocessor preprocessor =
          DpFeaturePreprocessor.builder()
              .rho(rho)
              .fraction(0.3)
              .rounds(2)
              .quantile(0.5)
              .maxNorm(offset + 1)
              .records(n)
              .build();
      DataSet data = data(points);
      preprocessor.fit(data, noise);
      preprocessor.transform(data);
      prepared +=
          accuracy(data.getFeatures().toDoubleMatrix(), preprocessor.trainingRho(), noise) / runs;
    }
    assertTrue(plain < 0.7, "without: " + plain);
    assertTrue(prepared >= 0.95, "with: " + prepared);
  }

  /** DP-GD on the logistic loss with a bias, clip 1: records are right where y (w.x + b) > 0. */
  private static double accuracy(double[][] points, double rho, NoiseSource noise) {
    int steps = 50;
    double[] w = new double[points[0].length + 1];
    for (int t = 0; t < steps; t++) {
      double[] sum = new double[w.length];
      for (int i = 0; i < points.length; i++) {
        double[] gradient = new double[w.length];
        double slope = -label(i) / (1 + Math.exp(label(i) * score(w, points[i])));
        double norm = 0;
        for (int j = 0; j < w.length; j++) {
          gradient[j] = slope * (j < points[i].length ? points[i][j] : 1);
          norm += gradient[j] * gradient[j];
        }
        double factor = Math.min(1, 1 / Math.sqrt(norm));
        for (int j = 0; j < w.length; j++) {
          sum[j] += factor * gradient[j];
        }
      }
      NoiseGrid.addGaussian(sum, Math.sqrt(steps / (2 * rho)), noise);
      for (int j = 0; j < w.length; j++) {
        w[j] -= 3 * sum[j] / points.length;
      }
    }
    int right = 0;
    for (int i = 0; i < points.length; i++) {
      right += label(i) * score(w, points[i]) > 0 ? 1 : 0;
    }
    return (double) right / points.length;
  }

  private static int label(int i) {
    return i % 2 == 0 ? 1 : -1;
  }

  private static double score(double[] w, double[] x) {
    double score = w[x.length];
    for (int j = 0; j < x.length; j++) {
      score += w[j] * x[j];
    }
    return score;
  }

  private static String assertRefused(String name, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.startsWith(name), message);
    return message;
  }
}
