package org.dl4jplus.bilevel.arbiter;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction;
import org.deeplearning4j.arbiter.optimize.runner.CandidateInfo;
import org.deeplearning4j.arbiter.task.TaskListener;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.bilevel.search.SearchMetrics;
import org.nd4j.linalg.factory.Nd4j;

/** What tasks that train a network have in common. */
abstract class TrainingTaskCreator extends SearchTaskCreator {

  private final TaskListener taskListener;
  private final List<ScoreFunction> objectives;
  private final List<ScoreFunction> constraints;
  private final boolean curve;

  TrainingTaskCreator(
      TaskListener taskListener,
      List<ScoreFunction> objectives,
      List<ScoreFunction> constraints,
      Boolean curve) {
    this.taskListener = taskListener;
    this.objectives = objectives == null ? List.of() : List.copyOf(objectives);
    this.constraints = constraints == null ? List.of() : List.copyOf(constraints);
    this.curve = curve == null || curve;
  }

  /** Makes the network that a task trains. */
  abstract NetworkCandidate start(SearchTask task) throws IOException;

  /**
   * Trains it.
   *
   * @param epochDone to be called after each epoch
   * @return the network to be scored
   */
  abstract Model train(
      SearchTask task, NetworkCandidate network, List<Double> curve, Runnable epochDone);

  @Override
  protected OptimizationResult run(SearchTask task) throws IOException {
    try {
      return trainAndScore(task);
    } finally {
      Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread();
    }
  }

  private OptimizationResult trainAndScore(SearchTask task) throws IOException {
    long start = System.nanoTime();
    CandidateInfo info = running(task);
    NetworkCandidate network = start(task);
    if (taskListener != null) {
      network = network.with(taskListener.preProcess(network.model(), task.candidate()));
    }
    if (network.listener() != null) {
      network.model().addListeners(network.listener());
    }
    Model trained = network.model();
    trained.addListeners(
        new BaseTrainingListener() {
          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            tell(task, listener -> listener.onCandidateIteration(info, model, iteration));
          }
        });
    int before = network.updates();
    List<Double> scores = new ArrayList<>();
    AtomicInteger scoredAt = new AtomicInteger(before);
    NetworkCandidate candidate = network;
    Runnable epochDone =
        () -> {
          if (curve) {
            scores.add(task.score(task.scoreFunction(), trained));
            scoredAt.set(candidate.updates());
          }
        };
    Model result = train(task, network, scores, epochDone);
    double score =
        scoredAt.get() == network.updates() && result == trained && !scores.isEmpty()
            ? scores.get(scores.size() - 1)
            : task.score(task.scoreFunction(), result);
    if (taskListener != null) {
      taskListener.postProcess(result, task.candidate());
    }
    SearchMetrics metrics =
        SearchMetrics.builder()
            .objectives(objectives(task, score, result))
            .minimise(directions(task))
            .constraints(scores(task, constraints, result))
            .costSeconds((System.nanoTime() - start) / 1e9)
            .costUpdates(network.updates() - before)
            .curve(scores.stream().mapToDouble(Double::doubleValue).toArray())
            .build();
    return complete(task, info, score, metrics, result);
  }

  private double[] objectives(SearchTask task, double score, Model model) {
    if (objectives.isEmpty()) {
      return null;
    }
    double[] further = scores(task, objectives, model);
    double[] all = new double[1 + further.length];
    all[0] = score;
    System.arraycopy(further, 0, all, 1, further.length);
    return all;
  }

  private boolean[] directions(SearchTask task) {
    if (objectives.isEmpty()) {
      return null;
    }
    boolean[] directions = new boolean[1 + objectives.size()];
    directions[0] = task.scoreFunction().minimize();
    for (int i = 0; i < objectives.size(); i++) {
      directions[i + 1] = objectives.get(i).minimize();
    }
    return directions;
  }

  private static double[] scores(SearchTask task, List<ScoreFunction> functions, Model model) {
    return functions.stream().mapToDouble(function -> task.score(function, model)).toArray();
  }
}
