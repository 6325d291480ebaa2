package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.util.Arrays;
import lombok.AccessLevel;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.HeavyBall;
import org.dl4jplus.optim.first.linalg.Lanczos;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.DelegatingUpdater;
import org.dl4jplus.optim.second.curvature.Eigenpairs;
import org.dl4jplus.optim.second.curvature.Penalty;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * FOSI: Newton's method in the few directions of extreme curvature, and the network's own updater,
 * whichever it is, in all the others.
 *
 * <pre>{@code
 * every eigenUpdateFrequency steps:  V, lambda = extreme eigenpairs of the Hessian, by Lanczos
 *   rate = 1/|lambda|
 *   scale = rate of the smallest of the largest / rate of the largest, in [1, learningRateClip]
 *
 * g1 = V^T V g                                     the updater gets g - g1 and changes w by b
 * u = g1                                           SGD
 * u = g1 + decay*u                                 MOMENTUM
 * u = (1+decay)*g1 + decay^2*u                     NESTEROV
 * u = (1-decay)*g1 + decay*u                       ADAM
 * w <- w + scale*(b - V^T V b) - alpha*V^T(rate * V u)
 * }</pre>
 *
 * <p>Fields: {@code largestEigenvalues} 5 and {@code smallestEigenvalues} 0, at least 0, both 0:
 * the updater alone; {@code eigenUpdateFrequency} 100, at least 1; {@code warmup} the step, counted
 * from 1, of the first eigenpairs, by default eigenUpdateFrequency; {@code alpha} 0.1, at least 0;
 * {@code learningRateClip} 3, or 1 with ADAM, at least 1; {@code decay} 0.9, in [0, 1): give it the
 * value of the updater's momentum; {@code lanczosOrder} by default max(4*eigenvalues, 2*ln n), no
 * more than n are taken; {@code velocity} AUTO; {@code seed} 0, of the start vectors. Each refresh
 * costs two gradients for each step of Lanczos, and holds as many vectors in double precision while
 * it runs. State: a vector for u and one for each eigenpair.
 *
 * <p>L1 and L2 count as parts of the loss: their gradients are split like the rest, and L2 adds to
 * the Hessian. A weight decay that acts beside the gradient is refused. Negative curvature has
 * 1/|lambda| for its rate, which leads away from saddles. Eigenvalues below 1e-6 of the largest in
 * absolute value (1e-4 in single precision, whose Hessian products are no better) are left out; a
 * refresh whose products are not finite keeps the old eigenpairs. Neither the updater's state nor u
 * is changed when V is. What the platform's constraints did to the parameters counts as a part of
 * b.
 *
 * <p>"FOSI: Hybrid First and Second Order Optimization", arXiv 2302.08484 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class Fosi extends GradientListener {

  /** How the gradient's share in the eigenvectors is averaged. */
  public enum Velocity {
    /**
     * As the updater's class suggests: SGD for Sgd, NESTEROV for Nesterovs, MOMENTUM for HeavyBall,
     * ADAM for all others.
     */
    AUTO,
    /** Not at all. */
    SGD,
    /** Heavy-ball momentum. */
    MOMENTUM,
    /** Nesterov's momentum. */
    NESTEROV,
    /** A moving average. */
    ADAM
  }

  /** Where the eigenpairs come from. */
  @FunctionalInterface
  public interface EigenSource {

    /**
     * The extreme eigenpairs of the Hessian at the start of a step.
     *
     * @param turn the step
     * @return the pairs; their vectors have the length of the parameters
     * @throws ArithmeticException where there are none, which keeps the old ones
     */
    Eigenpairs find(GradientTurn turn);
  }

  private static final double SMALL = 1e-6;
  private static final double SMALL_SINGLE = 1e-4;

  // Numbers that last; the rates follow.
  private static final int COUNT = 0;
  private static final int PAIRS = 1;
  private static final int SCALE = 2;
  private static final int REFRESHES = 3;
  private static final int RATES = 4;

  // Vectors that last; the eigenvectors follow.
  private static final int VELOCITY = 0;
  private static final int VECTORS = 1;

  private final int largestEigenvalues;
  private final int smallestEigenvalues;
  private final int eigenUpdateFrequency;
  private final int warmup;
  private final double alpha;
  private final Double learningRateClip;
  private final double decay;
  private final Integer lanczosOrder;
  private final Velocity velocity;
  private final long seed;

  @Getter(AccessLevel.NONE)
  @EqualsAndHashCode.Exclude
  @ToString.Exclude
  private transient EigenSource source;

  /** FOSI with its defaults. */
  public Fosi() {
    this(null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Fosi(
      @JsonProperty("largestEigenvalues") Integer largestEigenvalues,
      @JsonProperty("smallestEigenvalues") Integer smallestEigenvalues,
      @JsonProperty("eigenUpdateFrequency") Integer eigenUpdateFrequency,
      @JsonProperty("warmup") Integer warmup,
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("learningRateClip") Double learningRateClip,
      @JsonProperty("decay") Double decay,
      @JsonProperty("lanczosOrder") Integer lanczosOrder,
      @JsonProperty("velocity") Velocity velocity,
      @JsonProperty("seed") Long seed) {
    this.largestEigenvalues = atLeast("largestEigenvalues", largestEigenvalues, 5, 0);
    this.smallestEigenvalues = atLeast("smallestEigenvalues", smallestEigenvalues, 0, 0);
    this.eigenUpdateFrequency = count("eigenUpdateFrequency", eigenUpdateFrequency, 100);
    this.warmup = atLeast("warmup", warmup, this.eigenUpdateFrequency, 0);
    this.alpha = nonNegative("alpha", alpha, 0.1);
    this.learningRateClip = learningRateClip;
    if (learningRateClip != null) {
      check(
          learningRateClip >= 1 && Double.isFinite(learningRateClip),
          "learningRateClip",
          learningRateClip,
          "finite and at least 1");
    }
    this.decay = beta("decay", decay, 0.9);
    this.lanczosOrder = lanczosOrder == null ? null : count("lanczosOrder", lanczosOrder, 1);
    this.velocity = velocity == null ? Velocity.AUTO : velocity;
    this.seed = seed == null ? 0 : seed;
  }

  /**
   * Takes eigenpairs from elsewhere instead of computing them. Not part of what is saved.
   *
   * @param newSource the source; null for Lanczos
   * @return this
   */
  public Fosi eigenpairsFrom(EigenSource newSource) {
    source = newSource;
    return this;
  }

  @Override
  protected void transform(GradientTurn turn) {
    Penalty penalty = Penalty.of(turn, "Fosi");
    INDArray start = turn.scratch(0).assign(turn.parameters());
    Velocity kind = kind(turn.updaterConfiguration());
    double step = turn.scalar(COUNT) + 1;
    turn.setScalar(COUNT, step);
    if (largestEigenvalues + smallestEigenvalues > 0
        && step >= warmup
        && (step - warmup) % eigenUpdateFrequency == 0) {
      refresh(turn, penalty, start, kind);
    }
    int pairs = pairs(turn);
    if (pairs > 0) {
      split(turn, penalty, start, kind, pairs);
    }
  }

  /** Takes the eigenvectors' share out of the gradient and into the velocity. */
  private void split(GradientTurn turn, Penalty penalty, INDArray start, Velocity kind, int pairs) {
    INDArray g = turn.gradient();
    INDArray whole = g;
    if (!penalty.isEmpty()) {
      // What the updater will get has the penalty in it, so its share is taken out beforehand.
      whole = turn.scratch(1).assign(g);
      penalty.addGradient(start, whole);
    }
    double[] shares = shares(turn, whole, pairs);
    INDArray u = turn.state(VELOCITY);
    double keep =
        switch (kind) {
          case SGD -> 0;
          case NESTEROV -> decay * decay;
          default -> decay;
        };
    double take =
        switch (kind) {
          case NESTEROV -> 1 + decay;
          case ADAM -> 1 - decay;
          default -> 1;
        };
    u.muli(keep);
    for (int i = 0; i < pairs; i++) {
      INDArray vector = turn.state(VECTORS + i);
      GradientTurn.axpy(u, take * shares[i], vector, u);
      GradientTurn.axpy(g, -shares[i], vector, g);
    }
  }

  @Override
  protected boolean changesParameters() {
    return true;
  }

  @Override
  protected void afterUpdate(GradientTurn turn, INDArray parameters) {
    int pairs = pairs(turn);
    if (pairs == 0) {
      return;
    }
    INDArray start = turn.scratch(0);
    INDArray change = GradientTurn.axpy(parameters, -1, start, turn.scratch(1));
    double[] changes = shares(turn, change, pairs);
    double[] velocities = shares(turn, turn.state(VELOCITY), pairs);
    double scale = turn.scalar(SCALE);
    GradientTurn.axpy(start, scale, change, parameters);
    for (int i = 0; i < pairs; i++) {
      double newton = alpha * turn.scalar(RATES + i) * velocities[i];
      GradientTurn.axpy(
          parameters, -scale * changes[i] - newton, turn.state(VECTORS + i), parameters);
    }
  }

  private static int pairs(GradientTurn turn) {
    return (int) turn.scalar(PAIRS);
  }

  /** A vector's coordinates along the eigenvectors. */
  private static double[] shares(GradientTurn turn, INDArray x, int pairs) {
    double[] shares = new double[pairs];
    Arrays.setAll(shares, i -> GradientTurn.dot(turn.state(VECTORS + i), x));
    return shares;
  }

  private Velocity kind(IUpdater updater) {
    if (velocity != Velocity.AUTO) {
      return velocity;
    }
    IUpdater inner = updater;
    while (inner instanceof DelegatingUpdater outer) {
      inner = outer.getDelegate();
    }
    if (inner instanceof HeavyBall ball) {
      return ball.isNesterov() ? Velocity.NESTEROV : Velocity.MOMENTUM;
    }
    if (inner instanceof Nesterovs) {
      return Velocity.NESTEROV;
    }
    return inner == null || inner instanceof Sgd || inner instanceof NoOp
        ? Velocity.SGD
        : Velocity.ADAM;
  }

  /** Takes new eigenpairs; keeps the old ones where there are none. */
  private void refresh(GradientTurn turn, Penalty penalty, INDArray start, Velocity kind) {
    Eigenpairs found;
    try {
      found = source == null ? lanczos(turn, penalty, start) : source.find(turn);
    } catch (ArithmeticException e) {
      return;
    }
    double[] rates = new double[found.values().length];
    double largest = Arrays.stream(found.values()).map(Math::abs).max().orElse(0);
    double floor = largest * (start.dataType() == DataType.DOUBLE ? SMALL : SMALL_SINGLE);
    int pairs = 0;
    int firstLarge = -1;
    for (int i = 0; i < rates.length; i++) {
      double size = Math.abs(found.values()[i]);
      if (size > floor && size < Double.POSITIVE_INFINITY) {
        firstLarge = firstLarge < 0 && i >= found.smallest() ? pairs : firstLarge;
        rates[pairs] = 1 / size;
        turn.setScalar(RATES + pairs, rates[pairs]);
        turn.state(VECTORS + pairs).assign(found.vectors().getRow(i));
        pairs++;
      }
    }
    if (pairs > 0) {
      double clip = kind == Velocity.ADAM ? 1 : 3;
      double ratio = firstLarge < 0 ? 1 : rates[firstLarge] / rates[pairs - 1];
      turn.setScalar(
          SCALE, Math.min(Math.max(ratio, 1), learningRateClip == null ? clip : learningRateClip));
      turn.setScalar(PAIRS, pairs);
    }
  }

  private Eigenpairs lanczos(GradientTurn turn, Penalty penalty, INDArray start) {
    double refreshes = turn.scalar(REFRESHES);
    turn.setScalar(REFRESHES, refreshes + 1);
    long n = start.length();
    INDArray direction = turn.scratch(1);
    int eigenvalues = largestEigenvalues + smallestEigenvalues;
    int order =
        lanczosOrder == null ? (int) Math.max(4 * eigenvalues, 2 * Math.log(n)) : lanczosOrder;
    Lanczos lanczos =
        Lanczos.run(
            v -> {
              direction.assign(v);
              INDArray out = start.ulike();
              turn.oracle().hessianVector(start, direction, out);
              penalty.addHessianVector(direction, out);
              return out.castTo(DataType.DOUBLE);
            },
            Lanczos.normalStart(n, CounterNoise.deriveSeed(seed, (long) refreshes)),
            order);
    return Eigenpairs.of(lanczos, smallestEigenvalues, largestEigenvalues);
  }
}
