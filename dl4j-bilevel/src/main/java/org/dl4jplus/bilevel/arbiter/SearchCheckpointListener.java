package org.dl4jplus.bilevel.arbiter;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.Set;
import org.deeplearning4j.arbiter.optimize.api.termination.MaxCandidatesCondition;
import org.deeplearning4j.arbiter.optimize.api.termination.TerminationCondition;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.runner.IOptimizationRunner;
import org.deeplearning4j.arbiter.optimize.runner.listener.BaseStatusListener;
import org.dl4jplus.bilevel.AtomicFile;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.SearchFeedback;
import org.dl4jplus.bilevel.search.TotalCandidatesCondition;
import org.dl4jplus.optim.first.updater.Require;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a search on disk while it runs, so that it can be killed at any time:
 *
 * <pre>{@code
 * OptimizationConfiguration configuration =
 *     file.exists() ? SearchCheckpointListener.resume(file) : new OptimizationConfiguration.Builder()...
 * LocalOptimizationRunner runner = new LocalOptimizationRunner(configuration, new NetworkTaskCreator());
 * runner.addListeners(new SearchCheckpointListener(file));
 * runner.execute();
 * }</pre>
 *
 * <p>The file is Arbiter's configuration as JSON, with the history in its generator, written
 * whenever results have come in. A resumed search first repeats the candidates that were under way,
 * then proposes what the uninterrupted one would have proposed; with several workers that depends
 * on who ends first, too.
 *
 * <p>With a {@link ResumableTaskCreator} the listener deletes, once the search is on disk, the
 * networks that it is done with: those from which no later candidate can go on, but neither the
 * best one nor those that were trained to their end. A search that is killed at any time finds what
 * it needs.
 *
 * <p>A generator's {@code maxCandidates} counts all candidates of the search. So does Arbiter's
 * {@code MaxCandidatesCondition} in a search that is resumed, where a {@link
 * TotalCandidatesCondition} takes its place. {@code MaxTimeCondition} counts from the new start.
 */
public final class SearchCheckpointListener extends BaseStatusListener {

  private static final Logger log = LoggerFactory.getLogger(SearchCheckpointListener.class);

  private final File file;
  private final ResumableTaskCreator tasks;
  private final Set<String> deleted = new HashSet<>();

  /**
   * Creates the listener.
   *
   * @param file to be written; its directory has to be there
   * @throws IllegalArgumentException without a file
   */
  public SearchCheckpointListener(File file) {
    this(Require.given("file", file), null);
  }

  /**
   * Creates a listener that deletes networks that the search is done with.
   *
   * @param file to be written; its directory has to be there
   * @param tasks the runner's task creator, whose networks are deleted; null to keep all
   * @throws IllegalArgumentException without a file
   */
  public SearchCheckpointListener(File file, ResumableTaskCreator tasks) {
    this.file = Require.given("file", file);
    this.tasks = tasks;
  }

  /**
   * Reads a search.
   *
   * @param file as this listener wrote it
   * @return a configuration whose generator goes on where it stood; its limits of candidates count
   *     those that the search has had
   * @throws UncheckedIOException where the file cannot be read
   * @throws IllegalArgumentException for null, or where it is no configuration
   */
  public static OptimizationConfiguration resume(File file) {
    Require.given("file", file);
    try {
      OptimizationConfiguration configuration =
          OptimizationConfiguration.fromJson(Files.readString(file.toPath()));
      if (configuration.getCandidateGenerator() instanceof FeedbackGenerator
          && configuration.getTerminationConditions() != null) {
        configuration.setTerminationConditions(
            configuration.getTerminationConditions().stream()
                .map(SearchCheckpointListener::ofTheWholeSearch)
                .toList());
      }
      return configuration;
    } catch (IOException e) {
      throw new UncheckedIOException("The search could not be read from " + file, e);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(file + " holds no search that can be read", e);
    }
  }

  private static TerminationCondition ofTheWholeSearch(TerminationCondition condition) {
    return condition instanceof MaxCandidatesCondition run && run.getMaxCandidates() > 0
        ? new TotalCandidatesCondition(run.getMaxCandidates())
        : condition;
  }

  /**
   * Writes the start of the search.
   *
   * @throws UncheckedIOException where that fails: a search that cannot be kept does not begin
   */
  @Override
  public void onInitialization(IOptimizationRunner runner) {
    write(runner);
  }

  @Override
  public void onRunnerStatusChange(IOptimizationRunner runner) {
    tryToWrite(runner);
  }

  @Override
  public void onShutdown(IOptimizationRunner runner) {
    tryToWrite(runner);
  }

  private void tryToWrite(IOptimizationRunner runner) {
    try {
      write(runner);
    } catch (RuntimeException e) {
      log.error("The search goes on, but was not written to {}", file, e);
    }
  }

  private void write(IOptimizationRunner runner) {
    if (runner.getConfiguration().getCandidateGenerator() instanceof SearchFeedback feedback) {
      // Makes the generator take note of the failures that it was told of.
      feedback.isDone();
    }
    byte[] json = runner.getConfiguration().toJson().getBytes(StandardCharsets.UTF_8);
    AtomicFile.write(file, out -> out.write(json));
    if (tasks != null
        && runner.getConfiguration().getCandidateGenerator() instanceof FeedbackGenerator search) {
      search.discardedCheckpoints().stream().filter(deleted::add).forEach(this::delete);
    }
  }

  private void delete(String name) {
    try {
      Files.deleteIfExists(tasks.file(name).toPath());
    } catch (IOException e) {
      log.warn("{} is not needed any more, but could not be deleted", tasks.file(name), e);
    }
  }
}
