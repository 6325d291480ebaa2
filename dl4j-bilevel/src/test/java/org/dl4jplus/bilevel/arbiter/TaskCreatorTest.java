package org.dl4jplus.bilevel.arbiter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.deeplearning4j.arbiter.ComputationGraphSpace;
import org.deeplearning4j.arbiter.MultiLayerSpace;
import org.deeplearning4j.arbiter.layers.OutputLayerSpace;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.saving.InMemoryResultSaver;
import org.deeplearning4j.arbiter.optimize.api.termination.MaxCandidatesCondition;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.generator.RandomSearchGenerator;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.optimize.runner.CandidateInfo;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.LocalOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.listener.BaseStatusListener;
import org.deeplearning4j.arbiter.scoring.impl.EvaluationScoreFunction;
import org.deeplearning4j.arbiter.scoring.impl.TestSetLossScoreFunction;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.InvalidScoreIterationTerminationCondition;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.termination.MaxScoreIterationTerminationCondition;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.bilevel.search.Dimension;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.GeneratorExhaustedCondition;
import org.dl4jplus.bilevel.search.SearchMetrics;
import org.dl4jplus.bilevel.search.TrainingPart;
import org.dl4jplus.bilevel.search.Trial;
import org.dl4jplus.optim.first.Lion;
import org.dl4jplus.optim.second.Sophia;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

@Timeout(60)
class TaskCreatorTest {

  /** Scores a candidate by a function of its value. */
  private static final class Function extends SearchTaskCreator {
    private final ToDoubleFunction<Object> function;

    Function(ToDoubleFunction<Object> function) {
      this.function = function;
    }

    @Override
    protected OptimizationResult run(SearchTask task) throws Exception {
      return complete(
          task,
          running(task),
          function.applyAsDouble(task.candidate().getValue()),
          SearchMetrics.builder().costUpdates(1).build(),
          null);
    }
  }

  private static final class Heard extends BaseStatusListener {
    private final List<String> statuses = Collections.synchronizedList(new ArrayList<>());
    private int iterations;

    @Override
    public void onCandidateStatusChange(
        CandidateInfo info, IOptimizationRunner runner, OptimizationResult result) {
      statuses.add(info.getIndex() + " " + info.getCandidateStatus());
    }

    @Override
    public void onCandidateIteration(CandidateInfo info, Object candidate, int iteration) {
      iterations++;
    }
  }

  private static OptimizationConfiguration.Builder configuration(FeedbackGenerator generator) {
    return new OptimizationConfiguration.Builder()
        .candidateGenerator(generator)
        .dataSource(Blobs.class, null)
        .scoreFunction(new TestSetLossScoreFunction())
        .rngSeed(3)
        .terminationConditions(new GeneratorExhaustedCondition());
  }

  private static FeedbackGenerator search(ParameterSpace<?> space, Integer max) {
    return new PieceSearch(space, true, max, null);
  }

  @Test
  void failedCandidatesAndScoresThatAreNotFiniteAreHeardOf() {
    FeedbackGenerator generator = search(new IntegerParameterSpace(0, 9), 8);
    Heard heard = new Heard();
    LocalOptimizationRunner runner =
        new LocalOptimizationRunner(
            configuration(generator).build(),
            new Function(
                value -> {
                  switch (generator.trials().size()) {
                    case 1:
                      return Double.NaN;
                    case 3:
                      throw new IllegalStateException("broken on purpose");
                    case 4:
                      return Double.POSITIVE_INFINITY;
                    case 5:
                      throw new OutOfMemoryError("not really");
                    default:
                      return (Integer) value;
                  }
                }));
    runner.addListeners(heard);
    runner.execute();
    assertEquals(8, generator.trials().size());
    assertEquals(4, generator.complete().size());
    assertEquals(4, runner.numCandidatesFailed());
    assertEquals(generator.best().getScore(), runner.bestScore());
    assertTrue(generator.trials().get(0).getFailure().contains("NaN"));
    assertEquals(1, generator.trials().get(0).getMetrics().getCostUpdates());
    assertTrue(generator.trials().get(2).getFailure().contains("broken on purpose"));
    assertTrue(heard.statuses.contains("0 Failed"));
    assertTrue(heard.statuses.contains("1 Complete"));
    assertTrue(heard.statuses.contains("2 Failed"));
  }

