package org.dl4jplus.bilevel.arbiter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.arbiter.ComputationGraphSpace;
import org.deeplearning4j.arbiter.layers.OutputLayerSpace;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.scoring.impl.EvaluationScoreFunction;
import org.deeplearning4j.arbiter.scoring.impl.TestSetLossScoreFunction;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.bilevel.search.AshaGenerator;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.GeneratorExhaustedCondition;
import org.dl4jplus.bilevel.search.HyperbandGenerator;
import org.dl4jplus.bilevel.search.MoPbtGenerator;
import org.dl4jplus.bilevel.search.RisingBanditGenerator;
import org.dl4jplus.bilevel.search.TpeGenerator;
import org.dl4jplus.bilevel.search.TrainingPart;
import org.dl4jplus.bilevel.search.Trial;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The searches that train in parts, run by Arbiter on networks of both kinds. */
@Timeout(120)
class SearchesInArbiterTest {

  @TempDir File directory;

  private static ParameterSpace<?> layers(boolean widths) {
    var rates = UpdaterSpaces.adam(new ContinuousParameterSpace(0.001, 0.1));
    return widths
        ? Blobs.space(rates, new IntegerParameterSpace(3, 6)).build()
        : Blobs.space(rates).build();
  }

  private static ParameterSpace<?> graph() {
    return new ComputationGraphSpace.Builder()
        .seed(4)
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
        .numEpochs(1)
        .build();
  }

  private ResumableTaskCreator run(
      FeedbackGenerator generator, ScoreFunction score, ScoreFunction... objectives) {
    ResumableTaskCreator tasks =
        ResumableTaskCreator.builder().directory(directory).objectives(List.of(objectives)).build();
    OptimizationConfiguration configuration =
        new OptimizationConfiguration.Builder()
            .candidateGenerator(generator)
            .dataSource(Blobs.class, null)
            .scoreFunction(score)
            .rngSeed(3)
            .terminationConditions(new GeneratorExhaustedCondition())
            .build();
    FeedbackGenerator.check(configuration);
    PromptRunner runner = new PromptRunner(configuration, tasks);
    runner.addListeners(new SearchCheckpointListener(new File(directory, "search.json"), tasks));
    runner.execute();
    assertTrue(generator.isDone());
    Set<String> discarded = generator.discardedCheckpoints();
    assertFalse(discarded.isEmpty());
    for (Trial trial : generator.trials()) {
      assertEquals(Trial.Status.COMPLETE, trial.getStatus(), trial.getFailure());
      TrainingPart part = TrainingPart.of(trial.getData());
      String name = part == null ? "candidate-" + trial.getIndex() : part.checkpoint();
      assertNotEquals(discarded.contains(name), tasks.file(name).exists(), name);
    }
    return tasks;
  }

  @Test
  void halvingTrainsTheBestToTheEnd() throws Exception {
    HyperbandGenerator generator =
        HyperbandGenerator.builder()
            .parameterSpace(layers(true))
            .minimize(true)
            .maxResource(3)
            .build();
    ResumableTaskCreator tasks = run(generator, new TestSetLossScoreFunction());
    Trial last =
        generator.trials().stream()
            .filter(t -> TrainingPart.of(t.getData()).rung() == 1)
            .findFirst()
            .get();
    assertEquals(2 * Blobs.BATCHES, last.getMetrics().getCostUpdates());
    MultiLayerNetwork network =
        ModelSerializer.restoreMultiLayerNetwork(
            tasks.file(TrainingPart.of(last.getData()).checkpoint()), true);
    assertEquals(3, network.getEpochCount());
  }

  @Test
  void promotionsOfGraphs() throws Exception {
    AshaGenerator generator =
        AshaGenerator.builder()
            .parameterSpace(graph())
            .minimize(true)
            .eta(2)
            .maxResource(4)
            .totalBudget(12)
            .build();
    ResumableTaskCreator tasks = run(generator, new TestSetLossScoreFunction());
    Trial top =
        generator.trials().stream()
            .filter(t -> TrainingPart.of(t.getData()).rung() == 2)
            .findFirst()
            .get();
    ComputationGraph network =
        ModelSerializer.restoreComputationGraph(
            tasks.file(TrainingPart.of(top.getData()).checkpoint()), true);
    assertEquals(4, network.getConfiguration().getEpochCount());
  }

  @Test
  void aPopulationOfNetworks() {
    MoPbtGenerator generator =
        MoPbtGenerator.builder()
            .parameterSpace(layers(false))
            .minimize(true)
            .objectives(List.of("loss", "recall"))
            .populationSize(4)
            .generations(3)
            .build();
    run(
        generator,
        new TestSetLossScoreFunction(),
        new EvaluationScoreFunction(Evaluation.Metric.RECALL));
    assertEquals(12, generator.trials().size());
    assertEquals(4, generator.population().size());
    assertEquals(2, generator.archive().points()[0].length);
    // One member of four takes over from another in each generation.
    long moved =
        generator.trials().stream()
            .map(t -> TrainingPart.of(t.getData()))
            .filter(p -> p.parent() != null && p.parent() != p.trial())
            .count();
    assertEquals(2, moved);
  }

  @Test
  void familiesOfBothKinds() {
    RisingBanditGenerator generator =
        RisingBanditGenerator.builder()
            .minimize(false)
            .totalPulls(6)
            .window(2)
            .arm(
                "layers",
                TpeGenerator.builder()
                    .parameterSpace(layers(true))
                    .minimize(false)
                    .nStartup(2)
                    .build())
            .arm(
                "graph",
                AshaGenerator.builder()
                    .parameterSpace(graph())
                    .minimize(false)
                    .eta(2)
                    .maxResource(2)
                    .build())
            .build();
    run(generator, new EvaluationScoreFunction(Evaluation.Metric.ACCURACY));
    assertTrue(generator.arm("graph").trials().size() >= 3);
    assertTrue(
        generator.trials().stream()
            .anyMatch(t -> t.getData().containsKey(TrainingPart.RESUME_FROM)));
  }
}
