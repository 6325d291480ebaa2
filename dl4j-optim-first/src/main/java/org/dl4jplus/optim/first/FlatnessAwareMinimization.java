package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.within;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.sharpness.Climb;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * FAD: flatness of order zero and one at once, meant for training on a mixture of domains; a batch
 * needs no domain labels. Up to four gradients a step.
 *
 * <pre>{@code
 * u(d) = d/(||d|| + perturbEpsilon)
 * g0 = gradient at w,   g1 = gradient at w + rho*u(g0)
 * w1 = w + rho*u(g1-g0)
 * g2 = gradient at w1,  g3 = gradient at w1 + rho*u(g2)
 * the updater gets  g0 + alpha*(beta*(g1-g0) + (1-beta)*(g3-g2))
 * }</pre>
 *
 * <p>Fields: {@code rho} 0.05 and {@code alpha} 1, at least 0; {@code beta} 0.5, in [0, 1]; {@code
 * perturbEpsilon} 1e-12, at least 0. State: none. With alpha 1 and beta 1 it is SAM, to the bit;
 * with alpha 0, rho 0 or a zero gradient the step is the plain one. The authors' code was not at
 * hand: this is the paper's objective with its gradients approximated as GAM does.
 *
 * <p>X. Zhang, R. Xu, H. Yu, Y. Dong, P. Tian, P. Cui: "Flatness-Aware Minimization for Domain
 * Generalization", arXiv 2307.11108 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class FlatnessAwareMinimization extends GradientListener {

  private final double rho;
  private final double alpha;
  private final double beta;
  private final double perturbEpsilon;

  /** FAD with its defaults. */
  public FlatnessAwareMinimization() {
    this(null, null, null, null);
  }

  @Builder
  @JsonCreator
  private FlatnessAwareMinimization(
      @JsonProperty("rho") Double rho,
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("beta") Double beta,
      @JsonProperty("perturbEpsilon") Double perturbEpsilon) {
    this.rho = nonNegative("rho", rho, 0.05);
    this.alpha = nonNegative("alpha", alpha, 1);
    this.beta = within("beta", beta, 0.5, 0, 1);
    this.perturbEpsilon = nonNegative("perturbEpsilon", perturbEpsilon, 1e-12);
  }

  @Override
  protected void transform(GradientTurn turn) {
    Climb climb = new Climb(false, 0, perturbEpsilon);
    INDArray g0 = turn.gradient();
    double scale = climb.scale(rho, turn.parameters(), g0);
    if (scale == 0 || alpha == 0) {
      return;
    }
    INDArray w = turn.scratch(0);
    w.assign(turn.parameters());
    INDArray point = turn.scratch(1);
    climb.move(w, scale, g0, point);
    if (alpha == 1 && beta == 1) {
      turn.evaluate(point, g0);
      return;
    }
    INDArray first = turn.scratch(2);
    turn.evaluate(point, first);
    GradientTurn.axpy(first, -1, g0, first);
    GradientTurn.axpy(g0, alpha * beta, first, g0);
    if (beta < 1) {
      INDArray g2 = turn.scratch(3);
      climb.climb(rho, w, first, point);
      turn.evaluate(point, g2);
      GradientTurn.axpy(g0, -alpha * (1 - beta), g2, g0);
      climb.climb(rho, point, g2, w);
      turn.evaluate(w, g2);
      GradientTurn.axpy(g0, alpha * (1 - beta), g2, g0);
    }
  }
}
