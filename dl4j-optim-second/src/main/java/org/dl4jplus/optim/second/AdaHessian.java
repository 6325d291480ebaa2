package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.within;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.vector.HostView;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.dl4jplus.optim.second.curvature.Hutchinson;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * AdaHessian: Adam with the Hessian's diagonal in the place of the gradient in the denominator.
 * Attach it with {@code network.addListeners(new AdaHessian())} to a network whose updater is
 * {@code Sgd(learningRate)}; rates are about a hundred times those of Adam, the authors' is 0.15.
 *
 * <pre>{@code
 * D = |mean of z*(H*z)|, averaged over space        z: entries +-1, drawn anew each time
 * m = beta1*m + (1-beta1)*g,  s = beta2*s + (1-beta2)*D*D
 * the updater gets  (m/(1-beta1^t)) / ( (s/(1-beta2^t))^(hessianPower/2) + epsilon )
 *                   + weightDecay*w
 * }</pre>
 *
 * <p>Fields: {@code beta1} 0.9 and {@code beta2} 0.999, in [0, 1); {@code epsilon} 1e-4, at least
 * 0; {@code weightDecay} 0, at least 0: decoupled, times the learning rate; {@code hessianPower} 1,
 * in [0, 1], 0 being momentum; {@code hessianUpdateFrequency} 1, at least 1: D is estimated in
 * every so manieth step, the first among them, and used again in between; {@code probes} 1, at
 * least 1; {@code spatialAverage} OFFICIAL; {@code blockSize} for BLOCK, at least 1; {@code
 * maxUpdate} 0, at least 0: bounds what an entry of the quotient can be, 0 for no bound; {@code
 * seed} 0 of the probes. A step costs one gradient and 2*probes/hessianUpdateFrequency more.
 *
 * <p>Where D is 0 (ReLU networks without a batch's signal) an entry is m/epsilon, large but finite.
 * While no estimate has been finite, the step is that of hessianPower 0; later the last one stays.
 * L1/L2 of the network are added after this, apart from the curvature. State: 3 values for each
 * parameter.
 *
 * <p>Z. Yao, A. Gholami, S. Shen, M. Mustafa, K. Keutzer, M. W. Mahoney: "ADAHESSIAN: An Adaptive
 * Second Order Optimizer for Machine Learning", arXiv 2006.00719 (2020).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class AdaHessian extends GradientListener {

  /** What D is averaged over. */
  public enum SpatialAverage {
    /** Each convolution kernel; nothing elsewhere. */
    OFFICIAL,
    /**
     * Runs of blockSize entries in the order in which a variable lies in memory, outputs first;
     * every variable's length must be a multiple.
     */
    BLOCK,
    /** Each convolution kernel, and all inputs of an output unit of a matrix. */
    ROW
  }

  private static final int STEPS = 0;
  private static final int ESTIMATES = 1;

  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double weightDecay;
  private final double hessianPower;
  private final int hessianUpdateFrequency;
  private final int probes;
  private final SpatialAverage spatialAverage;
  private final int blockSize;
  private final double maxUpdate;
  private final long seed;

  /** AdaHessian with its defaults. */
  public AdaHessian() {
    this(null, null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private AdaHessian(
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("hessianPower") Double hessianPower,
      @JsonProperty("hessianUpdateFrequency") Integer hessianUpdateFrequency,
      @JsonProperty("probes") Integer probes,
      @JsonProperty("spatialAverage") SpatialAverage spatialAverage,
      @JsonProperty("blockSize") Integer blockSize,
      @JsonProperty("maxUpdate") Double maxUpdate,
      @JsonProperty("seed") Long seed) {
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-4);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0);
    this.hessianPower = within("hessianPower", hessianPower, 1, 0, 1);
    this.hessianUpdateFrequency = count("hessianUpdateFrequency", hessianUpdateFrequency, 1);
    this.probes = count("probes", probes, 1);
    this.spatialAverage = spatialAverage == null ? SpatialAverage.OFFICIAL : spatialAverage;
    this.blockSize = count("blockSize", blockSize, 1);
    this.maxUpdate = nonNegative("maxUpdate", maxUpdate, 0);
    this.seed = seed == null ? 0 : seed;
  }

  @Override
  protected void transform(GradientTurn turn) {
    INDArray w = turn.scratch(0);
    w.assign(turn.parameters());
    double t = turn.scalar(STEPS) + 1;
    turn.setScalar(STEPS, t);
    INDArray m = turn.state(0);
    INDArray s = turn.state(1);
    INDArray curvature = turn.state(2);
    boolean known = turn.scalar(ESTIMATES) > 0;
    if (!known || (t - 1) % hessianUpdateFrequency == 0) {
      known |= refresh(turn, w, (long) t, curvature);
    }
    double estimates = turn.scalar(ESTIMATES) + (known ? 1 : 0);
    turn.setScalar(ESTIMATES, estimates);
    double momentumScale = 1 / (1 - Math.pow(beta1, t));
    double squaresScale = 1 / (1 - Math.pow(beta2, estimates));
    boolean divides = known;
    Operands operands = new Operands(turn.gradient(), null, List.of(m, s, curvature, w));
    VectorExecutor.of(operands)
        .forEach(
            lane -> {
              Vector average = lane.state(0).ema(beta1, lane.gradient());
              Vector update = lane.gradient().set(average).scale(momentumScale);
              if (divides) {
                divide(lane, update, squaresScale);
              } else {
                update.scale(1 / (1 + epsilon));
              }
              if (maxUpdate > 0) {
                update.clamp(-maxUpdate, maxUpdate);
              }
              if (weightDecay > 0) {
                update.addScaled(weightDecay, lane.state(3));
              }
            },
            operands);
  }

  private void divide(Lane lane, Vector update, double squaresScale) {
    Vector squares = lane.state(1).emaSquare(beta2, lane.state(2));
    if (hessianPower == 1) {
      update.divSqrt(squares, Math.sqrt(squaresScale), epsilon);
    } else {
      Vector root = lane.temp(0).set(squares).scale(squaresScale).pow(hessianPower / 2);
      update.divOrZero(root.shift(epsilon));
    }
  }

  private boolean refresh(GradientTurn turn, INDArray w, long draw, INDArray curvature) {
    INDArray estimate = turn.scratch(3);
    if (!Hutchinson.rademacher(seed, probes).refresh(turn, w, draw, estimate)) {
      return false;
    }
    Operands operands = new Operands(curvature, null, List.of(estimate));
    VectorExecutor.of(operands).forEach(lane -> lane.gradient().set(lane.state(0)).abs(), operands);
    average(turn, curvature);
    return true;
  }

  private void average(GradientTurn turn, INDArray curvature) {
    HostView view = null;
    int at = 0;
    for (VariableShape variable : turn.oracle().variables()) {
      int length = (int) variable.length();
      int run = run(variable);
      if (run > 1) {
        view = view == null ? new HostView(curvature) : view;
        for (int from = at; from < at + length; from += run) {
          average(view, from, run);
        }
      }
      at += length;
    }
    if (view != null) {
      view.flush();
    }
  }

  private static void average(HostView view, int from, int run) {
    double sum = 0;
    for (int i = from; i < from + run; i++) {
      sum += view.get(i);
    }
    for (int i = from; i < from + run; i++) {
      view.set(i, sum / run);
    }
  }

  /** How many neighbours have one average. */
  private int run(VariableShape variable) {
    if (spatialAverage == SpatialAverage.BLOCK) {
      if (variable.length() % blockSize != 0) {
        throw new IllegalArgumentException(
            "blockSize must divide the length of every variable, got "
                + blockSize
                + " for "
                + variable.getName()
                + " of length "
                + variable.length());
      }
      return blockSize;
    }
    if (!variable.matrix()) {
      return 1;
    }
    long[] dimensions = variable.getDimensions();
    if (dimensions.length == 2) {
      return spatialAverage == SpatialAverage.ROW ? (int) dimensions[1] : 1;
    }
    return (int) (variable.columns() / dimensions[1]);
  }
}
