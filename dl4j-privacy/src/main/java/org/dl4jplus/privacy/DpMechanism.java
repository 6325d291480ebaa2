package org.dl4jplus.privacy;

import java.util.Map;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.sampling.BatchSampler;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * What a step of private training releases, and what that costs. {@link DpTrainer} draws the
 * records, keeps the budget and hands the released direction to the network's updater.
 *
 * <p>A mechanism is written to JSON with its configuration. What it remembers from step to step and
 * was released may be part of {@link #state}; what was not released must not be.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
public abstract class DpMechanism {

  /** For the mechanisms. */
  protected DpMechanism() {}

  /**
   * Makes ready for a run, from its first step on or from where {@link #restore} goes on.
   *
   * @param plan what is fixed
   * @throws IllegalArgumentException if the mechanism's analysis does not hold under the plan
   */
  public void begin(DpPlan plan) {}

  /**
   * Who chooses the records of a step.
   *
   * @param plan what is fixed
   * @param step number of the step, from 0
   * @return the plan's sampler, by default
   */
  public BatchSampler sampler(DpPlan plan, int step) {
    return plan.sampler();
  }

  /**
   * What a step costs. It is charged before the records are drawn, and asked for many steps ahead:
   * it may depend on nothing but its arguments.
   *
   * @param plan what is fixed
   * @param step number of the step, from 0
   * @param noiseMultiplier standard deviation of the noise over the sensitivity
   * @return the event, or null for a step that an earlier one has paid for
   */
  public abstract PrivacyEvent event(DpPlan plan, int step, double noiseMultiplier);

  /**
   * Makes the step.
   *
   * @param plan what is fixed
   * @param step this step, whose direction is to be filled
   */
  public abstract void step(DpPlan plan, DpStep step);

  /**
   * Assumptions beyond those of the plan under which the epsilon holds.
   *
   * @return a sentence, or null for none, by default
   */
  public String assumption() {
    return null;
  }

  /**
   * What was released and is needed to go on.
   *
   * @return names and values; none by default
   */
  public Map<String, double[]> state() {
    return Map.of();
  }

  /**
   * Goes on from a saved state.
   *
   * @param state what {@link #state} returned
   */
  public void restore(Map<String, double[]> state) {}
}
