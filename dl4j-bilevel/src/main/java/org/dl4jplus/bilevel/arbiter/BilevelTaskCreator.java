package org.dl4jplus.bilevel.arbiter;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.runner.CandidateInfo;
import org.deeplearning4j.arbiter.scoring.util.ScoreUtil;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.search.SearchMetrics;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs a bilevel method as a candidate of a {@link BilevelSpace} and scores the network that it
 * leaves behind on data that neither level has seen. The configuration's data source has to be a
 * {@link BilevelDataSource}.
 *
 * <pre>{@code
 * new BilevelTaskCreator((configuration, network, training, validation) -> {
 *   var problem = new MyProblem(network, training, validation);
 *   return new BilevelTrainer(problem, configuration.algorithm(), x0, problem.start(), 42);
 * });
 * }</pre>
 *
 * <p>The cost is the number of gradients and losses that the run asked for, the curve are the upper
 * losses of its outer steps; listeners hear of each step, with this loss as the network's score.
 */
public final class BilevelTaskCreator extends SearchTaskCreator {

  /** Sets up the run of a candidate. */
  @FunctionalInterface
  public interface Factory {

    /**
     * Makes a trainer.
     *
     * @param configuration the candidate
     * @param network its network, initialised
     * @param training batches of the lower problem
     * @param validation batches of the upper problem
     * @return a trainer that has made no step, and that leaves its result in the network
     */
    BilevelTrainer trainer(
        BilevelConfiguration configuration,
        Model network,
        List<MultiDataSet> training,
        List<MultiDataSet> validation);
  }

  private final Factory factory;

  /**
   * Creates the tasks.
   *
   * @param factory sets up a run
   * @throws IllegalArgumentException without one
   */
  public BilevelTaskCreator(Factory factory) {
    this.factory = Require.given("factory", factory);
  }

  @Override
  protected OptimizationResult run(SearchTask task) throws IOException {
    long start = System.nanoTime();
    if (!(task.candidate().getValue() instanceof BilevelConfiguration configuration)) {
      throw new IllegalArgumentException(
          "A candidate must be a BilevelConfiguration, as BilevelSpace gives it, is "
              + task.candidate().getValue());
    }
    if (task.dataSource() == null || !(task.source() instanceof BilevelDataSource source)) {
      throw new IllegalArgumentException(
          "Bilevel runs need a BilevelDataSource, there is " + task.dataSource());
    }
    Object validationData = source.validationData();
    if (validationData == source.testData()) {
      throw new IllegalArgumentException(
          "The data source gives the same object as validation and as test data; a run that is"
              + " scored on what its upper level has learnt from looks better than it is");
    }
    try {
      CandidateInfo info = running(task);
      Model network = NetworkCandidate.of(configuration.network()).model();
      BilevelTrainer trainer =
          Require.given(
              "The factory's trainer",
              factory.trainer(
                  configuration, network, batches(source.trainData()), batches(validationData)));
      List<Double> curve = new ArrayList<>();
      ModelAccess access = ModelAccess.of(network);
      trainer.addListener(
          (t, iteration, report) -> {
            curve.add(report.upperLoss());
            access.setScore(report.upperLoss());
            tell(task, hears -> hears.onCandidateIteration(info, network, (int) iteration));
          });
      trainer.fit(configuration.outerSteps());
      double score = task.score(task.scoreFunction(), network);
      SearchMetrics metrics =
          SearchMetrics.builder()
              .costSeconds((System.nanoTime() - start) / 1e9)
              .costUpdates(trainer.calls().total())
              .curve(curve.stream().mapToDouble(Double::doubleValue).toArray())
              .build();
      return complete(task, info, score, metrics, network);
    } finally {
      Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread();
    }
  }

  private static List<MultiDataSet> batches(Object data) {
    MultiDataSetIterator iterator = ScoreUtil.getMultiIterator(data);
    List<MultiDataSet> batches = new ArrayList<>();
    while (iterator.hasNext()) {
      batches.add(iterator.next());
    }
    return batches;
  }
}