  /** Throws whenever a candidate has made a step. */
  static final class Broken extends BaseStatusListener {
    @Override
    public void onCandidateIteration(CandidateInfo info, Object candidate, int iteration) {
      throw new IllegalStateException("broken on purpose");
    }
  }

  @Test
  void aListenerThatThrowsFailsNoCandidate(@TempDir File directory) {
    for (SearchTaskCreator tasks :
        List.of(new NetworkTaskCreator(), new ResumableTaskCreator(directory))) {
      FeedbackGenerator generator = search(graph(), 1);
      LocalOptimizationRunner runner = new PromptRunner(configuration(generator).build(), tasks);
      Heard heard = new Heard();
      runner.addListeners(new Broken(), heard);
      runner.execute();
      Trial trial = generator.trials().get(0);
      assertEquals(Trial.Status.COMPLETE, trial.getStatus(), trial.getFailure());
      assertEquals(2 * Blobs.BATCHES, heard.iterations);
    }
  }

  @Test
  void otherCreatorsAreWrapped() {
    FeedbackGenerator generator = search(new IntegerParameterSpace(0, 9), 4);
    new PromptRunner(
            configuration(generator).build(),
            new ReportingTaskCreator(
                new Function(value -> generator.trials().size() == 1 ? Double.NaN : 1)))
        .execute();
    assertEquals(3, generator.complete().size());
    FeedbackGenerator hopeless = search(new IntegerParameterSpace(0, 9), null);
    new PromptRunner(
            configuration(hopeless).build(),
            new ReportingTaskCreator(
                new org.deeplearning4j.arbiter.optimize.api.TaskCreator() {
                  @Override
                  @SuppressWarnings({"deprecation", "rawtypes"})
                  public java.util.concurrent.Callable<OptimizationResult> create(
                      org.deeplearning4j.arbiter.optimize.api.Candidate candidate,
                      org.deeplearning4j.arbiter.optimize.api.data.DataProvider provider,
                      org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction score,
                      List<org.deeplearning4j.arbiter.optimize.runner.listener.StatusListener>
                          listeners,
                      IOptimizationRunner runner) {
                    throw new UnsupportedOperationException();
                  }

                  @Override
                  @SuppressWarnings("rawtypes")
                  public java.util.concurrent.Callable<OptimizationResult> create(
                      org.deeplearning4j.arbiter.optimize.api.Candidate candidate,
                      Class<? extends org.deeplearning4j.arbiter.optimize.api.data.DataSource>
                          source,
                      java.util.Properties properties,
                      org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction score,
                      List<org.deeplearning4j.arbiter.optimize.runner.listener.StatusListener>
                          listeners,
                      IOptimizationRunner runner) {
                    throw new IllegalStateException("no task at all");
                  }
                }))
        .execute();
    assertEquals(FeedbackGenerator.MOST_FAILURES, hopeless.trials().size());
    assertThrows(IllegalArgumentException.class, () -> new ReportingTaskCreator(null));
  }

  @Test
  void aFirstScoreOfNaNIsNotTheBestOfArbitersOwnSearchEither() {
    int[] calls = new int[1];
    LocalOptimizationRunner runner =
        new PromptRunner(
            new OptimizationConfiguration.Builder()
                .candidateGenerator(new RandomSearchGenerator(new IntegerParameterSpace(1, 9)))
                .dataSource(Blobs.class, null)
                .scoreFunction(new TestSetLossScoreFunction())
                .rngSeed(3)
                .terminationConditions(new MaxCandidatesCondition(4))
                .build(),
            new Function(value -> calls[0]++ == 0 ? Double.NaN : (Integer) value));
    runner.execute();
    assertTrue(Double.isFinite(runner.bestScore()));
  }

  @Test
  void aSearchInTheWrongDirectionIsRefused() {
    OptimizationConfiguration configuration =
        configuration(search(new IntegerParameterSpace(0, 9), 4))
            .scoreFunction(new EvaluationScoreFunction(Evaluation.Metric.ACCURACY))
            .build();
    LocalOptimizationRunner runner = new PromptRunner(configuration, new Function(value -> 1));
    assertThrows(IllegalArgumentException.class, runner::execute);
  }

