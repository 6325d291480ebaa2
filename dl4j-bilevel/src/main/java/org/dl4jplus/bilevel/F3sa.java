package org.dl4jplus.bilevel;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * F3SA: {@link F2sa} with one inner step and momentum in each of its six gradients,
 *
 * <pre>{@code
 * h^k = grad(now; batch_k) + (1 - eta_k) (h^{k-1} - grad(previous point; batch_k))
 * eta_k = min(1, eta0 (k+1)^-etaDecay),  eta_0 = 1
 * z <- z - gamma_k h_z;  y <- y - alpha_k (h_fy + lambda_k h_gy)              at (x_k, y_k, z_k)
 * x <- x - xi_k alpha_k (h_fx + lambda_k (h_gxy - h_gxz))     at x_k with the new y and z
 * }</pre>
 *
 * where the previous point of the last three is x_{k-1} with the y and z before this step. On full
 * batches it is F2SA with one inner step, to the bit. A step takes 12 gradients, 6 while eta is 1.
 *
 * <ul>
 *   <li>alpha0, alphaDecay, gamma0, gammaDecay, xi, xiDecay, lambda0, delta0, deltaDecay,
 *       lambdaMode, normaliseByLambda, sharedBatch: as those of {@link F2sa}
 *   <li>eta0: above 0, default 1
 *   <li>etaDecay: at least 0, default 4/7, that of the theory's z step; the spec names none
 * </ul>
 *
 * <p>The state holds "z", "lambda", the estimates "h.z", "h.fy", "h.gy", "h.fx", "h.gxy", "h.gxz"
 * and the point before. A projection of the problem acts on the point alone. Source: Jeongyeol
 * Kwon, Dohyun Kwon, Stephen Wright, Robert Nowak, "A Fully First-Order Method for Stochastic
 * Bilevel Optimization", arXiv 2301.10945, 2023.
 */
@Getter
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public final class F3sa extends LagrangianMethod {

  private static final String PREVIOUS_Y = "previous.y";
  private static final String PREVIOUS_Z = "previous.z";

  /** Weight of the newest gradient in step 1, extrapolated to step 0. */
  private final double eta0;

  /** Decay of that weight. */
  private final double etaDecay;

  @Builder
  @JsonCreator
  private F3sa(
      @JsonProperty("alpha0") Double alpha0,
      @JsonProperty("alphaDecay") Double alphaDecay,
      @JsonProperty("gamma0") Double gamma0,
      @JsonProperty("gammaDecay") Double gammaDecay,
      @JsonProperty("xi") Double xi,
      @JsonProperty("xiDecay") Double xiDecay,
      @JsonProperty("lambda0") Double lambda0,
      @JsonProperty("delta0") Double delta0,
      @JsonProperty("deltaDecay") Double deltaDecay,
      @JsonProperty("lambdaMode") LambdaMode lambdaMode,
      @JsonProperty("normaliseByLambda") Boolean normaliseByLambda,
      @JsonProperty("sharedBatch") Boolean sharedBatch,
      @JsonProperty("eta0") Double eta0,
      @JsonProperty("etaDecay") Double etaDecay) {
    super(
        alpha0,
        alphaDecay,
        gamma0,
        gammaDecay,
        xi,
        xiDecay,
        lambda0,
        delta0,
        deltaDecay,
        lambdaMode,
        normaliseByLambda,
        sharedBatch);
    this.eta0 = Require.positive("eta0", eta0, 1);
    this.etaDecay = Require.nonNegative("etaDecay", etaDecay, 4.0 / 7);
  }

  @Override
  public Report step(BilevelStep step) {
    BilevelProblem problem = step.problem();
    BilevelState state = step.state();
    Batches batches = step.batches();
    long k = state.iteration();
    double lambda = lambda(state);
    RecursiveMomentum momentum =
        new RecursiveMomentum(problem, state, RecursiveMomentum.eta(eta0, etaDecay, k));
    INDArray x = state.x();
    INDArray y = state.y();
    INDArray z = z(state);
    INDArray yBefore = state.vector(PREVIOUS_Y);
    INDArray zBefore = state.vector(PREVIOUS_Z);
    INDArray yNow = y.dup();
    INDArray zNow = z.dup();

    INDArray hz = momentum.lowerInY("z", zNow, zBefore, batches.lower("z"));
    INDArray hfy = momentum.upperInY("fy", yNow, yBefore, batches.upper("fy"));
    INDArray hgy = momentum.lowerInY("gy", yNow, yBefore, batches.lower("gy"));
    z.subi(hz.mul(stepOfZ(k)));
    problem.projectY(z);
    y.subi(hgy.mul(lambda).addi(hfy).muli(stepOfY(k, lambda)));
    problem.projectY(y);

    double[] loss = new double[1];
    INDArray hfx = momentum.upperInX("fx", y, yNow, batches.upper("fx"), loss);
    int batch = batches.lower("gxy");
    INDArray hgxy = momentum.lowerInX("gxy", y, yNow, batch);
    INDArray hgxz =
        momentum.lowerInX("gxz", z, zNow, isSharedBatch() ? batch : batches.lower("gxz"));
    momentum.rememberX();
    momentum.remember(PREVIOUS_Y, yNow);
    momentum.remember(PREVIOUS_Z, zNow);
    INDArray direction = hgxy.sub(hgxz).muli(lambda).addi(hfx);
    double norm = GradientTurn.norm(direction);
    x.subi(direction.muli(stepOfX(k)));
    problem.projectX(x);
    grow(state, lambda);
    return new Report(loss[0], norm);
  }
}
