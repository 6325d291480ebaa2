package org.dl4jplus.bilevel.arbiter;

import java.util.List;
import lombok.Builder;
import org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction;
import org.deeplearning4j.arbiter.task.TaskListener;
import org.deeplearning4j.nn.api.Model;

/**
 * Trains and scores the networks of a {@code MultiLayerSpace} or a {@code ComputationGraphSpace},
 * in the place of Arbiter's creators for them. Its tasks do not sleep for two seconds, report
 * failures and scores that are not finite, tell with {@link
 * org.dl4jplus.bilevel.search.SearchMetrics} what they cost, and bind the updaters of this project
 * to the network:
 *
 * <pre>{@code
 * new LocalOptimizationRunner(configuration, new NetworkTaskCreator()).execute();
 * }</pre>
 *
 * <p>Early stopping and the number of epochs are honoured as the space gives them. Each task counts
 * its stopping conditions by itself and keeps the best network to itself; a score calculator is
 * shared by all of them, so with several workers give early stopping a supplier of calculators.
 *
 * <p>Network listeners that an updater needs, and the like, are added by a {@link TaskListener}.
 */
public final class NetworkTaskCreator extends TrainingTaskCreator {

  /** Creates tasks that have the score as their only objective and record its curve. */
  public NetworkTaskCreator() {
    this(null, null, null, null);
  }

  /**
   * Creates tasks; null stands for the default.
   *
   * @param taskListener sees the network before and after its training; none by default
   * @param objectives further objectives beside the score, each in the direction of its function;
   *     none by default. With them the metrics' objectives are the score, then these
   * @param constraints functions whose values are to be at most 0; none by default
   * @param curve whether the network is scored after each epoch, true by default; with early
   *     stopping the curve is that of its own scores
   */
  @Builder
  private NetworkTaskCreator(
      TaskListener taskListener,
      List<ScoreFunction> objectives,
      List<ScoreFunction> constraints,
      Boolean curve) {
    super(taskListener, objectives, constraints, curve);
  }

  @Override
  NetworkCandidate start(SearchTask task) {
    return NetworkCandidate.of(task.candidate().getValue());
  }

  @Override
  Model train(SearchTask task, NetworkCandidate network, List<Double> curve, Runnable epochDone) {
    Object data = task.trainingData();
    if (network.stopsEarly()) {
      return network.fitUntilStopped(data, curve);
    }
    for (int i = 0; i < network.epochs(); i++) {
      network.fit(data);
      epochDone.run();
    }
    return network.model();
  }
}
