package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.InvocationType;
import org.deeplearning4j.optimize.listeners.CheckpointListener;
import org.deeplearning4j.optimize.listeners.EvaluativeListener;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** What the platform does around training goes on as it is where no gradient is computed. */
class TrainingLoopTest {

  private static final int EPOCHS = 8;

  private static DataSetIterator data() {
    return new ExistingDataSetIterator(
        List.of(MeZOTest.data(DataType.FLOAT), MeZOTest.data(DataType.FLOAT)));
  }

  private static <M extends Model> EarlyStoppingConfiguration<M> stopping() {
    return new EarlyStoppingConfiguration.Builder<M>()
        .modelSaver(new InMemoryModelSaver<>())
        .scoreCalculator(new DataSetLossCalculator(data(), true))
        .epochTerminationConditions(new MaxEpochsTerminationCondition(EPOCHS))
        .evaluateEveryNEpochs(1)
        .build();
  }

  /** Steps that are far too long now and then make the best epoch another one than the last. */
  private static MeZO restless() {
    return MeZO.builder().learningRate(0.8).seed(3L).build();
  }

  private static <M extends Model> void check(EarlyStoppingResult<M> result, M best, double score) {
    Map<Integer, Double> scores = result.getScoreVsEpoch();
    double lowest = scores.values().stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    assertEquals(
        EarlyStoppingResult.TerminationReason.EpochTerminationCondition,
        result.getTerminationReason());
    assertEquals(EPOCHS, result.getTotalEpochs());
    assertEquals(lowest, scores.get(result.getBestModelEpoch()));
    assertTrue(result.getBestModelEpoch() < EPOCHS - 1, "" + scores);
    assertEquals(lowest, score, 1e-6);
    // A copy trains as the platform does until a method is attached to it.
    assertThrows(IllegalArgumentException.class, () -> ZerothOrder.of(best));
    ZerothOrder.attach(best, restless());
  }

  /** Copying a network makes the platform take memory for a gradient; nothing comes to be there. */
  private static void assertNothingComputed(INDArray gradient) {
    assertTrue(gradient == null || gradient.amaxNumber().doubleValue() == 0);
  }

  @Test
  void earlyStoppingKeepsTheBestNetwork() {
    MultiLayerNetwork network = MeZOTest.network(DataType.FLOAT);
    ZerothOrder.attach(network, restless());
    EarlyStoppingResult<MultiLayerNetwork> result =
        new EarlyStoppingTrainer(stopping(), network, data()).fit();
    assertNothingComputed(network.getFlattenedGradients());
    assertEquals(2 * EPOCHS, network.getIterationCount());
    assertEquals(4 * EPOCHS, ZerothOrder.of(network).evaluations());
    MultiLayerNetwork best = result.getBestModel();
    check(result, best, best.score(MeZOTest.data(DataType.FLOAT)));
    best.fit(data());
    assertNothingComputed(best.getFlattenedGradients());
  }

  @Test
  void earlyStoppingKeepsTheBestGraph() {
    ComputationGraph graph = MeZOTest.network(DataType.FLOAT).toComputationGraph();
    ZerothOrder.attach(graph, restless());
    EarlyStoppingResult<ComputationGraph> result =
        new EarlyStoppingGraphTrainer(stopping(), graph, data()).fit();
    assertNothingComputed(graph.getFlattenedGradients());
    ComputationGraph best = result.getBestModel();
    check(result, best, best.score(MeZOTest.data(DataType.FLOAT)));
    best.fit(data());
    assertNothingComputed(best.getFlattenedGradients());
  }

