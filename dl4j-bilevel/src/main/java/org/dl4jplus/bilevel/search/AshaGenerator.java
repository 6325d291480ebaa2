package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import lombok.Builder;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Asynchronous successive halving: many configurations are trained for a short while, and whenever
 * a worker is free the best third of those seen so far at a rung may go on to the next.
 *
 * <pre>{@code
 * rung k trains up to r eta^k epochs, as long as that is at most R
 * for k from the last rung but one down to 0:
 *   among the best floor(|finished at k|/eta) of rung k one not yet promoted: promote the best
 * else: a new configuration at rung 0
 * }</pre>
 *
 * <p>A promotion is a candidate of its own: the same configuration, with a {@link TrainingPart} in
 * its data that says from which checkpoint to go on and for how many further epochs. Ties go to the
 * configuration with the lower number. A candidate that failed counts as the worst of its rung and
 * is never promoted. New configurations are drawn uniformly from the unit cube. There is always
 * something to propose until {@code maxCandidates} or {@code totalBudget} are used up.
 *
 * <p>L. Li, K. Jamieson, A. Rostamizadeh, E. Gonina, J. Ben-tzur, M. Hardt, B. Recht, A. Talwalkar:
 * "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020, arXiv 1810.05934.
 */
public final class AshaGenerator extends HalvingGenerator {

  private final Integer totalBudget;

  /**
   * Sets up a search.
   *
   * @param parameterSpace what to search
   * @param dataParameters passed on with every candidate; null for none
   * @param initDone whether the leaves have their indices, as read from JSON; null for no
   * @param minimize whether small scores are good; required
   * @param maxCandidates after how many candidates, promotions included, the search is over; null
   *     for never
   * @param minResource epochs r of the first rung, at least 1; null for 1
   * @param maxResource most epochs R of a configuration, at least {@code minResource}; null for the
   *     larger of 27 and that
   * @param eta one in so many is promoted, at least 2; null for 3
   * @param totalBudget the search is over when the epochs of its candidates reach this number, each
   *     counted once; null for never
   * @throws IllegalArgumentException for bad arguments
   */
  @Builder
  @JsonCreator
  private AshaGenerator(
      @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("initDone") Boolean initDone,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("maxCandidates") Integer maxCandidates,
      @JsonProperty("minResource") Integer minResource,
      @JsonProperty("maxResource") Integer maxResource,
      @JsonProperty("eta") Integer eta,
      @JsonProperty("totalBudget") Integer totalBudget) {
    super(
        parameterSpace,
        dataParameters,
        initDone,
        minimize,
        maxCandidates,
        minResource,
        maxResource,
        eta);
    this.totalBudget = totalBudget == null ? null : Require.count("totalBudget", totalBudget, 1);
  }

  /**
   * Epochs after which each of the rungs ends, counted from the start of the training.
   *
   * @return {@code r eta^k}, ascending
   */
  public int[] resources() {
    List<Integer> resources = new ArrayList<>();
    // Whole numbers: the logarithm of a power falls short of its exponent.
    for (long resource = minResource; resource <= maxResource; resource *= eta) {
      resources.add((int) resource);
    }
    return resources.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Epochs that the candidates so far have been given, each counted once.
   *
   * @return their sum
   */
  public long spent() {
    return trials().stream().mapToLong(t -> TrainingPart.of(t.getData()).budget()).sum();
  }

  @Override
  protected boolean isFinished() {
    return totalBudget != null && spent() >= totalBudget;
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    int[] resources = resources();
    for (int rung = resources.length - 2; rung >= 0; rung--) {
      Trial best = promotable(rung);
      if (best != null) {
        int number = number(best);
        int further = resources[rung + 1] - resources[rung];
        TrainingPart part = TrainingPart.resumed(number, rung + 1, further, number, rung);
        return new Proposal(best.getPoint(), part.data(), false);
      }
    }
    int number = (int) trials().stream().filter(t -> at(t, 0)).count();
    return new Proposal(
        random.doubles(space().size()).toArray(),
        TrainingPart.first(number, 0, resources[0]).data(),
        true);
  }

  /** Those that failed, and those whose network has been trained on. */
  @Override
  protected List<Trial> discarded() {
    Set<String> wentOn = trainedOn();
    return trials().stream()
        .filter(
            t ->
                t.getStatus() == Trial.Status.FAILED
                    || wentOn.contains(TrainingPart.of(t.getData()).checkpoint()))
        .toList();
  }

  /** The best of a rung that may be promoted and was not yet; null for none. */
  private Trial promotable(int rung) {
    Set<Integer> promoted = new HashSet<>();
    List<Trial> ended = new ArrayList<>();
    for (Trial trial : trials()) {
      if (at(trial, rung + 1)) {
        promoted.add(number(trial));
      } else if (at(trial, rung) && trial.getStatus() != Trial.Status.PENDING) {
        ended.add(trial);
      }
    }
    return best(ended, ended.size() / eta).stream()
        .filter(t -> !promoted.contains(number(t)))
        .findFirst()
        .orElse(null);
  }
}