  private static double rate(FeedbackGenerator generator, Trial trial) {
    List<Dimension> dimensions = generator.space().dimensions();
    for (int i = 0; i < dimensions.size(); i++) {
      if (dimensions.get(i).name().equals("updater.learningRate")) {
        return (Double) generator.space().value(i, trial.getPoint()[i]);
      }
    }
    throw new AssertionError(dimensions);
  }

  private static List<Model> models(LocalOptimizationRunner runner) throws Exception {
    List<Model> models = new ArrayList<>();
    for (var reference : runner.getResults()) {
      models.add((Model) reference.getResultModel());
    }
    return models;
  }

  @Test
  void networksOfAOneValueSpaceAreTrainedScoredAndSaved() throws Exception {
    IntegerParameterSpace width = new IntegerParameterSpace(4, 4);
    MultiLayerSpace space =
        Blobs.space(
                UpdaterSpaces.of(new Lion(0.01))
                    .with("learningRate", new ContinuousParameterSpace(0.001, 0.1)),
                width)
            .build();
    FeedbackGenerator generator = search(space, 3);
    Heard heard = new Heard();
    LocalOptimizationRunner runner =
        new PromptRunner(
            configuration(generator).modelSaver(new InMemoryResultSaver()).build(),
            NetworkTaskCreator.builder()
                .objectives(List.of(new EvaluationScoreFunction(Evaluation.Metric.ACCURACY)))
                .constraints(List.of(new TestSetLossScoreFunction(false)))
                .build());
    runner.addListeners(heard);
    long start = System.nanoTime();
    runner.execute();
    assertTrue(System.nanoTime() - start < 5e9, "the tasks slept");
    assertEquals(3, generator.complete().size());
    assertEquals(3 * 2 * Blobs.BATCHES, heard.iterations);
    List<Model> models = models(runner);
    for (Trial trial : generator.complete()) {
      SearchMetrics metrics = trial.getMetrics();
      assertEquals(2 * Blobs.BATCHES, metrics.getCostUpdates());
      assertTrue(metrics.getCostSeconds() > 0);
      assertEquals(2, metrics.getCurve().length);
      assertEquals(trial.getScore(), metrics.getCurve()[1]);
      assertEquals(trial.getScore(), metrics.getObjectives()[0]);
      assertArrayEquals(new boolean[] {true, false}, metrics.getMinimise());
      MultiLayerNetwork network = (MultiLayerNetwork) models.get(trial.getIndex());
      assertEquals(
          network.evaluate(new Blobs().testData()).accuracy(), metrics.getObjectives()[1], 1e-12);
      assertEquals(
          new TestSetLossScoreFunction(false).score(network, new Blobs().testData()),
          metrics.getConstraints()[0],
          1e-9);
      assertEquals(
          rate(generator, trial),
          network.getLayer(0).conf().getLayer().getUpdaterByParam("W").getLearningRate(0, 0));
    }
    assertNotEquals(models.get(0).params(), models.get(1).params());
  }

  private static ComputationGraphSpace graph() {
    return new ComputationGraphSpace.Builder()
        .seed(5)
        .updater(UpdaterSpaces.adam(new ContinuousParameterSpace(0.001, 0.1)))
        .addInputs("in")
        .addLayer(
            "out",
            new OutputLayerSpace.Builder()
                .nIn(3)
                .nOut(2)
                .activation(Activation.SOFTMAX)
                .lossFunction(LossFunction.MCXENT)
                .build(),
            "in")
        .setOutputs("out")
        .numEpochs(2)
        .build();
  }

  @Test
  void graphsAreTrainedToo() {
    FeedbackGenerator generator = search(graph(), 2);
    new PromptRunner(
            configuration(generator).build(), NetworkTaskCreator.builder().curve(false).build())
        .execute();
    assertEquals(2, generator.complete().size());
    assertEquals(2 * Blobs.BATCHES, generator.best().getMetrics().getCostUpdates());
    assertEquals(0, generator.best().getMetrics().getCurve().length);
  }

