package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.util.concurrent.atomic.AtomicBoolean;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import lombok.extern.slf4j.Slf4j;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * What the Schedule-Free updaters share: the weights of the average and the two points. The network
 * holds y, where gradients are taken; the state holds d = z - y; the average is x = y -
 * ((1-b)/b)*d.
 */
@Slf4j
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
abstract class AbstractScheduleFree extends AbstractUpdater {

  /** Scalars of the state. */
  static final int SCALARS = 3;

  private static final AtomicBoolean WARNED = new AtomicBoolean();
  private static final int WEIGHT_SUM = 0;
  private static final int LARGEST_RATE = 1;
  private static final int AVERAGED = 2;

  private final int warmupSteps;
  private final double r;
  private final double weightLrPower;
  private final double weightDecay;

  AbstractScheduleFree(
      Double learningRate,
      double standard,
      ISchedule learningRateSchedule,
      Integer warmupSteps,
      Double r,
      Double weightLrPower,
      Double weightDecay) {
    super(learningRate, standard, learningRateSchedule);
    this.warmupSteps = atLeast("warmupSteps", warmupSteps, 0, 0);
    this.r = nonNegative("r", r, 0);
    this.weightLrPower = nonNegative("weightLrPower", weightLrPower, 2);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0);
  }

  /** Momentum or beta1: how close y is to x. */
  abstract double interpolation();

  /** The gradient to descend by; leaves it in the lane's gradient. */
  abstract void direction(Lane lane, Step step);

  /** Position of d among the state vectors. */
  abstract int difference();

  @Override
  public boolean allowsChangedUpdates() {
    return false;
  }

  @Override
  protected void step(Step step) {
    if (step.scalar(AVERAGED) == 1) {
      throw new IllegalStateException(
          "The network stands at its averaged parameters, where Schedule-Free cannot train: call"
              + " ScheduleFree.toTrain(model) first, or attach new ScheduleFree.Listener(), which"
              + " switches at every epoch's start and end");
    }
    if (step.t() == 1 && !step.attached(Switch::new).used && WARNED.compareAndSet(false, true)) {
      log.warn(
          "Schedule-Free trains at other parameters than those to evaluate and save: attach new"
              + " ScheduleFree.Listener(), or use ScheduleFree.averaged(network, ...)");
    }
    long k = step.t() - 1;
    double warmup = k < warmupSteps ? (k + 1.0) / warmupSteps : 1;
    double rate = step.learningRate() * warmup;
    double largest = Math.max(step.scalar(LARGEST_RATE), rate);
    double weight = Math.pow(k + 1.0, r) * Math.pow(largest, weightLrPower);
    double sum = step.scalar(WEIGHT_SUM) + weight;
    double c = sum == 0 ? 0 : weight / sum;
    step.scalar(LARGEST_RATE, largest);
    step.scalar(WEIGHT_SUM, sum);
    double b = interpolation();
    double forU = rate * (1 - b * (1 - c));
    double forD = -(1 - c) * rate * b;
    step.forEach(
        lane -> {
          direction(lane, step);
          Vector g = lane.gradient();
          Vector d = lane.state(difference());
          Vector old = lane.temp(1).set(d);
          d.combine(1 - c, forD, g);
          g.combine(forU, -c, old);
        });
  }

  @Override
  protected void toAveraged(Step step) {
    if (step.scalar(AVERAGED) == 0) {
      shift(step, -1);
    }
  }

  /**
   * Moves the parameters in the step's gradient from y to x or back, and remembers where they are.
   */
  void moveTo(Step step, boolean averaged) {
    step.attached(Switch::new).used = true;
    if ((step.scalar(AVERAGED) == 1) != averaged) {
      shift(step, averaged ? -1 : 1);
      step.scalar(AVERAGED, averaged ? 1 : 0);
    }
  }

  /** Whether somebody has ever asked for the other point. */
  private static final class Switch {
    boolean used;
  }

  private void shift(Step step, int sign) {
    double b = interpolation();
    double factor = sign * (1 - b) / b;
    step.forEach(lane -> lane.gradient().addScaled(factor, lane.state(difference())));
  }
}
