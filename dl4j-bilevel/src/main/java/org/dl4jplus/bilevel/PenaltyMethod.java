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
 * The penalty method for lower problems that need not be convex nor have one solution, on closed
 * convex sets, with ordinary gradients alone. It goes down
 *
 * <pre>{@code
 * psi_sigma(x) = (min over y of (sigma f + g)(x, y) - min over z of g(x, z)) / sigma
 * }</pre>
 *
 * which, like its gradient, is within order sigma of the bilevel problem's where the proximal error
 * bound holds. Both minimisers are tracked through proximal terms around y and z, which keep them
 * from drifting along flat directions:
 *
 * <pre>{@code
 * sigma_k = max(sigma (k+1)^-sigmaDecay, sigmaMin)
 * innerSteps times, from the last wy and wz:
 *   wy <- P_Y(wy - gamma (sigma_k grad_y f(x, wy) + grad_y g(x, wy) + (wy - y) / rho))
 *   wz <- P_Y(wz - gamma (grad_y g(x, wz) + (wz - z) / rho))
 * y <- (1 - beta) y + beta wy
 * z <- (1 - beta) z + beta wz
 * x <- P_X(x - alpha (sigma_k grad_x f(x, wy) + grad_x g(x, wy) - grad_x g(x, wz)))
 * }</pre>
 *
 * <ul>
 *   <li>sigma: above 0, default 0.3
 *   <li>sigmaDecay: at least 0, default 0.25
 *   <li>sigmaMin: at least 0, default 0.02
 *   <li>rho: of the proximal terms, above 0, default 1
 *   <li>gamma: inner step size, above 0, default 0.1
 *   <li>beta: in (0, 1], default 0.5
 *   <li>alpha: step size of x, above 0, default 0.1. The direction is sigma_k times the gradient of
 *       psi; {@code normaliseBySigma}, off by default, divides alpha by sigma_k
 *   <li>innerSteps: at least 1, default 10
 *   <li>outerBatches: draws over which the direction of x is averaged, at least 1, default 1
 *   <li>sharedBatch: whether the two gradients of g in x see the same batch; default true
 *   <li>eta0, etaDecay: the single-loop form replaces every gradient by {@code h = grad(now) + (1 -
 *       eta_k) (h - grad(previous point))} on one batch, eta_k = min(1, eta0 (k+1)^-etaDecay) and 1
 *       in step 0; it asks for innerSteps = 1 and outerBatches = 1. Above 0 and at least 0;
 *       defaults 1 and 0, no momentum
 * </ul>
 *
 * <p>The projections are the problem's (see {@link org.dl4jplus.bilevel.problem.ProjectedProblem}).
 * The state holds "z", which starts at y, "wy" and "wz", which start at y and z. The paper gives
 * rates, not constants: the defaults are ours. Source: Jeongyeol Kwon, Dohyun Kwon, Stephen Wright,
 * Robert Nowak, "On Penalty Methods for Nonconvex Bilevel Optimization and First-Order Stochastic
 * Approximation", arXiv 2309.01753, 2023; the updates follow the project's specification, there is
 * no official code.
 */
@Getter
@ToString
@EqualsAndHashCode
public final class PenaltyMethod implements BilevelAlgorithm {

  private static final String PREVIOUS_WY = "previous.wy";
  private static final String PREVIOUS_WZ = "previous.wz";

  /** Weight of the upper loss in step 0. */
  private final double sigma;

  /** Decay of that weight. */
  private final double sigmaDecay;

  /** Its smallest value. */
  private final double sigmaMin;

  /** Proximal parameter. */
  private final double rho;

  /** Step size of wy and wz. */
  private final double gamma;

  /** How far y and z follow. */
  private final double beta;

  /** Step size of x. */
  private final double alpha;

  /** Whether alpha is divided by sigma. */
  private final boolean normaliseBySigma;

  /** Steps of wy and wz before each step of x. */
  private final int innerSteps;

  /** Draws for the direction of x. */
  private final int outerBatches;

  /** Whether the two gradients of the lower loss in x come from one batch. */
  private final boolean sharedBatch;

  /** Weight of the newest gradient, of the single-loop form. */
  private final double eta0;

  /** Decay of that weight. */
  private final double etaDecay;

