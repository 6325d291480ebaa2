package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import lombok.EqualsAndHashCode;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.generator.BaseCandidateGenerator;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonIgnoreProperties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A search that learns from its candidates. It remembers all of them, and its history is part of
 * the JSON of Arbiter's configuration: a search that is read back goes on as it would have, first
 * with the candidates that had been proposed and not heard of.
 *
 * <p>A proposal depends on the seed (Arbiter's {@code rngSeed}), the number of the candidate and
 * the history alone. With several workers the history depends on who ends first, and so does the
 * search.
 *
 * <p>Arbiter keeps failed candidates to itself; run the search with a task creator of {@code
 * org.dl4jplus.bilevel.arbiter}, which reports them. A score that is not finite counts as failed.
 * After 20 failures in a row the search is over.
 */
@EqualsAndHashCode(callSuper = true, onlyExplicitlyIncluded = true)
@JsonIgnoreProperties({"rng", "candidateCounter"})
public abstract class FeedbackGenerator extends BaseCandidateGenerator<Object>
    implements SearchFeedback {

  /** Failures in a row that end a search. */
  public static final int MOST_FAILURES = 20;

  private static final int DRAWS_FOR_A_NEW_POINT = 50;

  /** At how many values shapes are looked at. */
  private static final int INTEGERS_TRIED = 32;

  private static final int NUMBERS_TRIED = 5;
  private static final Logger log = LoggerFactory.getLogger(FeedbackGenerator.class);

  private record Failure(int index, String reason, SearchMetrics metrics) {}

  private final boolean minimize;
  private final Integer maxCandidates;
  private long seed;
  private List<Trial> trials = new ArrayList<>();
  private int failuresInARow;

  private final transient Queue<Failure> failures = new ConcurrentLinkedQueue<>();
  private final transient Set<Integer> issued = new HashSet<>();
  private transient SpaceModel space;

  /**
   * Where to go next.
   *
   * @param point coordinates in the unit cube; brought to the centres of cells
   * @param data what the task is given beside the configuration: plain numbers and strings
   * @param anew whether the point is to be one that was not proposed before
   */
  protected record Proposal(double[] point, Map<String, Object> data, boolean anew) {

    /**
     * Takes what there is to a proposal.
     *
     * @param point coordinates in the unit cube
     * @param data plain numbers and strings for the task
     * @param anew whether the point is to be one that was not proposed before
     */
    public Proposal {}

    /**
     * A new point.
     *
     * @param point coordinates in the unit cube
     * @return the proposal; where the point was proposed before, a random one takes its place
     */
    public static Proposal of(double[] point) {
      return new Proposal(point, Map.of(), true);
    }
  }

  /**
   * Sets up a search.
   *
   * @param parameterSpace what to search
   * @param dataParameters passed on with every candidate; null for none
   * @param initDone whether the leaves have their indices, as read from JSON
   * @param minimize whether small scores are good; required, since Arbiter does not tell a
   *     generator
   * @param maxCandidates after how many candidates the search is over, at least 1; null for never
   * @throws IllegalArgumentException for a space without anything to choose, or bad arguments
   */
  @SuppressWarnings({"unchecked", "this-escape"})
  protected FeedbackGenerator(
      ParameterSpace<?> parameterSpace,
      Map<String, Object> dataParameters,
      boolean initDone,
      Boolean minimize,
      Integer maxCandidates) {
    super(
        (ParameterSpace<Object>) Require.given("parameterSpace", parameterSpace),
        dataParameters,
        initDone);
    if (minimize == null) {
      throw new IllegalArgumentException(
          "minimize must be given: true where small scores are good");
    }
    if (maxCandidates != null) {
      Require.count("maxCandidates", maxCandidates, 1);
    }
    this.minimize = minimize;
    this.maxCandidates = maxCandidates;
    initialize();
    space = new SpaceModel(parameterSpace);
    if (space.dimensions().stream().allMatch(Dimension::fixed)) {
      throw new IllegalArgumentException("There is nothing to choose in the parameter space");
    }
  }

  /**
   * Checks that a generator and a configuration fit: the direction of its score function is that of
   * the search.
   *
   * @param configuration an Arbiter configuration
   * @throws IllegalArgumentException for null, or where a search would go the wrong way
   */
  public static void check(OptimizationConfiguration configuration) {
    if (Require.given("configuration", configuration).getCandidateGenerator()
            instanceof SearchFeedback feedback
        && configuration.getScoreFunction() != null
        && feedback.isMinimize() != configuration.getScoreFunction().minimize()) {
      throw new IllegalArgumentException(
          "The generator has minimize="
              + feedback.isMinimize()
              + ", the score function "
              + configuration.getScoreFunction()
              + " has minimize="
              + configuration.getScoreFunction().minimize());
    }
  }

  /**
   * Chooses the next candidate.
   *
   * @param index its number
   * @param random to draw from; seeded by the search's seed and the number
   * @return where to go
   */
  protected abstract Proposal propose(int index, SplittableRandom random);

  /**
   * Whether there is something to propose now: a method that works in generations says no while it
   * waits.
   *
   * @return true by default
   */
  protected boolean isReady() {
    return true;
  }

  /**
   * Whether the method has come to its end of its own accord.
   *
   * @return false by default
   */
  protected boolean isFinished() {
    return false;
  }

  /**
   * Hears of a candidate that is complete or has failed. Does nothing by default.
   *
   * @param trial with its outcome
   */
  protected void observe(Trial trial) {}

  /**
   * Candidates whose networks are of no further use: no later candidate can go on from them, and
   * they are no result of the search. One that is among them stays there.
   *
   * @return none by default
   */
  protected List<Trial> discarded() {
    return List.of();
  }

  /**
   * Checkpoints that the search is done with: no candidate goes on from them any more, whatever
   * becomes of those that are under way, and none is that of the best candidate. They may be
   * deleted once the search is on disk as it stands now.
   *
   * @return names as {@link TrainingPart#checkpoint} gives them
   */
  public final Set<String> discardedCheckpoints() {
    Set<String> names = new HashSet<>();
    discarded().forEach(trial -> names.add(TrainingPart.of(trial.getData()).checkpoint()));
    for (Trial trial : trials) {
      TrainingPart part = TrainingPart.of(trial.getData());
      if (part != null && trial.getStatus() == Trial.Status.PENDING) {
        names.remove(part.resumeFrom());
      }
    }
    Trial best = best();
    if (best != null && TrainingPart.of(best.getData()) != null) {
      names.remove(TrainingPart.of(best.getData()).checkpoint());
    }
    return names;
  }

  /**
   * The cube that is searched.
   *
   * @return its coordinates
   */
  public final SpaceModel space() {
    return space;
  }

  /**
   * Refuses a space in which a setting changes the shapes of the network, for searches that go on
   * with the weights of one candidate under the settings of another. Each dimension is tried at its
   * options or evenly spread numbers, with the others in the middle. A space of something else than
   * networks has no shapes.
   *
   * @throws IllegalArgumentException naming the dimension
   */
  public final void requireSameShapes() {
    NetworkShapes.requireSame(parameterSpace, space, INTEGERS_TRIED, NUMBERS_TRIED);
  }

  /**
   * All candidates so far.
   *
   * @return in the order of their numbers
   */
  public final List<Trial> trials() {
    return Collections.unmodifiableList(trials);
  }

  /**
   * The evaluated candidates.
   *
   * @return in the order of their numbers
   */
  public final List<Trial> complete() {
    return trials.stream().filter(t -> t.getStatus() == Trial.Status.COMPLETE).toList();
  }

  /**
   * The best candidate.
   *
   * @return the first of the best scores; null before there is one
   */
  public final Trial best() {
    Trial best = null;
    for (Trial trial : complete()) {
      if (best == null || loss(trial) < loss(best)) {
        best = trial;
      }
    }
    return best;
  }

  /**
   * A score as something to minimise.
   *
   * @param trial a complete one
   * @return its score, negated where large scores are good
   */
  public final double loss(Trial trial) {
    return minimize ? trial.getScore() : -trial.getScore();
  }

  @Override
  public final boolean isMinimize() {
    return minimize;
  }

  /**
   * After how many candidates the search is over.
   *
   * @return the number; null for no such limit
   */
  public final Integer maxCandidates() {
    return maxCandidates;
  }

  /**
   * The seed of the proposals.
   *
   * @return Arbiter's {@code rngSeed}; 0 where none was set
   */
  public final long seed() {
    return seed;
  }

  @Override
  public final void setRngSeed(long rngSeed) {
    seed = rngSeed;
  }

  @Override
  public final boolean hasMoreCandidates() {
    drainFailures();
    if (failuresInARow >= MOST_FAILURES) {
      return false;
    }
    return unissued() != null || !ended() && isReady();
  }

  private boolean ended() {
    return isFinished() || maxCandidates != null && trials.size() >= maxCandidates;
  }

  @Override
  public final boolean isDone() {
    drainFailures();
    boolean pending = trials.stream().anyMatch(t -> t.getStatus() == Trial.Status.PENDING);
    return failuresInARow >= MOST_FAILURES || ended() && !pending;
  }

  /** A candidate that was proposed before this object was read from JSON, and not heard of. */
  private Trial unissued() {
    for (Trial trial : trials) {
      if (trial.getStatus() == Trial.Status.PENDING && !issued.contains(trial.getIndex())) {
        return trial;
      }
    }
    return null;
  }

  @Override
  public final Candidate<Object> getCandidate() {
    Trial trial = unissued();
    if (trial == null) {
      trial = next();
      trials.add(trial);
    }
    issued.add(trial.getIndex());
    Map<String, Object> data = new LinkedHashMap<>();
    if (dataParameters != null) {
      data.putAll(dataParameters);
    }
    data.putAll(trial.getData());
    Object value = null;
    Exception exception = null;
    try {
      value = parameterSpace.getValue(trial.getPoint());
    } catch (RuntimeException e) {
      log.warn("Candidate {} could not be configured", trial.getIndex(), e);
      exception = e;
      fail(new Failure(trial.getIndex(), "The space gave no value: " + e, null));
    }
    return new Candidate<>(value, trial.getIndex(), trial.getPoint().clone(), data, exception);
  }

  private Trial next() {
    int index = trials.size();
    SplittableRandom random = new SplittableRandom(CounterNoise.deriveSeed(seed, index));
    Proposal proposal = propose(index, random);
    double[] point = space.snap(proposal.point());
    for (int i = 0; proposal.anew() && i < DRAWS_FOR_A_NEW_POINT && known(point); i++) {
      point = space.snap(random.doubles(point.length).toArray());
    }
    return Trial.pending(index, point, proposal.data());
  }

  private boolean known(double[] point) {
    return trials.stream()
        .anyMatch(t -> t.getStatus() != Trial.Status.FAILED && Arrays.equals(t.getPoint(), point));
  }

  @Override
  public final void reportResults(OptimizationResult result) {
    drainFailures();
    SearchMetrics metrics =
        result.getModelSpecificResults() instanceof SearchMetrics given ? given : null;
    Double score = result.getScore();
    if (score == null || !Double.isFinite(score)) {
      fail(new Failure(result.getIndex(), "The score is " + score, metrics));
      return;
    }
    Trial trial = pending(result.getIndex());
    if (trial != null) {
      trial.complete(score, metrics);
      failuresInARow = 0;
      observe(trial);
    }
  }

  @Override
  public final void reportFailure(int index, String reason, SearchMetrics metrics) {
    failures.add(new Failure(index, reason, metrics));
  }

  private void drainFailures() {
    for (Failure failure = failures.poll(); failure != null; failure = failures.poll()) {
      fail(failure);
    }
  }

  private void fail(Failure failure) {
    Trial trial = pending(failure.index());
    if (trial == null) {
      return;
    }
    trial.fail(failure.reason(), failure.metrics());
    failuresInARow++;
    if (failuresInARow == MOST_FAILURES) {
      log.error("{} candidates failed in a row; the search is over", MOST_FAILURES);
    }
    observe(trial);
  }

  private Trial pending(int index) {
    if (index < 0 || index >= trials.size()) {
      return null;
    }
    Trial trial = trials.get(index);
    return trial.getStatus() == Trial.Status.PENDING ? trial : null;
  }

  @Override
  public Class<?> getCandidateType() {
    return null;
  }

  @Override
  public String toString() {
    return getClass().getSimpleName();
  }
}
