package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.finite;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

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
 * GAM: minimizes the norm of the gradient nearby together with the loss. Four gradients a step.
 *
 * <pre>{@code
 * g0 = gradient at w;         e0 = rho*g0/(||g0|| + perturbEpsilon)
 * g1 = gradient at w + e0;    e1 = rhoNorm*(g1-g0)/(||g1-g0|| + perturbEpsilon)
 * g2 = gradient at w + e1;    e2 = rho*g2/(||g2|| + perturbEpsilon)
 * g3 = gradient at w + e1 + e2
 * p = g0 + |1-beta0|*g2,  q = beta1*g1 + (1-beta1)*g3
 * c = <p,q>/(||p||*||q|| + perturbEpsilon)
 * the updater gets  q - gamma*(p - c*||p||*q/(||q|| + perturbEpsilon))
 * }</pre>
 *
 * <p>Fields: {@code rho} 0.02 and {@code rhoNorm} 0.2, at least 0; {@code beta0} 0.5, {@code beta1}
 * 0.6 and {@code gamma} 0.03, finite (the authors' values for CIFAR-100; for CIFAR-10 rho 0.03,
 * betas 0.1, gamma 0.05); {@code perturbEpsilon} 1e-12, at least 0; {@code adaptive} false: norms
 * of |x|*d and steps along x^2*d, x the point where each e starts. State: none. With rho = 0 or a
 * zero gradient the step is the plain one.
 *
 * <p>X. Zhang, R. Xu, H. Yu, H. Zou, P. Cui: "Gradient Norm Aware Minimization Seeks First-Order
 * Flatness and Improves Generalization", arXiv 2303.03108 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class GradientNormAwareMinimization extends GradientListener {

  private final double rho;
  private final double rhoNorm;
  private final double beta0;
  private final double beta1;
  private final double gamma;
  private final Climb climb;

  /** GAM with its defaults. */
  public GradientNormAwareMinimization() {
    this(null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private GradientNormAwareMinimization(
      @JsonProperty("rho") Double rho,
      @JsonProperty("rhoNorm") Double rhoNorm,
      @JsonProperty("beta0") Double beta0,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("gamma") Double gamma,
      @JsonProperty("perturbEpsilon") Double perturbEpsilon,
      @JsonProperty("adaptive") Boolean adaptive) {
    this.rho = nonNegative("rho", rho, 0.02);
    this.rhoNorm = nonNegative("rhoNorm", rhoNorm, 0.2);
    this.beta0 = finite("beta0", beta0, 0.5);
    this.beta1 = finite("beta1", beta1, 0.6);
    this.gamma = finite("gamma", gamma, 0.03);
    climb =
        new Climb(
            Boolean.TRUE.equals(adaptive), 0, nonNegative("perturbEpsilon", perturbEpsilon, 1e-12));
  }

  @Override
  protected void transform(GradientTurn turn) {
    INDArray g0 = turn.gradient();
    double scale = climb.scale(rho, turn.parameters(), g0);
    if (scale == 0) {
      return;
    }
    INDArray w = turn.scratch(0);
    w.assign(turn.parameters());
    INDArray point = turn.scratch(1);
    INDArray g1 = turn.scratch(2);
    INDArray g2 = turn.scratch(3);
    INDArray g3 = turn.scratch(4);
    climb.move(w, scale, g0, point);
    turn.evaluate(point, g1);
    // g3's place is free until the last evaluation.
    climb.climb(rhoNorm, w, GradientTurn.axpy(g1, -1, g0, g3), point);
    turn.evaluate(point, g2);
    climb.climb(rho, point, g2, w);
    turn.evaluate(w, g3);
    INDArray p = GradientTurn.axpy(g0, Math.abs(1 - beta0), g2, g2);
    INDArray q = g1.muli(beta1);
    GradientTurn.axpy(q, 1 - beta1, g3, q);
    double normP = GradientTurn.norm(p);
    double normQ = GradientTurn.norm(q);
    double share = 0;
    if (normQ > 0) {
      double cosine = GradientTurn.dot(p, q) / (normP * normQ + climb.epsilon());
      share = cosine * normP / (normQ + climb.epsilon());
    }
    GradientTurn.axpy(q.muli(1 + gamma * share), -gamma, p, g0);
  }
}