  private static FeedbackGenerator stoppedEarly(double largestScore) {
    EarlyStoppingConfiguration<MultiLayerNetwork> stopping =
        new EarlyStoppingConfiguration.Builder<MultiLayerNetwork>()
            .epochTerminationConditions(new MaxEpochsTerminationCondition(3))
            .iterationTerminationConditions(
                new InvalidScoreIterationTerminationCondition(),
                new MaxScoreIterationTerminationCondition(largestScore))
            .scoreCalculator(new DataSetLossCalculator(new Blobs().validationData(), true))
            .build();
    FeedbackGenerator generator =
        search(
            Blobs.space(UpdaterSpaces.adam(new ContinuousParameterSpace(0.001, 0.1)))
                .earlyStoppingConfiguration(stopping)
                .build(),
            2);
    new PromptRunner(configuration(generator).build(), new NetworkTaskCreator()).execute();
    return generator;
  }

  @Test
  void earlyStoppingIsHonoured() {
    FeedbackGenerator generator = stoppedEarly(1e9);
    assertEquals(2, generator.complete().size(), () -> generator.trials().get(0).getFailure());
    assertEquals(3, generator.best().getMetrics().getCurve().length);
    assertEquals(3 * Blobs.BATCHES, generator.best().getMetrics().getCostUpdates());
    FeedbackGenerator failed = stoppedEarly(1e-6);
    assertEquals(0, failed.complete().size());
    assertTrue(failed.trials().get(1).getFailure().contains("before a network was scored"));
  }

  @Test
  void whatIsNoNetworkFailsWithAClearReason() {
    FeedbackGenerator generator = search(new IntegerParameterSpace(0, 9), 1);
    new PromptRunner(configuration(generator).build(), new NetworkTaskCreator()).execute();
    assertTrue(generator.trials().get(0).getFailure().contains("DL4JConfiguration"));
  }

  private static FeedbackGenerator pieces(
      File directory,
      ResumableTaskCreator.Unit unit,
      ParameterSpace<?> space,
      int max,
      int budget) {
    FeedbackGenerator generator = new PieceSearch(space, true, max, budget);
    new PromptRunner(
            configuration(generator).build(),
            ResumableTaskCreator.builder().directory(directory).unit(unit).build())
        .execute();
    return generator;
  }

  private static Model read(File file) throws Exception {
    return ModelSerializer.restoreMultiLayerNetwork(file, true);
  }

  @Test
  void twoPiecesAreOneOfTheirJointLength(@TempDir File directory) throws Exception {
    // The start of the biases is nothing that changes a network on its way.
    ParameterSpace<?> space =
        Blobs.space(new FixedValue<>(new Adam(0.02)))
            .biasInit(new ContinuousParameterSpace(0, 0.1))
            .build();
    for (ResumableTaskCreator.Unit unit : ResumableTaskCreator.Unit.values()) {
      File halves = new File(directory, unit + "-halves");
      File whole = new File(directory, unit + "-whole");
      FeedbackGenerator generator = pieces(halves, unit, space, 2, 3);
      assertEquals(2, generator.complete().size(), () -> generator.trials().get(1).getFailure());
      pieces(whole, unit, space, 1, 6);
      Model two = read(new File(halves, "trial-0-1.zip"));
      Model one = read(new File(whole, "trial-0-0.zip"));
      assertArrayEquals(one.params().toDoubleVector(), two.params().toDoubleVector(), unit.name());
      assertEquals(
          ((MultiLayerNetwork) one).updaterState(), ((MultiLayerNetwork) two).updaterState());
      assertEquals(
          unit == ResumableTaskCreator.Unit.EPOCHS ? 3 * Blobs.BATCHES : 3,
          generator.trials().get(1).getMetrics().getCostUpdates());
      assertNotEquals(read(new File(halves, "trial-0-0.zip")).params(), one.params());
      assertEquals(0, halves.listFiles((d, name) -> name.endsWith(".part")).length);
    }
  }

