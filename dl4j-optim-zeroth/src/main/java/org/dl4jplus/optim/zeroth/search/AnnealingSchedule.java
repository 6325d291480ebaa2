package org.dl4jplus.optim.zeroth.search;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The way of a temperature or a radius from {@code init} to {@code target}, by iterations t.
 *
 * <pre>{@code
 * LINEAR  max(init - decay t, target)
 * COSINE  target + (init - target) (1 + cos(pi t / T)) / 2
 * T = totalSteps, or max(1, floor((init - target) / decay)) where it is 0
 * }</pre>
 *
 * <ul>
 *   <li>kind: default COSINE
 *   <li>init, target: above 0; defaults 1 and 0.1
 *   <li>decay: at least 0; default 0.01. COSINE without totalSteps needs one above 0
 *   <li>totalSteps: at least 0; default 0
 *   <li>restartMult: m, at least 1; default 1: no restart, t stops at T. Above it cycle k of COSINE
 *       lasts T m^k iterations and begins at init again
 * </ul>
 *
 * Source: the schedules of PolyStep, arXiv 2605.01928, 2026.
 */
@Getter
@ToString
@EqualsAndHashCode
public final class AnnealingSchedule implements ISchedule {

  private static final long serialVersionUID = 1;

  /** Its form. */
  public enum Kind {
    /** A straight line that ends at the target. */
    LINEAR,
    /** Half a cosine. */
    COSINE
  }

  private final Kind kind;
  private final double init;
  private final double target;
  private final double decay;
  private final int totalSteps;
  private final double restartMult;

  @Builder
  @JsonCreator
  private AnnealingSchedule(
      @JsonProperty("kind") Kind kind,
      @JsonProperty("init") Double init,
      @JsonProperty("target") Double target,
      @JsonProperty("decay") Double decay,
      @JsonProperty("totalSteps") Integer totalSteps,
      @JsonProperty("restartMult") Double restartMult) {
    this.kind = kind == null ? Kind.COSINE : kind;
    this.init = Require.positive("init", init, 1);
    this.target = Require.positive("target", target, 0.1);
    this.decay = Require.nonNegative("decay", decay, 0.01);
    this.totalSteps = Require.atLeast("totalSteps", totalSteps, 0, 0);
    double mult = restartMult == null ? 1 : restartMult;
    this.restartMult =
        Require.check(
            mult >= 1 && mult < Double.POSITIVE_INFINITY,
            "restartMult",
            mult,
            "finite and at least 1");
    if (this.kind == Kind.COSINE && this.totalSteps == 0) {
      Require.check(this.decay > 0, "decay", this.decay, "above 0 without totalSteps");
    }
  }

  @Override
  public double valueAt(int iteration, int epoch) {
    if (kind == Kind.LINEAR) {
      return Math.max(init - decay * iteration, target);
    }
    double length = totalSteps > 0 ? totalSteps : Math.max(1, Math.floor((init - target) / decay));
    double t = iteration;
    if (restartMult > 1) {
      for (; t >= length; length *= restartMult) {
        t -= length;
      }
    }
    return target + 0.5 * (init - target) * (1 + Math.cos(Math.PI * Math.min(t, length) / length));
  }

  @Override
  public ISchedule clone() {
    return this;
  }
}
