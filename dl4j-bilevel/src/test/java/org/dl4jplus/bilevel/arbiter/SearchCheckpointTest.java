package org.dl4jplus.bilevel.arbiter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.deeplearning4j.arbiter.optimize.api.CandidateGenerator;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.termination.MaxCandidatesCondition;
import org.deeplearning4j.arbiter.optimize.api.termination.MaxTimeCondition;
import org.deeplearning4j.arbiter.optimize.api.termination.TerminationCondition;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.distribution.LogUniformDistribution;
import org.deeplearning4j.arbiter.optimize.generator.RandomSearchGenerator;
import org.deeplearning4j.arbiter.optimize.parameter.BooleanSpace;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.LocalOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.listener.BaseStatusListener;
import org.deeplearning4j.arbiter.scoring.impl.TestSetLossScoreFunction;
import org.dl4jplus.bilevel.search.Dimension;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.GeneratorExhaustedCondition;
import org.dl4jplus.bilevel.search.TotalCandidatesCondition;
import org.dl4jplus.bilevel.search.Trial;
import org.dl4jplus.optim.first.Lion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.learning.config.IUpdater;

@Timeout(60)
class SearchCheckpointTest {

  private static final int CANDIDATES = 12;
  private static final int KILLED_AT = 6;

  /** Scores updaters by their rate; one candidate fails, and one may end the process. */
  static final class Scorer extends SearchTaskCreator {
    private final boolean dies;

    Scorer(boolean dies) {
      this.dies = dies;
    }

    @Override
    protected OptimizationResult run(SearchTask task) throws Exception {
      int index = task.candidate().getIndex();
      if (dies && index == KILLED_AT) {
        Runtime.getRuntime().halt(7);
      }
      if (index == 4) {
        throw new IllegalStateException("always");
      }
      double rate = ((IUpdater) task.candidate().getValue()).getLearningRate(0, 0);
      return complete(task, running(task), Math.abs(Math.log(rate) + 4), null, null);
    }
  }

  private static OptimizationConfiguration start() {
    return start(CANDIDATES, new GeneratorExhaustedCondition());
  }

  private static OptimizationConfiguration start(
      Integer maxCandidates, TerminationCondition... conditions) {
    // One leaf at two places is one dimension.
    ParameterSpace<Double> rate =
        new ContinuousParameterSpace(new LogUniformDistribution(1e-4, 1e-1));
    ParameterSpace<?> space =
        UpdaterSpaces.oneOf(
            UpdaterSpaces.adam(rate), UpdaterSpaces.of(new Lion()).with("learningRate", rate));
    return new OptimizationConfiguration.Builder()
        .candidateGenerator(new PieceSearch(space, true, maxCandidates, null))
        .dataSource(Blobs.class, null)
        .scoreFunction(new TestSetLossScoreFunction())
        .rngSeed(11)
        .terminationConditions(conditions)
        .build();
  }

  private static FeedbackGenerator run(
      OptimizationConfiguration configuration, File file, boolean dies) {
    LocalOptimizationRunner runner = new PromptRunner(configuration, new Scorer(dies));
    runner.addListeners(new SearchCheckpointListener(file));
    runner.execute();
    return (FeedbackGenerator) configuration.getCandidateGenerator();
  }

  /** The process that is killed. */
  public static void main(String[] arguments) {
    run(start(), new File(arguments[0]), true);
  }

  @Test
  void aSearchThatWasKilledGoesOnAsTheUninterruptedOne(@TempDir File directory) throws Exception {
    File file = new File(directory, "search.json");
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "-classpath",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                SearchCheckpointTest.class.getName(),
                file.getPath())
            .redirectErrorStream(true)
            .redirectOutput(new File(directory, "log"))
            .start();
    assertEquals(7, process.waitFor(), () -> "log: " + read(new File(directory, "log").toPath()));

    OptimizationConfiguration resumed = SearchCheckpointListener.resume(file);
    FeedbackGenerator generator = (FeedbackGenerator) resumed.getCandidateGenerator();
    assertEquals(KILLED_AT - 1, generator.complete().size());
    assertEquals(Trial.Status.FAILED, generator.trials().get(4).getStatus());
    assertTrue(generator.trials().size() < CANDIDATES);
    run(resumed, file, false);