  @Test
  void methodsThatAreListenersAreAttachedAndGoOn(@TempDir File directory) throws Exception {
    ParameterSpace<?> second =
        new ListenedSpace(
            Blobs.space(new FixedValue<>(new Sgd(0.01)))
                .biasInit(new ContinuousParameterSpace(0, 0.1))
                .build(),
            ListenerSpace.of(Sophia.builder().hessianUpdateFrequency(2).build()));
    ResumableTaskCreator.Unit unit = ResumableTaskCreator.Unit.ITERATIONS;
    File halves = new File(directory, "halves");
    FeedbackGenerator generator = pieces(halves, unit, second, 2, 3);
    assertEquals(2, generator.complete().size(), () -> generator.trials().get(1).getFailure());
    File whole = new File(directory, "whole");
    pieces(whole, unit, second, 1, 6);
    INDArray sophia = read(new File(whole, "trial-0-0.zip")).params();
    assertEquals(sophia, read(new File(halves, "trial-0-1.zip")).params());
    File plain = new File(directory, "plain");
    pieces(
        plain,
        unit,
        Blobs.space(new FixedValue<>(new Sgd(0.01)))
            .biasInit(new ContinuousParameterSpace(0, 0.1))
            .build(),
        1,
        6);
    assertNotEquals(sophia, read(new File(plain, "trial-0-0.zip")).params());
  }

  @Test
  void aPieceGoesOnUnderItsOwnSettings(@TempDir File directory) throws Exception {
    ParameterSpace<?> space =
        Blobs.space(UpdaterSpaces.adam(new ContinuousParameterSpace(0.001, 0.1)))
            .l2(new ContinuousParameterSpace(0, 0.1))
            .build();
    FeedbackGenerator generator = pieces(directory, ResumableTaskCreator.Unit.EPOCHS, space, 4, 1);
    assertEquals(4, generator.complete().size());
    MultiLayerNetwork network = (MultiLayerNetwork) read(new File(directory, "trial-1-1.zip"));
    assertEquals(2, network.getEpochCount());
    assertEquals(2 * Blobs.BATCHES, network.getIterationCount());
    assertEquals(
        rate(generator, generator.trials().get(3)),
        network.getLayer(0).conf().getLayer().getUpdaterByParam("W").getLearningRate(0, 0),
        1e-12);
    generator.requireSameShapes();
  }

  @Test
  void graphsGoOnToo(@TempDir File directory) throws Exception {
    for (ResumableTaskCreator.Unit unit : ResumableTaskCreator.Unit.values()) {
      File files = new File(directory, unit.name());
      FeedbackGenerator generator = pieces(files, unit, graph(), 2, 3);
      assertEquals(2, generator.complete().size(), () -> generator.trials().get(1).getFailure());
      ComputationGraph network =
          ModelSerializer.restoreComputationGraph(new File(files, "trial-0-1.zip"), true);
      assertEquals(
          unit == ResumableTaskCreator.Unit.EPOCHS ? 6 * Blobs.BATCHES : 6,
          network.getIterationCount());
    }
  }

  @Test
  void whatChangesTheShapesIsRefused(@TempDir File directory) {
    IntegerParameterSpace width = new IntegerParameterSpace(2, 30);
    FeedbackGenerator generator =
        pieces(
            directory,
            ResumableTaskCreator.Unit.EPOCHS,
            Blobs.space(new FixedValue<>(new Adam(0.02)), width).build(),
            2,
            1);
    assertEquals(1, generator.complete().size());
    assertTrue(generator.trials().get(1).getFailure().contains("other shapes"));
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, generator::requireSameShapes);
    assertTrue(refused.getMessage().contains("nOut"), refused.getMessage());
  }

  @Test
  void badBudgetsAndMissingFilesAreRefused(@TempDir File directory) {
    ParameterSpace<?> space =
        Blobs.space(UpdaterSpaces.adam(new ContinuousParameterSpace(0.001, 0.1))).build();
    for (Map<String, Object> data :
        List.<Map<String, Object>>of(
            Map.of(TrainingPart.TRIAL, 0, TrainingPart.RUNG, 0, TrainingPart.BUDGET, 0),
            Map.of(TrainingPart.TRIAL, 0, TrainingPart.RUNG, -1, TrainingPart.BUDGET, 1),
            TrainingPart.resumed(0, 1, 1, 7, 7).data())) {
      FeedbackGenerator generator = new PieceSearch(space, data, false, true, 1, null);
      new PromptRunner(configuration(generator).build(), new ResumableTaskCreator(directory))
          .execute();
      assertEquals(Trial.Status.FAILED, generator.trials().get(0).getStatus());
      assertTrue(
          generator.trials().get(0).getFailure().contains("IllegalArgumentException"),
          generator.trials().get(0).getFailure());
    }
    assertThrows(IllegalArgumentException.class, () -> new ResumableTaskCreator(null));
    assertEquals(0, directory.list().length);
  }
}
