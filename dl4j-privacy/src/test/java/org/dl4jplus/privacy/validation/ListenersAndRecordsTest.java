package org.dl4jplus.privacy.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.api.InvocationType;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.listeners.CheckpointListener;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.deeplearning4j.optimize.listeners.EvaluativeListener;
import org.deeplearning4j.optimize.listeners.PerformanceListener;
import org.deeplearning4j.optimize.listeners.ScoreIterationListener;
import org.dl4jplus.optim.first.SharpnessAwareMinimization;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.preprocessor.CompositeDataSetPreProcessor;
import org.nd4j.linalg.dataset.api.preprocessor.ImagePreProcessingScaler;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class ListenersAndRecordsTest {

  private static final DpConfig CONFIG =
      DpConfig.builder().noiseMultiplier(1.0).samplingRate(0.5).build();

  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(
                    new OutputLayer.Builder().nIn(3).nOut(2).activation(Activation.SOFTMAX).build())
                .build());
    network.init();
    return network;
  }

  private static DataSet data(long seed) {
    Random random = new Random(seed);
    INDArray x = Nd4j.create(DataType.DOUBLE, 8, 3);
    INDArray y = Nd4j.create(DataType.DOUBLE, 8, 2);
    for (int i = 0; i < 8; i++) {
      for (int j = 0; j < 3; j++) {
        x.putScalar(i, j, random.nextGaussian());
      }
      y.putScalar(i, random.nextInt(2), 1);
    }
    return new DataSet(x, y);
  }

  private static DataSetIterator iterator(DataSet data) {
    return new ListDataSetIterator<>(data.asList(), 4);
  }

  private static EvaluativeListener onSet(long seed) {
    return new EvaluativeListener(data(seed), 1, InvocationType.ITERATION_END, new Evaluation());
  }

  private static String refusal(TrainingListener listener) {
    MultiLayerNetwork network = network();
    network.setListeners(listener);
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> DpTrainer.attach(network, CONFIG, data(1)))
            .getMessage();
    assertEquals(List.of(listener), new ArrayList<>(network.getListeners()));
    return message;
  }

  @Test
  void evaluationOfTheRecordsIsRefused() {
    assertTrue(
        refusal(new EvaluativeListener(iterator(data(1)), 1)).contains("EvaluativeListener"));
    assertTrue(refusal(onSet(1)).contains("trained on"));
    assertTrue(
        refusal(
                new EvaluativeListener(
                    (MultiDataSet) data(1).toMultiDataSet(),
                    1,
                    InvocationType.ITERATION_END,
                    new Evaluation()))
            .contains("trained on"));
    MultiLayerNetwork network = network();
    network.setListeners(onSet(2), new EvaluativeListener(iterator(data(2)), 1));
    try (DpTrainer trainer = DpTrainer.attach(network, CONFIG, data(1))) {
      assertEquals(2, trainer.fit(2));
    }
  }

  @Test
  void checkpointsWithoutTheLedgerAreRefused(@TempDir Path folder) {
    assertTrue(
        refusal(new CheckpointListener.Builder(folder.toFile()).saveEveryNIterations(1).build())
            .contains("DpTrainer.save"));
  }

  @Test
  void gradientListenersAreRefused() {
    assertTrue(
        refusal(SharpnessAwareMinimization.builder().build())
            .contains("SharpnessAwareMinimization"));
  }

  @Test
  void listenersThatComeLaterAreCheckedToo() {
    MultiLayerNetwork network = network();
    try (DpTrainer trainer = DpTrainer.attach(network, CONFIG, data(1))) {
      network.addListeners(new ScoreIterationListener(1));
      trainer.fit(1);
      network.addListeners(onSet(1));
      INDArray before = network.params().dup();
      assertThrows(IllegalArgumentException.class, () -> trainer.fit(1));
      // And they do not become known by being refused once.
      assertThrows(IllegalArgumentException.class, () -> trainer.fit(1));
      assertEquals(before, network.params());
    }
  }

  @Test
  void aSecondTrainerIsRefused() {
    MultiLayerNetwork network = network();
    try (DpTrainer trainer = DpTrainer.attach(network, CONFIG, data(1))) {
      Exception e =
          assertThrows(
              IllegalArgumentException.class, () -> DpTrainer.attach(network, CONFIG, data(1)));
      assertTrue(e.getMessage().contains("DpTrainer already"), e.getMessage());
      assertEquals(1, trainer.fit(1));
    }
    DpTrainer.attach(network, CONFIG, data(1)).close();
  }

  /** What other listeners can see in iterationDone: nothing of the batch. */
  private static final class Spy extends BaseTrainingListener {

    private int heard;
    private INDArray last;

    @Override
    public void onForwardPass(Model model, List<INDArray> activations) {
      throw new AssertionError();
    }

    @Override
    public void onGradientCalculation(Model model) {
      throw new AssertionError();
    }

    @Override
    public void onBackwardPass(Model model) {
      throw new AssertionError();
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      MultiLayerNetwork network = (MultiLayerNetwork) model;
      assertTrue(Double.isNaN(network.score()));
      // The expected size, whatever was drawn.
      assertEquals(4, network.batchSize());
      assertEquals(0, network.getInput().maxNumber().doubleValue());
      assertEquals(0, network.getLabels().maxNumber().doubleValue());
      assertNull(network.getLayer(0).input());
      INDArray moved = network.getGradientsViewArray().dup();
      INDArray now = network.params().dup();
      if (last != null) {
        // The gradient that is left is the step that was made.
        assertTrue(last.sub(now).equalsWithEps(moved.reshape(now.shape()), 1e-12));
      }
      last = now;
      heard++;
    }
  }

  @Test
  void otherListenersSeeReleasedNumbersOnly() {
    MultiLayerNetwork network = network();
    Spy spy = new Spy();
    CollectScoresListener scores = new CollectScoresListener(1);
    network.setListeners(spy, scores, new PerformanceListener(1, true));
    try (DpTrainer trainer = DpTrainer.attach(network, CONFIG, data(1))) {
      trainer.fit(3);
    }
    assertEquals(3, spy.heard);
    scores.getListScore().forEach(score -> assertTrue(Double.isNaN(score)));
    assertEquals(3, network.getListeners().size());
  }

  @Test
  void earlyStoppingCannotTrainTheNetwork() {
    MultiLayerNetwork network = network();
    try (DpTrainer trainer = DpTrainer.attach(network, CONFIG, data(1))) {
      INDArray before = network.params().dup();
      EarlyStoppingTrainer stopping =
          new EarlyStoppingTrainer(
              new EarlyStoppingConfiguration.Builder<MultiLayerNetwork>()
                  .epochTerminationConditions(new MaxEpochsTerminationCondition(2))
                  .scoreCalculator(new DataSetLossCalculator(iterator(data(1)), true))
                  .build(),
              network,
              iterator(data(1)));
      assertThrows(RuntimeException.class, stopping::fit);
      assertEquals(before, network.params());
      assertEquals(0, trainer.steps());
    }
  }

  private static DataSetIterator with(DataSetPreProcessor processor) {
    DataSetIterator iterator = iterator(data(1));
    iterator.setPreProcessor(processor);
    return iterator;
  }

  @Test
  void statisticsOfTheDataNeedAnAcknowledgement() {
    NormalizerStandardize fitted = new NormalizerStandardize();
    fitted.fit(data(1));
    DpConfig acknowledged = CONFIG.toBuilder().statisticsArePublic(true).build();
    for (DataSetPreProcessor processor :
        List.of(fitted, new CompositeDataSetPreProcessor(fitted))) {
      Exception e =
          assertThrows(
              IllegalArgumentException.class,
              () -> DpTrainer.attach(network(), CONFIG, with(processor)));
      assertTrue(
          e.getMessage().contains("NormalizerStandardize") || e.getMessage().contains("Composite"),
          e.getMessage());
      assertTrue(e.getMessage().contains("statisticsArePublic"));
      try (DpTrainer trainer = DpTrainer.attach(network(), acknowledged, with(processor))) {
        assertEquals(8, trainer.report().records());
      }
    }
    try (DpTrainer trainer =
        DpTrainer.attach(network(), CONFIG, with(new ImagePreProcessingScaler(0, 1)))) {
      assertEquals(1, trainer.fit(1));
    }
  }

  @Test
  void preprocessorsThatMixRecordsAreRefused() {
    DataSetPreProcessor mixing =
        batch -> batch.setFeatures(batch.getFeatures().subRowVector(batch.getFeatures().mean(0)));
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> DpTrainer.attach(network(), CONFIG, with(mixing)));
    assertTrue(e.getMessage().contains("mixes records"), e.getMessage());
    DataSetIterator iterator = with(batch -> batch.setFeatures(batch.getFeatures().mul(2)));
    DataSet read = AttachChecks.read(iterator, CONFIG.permissions());
    assertEquals(data(1).getFeatures().mul(2), read.getFeatures());
  }

  @Test
  void recordsThatDependOnTheirBatchAreRefused() {
    PrivateRecords fine = PrivateRecords.of(data(1));
    PrivateRecords mixed =
        new PrivateRecords() {
          @Override
          public int size() {
            return fine.size();
          }

          @Override
          public MultiDataSet get(int[] which) {
            MultiDataSet batch = fine.get(which);
            batch.getFeatures(0).addi(batch.getFeatures(0).mean(0));
            return batch;
          }
        };
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> DpTrainer.attach(network(), CONFIG, mixed));
    assertTrue(e.getMessage().startsWith("records"), e.getMessage());
    assertFalse(e.getMessage().matches(".*\\d.*"));
  }

  @Test
  void thePrivateValuesDoNotDecideTheCheck() {
    DataSet bad = data(1);
    bad.getFeatures().assign(Double.NaN);
    try (DpTrainer trainer = DpTrainer.attach(network(), CONFIG, bad)) {
      assertNotEquals(0, trainer.fit(1));
    }
  }
}