    FeedbackGenerator whole = run(start(), new File(directory, "whole.json"), false);
    assertEquals(CANDIDATES, whole.trials().size());
    assertEquals(CANDIDATES, generator.trials().size());
    for (int i = 0; i < CANDIDATES; i++) {
      Trial one = whole.trials().get(i);
      Trial two = generator.trials().get(i);
      assertArrayEquals(one.getPoint(), two.getPoint());
      assertEquals(one.getScore(), two.getScore());
      assertEquals(one.getStatus(), two.getStatus());
    }
    assertEquals(2, generator.space().size());
    FeedbackGenerator atTheEnd =
        (FeedbackGenerator) SearchCheckpointListener.resume(file).getCandidateGenerator();
    assertEquals(CANDIDATES - 1, atTheEnd.complete().size());
    assertTrue(atTheEnd.isDone());
  }

  @Test
  void aLimitOfArbiterCountsTheWholeSearch(@TempDir File directory) throws Exception {
    File file = new File(directory, "search.json");
    File early = new File(directory, "early.json");
    OptimizationConfiguration whole =
        start(null, new MaxCandidatesCondition(9), new MaxTimeCondition(1, TimeUnit.HOURS));
    LocalOptimizationRunner runner = new PromptRunner(whole, new Scorer(false));
    runner.addListeners(
        new SearchCheckpointListener(file),
        new BaseStatusListener() {
          @Override
          public void onRunnerStatusChange(IOptimizationRunner r) {
            if (r.numCandidatesCompleted() + r.numCandidatesFailed() == 6) {
              assertDoesNotThrow(() -> Files.copy(file.toPath(), early.toPath()));
            }
          }
        });
    runner.execute();
    assertEquals(9, ended(whole.getCandidateGenerator()));

    // Killed after 6, of which one failed; then once more at the very end.
    OptimizationConfiguration resumed = SearchCheckpointListener.resume(early);
    assertEquals(6, ended(resumed.getCandidateGenerator()));
    assertEquals(9, ended(run(resumed, early, false)));
    assertEquals(9, ended(run(SearchCheckpointListener.resume(early), early, false)));
    assertEquals(
        List.of(TotalCandidatesCondition.class, MaxTimeCondition.class),
        SearchCheckpointListener.resume(early).getTerminationConditions().stream()
            .map(Object::getClass)
            .toList());
  }

  private static long ended(CandidateGenerator generator) {
    return ((FeedbackGenerator) generator)
        .trials().stream().filter(t -> t.getStatus() != Trial.Status.PENDING).count();
  }

  private static String read(Path path) {
    try {
      return Files.readString(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void whatCannotBeReadOrWrittenIsSaid(@TempDir File directory) throws Exception {
    File nothing = new File(directory, "nothing.json");
    assertThrows(UncheckedIOException.class, () -> SearchCheckpointListener.resume(nothing));
    Files.writeString(nothing.toPath(), "{");
    assertThrows(IllegalArgumentException.class, () -> SearchCheckpointListener.resume(nothing));
    assertThrows(IllegalArgumentException.class, () -> new SearchCheckpointListener(null));
    OptimizationConfiguration configuration = start();
    LocalOptimizationRunner runner = new PromptRunner(configuration, new Scorer(false));
    runner.addListeners(new SearchCheckpointListener(new File(directory, "no/such/place.json")));
    assertThrows(UncheckedIOException.class, runner::execute);
  }

  @Test
  void aLimitOfTheWholeSearchNeedsASearchThatRemembers() {
    assertThrows(IllegalArgumentException.class, () -> new TotalCandidatesCondition(0));
    OptimizationConfiguration random = start(null, new TotalCandidatesCondition(1));
    random.setCandidateGenerator(new RandomSearchGenerator(new BooleanSpace(), Map.of()));
    LocalOptimizationRunner runner = new PromptRunner(random, new Scorer(false));
    assertThrows(IllegalStateException.class, runner::execute);
  }

  @Test
  void equalLeavesStayTwoDimensions() {
    FeedbackGenerator generator =
        new PieceSearch(
            new ChoiceSpace<>(
                Map.of("a", new IntegerParameterSpace(1, 3), "b", new IntegerParameterSpace(1, 3))),
            true,
            1,
            null);
    assertEquals(
        Set.of("choice", "a", "b"),
        generator.space().dimensions().stream().map(Dimension::name).collect(Collectors.toSet()));
  }
}
