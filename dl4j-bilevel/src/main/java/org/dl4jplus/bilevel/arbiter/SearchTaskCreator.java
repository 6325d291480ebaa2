package org.dl4jplus.bilevel.arbiter;

import java.io.IOException;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.apache.commons.lang3.exception.ExceptionUtils;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.TaskCreator;
import org.deeplearning4j.arbiter.optimize.api.data.DataProvider;
import org.deeplearning4j.arbiter.optimize.api.data.DataSource;
import org.deeplearning4j.arbiter.optimize.api.saving.ResultSaver;
import org.deeplearning4j.arbiter.optimize.api.score.ScoreFunction;
import org.deeplearning4j.arbiter.optimize.runner.CandidateInfo;
import org.deeplearning4j.arbiter.optimize.runner.CandidateStatus;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.listener.StatusListener;
import org.deeplearning4j.arbiter.saver.local.FileModelSaver;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.SearchFeedback;
import org.dl4jplus.bilevel.search.SearchMetrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tasks whose failures are heard of. Arbiter tells neither the generator nor the listeners that a
 * candidate failed, and takes a first score that is NaN for the best one for ever; these tasks
 * report every exception and every score that is not finite to a {@link SearchFeedback} generator
 * and to the listeners, as a candidate that failed. What a listener itself throws is logged.
 *
 * <p>A subclass evaluates anything that a space describes: a network, or a function of its values.
 */
@SuppressWarnings({"deprecation", "rawtypes"})
public abstract class SearchTaskCreator implements TaskCreator {

  private static final Logger log = LoggerFactory.getLogger(SearchTaskCreator.class);

  /** For subclasses. */
  protected SearchTaskCreator() {}

  /**
   * Evaluates a candidate, on a thread of the runner's pool. A result with a score that is not
   * finite counts as a failure, and so does an exception.
   *
   * @param task the candidate and its data
   * @return the result, as {@link #complete} makes it
   * @throws Exception where the candidate fails
   */
  protected abstract OptimizationResult run(SearchTask task) throws Exception;

  @Override
  public final Callable<OptimizationResult> create(
      Candidate candidate,
      DataProvider dataProvider,
      ScoreFunction scoreFunction,
      List<StatusListener> statusListeners,
      IOptimizationRunner runner) {
    return callable(
        new SearchTask(
            candidate, dataProvider, null, null, scoreFunction, statusListeners, runner));
  }

  @Override
  public final Callable<OptimizationResult> create(
      Candidate candidate,
      Class<? extends DataSource> dataSource,
      Properties dataSourceProperties,
      ScoreFunction scoreFunction,
      List<StatusListener> statusListeners,
      IOptimizationRunner runner) {
    return callable(
        new SearchTask(
            candidate,
            null,
            dataSource,
            dataSourceProperties,
            scoreFunction,
            statusListeners,
            runner));
  }

  private Callable<OptimizationResult> callable(SearchTask task) {
    // On the runner's thread: a search in the wrong direction ends before its first candidate.
    FeedbackGenerator.check(task.runner().getConfiguration());
    return () -> report(task);
  }

  private OptimizationResult report(SearchTask task) {
    long start = System.currentTimeMillis();
    SearchMetrics metrics = null;
    String failure;
    try {
      OptimizationResult result = run(task);
      CandidateInfo info = result.getCandidateInfo();
      boolean failed = info != null && info.getCandidateStatus() == CandidateStatus.Failed;
      if (!failed && result.getScore() != null && Double.isFinite(result.getScore())) {
        return result;
      }
      if (result.getModelSpecificResults() instanceof SearchMetrics given) {
        metrics = given;
      }
      failure =
          failed && info.getExceptionStackTrace() != null
              ? info.getExceptionStackTrace()
              : "The score is " + result.getScore();
    } catch (Throwable e) {
      // An error such as lack of memory is the candidate's, too; the search goes on.
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      failure = ExceptionUtils.getStackTrace(e);
    }
    long end = System.currentTimeMillis();
    if (metrics == null) {
      metrics = SearchMetrics.builder().costSeconds((end - start) / 1e3).build();
    }
    return fail(task, failure, metrics, start, end);
  }

  private static OptimizationResult fail(
      SearchTask task, String failure, SearchMetrics metrics, long start, long end) {
    Candidate<?> candidate = task.candidate();
    log.warn(
        "Candidate {} failed: {}", candidate.getIndex(), failure.lines().findFirst().orElse(""));
    if (task.runner().getConfiguration().getCandidateGenerator() instanceof SearchFeedback hears) {
      hears.reportFailure(candidate.getIndex(), failure, metrics);
    }
    CandidateInfo info =
        new CandidateInfo(
            candidate.getIndex(),
            CandidateStatus.Failed,
            null,
            start,
            start,
            end,
            candidate.getFlatParameters(),
            failure);
    OptimizationResult result =
        new OptimizationResult(candidate, null, candidate.getIndex(), metrics, info, null);
    tell(task, listener -> listener.onCandidateStatusChange(info, task.runner(), result));
    return result;
  }

  /** Tells the listeners something; one that throws fails no candidate. */
  static void tell(SearchTask task, Consumer<StatusListener> what) {
    for (StatusListener listener : task.listeners()) {
      try {
        what.accept(listener);
      } catch (RuntimeException e) {
        log.error("A listener failed at candidate {}", task.candidate().getIndex(), e);
      }
    }
  }

  /**
   * Makes the result of a candidate: saves its model by the configuration's result saver and tells
   * the listeners. Where the score is not finite it does neither.
   *
   * @param task the task
   * @param info what was said of the candidate while it ran; becomes complete
   * @param score its score
   * @param metrics what is known of it beside the score
   * @param model what to save; null for nothing
   * @return the result
   * @throws IOException where the model could not be saved
   */
  protected static OptimizationResult complete(
      SearchTask task, CandidateInfo info, double score, SearchMetrics metrics, Object model)
      throws IOException {
    info.setCandidateStatus(CandidateStatus.Complete);
    info.setScore(score);
    info.setEndTime(System.currentTimeMillis());
    OptimizationResult result =
        new OptimizationResult(task.candidate(), score, info.getIndex(), metrics, info, null);
    if (Double.isFinite(score)) {
      ResultSaver saver = task.runner().getConfiguration().getResultSaver();
      if (saver != null && model != null) {
        result.setResultReference(saver.saveModel(toSave(task, saver, result), model));
      }
      tell(task, listener -> listener.onCandidateStatusChange(info, task.runner(), result));
    }
    return result;
  }

  /** Arbiter's saver of files takes every candidate for the configuration of a network. */
  private static OptimizationResult toSave(
      SearchTask task, ResultSaver saver, OptimizationResult result) {
    Candidate<?> candidate = task.candidate();
    return saver instanceof FileModelSaver
            && candidate.getValue() instanceof BilevelConfiguration configuration
        ? new OptimizationResult(
            new Candidate<>(
                configuration.network(),
                candidate.getIndex(),
                candidate.getFlatParameters(),
                candidate.getDataParameters(),
                null),
            result.getScore(),
            result.getIndex(),
            result.getModelSpecificResults(),
            result.getCandidateInfo(),
            null)
        : result;
  }

  /**
   * What listeners are told of a candidate while it runs.
   *
   * @param task the task
   * @return its number and coordinates, started now
   */
  protected static CandidateInfo running(SearchTask task) {
    long now = System.currentTimeMillis();
    return new CandidateInfo(
        task.candidate().getIndex(),
        CandidateStatus.Running,
        null,
        now,
        now,
        null,
        task.candidate().getFlatParameters(),
        null);
  }
}