  @Builder
  @JsonCreator
  private PenaltyMethod(
      @JsonProperty("sigma") Double sigma,
      @JsonProperty("sigmaDecay") Double sigmaDecay,
      @JsonProperty("sigmaMin") Double sigmaMin,
      @JsonProperty("rho") Double rho,
      @JsonProperty("gamma") Double gamma,
      @JsonProperty("beta") Double beta,
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("normaliseBySigma") Boolean normaliseBySigma,
      @JsonProperty("innerSteps") Integer innerSteps,
      @JsonProperty("outerBatches") Integer outerBatches,
      @JsonProperty("sharedBatch") Boolean sharedBatch,
      @JsonProperty("eta0") Double eta0,
      @JsonProperty("etaDecay") Double etaDecay) {
    this.sigma = Require.positive("sigma", sigma, 0.3);
    this.sigmaDecay = Require.nonNegative("sigmaDecay", sigmaDecay, 0.25);
    this.sigmaMin = Require.nonNegative("sigmaMin", sigmaMin, 0.02);
    this.rho = Require.positive("rho", rho, 1);
    this.gamma = Require.positive("gamma", gamma, 0.1);
    this.beta = Require.positive("beta", beta, 0.5);
    Require.within("beta", beta, 0.5, 0, 1);
    this.alpha = Require.positive("alpha", alpha, 0.1);
    this.normaliseBySigma = normaliseBySigma != null && normaliseBySigma;
    this.innerSteps = Require.count("innerSteps", innerSteps, 10);
    this.outerBatches = Require.count("outerBatches", outerBatches, 1);
    this.sharedBatch = sharedBatch == null || sharedBatch;
    this.eta0 = Require.positive("eta0", eta0, 1);
    this.etaDecay = Require.nonNegative("etaDecay", etaDecay, 0);
    if (momentum() && (this.innerSteps > 1 || this.outerBatches > 1)) {
      throw new IllegalArgumentException(
          "Momentum (eta0 below 1 or etaDecay above 0) needs innerSteps = 1 and outerBatches = 1,"
              + " got "
              + this.innerSteps
              + " and "
              + this.outerBatches);
    }
  }

  private boolean momentum() {
    return eta0 < 1 || etaDecay > 0;
  }

  @Override
  public Report step(BilevelStep step) {
    BilevelProblem problem = step.problem();
    BilevelState state = step.state();
    Batches batches = step.batches();
    long k = state.iteration();
    double sigmaK = Math.max(LagrangianMethod.decayed(sigma, sigmaDecay, k), sigmaMin);
    INDArray x = state.x();
    INDArray y = state.y();
    INDArray z = LagrangianMethod.z(state);
    INDArray wy = state.vector("wy", y::dup);
    INDArray wz = state.vector("wz", z::dup);
    RecursiveMomentum momentum =
        new RecursiveMomentum(problem, state, RecursiveMomentum.eta(eta0, etaDecay, k));
    INDArray wyBefore = state.vector(PREVIOUS_WY);
    INDArray wzBefore = state.vector(PREVIOUS_WZ);
    INDArray wyNow = wy.dup();
    INDArray wzNow = wz.dup();
    for (int t = 0; t < innerSteps; t++) {
      INDArray ofF = momentum.upperInY("fy", wy, wyBefore, batches.upper("fy"));
      INDArray ofG = momentum.lowerInY("gy", wy, wyBefore, batches.lower("gy"));
      INDArray atZ = momentum.lowerInY("z", wz, wzBefore, batches.lower("z"));
      wy.subi(ofF.mul(sigmaK).addi(ofG).addi(wy.sub(y).divi(rho)).muli(gamma));
      problem.projectY(wy);
      wz.subi(wz.sub(z).divi(rho).addi(atZ).muli(gamma));
      problem.projectY(wz);
    }
    y.muli(1 - beta).addi(wy.mul(beta));
    z.muli(1 - beta).addi(wz.mul(beta));

    double[] loss = new double[1];
    INDArray direction = x.ulike().assign(0);
    for (int m = 0; m < outerBatches; m++) {
      INDArray ofF = momentum.upperInX("fx", wy, wyNow, batches.upper("fx"), loss);
      int batch = batches.lower("gxy");
      INDArray ofG = momentum.lowerInX("gxy", wy, wyNow, batch);
      INDArray atZ =
          momentum.lowerInX("gxz", wz, wzNow, sharedBatch ? batch : batches.lower("gxz"));
      direction.addi(ofF.mul(sigmaK).addi(ofG).subi(atZ));
    }
    direction.divi(outerBatches);
    double norm = GradientTurn.norm(direction);
    if (momentum()) {
      momentum.rememberX();
      momentum.remember(PREVIOUS_WY, wyNow);
      momentum.remember(PREVIOUS_WZ, wzNow);
    }
    x.subi(direction.muli(normaliseBySigma ? alpha / sigmaK : alpha));
    problem.projectX(x);
    return new Report(loss[0] / outerBatches, norm);
  }
}