  @Test
  void checkpointsGoOnToTheSameBitsAndListenersEvaluate(@TempDir Path folder) throws IOException {
    MeZO method = MeZO.builder().learningRate(0.05).updateRule(MeZO.UpdateRule.MOMENTUM).build();
    MultiLayerNetwork network = MeZOTest.network(DataType.FLOAT);
    ZerothOrder.attach(network, method);
    CheckpointListener checkpoints =
        new CheckpointListener.Builder(folder.toFile()).saveEveryEpoch().keepAll().build();
    EvaluativeListener evaluations = new EvaluativeListener(data(), 1, InvocationType.EPOCH_END);
    int[] seen = new int[1];
    evaluations.setCallback(
        (listener, model, count, results) -> {
          seen[0]++;
          for (IEvaluation<?> result : results) {
            assertEquals(
                network.evaluate(data()).accuracy(), ((Evaluation) result).accuracy(), 1e-12);
          }
        });
    network.setListeners(checkpoints, evaluations);
    network.fit(data(), 2);
    var state = ZerothOrder.of(network).state();
    network.fit(data(), 2);
    assertEquals(4, seen[0]);
    assertEquals(4, checkpoints.availableCheckpoints().size());
    MultiLayerNetwork again = CheckpointListener.loadCheckpointMLN(folder.toFile(), 1);
    assertEquals(4, again.getIterationCount());
    ZerothOrder.attach(again, method);
    ZerothOrder.of(again).restoreState(state);
    again.fit(data(), 2);
    assertArrayEquals(network.params().toDoubleVector(), again.params().toDoubleVector());
  }

  private static NeuralNetConfiguration.ListBuilder list() {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .updater(new Sgd(0.1))
        .l2(0.01)
        .l1(0.003)
        .list();
  }

  private static void assertScore(MultiLayerConfiguration configuration, DataSet data) {
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    ComputationGraph graph = network.toComputationGraph();
    INDArray features = data.getFeatures().dup();
    for (Model model : new Model[] {network, graph}) {
      // The platform's score works in place on the features if the first layer only activates.
      DataSet copy = data.copy();
      double expected = model == graph ? graph.score(copy) : network.score(copy);
      ModelObjective objective = new ModelObjective(model);
      objective.use(data.toMultiDataSet());
      // The memory of one loss is used again by the next one.
      assertEquals(expected, objective.loss());
      assertEquals(expected, objective.loss());
      assertEquals(2, objective.evaluations());
    }
    assertEquals(features, data.getFeatures());
  }

  @Test
  void theLossIsThePlatformsScoreToTheBit() {
    INDArray classes = Nd4j.zeros(DataType.FLOAT, 5, 2);
    classes.getColumn(1).assign(1);
    assertScore(
        list()
            .layer(new ActivationLayer(Activation.TANH))
            .layer(new ConvolutionLayer.Builder(3, 3).nOut(4).build())
            .layer(new BatchNormalization())
            .layer(new DropoutLayer(0.5))
            .layer(new ActivationLayer(Activation.LEAKYRELU))
            .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build())
            .layer(new OutputLayer.Builder().nOut(2).build())
            .setInputType(InputType.convolutional(8, 8, 1))
            .build(),
        new DataSet(Nd4j.linspace(DataType.FLOAT, -1, 0.006, 5 * 64).reshape(5, 1, 8, 8), classes));
    INDArray sequences = Nd4j.linspace(DataType.FLOAT, -1, 0.05, 5 * 3 * 4).reshape(5, 3, 4);
    INDArray mask = Nd4j.ones(DataType.FLOAT, 5, 4);
    mask.putScalar(1, 3, 0).putScalar(2, 3, 0).putScalar(2, 2, 0);
    assertScore(
        list()
            .layer(new LSTM.Builder().nOut(3).build())
            .layer(new GlobalPoolingLayer())
            .layer(new OutputLayer.Builder().nOut(2).build())
            .setInputType(InputType.recurrent(3))
            .build(),
        new DataSet(sequences, classes, mask, null));
    INDArray steps = Nd4j.zeros(DataType.FLOAT, 5, 2, 4);
    steps.tensorAlongDimension(1, 0, 2).assign(1);
    assertScore(
        list()
            .layer(new LSTM.Builder().nOut(3).build())
            .layer(new LSTM.Builder().nOut(4).build())
            .layer(new RnnOutputLayer.Builder().nOut(2).build())
            .setInputType(InputType.recurrent(3))
            .build(),
        new DataSet(sequences, steps, mask, mask));
  }
}
