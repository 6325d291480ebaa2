package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Online-to-nonconvex conversion: an online learner chooses the increment, a random scalar chooses
 * the point between the ends of the increment where the gradient is taken. For objectives that are
 * neither smooth nor convex.
 *
 * <pre>{@code
 * UNIFORM:      s ~ U[0,1)
 *   old = D
 *   t mod resetPeriod = 0:  D = 0                            (g is dropped)
 *   otherwise:              D = D - learningRate*g, shortened to norm radius if longer
 *   u = (sPrevious - 1)*old - s*D
 * EXPONENTIAL:  s ~ Exp(1);   NONE:  s = 1
 *   D = (D - learningRate*g) * beta/(1 + learningRate*mu)
 *   u = -s*D
 * }</pre>
 *
 * <p>In mode UNIFORM the network holds the point {@code base + s*D} where the next gradient is
 * taken; the theory's output is the average of these points over each {@code resetPeriod} steps.
 * For a target of delta-stationarity: {@code radius} = delta/resetPeriod, and a learning rate of
 * radius/(bound of the gradients * sqrt(resetPeriod)). The other modes are gradient descent with
 * momentum and a random scale, or none. The norm is that of the updater's block: all neighbouring
 * variables with an equal updater. One block is the theory.
 *
 * <p>The scalar of step t is a function of {@code seed} and t alone, so a run that is resumed or
 * copied repeats it, and it is the same for all blocks. Workers that average their parameters
 * either have seeds of their own or draw equal scalars.
 *
 * <p>Fields: {@code scaling} UNIFORM; {@code learningRate} 0.01, at least 0; {@code radius} 0.1,
 * above 0, and {@code resetPeriod} 100, at least 1, for UNIFORM; {@code beta} 0.99, in [0, 1), and
 * {@code mu} 0, at least 0, for the others; {@code seed} 0; {@code scalars} none, the numbers s(0),
 * s(1), ... to use in place of drawn ones, for repeating a published run (s(0) belongs to the
 * starting point, where it has no effect). State: 1 value for each parameter and 1 number. Needs no
 * binding.
 *
 * <p>A. Cutkosky, H. Mehta, F. Orabona: "Optimal Stochastic Non-smooth Non-convex Optimization
 * through Online-to-Non-convex Conversion", arXiv 2302.03775 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class OnlineToNonconvex extends AbstractUpdater {

  /** How the random scalar is drawn and used. */
  public enum Scaling {
    /** Uniform in [0, 1), placing the next point within the increment. */
    UNIFORM,
    /** Exponential with mean 1, scaling the increment. */
    EXPONENTIAL,
    /** Always 1. */
    NONE
  }

  private final Scaling scaling;
  private final double radius;
  private final int resetPeriod;
  private final double beta;
  private final double mu;
  private final long seed;
  private final double[] scalars;

  /** The conversion with its defaults. */
  public OnlineToNonconvex() {
    this(null, null, null, null, null, null, null, null, null);
  }

  /**
   * The conversion with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public OnlineToNonconvex(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null);
  }

  /**
   * The conversion with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public OnlineToNonconvex(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private OnlineToNonconvex(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("scaling") Scaling scaling,
      @JsonProperty("radius") Double radius,
      @JsonProperty("resetPeriod") Integer resetPeriod,
      @JsonProperty("beta") Double beta,
      @JsonProperty("mu") Double mu,
      @JsonProperty("seed") Long seed,
      @JsonProperty("scalars") double[] scalars) {
    super(learningRate, 0.01, learningRateSchedule);
    this.scaling = scaling == null ? Scaling.UNIFORM : scaling;
    this.radius = positive("radius", radius, 0.1);
    this.resetPeriod = count("resetPeriod", resetPeriod, 100);
    this.beta = Require.beta("beta", beta, 0.99);
    this.mu = nonNegative("mu", mu, 0);
    this.seed = seed == null ? 0 : seed;
    this.scalars = scalars == null ? null : scalars.clone();
    for (int i = 0; scalars != null && i < scalars.length; i++) {
      nonNegative("scalars[" + i + "]", scalars[i], 0);
    }
  }

  /**
   * The scalars that are given.
   *
   * @return a copy; null if they are drawn
   */
  public double[] getScalars() {
    return scalars == null ? null : scalars.clone();
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("increment", n).scalars(1);
  }

  @Override
  protected void step(Step step) {
    double s = scalar(step.t());
    if (scaling == Scaling.UNIFORM) {
      place(step, step.scalar(0), s);
    } else {
      move(step, s);
    }
    step.scalar(0, s);
  }

  private void place(Step step, double previous, double s) {
    double lr = step.learningRate();
    if (step.t() % resetPeriod == 0) {
      step.forEach(
          lane -> {
            lane.gradient().set(lane.state(0)).scale(previous - 1);
            lane.state(0).fill(0);
          });
      return;
    }
    // The gradient is used up here: its place holds the old increment from now on.
    double squares =
        step.sum(
            lane -> {
              Vector g = lane.gradient();
              Vector increment = lane.state(0);
              Vector moved = lane.temp(0).blend(1, increment, -lr, g);
              g.set(increment);
              return increment.set(moved).squaredNorm();
            });
    double norm = Math.sqrt(squares);
    double shorter = norm > radius ? radius / norm : 1;
    step.forEach(lane -> lane.gradient().combine(previous - 1, -s, lane.state(0).scale(shorter)));
  }

  private void move(Step step, double s) {
    double lr = step.learningRate();
    double kept = beta / (1 + lr * mu);
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector increment = lane.state(0).combine(kept, -lr * kept, g);
          g.set(increment).scale(-s);
        });
  }

  /** The base point, without the increment that places the next gradient. */
  @Override
  protected void toAveraged(Step step) {
    if (scaling == Scaling.UNIFORM) {
      double s = step.scalar(0);
      step.forEach(lane -> lane.gradient().addScaled(-s, lane.state(0)));
    }
  }

  @Override
  public boolean allowsChangedUpdates() {
    return false;
  }

  private double scalar(long t) {
    if (scaling == Scaling.NONE) {
      return 1;
    }
    if (scalars != null) {
      if (t >= scalars.length) {
        throw new IllegalStateException(
            "scalars has " + scalars.length + " numbers, and step " + t + " needs one more");
      }
      return scalars[(int) t];
    }
    double uniform = CounterNoise.uniform(CounterNoise.deriveSeed(seed), t);
    return scaling == Scaling.UNIFORM ? uniform : -Math.log1p(-uniform);
  }
}
