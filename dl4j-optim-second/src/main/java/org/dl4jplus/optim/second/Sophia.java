package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.dl4jplus.optim.second.curvature.Averages;
import org.dl4jplus.optim.second.curvature.Hutchinson;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Sophia: momentum divided by an average of the curvature's diagonal, and clipped, so that no entry
 * of a step exceeds the learning rate. Attach it with {@code network.addListeners(new Sophia())} to
 * a network whose updater is {@code Sgd(learningRate)}; rates are those of Adam and below.
 *
 * <pre>{@code
 * m = beta1*m + (1-beta1)*g
 * GNB:         the updater gets  clip( m / (rho*B*h + 1e-15), -1, 1 ) + weightDecay*w
 *              after every k-th step  h = beta2*h + (1-beta2)*s*s
 *              s: gradient of the same batch, its labels drawn from the network's own predictions
 * HUTCHINSON:  before steps 0, k, 2k, ..  h = beta2*h + (1-beta2)*u*(H*u),  u: entries +-1
 *              the updater gets  clip( m / max(gamma*h, epsilon), -1, 1 ) + weightDecay*w
 * }</pre>
 *
 * <p>Fields: {@code estimator} GNB; {@code beta1} 0.965 (0.96 with HUTCHINSON) and {@code beta2}
 * 0.99, in [0, 1); {@code rho} 0.04 for GNB, above 0; {@code gamma} 0.01 and {@code epsilon} 1e-12
 * for HUTCHINSON, above 0; {@code weightDecay} 0.1, at least 0: decoupled, times the learning rate;
 * {@code hessianUpdateFrequency} k 10, at least 1; {@code batchTokens} B, at least 1, by default
 * the batch's labels: examples, or unmasked time steps; {@code clipNorm} 0, at least 0: bound of
 * the gradient's norm before all this, 0 for none (the authors train with 1; the platform's own
 * clipping comes after this class); {@code seed} 0 of the draws. With k = 10 a step costs 1.1
 * gradients on average with GNB and 1.2 with HUTCHINSON.
 *
 * <p>Until the first estimate h is 0 and every entry moves by the whole learning rate; so do
 * entries of negative curvature. An estimate that is not finite is left out. GNB works where the
 * loss is one of labels that can be drawn: softmax with cross entropy, sigmoid with binary cross
 * entropy, squared errors. L1/L2 of the network are added after this. State: 2 values for each
 * parameter.
 *
 * <p>H. Liu, Z. Li, D. Hall, P. Liang, T. Ma: "Sophia: A Scalable Stochastic Second-order Optimizer
 * for Language Model Pre-training", arXiv 2305.14342 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class Sophia extends GradientListener {

  /** Where the curvature comes from. */
  public enum Estimator {
    /** Gauss-Newton by labels that are drawn from the network's predictions. */
    GNB,
    /** The Hessian by products with random vectors. */
    HUTCHINSON
  }

  private static final double SMALLEST = 1e-15;
  private static final int STEPS = 0;

  private final Estimator estimator;
  private final double beta1;
  private final double beta2;
  private final double rho;
  private final double gamma;
  private final double epsilon;
  private final double weightDecay;
  private final int hessianUpdateFrequency;
  private final Integer batchTokens;
  private final double clipNorm;
  private final long seed;

  /** Sophia with its defaults. */
  public Sophia() {
    this(null, null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Sophia(
      @JsonProperty("estimator") Estimator estimator,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("rho") Double rho,
      @JsonProperty("gamma") Double gamma,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("hessianUpdateFrequency") Integer hessianUpdateFrequency,
      @JsonProperty("batchTokens") Integer batchTokens,
      @JsonProperty("clipNorm") Double clipNorm,
      @JsonProperty("seed") Long seed) {
    this.estimator = estimator == null ? Estimator.GNB : estimator;
    this.beta1 = beta("beta1", beta1, this.estimator == Estimator.GNB ? 0.965 : 0.96);
    this.beta2 = beta("beta2", beta2, 0.99);
    this.rho = positive("rho", rho, 0.04);
    this.gamma = positive("gamma", gamma, 0.01);
    this.epsilon = positive("epsilon", epsilon, 1e-12);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0.1);
    this.hessianUpdateFrequency = count("hessianUpdateFrequency", hessianUpdateFrequency, 10);
    this.batchTokens = batchTokens == null ? null : count("batchTokens", batchTokens, 1);
    this.clipNorm = nonNegative("clipNorm", clipNorm, 0);
    this.seed = seed == null ? 0 : seed;
  }

  @Override
  protected void transform(GradientTurn turn) {
    long t = (long) turn.scalar(STEPS);
    turn.setScalar(STEPS, t + 1);
    INDArray w = turn.scratch(0);
    w.assign(turn.parameters());
    INDArray m = turn.state(0);
    INDArray h = turn.state(1);
    boolean sampled = estimator == Estimator.GNB;
    if (!sampled && t % hessianUpdateFrequency == 0) {
      INDArray diagonal = turn.scratch(3);
      if (Hutchinson.rademacher(seed, 1).refresh(turn, w, t, diagonal)) {
        Averages.update(h, beta2, diagonal);
      }
    }
    double norm = clipNorm == 0 ? 0 : GradientTurn.norm(turn.gradient());
    double scale = norm > clipNorm ? clipNorm / norm : 1;
    double weight = sampled ? rho * labels(turn) : gamma;
    Operands operands = new Operands(turn.gradient(), null, List.of(m, h, w));
    VectorExecutor.of(operands)
        .forEach(
            lane -> {
              Vector update = lane.gradient();
              update.set(lane.state(0).combine(beta1, (1 - beta1) * scale, update));
              Vector divisor = lane.temp(0).set(lane.state(1)).scale(weight);
              if (sampled) {
                divisor.shift(SMALLEST);
              } else {
                divisor.clamp(epsilon, Double.POSITIVE_INFINITY);
              }
              update.div(divisor).clamp(-1, 1).addScaled(weightDecay, lane.state(2));
            },
            operands);
  }

  private double labels(GradientTurn turn) {
    return batchTokens != null ? batchTokens : Math.max(1, turn.oracle().labelCount());
  }

  @Override
  protected boolean changesParameters() {
    // It only looks at the new ones.
    return estimator == Estimator.GNB;
  }

  @Override
  protected void afterUpdate(GradientTurn turn, INDArray parameters) {
    long t = (long) turn.scalar(STEPS);
    if (t % hessianUpdateFrequency != 0) {
      return;
    }
    INDArray point = turn.scratch(0);
    point.assign(parameters);
    INDArray s = turn.scratch(1);
    try {
      turn.oracle().sampledGradient(point, CounterNoise.deriveSeed(seed, t), s);
    } finally {
      turn.oracle().restore();
    }
    if (Double.isFinite(GradientTurn.norm(s))) {
      Averages.updateSquares(turn.state(1), beta2, s);
    }
  }
}
