package org.dl4jplus.bilevel;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.problem.Constraints;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * LV-HBA, for lower problems with constraints {@code c(x, y) <= 0} that depend on both variables
 * (margins, a budget of weight norms), with ordinary gradients alone. A copy theta of y and
 * multipliers lambda solve the lower problem's proximal Lagrangian step by step:
 *
 * <pre>{@code
 * theta'  = P_Y(theta - eta (grad_y g(x, theta) + (grad_y c(x, theta))' lambda + (theta - y)/gamma1))
 * lambda' = clip(lambda - eta (-c(x, theta) + (lambda - z)/gamma2))
 * d1 = grad_x f(x, y)/c_k + grad_x g(x, y) - grad_x g(x, theta') - (grad_x c(x, theta'))' lambda'
 * d2 = grad_y f(x, y)/c_k + grad_y g(x, y) - (y - theta')/gamma1
 * (x, y) <- P_C((x, y) - alpha (d1, d2)),   C: where the constraints hold
 * z <- clip(z + beta (lambda' - z)/gamma2)
 * }</pre>
 *
 * with {@code c_k = c0 (k+1)^cPower} and clip to [lambdaMin, lambdaMax].
 *
 * <ul>
 *   <li>alpha: above 0, default 0.05
 *   <li>beta: above 0, default 0.05
 *   <li>eta: above 0, default 0.1
 *   <li>gamma1, gamma2: above 0, defaults 1; gamma1 below 1 over the weak convexity of g
 *   <li>c0: above 0, default 1
 *   <li>cPower: at least 0, default 0.3
 *   <li>lambdaMin, lambdaMax: not the wrong way round, defaults 0 and 1000; for constraints that
 *       are equalities lambdaMin is to be negative
 * </ul>
 *
 * <p>After each step the constraints hold at (x, y). The problem's {@link
 * BilevelProblem#constraints()} give c, its products and P_C. The state holds "theta", which starts
 * at y, "lambda" and "z", which start at the number of the box that is nearest to 0. Where the
 * official code leaves multipliers unclipped or multiplies by a gamma, this follows the paper.
 * Source: Wei Yao, Chengming Yu, Shangzhi Zeng, Jin Zhang, "Constrained Bi-Level Optimization:
 * Proximal Lagrangian Value function Approach and Hessian-free Algorithm", arXiv 2401.16164, 2024.
 */
@Getter
@ToString
@EqualsAndHashCode
public final class LvHba implements BilevelAlgorithm {

  /** Step size of x and y. */
  private final double alpha;

  /** Step size of z. */
  private final double beta;

  /** Step size of theta and lambda. */
  private final double eta;

  /** Proximal parameter of theta. */
  private final double gamma1;

  /** Proximal parameter of lambda. */
  private final double gamma2;

  /** Penalty in step 0. */
  private final double c0;

  /** Growth of the penalty. */
  private final double cPower;

  /** Smallest multiplier. */
  private final double lambdaMin;

  /** Largest multiplier. */
  private final double lambdaMax;

  @Builder
  @JsonCreator
  private LvHba(
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("beta") Double beta,
      @JsonProperty("eta") Double eta,
      @JsonProperty("gamma1") Double gamma1,
      @JsonProperty("gamma2") Double gamma2,
      @JsonProperty("c0") Double c0,
      @JsonProperty("cPower") Double cPower,
      @JsonProperty("lambdaMin") Double lambdaMin,
      @JsonProperty("lambdaMax") Double lambdaMax) {
    this.alpha = Require.positive("alpha", alpha, 0.05);
    this.beta = Require.positive("beta", beta, 0.05);
    this.eta = Require.positive("eta", eta, 0.1);
    this.gamma1 = Require.positive("gamma1", gamma1, 1);
    this.gamma2 = Require.positive("gamma2", gamma2, 1);
    this.c0 = Require.positive("c0", c0, 1);
    this.cPower = Require.nonNegative("cPower", cPower, 0.3);
    this.lambdaMin = Require.finite("lambdaMin", lambdaMin, 0);
    this.lambdaMax = Require.finite("lambdaMax", lambdaMax, 1000);
    Require.check(
        this.lambdaMax > this.lambdaMin,
        "lambdaMax",
        this.lambdaMax,
        "above lambdaMin, " + this.lambdaMin);
  }

  /**
   * Growth of the penalty; by hand, since its name as a bean's would be another.
   *
   * @return the power of the number of the step
   */
  @JsonProperty("cPower")
  public double getCPower() {
    return cPower;
  }

  @Override
  public Report step(BilevelStep step) {
    BilevelProblem problem = step.problem();
    Constraints constraints = problem.constraints();
    if (constraints == null) {
      throw new IllegalArgumentException(
          "LvHba needs a problem with constraints: its constraints() are null");
    }
    BilevelState state = step.state();
    Batches batches = step.batches();
    double penalty = c0 * Math.pow(state.iteration() + 1, cPower);
    INDArray x = state.x();
    INDArray y = state.y();
    INDArray theta = state.vector("theta", y::dup);
    INDArray lambda = state.vector("lambda", () -> multipliers(constraints, x));
    INDArray z = state.vector("z", () -> multipliers(constraints, x));

    INDArray values = lambda.ulike();
    constraints.values(x, theta, values);
    INDArray inY = y.ulike();
    INDArray more = y.ulike();
    problem.lower(x, theta, batches.lower("theta"), null, inY);
    constraints.products(x, theta, lambda, null, more);
    inY.addi(more).addi(theta.sub(y).divi(gamma1));
    theta.subi(inY.muli(eta));
    problem.projectY(theta);
    clip(lambda.subi(lambda.sub(z).divi(gamma2).subi(values).muli(eta)));

    INDArray inX = x.ulike();
    INDArray ofX = x.ulike();
    double loss = problem.upper(x, y, batches.upper("f"), inX, inY);
    inX.divi(penalty);
    inY.divi(penalty);
    int batch = batches.lower("g");
    problem.lower(x, y, batch, ofX, more);
    inX.addi(ofX);
    inY.addi(more).subi(y.sub(theta).divi(gamma1));
    problem.lower(x, theta, batch, ofX, null);
    inX.subi(ofX);
    constraints.products(x, theta, lambda, ofX, null);
    inX.subi(ofX);
    double norm = GradientTurn.norm(inX);
    x.subi(inX.muli(alpha));
    y.subi(inY.muli(alpha));
    constraints.project(x, y);
    clip(z.addi(lambda.sub(z).muli(beta / gamma2)));
    return new Report(loss, norm);
  }

  private INDArray multipliers(Constraints constraints, INDArray like) {
    return clip(Nd4j.zeros(like.dataType(), constraints.count()));
  }

  private INDArray clip(INDArray v) {
    for (long i = 0; i < v.length(); i++) {
      v.putScalar(i, Math.min(Math.max(v.getDouble(i), lambdaMin), lambdaMax));
    }
    return v;
  }
}
