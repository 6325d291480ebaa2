package org.dl4jplus.optim.zeroth;

import java.nio.DoubleBuffer;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Directions.Descent;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * MeZO: two losses along a random direction, which is made again from its seed whenever it is
 * needed, so that training takes the memory of inference.
 *
 * <pre>{@code
 * g = (L(x + eps z) - L(x - eps z)) / (2 eps)
 * x <- x - lr (g z + wd x)      weights
 * x <- x - lr g z               biases and normalization parameters
 * }</pre>
 *
 * With several queries the estimates g_k z_k at the same x are averaged; the decay is applied once.
 * The loss that is reported is the mean of those seen.
 *
 * <ul>
 *   <li>learningRate: lr, at least 0; default 1e-3. The paper uses 1e-7 to 1e-6 for language
 *       models; 1e-3 to 1e-2 suits small networks. learningRateSchedule takes its place
 *   <li>epsilon: eps, above 0; default 1e-3. epsilonSchedule takes its place. In single precision
 *       below 1e-4 of the weights' size the difference of the losses is lost
 *   <li>weightDecay: wd, at least 0; default 0. L1 and L2 terms of the network are part of its loss
 *       already
 *   <li>queries: directions a step, at least 1; default 1
 *   <li>perturbationMode: TWO_SIDED, or ONE_SIDED, (L(x + eps z) - L(x)) / eps, which takes one
 *       more loss than directions; default TWO_SIDED
 *   <li>noise: distribution of z; default GAUSSIAN_TABLE
 *   <li>updateRule: SGD as above; SIGN takes the sign of each entry of the estimate; MOMENTUM (0.9)
 *       and ADAM (0.9, 0.999, 1e-8) keep one and two vectors of the parameters' size, in double
 *       precision and on the CPU
 *   <li>seed: of the run, default 0; the direction of a step is a function of seed, iteration and
 *       query, so that a run that is resumed goes on to the same bits
 * </ul>
 *
 * <p>A step in which a loss is not finite is skipped; a loss that throws leaves the parameters
 * where they were, up to rounding. Source: Sadhika Malladi, Tianyu Gao, Eshaan Nichani, Alex
 * Damian, Jason D. Lee, Danqi Chen, Sanjeev Arora, "Fine-Tuning Language Models with Just Forward
 * Passes", arXiv 2305.17333, 2023.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class MeZO extends ZerothOrderMethod {

  private static final Logger LOG = LoggerFactory.getLogger(MeZO.class);
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double ADAM_EPSILON = 1e-8;

  /** Steps without any difference of losses before there is a warning. */
  private static final int FLAT_STEPS = 10;

  /** Where losses are taken. */
  public enum PerturbationMode {
    /** On both sides. */
    TWO_SIDED,
    /** On one side, and at the point itself. */
    ONE_SIDED
  }

  /** What is made of the estimate. */
  public enum UpdateRule {
    /** A step against it. */
    SGD,
    /** A step against the sign of each entry. */
    SIGN,
    /** Adam. */
    ADAM,
    /** Heavy ball. */
    MOMENTUM
  }

  private final double learningRate;
  private final ISchedule learningRateSchedule;
  private final double epsilon;
  private final ISchedule epsilonSchedule;
  private final double weightDecay;
  private final int queries;
  private final PerturbationMode perturbationMode;
  private final Distribution noise;
  private final UpdateRule updateRule;
  private final long seed;

  /** With the defaults. */
  public MeZO() {
    this(null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * With a learning rate.
   *
   * @param learningRate the rate
   */
  public MeZO(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private MeZO(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("epsilonSchedule") ISchedule epsilonSchedule,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("queries") Integer queries,
      @JsonProperty("perturbationMode") PerturbationMode perturbationMode,
      @JsonProperty("noise") Distribution noise,
      @JsonProperty("updateRule") UpdateRule updateRule,
      @JsonProperty("seed") Long seed) {
    this.learningRate = Require.rate("learningRate", learningRate, 1e-3);
    this.learningRateSchedule = learningRateSchedule;
    this.epsilon = Require.positive("epsilon", epsilon, 1e-3);
    this.epsilonSchedule = epsilonSchedule;
    this.weightDecay = Require.nonNegative("weightDecay", weightDecay, 0);
    this.queries = Require.count("queries", queries, 1);
    this.perturbationMode =
        perturbationMode == null ? PerturbationMode.TWO_SIDED : perturbationMode;
    this.noise = noise == null ? Distribution.GAUSSIAN_TABLE : noise;
    if (this.noise == Distribution.UNIFORM) {
      throw new IllegalArgumentException("noise = UNIFORM has no mean of 0: choose another one");
    }
    this.updateRule = updateRule == null ? UpdateRule.SGD : updateRule;
    this.seed = seed == null ? 0 : seed;
  }

  /**
   * The directions of a run.
   *
   * @return functions of seed, iteration and query
   */
  public Directions directions() {
    return Directions.of(noise, seed, 0);
  }

  @Override
  public double step(ZoStep step) {
    return step(step, directions());
  }

  /**
   * Makes a step along directions of another source.
   *
   * @param step the step
   * @param directions the source; must give the same direction whenever it is asked
   * @return the loss to report; not finite if the step was skipped
   */
  public double step(ZoStep step, Directions directions) {
    int t = step.iteration();
    Perturber perturber = step.perturber();
    double eps = epsilonAt(t, step.epoch());
    double[] estimates = new double[queries];
    double losses = 0;
    boolean twoSided = perturbationMode == PerturbationMode.TWO_SIDED;
    double base = twoSided ? 0 : step.problem().loss();
    boolean finite = Double.isFinite(base);
    // The last direction is taken back by the pass that makes the step.
    double away = 0;
    int k = 0;
    try {
      for (; k < queries && finite; k++) {
        perturber.add(directions, t, k, eps);
        away = eps;
        double plus = step.problem().loss();
        double minus = base;
        if (twoSided) {
          perturber.add(directions, t, k, -2 * eps);
          away = -eps;
          minus = step.problem().loss();
        }
        finite = Double.isFinite(plus) && Double.isFinite(minus);
        estimates[k] = (plus - minus) / (twoSided ? 2 * eps : eps);
        losses += twoSided ? (plus + minus) / 2 : plus;
        if (k < queries - 1 || !finite) {
          perturber.add(directions, t, k, -away);
          away = 0;
        }
      }
    } catch (RuntimeException e) {
      // A loss that throws leaves the parameters where they were.
      if (away != 0) {
        perturber.add(directions, t, k, -away);
      }
      throw e;
    }
    if (!finite) {
      return Double.NaN;
    }
    warnIfFlat(step.state(), estimates);
    update(step, directions, estimates, -away);
    return losses / queries;
  }

  private static double at(ISchedule schedule, double constant, int iteration, int epoch) {
    return schedule == null ? constant : schedule.valueAt(iteration, epoch);
  }

  double epsilonAt(int iteration, int epoch) {
    return at(epsilonSchedule, epsilon, iteration, epoch);
  }

  double learningRateAt(int iteration, int epoch) {
    return at(learningRateSchedule, learningRate, iteration, epoch);
  }

  static void warnIfFlat(GradientState state, double[] estimates) {
    boolean flat = true;
    for (double estimate : estimates) {
      flat &= estimate == 0;
    }
    double steps = flat ? state.scalar(0) + 1 : 0;
    state.setScalar(0, steps);
    if (steps == FLAT_STEPS) {
      LOG.warn("No difference of losses in {} steps: epsilon may be too small", FLAT_STEPS);
    }
  }

  /** Takes the last direction back and makes the step, in one pass. */
  private void update(ZoStep step, Directions directions, double[] estimates, double back) {
    int t = step.iteration();
    double count = nextCount(step.state());
    update(
        step.perturber(),
        directions,
        t,
        estimates,
        back,
        learningRateAt(t, step.epoch()),
        moments(step),
        count);
  }

  /** Counts ADAM's steps. */
  double nextCount(GradientState state) {
    double count = updateRule == UpdateRule.ADAM ? state.scalar(1) + 1 : 0;
    state.setScalar(1, count);
    return count;
  }

  /** Vectors that are kept, of the parameters' size. */
  int momentCount() {
    return updateRule == UpdateRule.ADAM ? 2 : updateRule == UpdateRule.MOMENTUM ? 1 : 0;
  }

  /** Adds {@code back} times the last direction and then makes the step. */
  void update(
      Perturber perturber,
      Directions directions,
      int t,
      double[] estimates,
      double back,
      double rate,
      DoubleBuffer[] moments,
      double count) {
    if (updateRule == UpdateRule.SGD && queries == 1) {
      perturber.descend(directions, t, 0, new Descent(back, estimates[0], rate, weightDecay));
      return;
    }
    double correction = Math.sqrt(1 - Math.pow(BETA2, count)) / (1 - Math.pow(BETA1, count));
    perturber.apply(
        (x, from, length, decays, scratch) -> {
          double[] z = scratch[0];
          double[] sum = scratch[1];
          int last = queries - 1;
          directions.fill(t, last, from, z, length);
          double scale = estimates[last] / queries;
          double decay = decays ? weightDecay : 0;
          for (int i = 0; i < length; i++) {
            x[i] = perturber.rounded(x[i] + back * z[i]);
            sum[i] = scale * z[i];
          }
          for (int k = 0; k < last; k++) {
            directions.fill(t, k, from, z, length);
            scale = estimates[k] / queries;
            for (int i = 0; i < length; i++) {
              sum[i] += scale * z[i];
            }
          }
          switch (updateRule) {
            case SGD -> {
              for (int i = 0; i < length; i++) {
                x[i] -= rate * (sum[i] + decay * x[i]);
              }
            }
            case SIGN -> {
              for (int i = 0; i < length; i++) {
                x[i] -= rate * (Math.signum(sum[i]) + decay * x[i]);
              }
            }
            case MOMENTUM -> {
              for (int i = 0; i < length; i++) {
                int at = (int) from + i;
                double m = BETA1 * moments[0].get(at) + sum[i];
                moments[0].put(at, m);
                x[i] -= rate * (m + decay * x[i]);
              }
            }
            case ADAM -> {
              for (int i = 0; i < length; i++) {
                int at = (int) from + i;
                double m = BETA1 * moments[0].get(at) + (1 - BETA1) * sum[i];
                double v = BETA2 * moments[1].get(at) + (1 - BETA2) * sum[i] * sum[i];
                moments[0].put(at, m);
                moments[1].put(at, v);
                double direction = correction * m / (Math.sqrt(v) + ADAM_EPSILON);
                x[i] -= rate * (direction + decay * x[i]);
              }
            }
          }
        });
  }

  /** Live views of what MOMENTUM and ADAM remember, in double precision. */
  private DoubleBuffer[] moments(ZoStep step) {
    DoubleBuffer[] moments = new DoubleBuffer[momentCount()];
    for (int k = 0; k < moments.length; k++) {
      long n = step.problem().parameters().length();
      moments[k] =
          step.state().vector(k, () -> Nd4j.zeros(DataType.DOUBLE, n)).data().asNioDouble();
    }
    return moments;
  }
}
