package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.positive;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.Step;

/**
 * What DoG and its kin share: no learning rate, and a first guess of the distance to the solution
 * that grows with the distance from where the parameters started.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
abstract class AbstractParameterFree extends AbstractUpdater {

  private final double repsRel;
  private final Double initialDistance;

  AbstractParameterFree(Double factor, Double repsRel, Double initialDistance) {
    super(factor, 1, null);
    this.repsRel = positive("repsRel", repsRel, 1e-6);
    this.initialDistance =
        initialDistance == null ? null : positive("initialDistance", initialDistance, 1);
  }

  @Override
  public boolean hasLearningRate() {
    return false;
  }

  @Override
  public boolean needsParameters() {
    return initialDistance == null;
  }

  /** They keep account of where their updates led. */
  @Override
  public boolean allowsChangedUpdates() {
    return false;
  }

  /** The first guess of the distance; asked at the first step. */
  final double firstDistance(Step step) {
    return initialDistance != null
        ? initialDistance
        : repsRel * (1 + Math.sqrt(step.sum(lane -> lane.parameters().squaredNorm())));
  }
}
