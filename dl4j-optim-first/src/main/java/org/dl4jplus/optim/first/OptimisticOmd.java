package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Optimistic online mirror descent in the Euclidean geometry, with a rate that adapts to how much
 * the gradients change: no learning rate to set.
 *
 * <pre>{@code
 * rate(t) = diameter / sqrt( delta + 4*gradientBound^2 + sum over s < t of ||g(s) - g(s-1)||^2 )
 *           or 2/(strongConvexity*t), if that is set
 * u = (rate(t) + rate(t+1))*g(t) - rate(t)*g(t-1)           with g(0) = 0
 * }</pre>
 *
 * <p>The network holds the point that is played, {@code x(t) - rate(t)*g(t-1)} for the base point
 * {@code x(t)}. Norms are those of the updater's block: all neighbouring variables with an equal
 * updater.
 *
 * <p>Fields: {@code diameter} 1, above 0, of the region in question; {@code delta} 1, above 0;
 * {@code gradientBound} 0, at least 0, a bound of the gradients' norms; {@code strongConvexity} 0,
 * at least 0, where 0 means the adaptive rate. State: 1 value for each parameter and 1 number.
 * Needs no binding. A projection onto the region is a constraint of the layer; it acts after the
 * whole step, not inside it as in the theory. The paper's rates are given here as remembered.
 *
 * <p>S. Chen, Y.-J. Zhang, W.-W. Tu, P. Zhao, L. Zhang: "Optimistic Online Mirror Descent for
 * Bridging Stochastic and Adversarial Online Convex Optimization", arXiv 2302.04552 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class OptimisticOmd extends AbstractUpdater {

  private final double diameter;
  private final double delta;
  private final double gradientBound;
  private final double strongConvexity;

  /** Optimistic online mirror descent with its defaults. */
  public OptimisticOmd() {
    this(null, null, null, null);
  }

  @Builder
  @JsonCreator
  private OptimisticOmd(
      @JsonProperty("diameter") Double diameter,
      @JsonProperty("delta") Double delta,
      @JsonProperty("gradientBound") Double gradientBound,
      @JsonProperty("strongConvexity") Double strongConvexity) {
    this.diameter = positive("diameter", diameter, 1);
    this.delta = positive("delta", delta, 1);
    this.gradientBound = nonNegative("gradientBound", gradientBound, 0);
    this.strongConvexity = nonNegative("strongConvexity", strongConvexity, 0);
  }

  @Override
  public boolean hasLearningRate() {
    return false;
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("previousGradient", n).scalars(1);
  }

  @Override
  protected void step(Step step) {
    double before = step.scalar(0);
    double after =
        strongConvexity > 0
            ? 0
            : before
                + step.sum(
                    lane -> {
                      Vector change = lane.temp(0);
                      change.blend(1, lane.gradient(), -1, lane.state(0));
                      return change.squaredNorm();
                    });
    step.scalar(0, after);
    double current = rate(step.t(), before);
    double next = rate(step.t() + 1, after);
    step.forEach(lane -> OptimisticCombine.apply(lane, current + next, current, 0, false));
  }

  private double rate(long t, double changes) {
    return strongConvexity > 0
        ? 2 / (strongConvexity * t)
        : diameter / Math.sqrt(delta + 4 * gradientBound * gradientBound + changes);
  }
}
