package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.ArrayList;
import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.dl4jplus.optim.second.curvature.Averages;
import org.dl4jplus.optim.second.curvature.Hutchinson;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * OASIS: descent scaled by an average of the Hessian's diagonal, with a step size that follows from
 * the gradients' change. Attach it with {@code network.addListeners(new Oasis())} to a network
 * whose updater is {@code Sgd(1)}; with FIXED the updater's rate is the learning rate.
 *
 * <pre>{@code
 * D(0) = mean of z*(H*z) over warmStartProbes,  D = beta2*D + (1-beta2)*z*(H*z)    z: entries +-1
 * E = max(|D|, alpha),  m = momentum*m + (1-momentum)*g
 * ADAPTIVE: eta(0) = initialStep
 *           eta(k) = min( sqrt(1 + eta(k-1)/eta(k-2))*eta(k-1),  the first argument from k = 2 on
 *                         ||w - w'||_E / (2*||g - g'||_(1/E)) )  ||x||_E = sqrt(sum of E*x*x)
 *           the updater gets  eta*(m/E + weightDecay*w)
 * FIXED:    the updater gets  m/E + weightDecay*w
 * }</pre>
 *
 * <p>w' are the parameters of the step before, and g' the gradient there of this step's batch.
 *
 * <p>Fields: {@code mode} ADAPTIVE; {@code beta2} 0.99, in [0, 1), useful from 0.95 to 0.999;
 * {@code alpha} 1e-5, above 0, useful from 1e-5 to 1e-3; {@code initialStep} 1e-3, above 0; {@code
 * maxGrowth} 1e6, at least 1: eta stays below that times initialStep; {@code warmStartProbes} 10
 * and {@code hessianUpdateFrequency} 1, at least 1; {@code momentum} 0, in [0, 1); {@code
 * weightDecay} 0, at least 0; {@code seed} 0 of the probes. A step costs three gradients beside the
 * plain one, two with FIXED, and one or none where D is not estimated anew.
 *
 * <p>eta stays as it is where neither the parameters nor the gradient have changed, and where the
 * second argument is not a positive number. While no estimate of D has been finite, E is 1 and eta
 * is initialStep; later the last D stays. Dropout gives the two gradients of the second argument
 * different masks, which makes the steps shorter. L1/L2 of the network are added after this, apart
 * from eta. The specification has momentum for FIXED only. State: 1 value for each parameter, and 1
 * more for ADAPTIVE and for momentum.
 *
 * <p>M. Jahani, S. Rusakov, Z. Shi, P. Richtarik, M. W. Mahoney, M. Takac: "Doubly Adaptive Scaled
 * Algorithm for Machine Learning Using Second-Order Information", arXiv 2109.05198 (2021).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class Oasis extends GradientListener {

  /** How the step size is found. */
  public enum Mode {
    /** By the method. */
    ADAPTIVE,
    /** It is the updater's learning rate. */
    FIXED
  }

  private static final int STEPS = 0;
  private static final int STEP_SIZE = 1;
  private static final int GROWTH = 2;

  private final Mode mode;
  private final double beta2;
  private final double alpha;
  private final double initialStep;
  private final double maxGrowth;
  private final int warmStartProbes;
  private final int hessianUpdateFrequency;
  private final double momentum;
  private final double weightDecay;
  private final long seed;

  /** OASIS with its defaults. */
  public Oasis() {
    this(null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Oasis(
      @JsonProperty("mode") Mode mode,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("initialStep") Double initialStep,
      @JsonProperty("maxGrowth") Double maxGrowth,
      @JsonProperty("warmStartProbes") Integer warmStartProbes,
      @JsonProperty("hessianUpdateFrequency") Integer hessianUpdateFrequency,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("seed") Long seed) {
    this.mode = mode == null ? Mode.ADAPTIVE : mode;
    this.beta2 = beta("beta2", beta2, 0.99);
    this.alpha = positive("alpha", alpha, 1e-5);
    this.initialStep = positive("initialStep", initialStep, 1e-3);
    this.maxGrowth = positive("maxGrowth", maxGrowth, 1e6);
    check(this.maxGrowth >= 1, "maxGrowth", this.maxGrowth, "at least 1");
    this.warmStartProbes = count("warmStartProbes", warmStartProbes, 10);
    this.hessianUpdateFrequency = count("hessianUpdateFrequency", hessianUpdateFrequency, 1);
    this.momentum = beta("momentum", momentum, 0);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0);
    this.seed = seed == null ? 0 : seed;
  }

  /**
   * The step size of ADAPTIVE's last step.
   *
   * @param state what the method remembers, as {@link GradientListener#state} returns it
   * @return eta, 0 before the first step
   */
  public static double stepSize(GradientState state) {
    return state.scalar(STEP_SIZE);
  }

  @Override
  protected void transform(GradientTurn turn) {
    INDArray w = turn.scratch(0);
    w.assign(turn.parameters());
    long k = (long) turn.scalar(STEPS);
    INDArray diagonal = turn.state(0);
    if (k % hessianUpdateFrequency == 0) {
      INDArray estimate = turn.scratch(3);
      int probes = k == 0 ? warmStartProbes : 1;
      if (Hutchinson.rademacher(seed, probes).refresh(turn, w, k, estimate)) {
        Averages.update(diagonal, k == 0 ? 0 : beta2, estimate);
      } else if (k == 0) {
        turn.gradient().muli(mode == Mode.ADAPTIVE ? initialStep : 1);
        return;
      }
    }
    turn.setScalar(STEPS, k + 1);
    double eta = 1;
    if (mode == Mode.ADAPTIVE) {
      INDArray previous = turn.state(1);
      eta = k == 0 ? initialStep : adapt(turn, w, previous, diagonal);
      turn.setScalar(GROWTH, k == 0 ? Double.POSITIVE_INFINITY : eta / turn.scalar(STEP_SIZE));
      turn.setScalar(STEP_SIZE, eta);
      previous.assign(w);
    }
    direct(turn, diagonal, w, eta);
  }

  private double adapt(GradientTurn turn, INDArray w, INDArray previous, INDArray diagonal) {
    double last = turn.scalar(STEP_SIZE);
    INDArray g = turn.gradient();
    INDArray before = turn.scratch(3);
    // Not by the turn: a step that stayed plain would be one of learning rate 1.
    turn.oracle().lossAndGradient(previous, before);
    Operands operands = new Operands(g, null, List.of(before, w, previous, diagonal));
    double[] squares =
        VectorExecutor.of(operands)
            .sums(
                2,
                (lane, sums) -> {
                  Vector scale = truncated(lane, 3);
                  Vector change = lane.temp(1).set(lane.state(1)).sub(lane.state(2));
                  sums[0] = lane.temp(2).set(change).mul(scale).dot(change);
                  change.set(lane.gradient()).sub(lane.state(0));
                  sums[1] = lane.temp(2).set(change).div(scale).dot(change);
                },
                operands);
    // Both zero gives no number, the gradient's alone infinity.
    double ratio = Math.sqrt(squares[0]) / (2 * Math.sqrt(squares[1]));
    double eta = Math.min(Math.sqrt(1 + turn.scalar(GROWTH)) * last, ratio);
    return eta > 0 && eta < Double.POSITIVE_INFINITY
        ? Math.min(eta, maxGrowth * initialStep)
        : last;
  }

  private Vector truncated(Lane lane, int diagonal) {
    return lane.temp(0).set(lane.state(diagonal)).abs().clamp(alpha, Double.POSITIVE_INFINITY);
  }

  private void direct(GradientTurn turn, INDArray diagonal, INDArray w, double eta) {
    List<INDArray> states = new ArrayList<>(List.of(diagonal, w));
    if (momentum > 0) {
      states.add(turn.state(2));
    }
    Operands operands = new Operands(turn.gradient(), null, states);
    VectorExecutor.of(operands)
        .forEach(
            lane -> {
              Vector update = lane.gradient();
              if (momentum > 0) {
                update.set(lane.state(2).ema(momentum, update));
              }
              update.div(truncated(lane, 0)).combine(eta, eta * weightDecay, lane.state(1));
            },
            operands);
  }
}
