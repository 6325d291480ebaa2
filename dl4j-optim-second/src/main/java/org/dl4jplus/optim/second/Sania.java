package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.dl4jplus.optim.second.curvature.Averages;
import org.dl4jplus.optim.second.curvature.Hutchinson;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SANIA: Polyak's step in a metric of its own, without a learning rate; it takes 0 for the lowest
 * loss that the network can have. Attach it with {@code network.addListeners(new Sania())} to a
 * network whose updater is {@code Sgd(1)}; another rate is a further factor.
 *
 * <pre>{@code
 * ADAGRAD_SQR: S = S + g*g,                     B = max(S, epsilon)
 * ADAM_SQR:    S = beta2*S + (1-beta2)*g*g,     B = max(S/(1-beta2^t), epsilon)
 * HUTCHINSON:  S = beta2*S + (1-beta2)*z*(H*z), B = max(|S|, epsilon)    z: entries +-1
 * NONE:        B = 1
 * s = g/B, with the root of B if sqrt,  q = <g,s>,  l: the batch's loss
 * lambda = 1 - sqrt(1 - 2*l/q) where 2*l <= q, else 1
 * the updater gets  lambda*s
 * }</pre>
 *
 * <p>With ADAGRAD_SQR and ADAM_SQR, without sqrt, the method does not see how the inputs are
 * scaled, as long as epsilon is below all of S: that is 1e-20 in double and 1e-12 in single
 * precision. The default is the authors', with which it does see.
 *
 * <p>Fields: {@code preconditioner} ADAGRAD_SQR; {@code sqrt} false; {@code beta2} 0.999, in [0,
 * 1); {@code epsilon} 0.1, above 0; for HUTCHINSON {@code warmStartProbes} 10, averaged in the
 * first step, and {@code hessianUpdateFrequency} 1, at least 1; {@code seed} 0 of the probes. One
 * gradient a step, three with HUTCHINSON.
 *
 * <p>There is no step for q = 0 and, with a warning, for a loss below 0. While no estimate of the
 * Hessian has been finite, B is 1; later the last one stays. L1/L2 of the network are not part of l
 * and are added after this. The Hessian's warm start is that of {@link Oasis}, not the authors'.
 * State: 1 value for each parameter, none with NONE.
 *
 * <p>F. Abdukhakimov, C. Xiang, D. Kamzolov, R. Gower, M. Takac: "SANIA: Polyak-type Optimization
 * Framework Leads to Scale Invariant Stochastic Algorithms", arXiv 2312.17369 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class Sania extends GradientListener {

  /** What the metric is made of. */
  public enum Preconditioner {
    /** The sum of squared gradients. */
    ADAGRAD_SQR,
    /** The average of squared gradients. */
    ADAM_SQR,
    /** The Hessian's diagonal. */
    HUTCHINSON,
    /** Nothing: the plain stochastic Polyak step. */
    NONE
  }

  private static final Logger LOG = LoggerFactory.getLogger(Sania.class);
  private static final int STEPS = 0;
  private static final int STEP_SIZE = 1;
  private static final int NEGATIVE = 2;

  private final Preconditioner preconditioner;
  private final boolean sqrt;
  private final double beta2;
  private final double epsilon;
  private final int warmStartProbes;
  private final int hessianUpdateFrequency;
  private final long seed;

  /** SANIA with its defaults. */
  public Sania() {
    this(null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Sania(
      @JsonProperty("preconditioner") Preconditioner preconditioner,
      @JsonProperty("sqrt") Boolean sqrt,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("warmStartProbes") Integer warmStartProbes,
      @JsonProperty("hessianUpdateFrequency") Integer hessianUpdateFrequency,
      @JsonProperty("seed") Long seed) {
    this.preconditioner = preconditioner == null ? Preconditioner.ADAGRAD_SQR : preconditioner;
    this.sqrt = Boolean.TRUE.equals(sqrt);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = positive("epsilon", epsilon, 0.1);
    this.warmStartProbes = count("warmStartProbes", warmStartProbes, 10);
    this.hessianUpdateFrequency = count("hessianUpdateFrequency", hessianUpdateFrequency, 1);
    this.seed = seed == null ? 0 : seed;
  }

  /**
   * Polyak's factor in the last step.
   *
   * @param state what the method remembers, as {@link GradientListener#state} returns it
   * @return lambda, in [0, 1]
   */
  public static double stepSize(GradientState state) {
    return state.scalar(STEP_SIZE);
  }

  @Override
  protected void transform(GradientTurn turn) {
    double loss = turn.loss() - turn.oracle().penalty();
    INDArray g = turn.gradient();
    INDArray s = turn.scratch(3);
    precondition(turn, g, s);
    double lambda = lambda(turn, loss, GradientTurn.dot(g, s));
    turn.setScalar(STEP_SIZE, lambda);
    if (lambda == 0) {
      g.assign(0);
    } else {
      GradientTurn.axpy(s, lambda - 1, s, g);
    }
  }

  private double lambda(GradientTurn turn, double loss, double q) {
    if (loss < 0) {
      if (turn.scalar(NEGATIVE) == 0) {
        LOG.warn("Sania: a loss is below 0, and such steps are left out");
      }
      turn.setScalar(NEGATIVE, 1);
      return 0;
    }
    if (q == 0 || !Double.isFinite(q)) {
      return 0;
    }
    return 2 * loss <= q ? 1 - Math.sqrt(1 - 2 * loss / q) : 1;
  }

  /** s = g / B. */
  private void precondition(GradientTurn turn, INDArray g, INDArray s) {
    double t = turn.scalar(STEPS) + 1;
    switch (preconditioner) {
      case ADAGRAD_SQR -> {
        Operands operands = new Operands(turn.state(0), null, List.of(g));
        VectorExecutor.of(operands)
            .forEach(lane -> lane.gradient().combineSquare(1, 1, lane.state(0)), operands);
        divide(g, turn.state(0), 1, s);
      }
      case ADAM_SQR -> {
        Averages.updateSquares(turn.state(0), beta2, g);
        divide(g, turn.state(0), 1 / (1 - Math.pow(beta2, t)), s);
      }
      case HUTCHINSON -> {
        if (!estimate(turn, (long) t)) {
          s.assign(g);
          // The next step is the first one again.
          return;
        }
        divide(g, turn.state(0), 1, s);
      }
      default -> s.assign(g);
    }
    turn.setScalar(STEPS, t);
  }

  private boolean estimate(GradientTurn turn, long t) {
    boolean first = t == 1;
    if ((t - 1) % hessianUpdateFrequency != 0) {
      return true;
    }
    INDArray w = turn.scratch(0);
    w.assign(turn.parameters());
    INDArray diagonal = turn.scratch(3);
    int probes = first ? warmStartProbes : 1;
    if (!Hutchinson.rademacher(seed, probes).refresh(turn, w, t, diagonal)) {
      return !first;
    }
    Averages.update(turn.state(0), first ? 0 : beta2, diagonal);
    return true;
  }

  private void divide(INDArray g, INDArray metric, double scale, INDArray s) {
    Operands operands = new Operands(s, null, List.of(g, metric));
    VectorExecutor.of(operands)
        .forEach(
            lane -> {
              Vector divisor = lane.temp(0).set(lane.state(1)).scale(scale).abs();
              divisor.clamp(epsilon, Double.POSITIVE_INFINITY);
              if (sqrt) {
                divisor.sqrt();
              }
              lane.gradient().set(lane.state(0)).divOrZero(divisor);
            },
            operands);
  }
}
