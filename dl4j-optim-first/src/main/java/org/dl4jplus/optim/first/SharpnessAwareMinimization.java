package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.finite;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.within;

import java.util.List;
import java.util.function.BiConsumer;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.sharpness.Climb;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Sharpness-aware minimization: the updater gets the gradient at the worst point nearby instead of
 * the one at the parameters, which leads to flat minima. Two gradients a step, any updater; attach
 * it with {@code network.addListeners(new SharpnessAwareMinimization(0.05))}.
 *
 * <pre>{@code
 * g = gradient at w,  e = rho*g/(||g|| + perturbEpsilon),  s = gradient of the same batch at w + e
 * adaptive (ASAM):  e = rho*T^2*g/(||T*g|| + perturbEpsilon),  T = |w| + adaptiveEta
 *
 * SAM:       the updater gets s
 * GSAM:      c = <g,s>/(||g||*||s|| + perturbEpsilon)
 *            v = g - c*||g||*s/(||s|| + perturbEpsilon);  s - alpha*v
 * WSAM:      a = gamma/(1-gamma);  a*s + (1-a)*g
 *            decouple:  g, and after the updater w <- w - learningRate*a*(s-g)
 * LOOK:      s in every k-th step, which keeps for each variable r = s - (<g,s>/||g||^2)*g;
 *            in between g + alpha*||g||/(||r|| + 1e-8)*r, with one gradient
 * FRIENDLY:  e along d = g - sigma*m instead of g,  m <- lambda*m + (1-lambda)*g;
 *            in the first step d = m = g
 * }</pre>
 *
 * <p>Fields: {@code variant} SAM; {@code rho} 0.05 (0.1 for LOOK), at least 0; {@code rhoSchedule}
 * none, takes the place of rho; {@code adaptive} false; {@code adaptiveEta} 0, at least 0 (the ASAM
 * paper has 0.01, and not for biases); {@code perturbEpsilon} 1e-12, at least 0; {@code
 * gradientCentralization} false: e without each matrix's mean over all but its outputs, the norm
 * still with it; {@code startIteration} 0: plain steps before it; {@code alpha} 0.4 for GSAM, 0.7
 * for LOOK, finite; {@code gamma} 0.9, in [0, 1), and {@code decouple} true for WSAM; {@code k} 10
 * for LOOK, at least 1; {@code every} 1: more than 1 makes SAM the LOOK variant with that k; {@code
 * sigma} 1, finite, and {@code lambda} 0.9, in [0, 1], for FRIENDLY; {@code rhoMin}, {@code
 * rhoMax}, {@code lrMin} and {@code lrMax}, all or none: rho = rhoMin +
 * (rhoMax-rhoMin)*(lr-lrMin)/(lrMax-lrMin) follows the learning rate lr, and stays between the two.
 * ASAM needs a rho about ten times larger.
 *
 * <p>The norm is one over all trained parameters. Weight decay is in neither gradient. With rho = 0
 * or a zero gradient the step is the plain one, to the bit, without a second pass. State: LOOK and
 * FRIENDLY hold one value for each parameter. LOOK differs from the library it was compared with,
 * which undoes the updates of the steps in between; FRIENDLY's m is the paper's average of raw
 * gradients.
 *
 * <p>P. Foret, A. Kleiner, H. Mobahi, B. Neyshabur: "Sharpness-Aware Minimization for Efficiently
 * Improving Generalization", arXiv 2010.01412 (2020). ASAM: arXiv 2102.11600 (2021). GSAM: arXiv
 * 2203.08065 (2022). WSAM: arXiv 2305.15817 (2023). LookSAM: arXiv 2203.02714 (2022). Friendly SAM:
 * arXiv 2403.12350 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class SharpnessAwareMinimization extends GradientListener {

  /** What the updater gets of the two gradients. */
  public enum Variant {
    /** The gradient at the perturbed point. */
    SAM,
    /** It, less a part of the plain gradient that is orthogonal to it: the surrogate gap. */
    GSAM,
    /** A weighted sum of both. */
    WSAM,
    /** SAM in every k-th step, whose effect is used again in between. */
    LOOK,
    /** SAM that climbs along what is new in the gradient. */
    FRIENDLY
  }

  private static final double LOOK_EPSILON = 1e-8;

  private final Variant variant;
  private final double rho;
  private final ISchedule rhoSchedule;
  private final Double rhoMin;
  private final Double rhoMax;
  private final Double lrMin;
  private final Double lrMax;
  private final Climb climb;
  private final boolean gradientCentralization;
  private final int startIteration;
  private final int every;
  private final double alpha;
  private final double gamma;
  private final boolean decouple;
  private final double sigma;
  private final double lambda;

  /**
   * SAM with its defaults.
   *
   * @param rho how far it looks, at least 0
   */
  public SharpnessAwareMinimization(double rho) {
    this(
        null, rho, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null, null);
  }

  @Builder
  @JsonCreator
  private SharpnessAwareMinimization(
      @JsonProperty("variant") Variant variant,
      @JsonProperty("rho") Double rho,
      @JsonProperty("rhoSchedule") ISchedule rhoSchedule,
      @JsonProperty("rhoMin") Double rhoMin,
      @JsonProperty("rhoMax") Double rhoMax,
      @JsonProperty("lrMin") Double lrMin,
      @JsonProperty("lrMax") Double lrMax,
      @JsonProperty("adaptive") Boolean adaptive,
      @JsonProperty("adaptiveEta") Double adaptiveEta,
      @JsonProperty("perturbEpsilon") Double perturbEpsilon,
      @JsonProperty("gradientCentralization") Boolean gradientCentralization,
      @JsonProperty("startIteration") Integer startIteration,
      @JsonProperty("every") Integer every,
      @JsonProperty("k") Integer k,
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("gamma") Double gamma,
      @JsonProperty("decouple") Boolean decouple,
      @JsonProperty("sigma") Double sigma,
      @JsonProperty("lambda") Double lambda) {
    Variant named = variant == null ? Variant.SAM : variant;
    int period = count("every", every, 1);
    boolean look = named == Variant.LOOK || named == Variant.SAM && period > 1;
    this.variant = look ? Variant.LOOK : named;
    check(look || period == 1, "every", period, "1 with the variant " + named);
    this.every = look ? count("k", k, period > 1 ? period : 10) : 1;
    check(period == 1 || period == this.every, "every", period, "1 or the same as k");
    this.rho = nonNegative("rho", rho, look ? 0.1 : 0.05);
    this.rhoSchedule = rhoSchedule;
    this.rhoMin = rhoMin;
    this.rhoMax = rhoMax;
    this.lrMin = lrMin;
    this.lrMax = lrMax;
    requireWhole(rhoMin, rhoMax, lrMin, lrMax);
    climb =
        new Climb(
            Boolean.TRUE.equals(adaptive),
            nonNegative("adaptiveEta", adaptiveEta, 0),
            nonNegative("perturbEpsilon", perturbEpsilon, 1e-12));
    this.gradientCentralization = Boolean.TRUE.equals(gradientCentralization);
    this.startIteration = atLeast("startIteration", startIteration, 0, 0);
    this.alpha = finite("alpha", alpha, look ? 0.7 : 0.4);
    this.gamma = beta("gamma", gamma, 0.9);
    this.decouple = !Boolean.FALSE.equals(decouple);
    this.sigma = finite("sigma", sigma, 1);
    this.lambda = within("lambda", lambda, 0.9, 0, 1);
  }

  private static void requireWhole(Double rhoMin, Double rhoMax, Double lrMin, Double lrMax) {
    if (rhoMin == null && rhoMax == null && lrMin == null && lrMax == null) {
      return;
    }
    if (rhoMin == null || rhoMax == null || lrMin == null || lrMax == null) {
      throw new IllegalArgumentException(
          "rhoMin, rhoMax, lrMin and lrMax must be given together or not at all");
    }
    nonNegative("rhoMin", rhoMin, 0);
    check(rhoMax >= rhoMin && Double.isFinite(rhoMax), "rhoMax", rhoMax, "finite, at least rhoMin");
    nonNegative("lrMin", lrMin, 0);
    check(lrMax > lrMin && Double.isFinite(lrMax), "lrMax", lrMax, "finite and above lrMin");
  }

  @Override
  protected void transform(GradientTurn turn) {
    int since = turn.iteration() - startIteration;
    if (since < 0) {
      return;
    }
    if (variant == Variant.LOOK && since % every != 0 && turn.scalar(0) == 1) {
      reuse(turn);
      return;
    }
    INDArray g = turn.gradient();
    INDArray direction = variant == Variant.FRIENDLY ? news(turn) : g;
    INDArray w = turn.parameters();
    INDArray point = turn.scratch(0);
    double scale = climb.scale(rho(turn), w, direction);
    if (scale == 0) {
      if (variant == Variant.LOOK) {
        turn.state(0).assign(0);
        turn.setScalar(0, 1);
      }
      return;
    }
    if (gradientCentralization) {
      direction = centralized(turn, direction);
    }
    climb.move(w, scale, direction, point);
    // What needs only one of the two gradients lets the second take the place of the first.
    boolean both = variant != Variant.SAM && variant != Variant.FRIENDLY;
    INDArray s = both ? turn.scratch(1) : g;
    turn.evaluate(point, s);
    if (turn.finite()) {
      combine(turn, g, s);
    }
  }

  /** Leaves in g what the updater is to get. */
  private void combine(GradientTurn turn, INDArray g, INDArray s) {
    switch (variant) {
      case GSAM -> surrogateGap(g, s);
      case WSAM -> {
        double a = gamma / (1 - gamma);
        if (decouple) {
          requireRate(turn);
          GradientTurn.axpy(s, -1, g, s);
          turn.setScalar(0, 1);
        } else {
          blend(g, 1 - a, g, a, s);
        }
      }
      case LOOK -> {
        INDArray rest = turn.state(0);
        rest.assign(s);
        eachVariable(
            turn,
            g,
            rest,
            (gPart, sPart) -> {
              double square = GradientTurn.dot(gPart, gPart);
              double share = square == 0 ? 0 : GradientTurn.dot(gPart, sPart) / square;
              GradientTurn.axpy(sPart, -share, gPart, sPart);
            });
        turn.setScalar(0, 1);
        g.assign(s);
      }
      default -> {
        // s is in the gradient's place.
      }
    }
  }

  private void surrogateGap(INDArray g, INDArray s) {
    double epsilon = climb.epsilon();
    double normG = GradientTurn.norm(g);
    double normS = GradientTurn.norm(s);
    double share = 0;
    if (normS > 0) {
      double cosine = GradientTurn.dot(g, s) / (normG * normS + epsilon);
      share = cosine * normG / (normS + epsilon);
    }
    blend(g, -alpha, g, 1 + alpha * share, s);
  }

  /** A step of LOOK in between. */
  private void reuse(GradientTurn turn) {
    eachVariable(
        turn,
        turn.gradient(),
        turn.state(0),
        (g, rest) -> {
          double factor = alpha * GradientTurn.norm(g) / (GradientTurn.norm(rest) + LOOK_EPSILON);
          GradientTurn.axpy(g, factor, rest, g);
        });
  }

  /** FRIENDLY's direction; moves its average on. */
  private INDArray news(GradientTurn turn) {
    INDArray g = turn.gradient();
    INDArray average = turn.state(0);
    INDArray direction = turn.scratch(2);
    if (turn.scalar(0) == 0) {
      turn.setScalar(0, 1);
      average.assign(g);
      direction.assign(g);
    } else {
      GradientTurn.axpy(g, -sigma, average, direction);
      blend(average, lambda, average, 1 - lambda, g);
    }
    return direction;
  }

  private static INDArray centralized(GradientTurn turn, INDArray direction) {
    INDArray target = turn.scratch(2);
    if (target != direction) {
      target.assign(direction);
    }
    INDArray means = turn.scratch(0);
    long at = 0;
    for (VariableShape variable : turn.oracle().variables()) {
      if (variable.matrix()) {
        INDArray matrix =
            part(target, at, variable.length()).reshape('c', variable.rows(), variable.columns());
        INDArray mean = part(means, 0, variable.rows());
        matrix.mean(mean, 1);
        matrix.subiColumnVector(mean.reshape(variable.rows(), 1));
      }
      at += variable.length();
    }
    return target;
  }

  private static void eachVariable(
      GradientTurn turn, INDArray x, INDArray y, BiConsumer<INDArray, INDArray> action) {
    long at = 0;
    for (VariableShape variable : turn.oracle().variables()) {
      long length = variable.length();
      action.accept(part(x, at, length), part(y, at, length));
      at += length;
    }
  }

  private static INDArray part(INDArray x, long from, long length) {
    return x.get(NDArrayIndex.interval(from, from + length));
  }

  /** out = a x + b y in one pass. */
  private static void blend(INDArray out, double a, INDArray x, double b, INDArray y) {
    Operands operands = new Operands(out, null, List.of(x, y));
    VectorExecutor.of(operands)
        .forEach(lane -> lane.gradient().blend(a, lane.state(0), b, lane.state(1)), operands);
  }

  private double rho(GradientTurn turn) {
    if (rhoSchedule != null) {
      return nonNegative(
          "rhoSchedule's value", rhoSchedule.valueAt(turn.iteration(), turn.epoch()), 0);
    }
    if (rhoMax == null) {
      return rho;
    }
    requireRate(turn);
    double share = (turn.learningRate() - lrMin) / (lrMax - lrMin);
    return rhoMin + (rhoMax - rhoMin) * Math.min(Math.max(share, 0), 1);
  }

  private void requireRate(GradientTurn turn) {
    if (Double.isNaN(turn.learningRate())) {
      throw new IllegalStateException(
          (rhoMax == null ? "decouple" : "rhoMax") + " needs an updater that has a learning rate");
    }
  }

  @Override
  protected boolean changesParameters() {
    return variant == Variant.WSAM && decouple;
  }

  @Override
  protected void afterUpdate(GradientTurn turn, INDArray parameters) {
    if (turn.scalar(0) == 1) {
      turn.setScalar(0, 0);
      double a = gamma / (1 - gamma);
      GradientTurn.axpy(parameters, -turn.learningRate() * a, turn.scratch(1), parameters);
    }
  }
}
