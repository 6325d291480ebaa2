package org.dl4jplus.bilevel.search;

import java.util.Map;
import java.util.TreeMap;
import org.dl4jplus.optim.first.updater.Require;

/**
 * A stretch of a network's training, which is one candidate to Arbiter. A task that knows how to
 * resume goes on from the checkpoint named, trains, and saves the checkpoint {@link #checkpoint}.
 *
 * @param trial number of the network, at least 0
 * @param rung which of its stretches this is, from 0
 * @param budget epochs of this stretch alone, at least 1
 * @param resumeFrom name of the checkpoint to start from; null for a new network
 * @param parent number of the network that the checkpoint is of; null for a new network
 */
public record TrainingPart(int trial, int rung, int budget, String resumeFrom, Integer parent) {

  /** Key of the network's number in a candidate's data. */
  public static final String TRIAL = "dl4jplus.trial";

  /** Key of the stretch's number. */
  public static final String RUNG = "dl4jplus.rung";

  /** Key of the stretch's length. */
  public static final String BUDGET = "dl4jplus.budget";

  /** Key of the name of the checkpoint to start from. */
  public static final String RESUME_FROM = "dl4jplus.resumeFrom";

  /** Key of the number of the network that is gone on with. */
  public static final String PARENT = "dl4jplus.parent";

  /**
   * Checks the numbers.
   *
   * @param trial number of the network, at least 0
   * @param rung which of its stretches this is, from 0
   * @param budget epochs of this stretch alone, at least 1
   * @param resumeFrom name of the checkpoint to start from; null for a new network
   * @param parent number of the network that the checkpoint is of; null for a new network
   * @throws IllegalArgumentException for one outside its range
   */
  public TrainingPart {
    Require.atLeast("trial", trial, 0, 0);
    Require.atLeast("rung", rung, 0, 0);
    Require.count("budget", budget, 1);
  }

  /**
   * The first stretch of a new network.
   *
   * @param trial its number
   * @param rung number of the stretch; above 0 where its first one is longer than others'
   * @param budget epochs
   * @return the stretch
   */
  public static TrainingPart first(int trial, int rung, int budget) {
    return new TrainingPart(trial, rung, budget, null, null);
  }

  /**
   * A stretch that goes on where a network was left.
   *
   * @param trial number of the network that it makes
   * @param rung number of the stretch
   * @param budget further epochs
   * @param parent number of the network to go on with, mostly the same
   * @param parentRung the stretch after which it is taken
   * @return the stretch
   */
  public static TrainingPart resumed(int trial, int rung, int budget, int parent, int parentRung) {
    return new TrainingPart(trial, rung, budget, name(parent, parentRung), parent);
  }

  /**
   * What a candidate was given.
   *
   * @param data data of a candidate
   * @return the stretch; null where the data tell of none
   * @throws IllegalArgumentException for null
   */
  public static TrainingPart of(Map<String, Object> data) {
    if (!(Require.given("data", data).get(TRIAL) instanceof Number trial)) {
      return null;
    }
    return new TrainingPart(
        trial.intValue(),
        ((Number) data.get(RUNG)).intValue(),
        ((Number) data.get(BUDGET)).intValue(),
        (String) data.get(RESUME_FROM),
        data.get(PARENT) instanceof Number parent ? parent.intValue() : null);
  }

  /**
   * The form that travels with a candidate.
   *
   * @return plain numbers and strings; keys whose value is null are left out
   */
  public Map<String, Object> data() {
    Map<String, Object> data = new TreeMap<>();
    data.put(TRIAL, trial);
    data.put(RUNG, rung);
    data.put(BUDGET, budget);
    if (resumeFrom != null) {
      data.put(RESUME_FROM, resumeFrom);
    }
    if (parent != null) {
      data.put(PARENT, parent);
    }
    return data;
  }

  /**
   * Name of the checkpoint at the end of this stretch.
   *
   * @return {@code trial-<trial>-<rung>}
   */
  public String checkpoint() {
    return name(trial, rung);
  }

  private static String name(int trial, int rung) {
    return "trial-" + trial + "-" + rung;
  }
}
