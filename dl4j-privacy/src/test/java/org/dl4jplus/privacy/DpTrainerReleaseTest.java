package org.dl4jplus.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.gradient.Clipping;
import org.dl4jplus.privacy.gradient.GradientEngine;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What a step releases. Statistical tests have a seed, so they give the same result each time. */
class DpTrainerReleaseTest {

  private static NeuralNetConfiguration.Builder conf(IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .dataType(DataType.DOUBLE)
        .activation(Activation.TANH)
        .updater(updater);
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build();
  }

  private static MultiLayerNetwork network(IUpdater updater) {
    return initialised(
        new MultiLayerNetwork(
            conf(updater)
                .list()
                .layer(new DenseLayer.Builder().nOut(6).build())
                .layer(output())
                .setInputType(InputType.feedForward(4))
                .build()));
  }

  private static ComputationGraph graph(IUpdater updater) {
    return initialised(
        new ComputationGraph(
            conf(updater)
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.feedForward(4))
                .addLayer("hidden", new DenseLayer.Builder().nOut(6).build(), "in")
                .addLayer("out", output(), "hidden")
                .setOutputs("out")
                .build()));
  }

  private static MultiLayerNetwork recurrent(IUpdater updater) {
    return initialised(
        new MultiLayerNetwork(
            conf(updater)
                .list()
                .layer(new LSTM.Builder().nOut(4).build())
                .layer(new RnnOutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.recurrent(4))
                .build()));
  }

  private static <M extends Model> M initialised(M model) {
    model.init();
    return model;
  }

  private static INDArray normal(long... shape) {
    Random random = new Random(3);
    INDArray array = Nd4j.create(DataType.DOUBLE, shape);
    double[] values = new double[(int) array.length()];
    Arrays.setAll(values, i -> random.nextGaussian());
    return array.assign(Nd4j.createFromArray(values).reshape(shape));
  }

  private static DataSet data(int rows) {
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, rows, 3);
    for (int i = 0; i < rows; i++) {
      labels.putScalar(i, i % 3, 1);
    }
    return new DataSet(normal(rows, 4), labels);
  }

  private static DataSet sequences(int rows) {
    INDArray labels = Nd4j.zeros(DataType.DOUBLE, rows, 3, 5);
    INDArray mask = Nd4j.ones(DataType.DOUBLE, rows, 5);
    for (int i = 0; i < rows; i++) {
      for (int t = 0; t < 5; t++) {
        labels.putScalar(new int[] {i, (i + t) % 3, t}, 1);
      }
      if (i % 2 == 0) {
        mask.putScalar(i, 4, 0);
        mask.putScalar(i, 3, 0);
      }
    }
    return new DataSet(normal(rows, 4, 5), labels, mask, mask.dup());
  }

  private static INDArray trained(Model model, DpConfig config, PrivateRecords records, int count) {
    try (DpTrainer trainer = DpTrainer.attach(model, config, records)) {
      assertEquals(count, trainer.fit(count));
      assertEquals(count, ModelAccess.of(model).iteration());
    }
    return model.params().dup();
  }

  private static double normalDistribution(double x) {
    // Abramowitz and Stegun 26.2.17, off by at most 7.5e-8.
    double t = 1 / (1 + 0.2316419 * Math.abs(x));
    double tail =
        Math.exp(-x * x / 2)
            / Math.sqrt(2 * Math.PI)
            * t
            * (0.319381530
                + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    return x >= 0 ? 1 - tail : tail;
  }

  @Test
  void withoutGradientsTheStepIsTheNoise() {
    MultiLayerNetwork network =
        initialised(
            new MultiLayerNetwork(
                conf(new Sgd(1))
                    .list()
                    .layer(
                        new OutputLayer.Builder(LossFunction.MSE)
                            .nIn(400)
                            .nOut(300)
                            .hasBias(false)
                            .activation(Activation.IDENTITY)
                            .build())
                    .build()));
    DataSet zeros =
        new DataSet(Nd4j.zeros(DataType.DOUBLE, 5, 400), Nd4j.ones(DataType.DOUBLE, 5, 300));
    DpConfig config =
        DpConfig.builder()
            .noiseMultiplier(2.0)
            .clipNorm(3.0)
            .samplingRate(0.5)
            .testSeed(17L)
            .build();
    INDArray before = network.params().dup();
    double[] steps =
        before.sub(trained(network, config, PrivateRecords.of(zeros), 1)).toDoubleVector();
    int n = steps.length;
    assertEquals(120_000, n);
    double std = 2.0 * 3.0 / 2.5;
    double mean = Arrays.stream(steps).average().orElseThrow();
    double variance = Arrays.stream(steps).map(x -> x * x).sum() / n;
    // 4 standard errors of the mean and of the standard deviation.
    assertEquals(0, mean, 4 * std / Math.sqrt(n));
    assertEquals(std, Math.sqrt(variance), 4 * std / Math.sqrt(2.0 * n));
    Arrays.sort(steps);
    double distance = 0;
    for (int i = 0; i < n; i++) {
      double f = normalDistribution(steps[i] / std);
      distance = Math.max(distance, Math.max(f - (double) i / n, (i + 1.0) / n - f));
    }
    // Kolmogorov's distribution: 2 exp(-2 n d^2) = 1e-4.
    assertTrue(distance < Math.sqrt(-Math.log(0.5e-4) / (2.0 * n)), "" + distance);
  }

  @Test
  void twoRunsDiffer() {
    DpConfig config = DpConfig.builder().noiseMultiplier(1.0).samplingRate(0.5).build();
    PrivateRecords records = PrivateRecords.of(data(10));
    assertNotEquals(
        trained(network(new Sgd(0.1)), config, records, 1),
        trained(network(new Sgd(0.1)), config, records, 1));
  }

  private record Counted(PrivateRecords records, List<Integer> pieces) implements PrivateRecords {

    @Override
    public int size() {
      return records.size();
    }

    @Override
    public MultiDataSet get(int[] which) {
      pieces.add(which.length);
      return records.get(which);
    }
  }

  @Test
  void piecesOfABatchAreOneStep() {
    DpConfig config =
        DpConfig.builder().noiseMultiplier(1.0).samplingRate(0.9).testSeed(3L).build();
    PrivateRecords records = PrivateRecords.of(data(20));
    INDArray whole = trained(network(new Adam(0.1)), config, records, 4);
    List<Integer> pieces = new ArrayList<>();
    INDArray cut =
        trained(
            network(new Adam(0.1)),
            config.toBuilder().maxPhysicalBatch(3).build(),
            new Counted(records, pieces),
            4);
    assertTrue(whole.equalsWithEps(cut, 1e-10));
    assertTrue(pieces.stream().allMatch(size -> size <= 3));
    assertTrue(pieces.size() > 4 * 5);
  }

  @Test
  void aGraphIsTrainedLikeANetwork() {
    for (Clipping clipping : Clipping.values()) {
      DpConfig config =
          DpConfig.builder()
              .noiseMultiplier(0.5)
              .clipNorm(0.3)
              .clipping(clipping)
              .samplingRate(0.6)
              .testSeed(3L)
              .build();
      PrivateRecords records = PrivateRecords.of(data(12));
      ComputationGraph graph = graph(new Adam(0.05));
      MultiLayerNetwork network = network(new Adam(0.05));
      network.setParams(graph.params());
      INDArray expected = trained(network, config, records, 3);
      assertTrue(expected.equalsWithEps(trained(graph, config, records, 3), 1e-10));
    }
  }

  @Test
  void maskedSequencesAreTrainedAsThePlatformDoes() {
    DataSet data = sequences(6);
    for (GradientEngine engine : GradientEngine.values()) {
      DpConfig config =
          DpConfig.builder()
              .noiseMultiplier(0.0)
              .nonPrivate(true)
              .clipNorm(1e6)
              .samplingRate(1.0)
              .gradientEngine(engine)
              .build();
      MultiLayerNetwork plain = recurrent(new Sgd(0.1));
      for (int i = 0; i < 3; i++) {
        plain.fit(data);
      }
      INDArray ours = trained(recurrent(new Sgd(0.1)), config, PrivateRecords.of(data), 3);
      assertTrue(plain.params().equalsWithEps(ours, 1e-9), engine.toString());
    }
  }

  private static ComputationGraph severalInputs() {
    return initialised(
        new ComputationGraph(
            conf(new Adam(0.1))
                .graphBuilder()
                .addInputs("flat", "sequence")
                .setInputTypes(InputType.feedForward(4), InputType.recurrent(4))
                .addLayer("left", new DenseLayer.Builder().nOut(3).build(), "flat")
                .addLayer("right", new LastTimeStep(new LSTM.Builder().nOut(3).build()), "sequence")
                .addVertex("both", new MergeVertex(), "left", "right")
                .addLayer("first", output(), "both")
                .addLayer("second", output(), "right")
                .setOutputs("first", "second")
                .build()));
  }

  @Test
  void severalInputsOutputsAndMasksAreOneRecord(@TempDir Path folder) throws IOException {
    DataSet flat = data(6);
    DataSet sequence = sequences(6);
    org.nd4j.linalg.dataset.api.MultiDataSet data =
        new MultiDataSet(
            new INDArray[] {flat.getFeatures(), sequence.getFeatures()},
            new INDArray[] {flat.getLabels(), flat.getLabels()},
            new INDArray[] {null, sequence.getFeaturesMaskArray()},
            null);
    ComputationGraph plain = severalInputs();
    for (int i = 0; i < 4; i++) {
      plain.fit(data);
    }
    DpConfig config =
        DpConfig.builder()
            .noiseMultiplier(0.0)
            .nonPrivate(true)
            .clipNorm(1e6)
            .samplingRate(1.0)
            .build();
    ComputationGraph ours = severalInputs();
    PrivateRecords records = PrivateRecords.of(data);
    File file = folder.resolve("graph.zip").toFile();
    try (DpTrainer trainer = DpTrainer.attach(ours, config, records)) {
      trainer.fit(2);
      trainer.save(file);
    }
    ComputationGraph again = ComputationGraph.load(file, true);
    try (DpTrainer resumed = DpTrainer.resume(again, file, records)) {
      resumed.fit(2);
      assertEquals(4, resumed.steps());
    }
    assertTrue(plain.params().equalsWithEps(again.params(), 1e-9));
  }

  /** With Sgd(1) and L = 1 the step is the sum. */
  private static double[] sum(DpConfig config, DataSet data, int[] which) {
    MultiLayerNetwork network = network(new Sgd(1));
    INDArray before = network.params().dup();
    PrivateRecords records = PrivateRecords.of(PrivateRecords.of(data).get(which));
    INDArray after = trained(network, config, records, 1);
    return before.sub(after).mul(which.length).toDoubleVector();
  }

  @Test
  void noRecordWeighsMoreThanTheClipNorm() {
    DataSet data = data(9);
    data.getFeatures().muli(50);
    for (Clipping clipping : Clipping.values()) {
      DpConfig config =
          DpConfig.builder()
              .noiseMultiplier(0.0)
              .nonPrivate(true)
              .clipNorm(0.4)
              .clipping(clipping)
              .samplingRate(1.0)
              .build();
      double[] all = sum(config, data, IntStream.range(0, 9).toArray());
      for (int out = 0; out < 9; out++) {
        int without = out;
        double[] others =
            sum(config, data, IntStream.range(0, 9).filter(i -> i != without).toArray());
        double squares = 0;
        for (int i = 0; i < all.length; i++) {
          squares += (all[i] - others[i]) * (all[i] - others[i]);
        }
        assertTrue(Math.sqrt(squares) <= 0.4 * (1 + 1e-9), clipping + " " + Math.sqrt(squares));
      }
    }
  }

  @Test
  void aRecordThatIsNotFiniteIsLeftOut() {
    DataSet data = data(4);
    DpConfig config =
        DpConfig.builder().noiseMultiplier(0.0).nonPrivate(true).samplingRate(1.0).build();
    double[] three = sum(config, data, new int[] {0, 1, 2});
    data.getFeatures().putScalar(3, 1, Double.NaN);
    double[] four = sum(config, data, new int[] {0, 1, 2, 3});
    for (int i = 0; i < three.length; i++) {
      assertEquals(three[i], four[i], 1e-12);
    }
  }

  @Test
  void aPrivateScoreIsCharged() {
    MultiLayerNetwork network = network(new Sgd(0.1));
    DataSet data = data(12);
    DpConfig config =
        DpConfig.builder().noiseMultiplier(1.0).samplingRate(0.5).testSeed(1L).build();
    try (DpTrainer trainer = DpTrainer.attach(network, config, data)) {
      // Laplace noise of scale 10 / (12 * 1e6).
      assertEquals(network.score(data), trainer.score(1e6, 10), 1e-4);
      assertEquals(1, trainer.ledger().entries().size());
      assertFalse(trainer.report().toString().isEmpty());
    }
  }

  /**
   * A record more moves the masks of those that follow it by one, so that nobody may know the
   * stream of the masks.
   */
  @Test
  void dropoutMasksDoNotFollowFromThePlatformsSeed() {
    DpConfig secret =
        DpConfig.builder().noiseMultiplier(0.0).nonPrivate(true).samplingRate(1.0).build();
    PrivateRecords records = PrivateRecords.of(data(8));
    for (GradientEngine engine : List.of(GradientEngine.AUTO, GradientEngine.LOOP)) {
      List<INDArray> secrets = new ArrayList<>();
      List<INDArray> seeded = new ArrayList<>();
      for (int run = 0; run < 2; run++) {
        DpConfig config = secret.toBuilder().gradientEngine(engine).build();
        secrets.add(trainedWithDropout(config, records));
        seeded.add(trainedWithDropout(config.toBuilder().testSeed(4L).build(), records));
      }
      assertNotEquals(secrets.get(0), secrets.get(1));
      assertEquals(seeded.get(0), seeded.get(1));
    }
  }

  private static INDArray trainedWithDropout(DpConfig config, PrivateRecords records) {
    MultiLayerNetwork network =
        initialised(
            new MultiLayerNetwork(
                conf(new Sgd(1))
                    .dropOut(0.5)
                    .list()
                    .layer(new DenseLayer.Builder().nOut(6).build())
                    .layer(output())
                    .setInputType(InputType.feedForward(4))
                    .build()));
    Nd4j.getRandom().setSeed(5);
    return trained(network, config, records, 2);
  }

  @Test
  void aTargetThatIsExceededIsNoGuarantee() {
    DpConfig config =
        DpConfig.builder()
            .noiseMultiplier(2.0)
            .samplingRate(1.0)
            .targetEpsilon(3.0)
            .targetDelta(1e-5)
            .build();
    try (DpTrainer trainer = DpTrainer.attach(network(new Sgd(0.1)), config, data(8))) {
      assertEquals(2, trainer.fit(5));
      assertEquals(3.0, trainer.report().targetEpsilon());
      trainer.charge(new PrivacyEvent.PureDp(2, EnumSet.allOf(Neighbours.class)), 1);
      assertTrue(trainer.report().epsilon() > 3);
      assertNull(trainer.report().targetEpsilon());
    }
    DpConfig warn = config.toBuilder().onBudgetExhausted(DpConfig.BudgetRule.WARN).build();
    try (DpTrainer trainer = DpTrainer.attach(network(new Sgd(0.1)), warn, data(8))) {
      assertNull(trainer.report().targetEpsilon());
    }
  }

  private record Failing(PrivateRecords records, boolean[] fails) implements PrivateRecords {

    @Override
    public int size() {
      return records.size();
    }

    @Override
    public MultiDataSet get(int[] which) {
      if (fails[0]) {
        throw new IllegalStateException("no data");
      }
      return records.get(which);
    }
  }

  @Test
  void aStepThatFailedIsPartOfTheBudget() {
    DpConfig config =
        DpConfig.builder()
            .noiseMultiplier(2.0)
            .samplingRate(1.0)
            .targetEpsilon(3.0)
            .targetDelta(1e-5)
            .build();
    boolean[] fails = new boolean[1];
    PrivateRecords records = new Failing(PrivateRecords.of(data(8)), fails);
    try (DpTrainer trainer = DpTrainer.attach(network(new Sgd(0.1)), config, records)) {
      fails[0] = true;
      assertThrows(IllegalStateException.class, () -> trainer.fit(5));
      fails[0] = false;
      assertEquals(1, trainer.fit(5));
      assertTrue(trainer.epsilon(1e-5) <= 3);
    }
  }

  @Test
  void theCentralLimitIsNamedInTheReport() {
    DpConfig config =
        DpConfig.builder()
            .noiseMultiplier(2.0)
            .samplingRate(0.5)
            .accountant(Accounting.GDP)
            .build();
    try (DpTrainer trainer = DpTrainer.attach(network(new Sgd(0.1)), config, data(8))) {
      assertTrue(trainer.report().toString().contains("central limit"));
    }
  }
}
