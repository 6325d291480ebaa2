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
 * F2SA: bilevel optimisation with ordinary gradients alone. A second lower variable z tracks the
 * lower minimiser, y the minimiser of the upper loss plus lambda times the lower one:
 *
 * <pre>{@code
 * innerSteps times, on new batches:
 *   z <- z - gamma_k grad_y g(x, z)
 *   y <- y - alpha_k (grad_y f(x, y) + lambda_k grad_y g(x, y))
 * x <- x - xi_k alpha_k (grad_x f(x, y) + lambda_k (grad_x g(x, y) - grad_x g(x, z)))
 * lambda_{k+1} = lambda_k + delta_k
 * }</pre>
 *
 * with k from 0 and each of alpha, gamma, xi and delta of the form {@code a (k+1)^-decay}. At exact
 * minimisers the direction of x is the hypergradient up to an error of order 1/lambda.
 *
 * <ul>
 *   <li>alpha0, alphaDecay: step size of y, above 0, default 0.01; at least 0, default 0. What the
 *       y step sees is curved 1 + lambda times as much as g, so {@code normaliseByLambda}, the
 *       default, divides alpha_k by 1 + lambda_k in that step alone
 *   <li>gamma0, gammaDecay: step size of z, above 0, default 0.01; at least 0, default 0
 *   <li>xi, xiDecay: step size of x relative to alpha_k, above 0, default 1; at least 0, default
 *       4/7
 *   <li>lambda0: above 0, default 1; the theory asks for twice the smoothness of f over the strong
 *       convexity of g
 *   <li>delta0, deltaDecay: growth of lambda, at least 0, defaults 0.1 and 1/7
 *   <li>lambdaMode: INCREMENT, or RATIO, {@code lambda_k = gamma_k / (2 alpha_k)}, which the theory
 *       is about; default INCREMENT
 *   <li>innerSteps: at least 1, default 10
 *   <li>sharedBatch: whether the two gradients of g in x see the same batch, which lowers the
 *       variance of their difference; default true
 * </ul>
 *
 * <p>The theory's decays of alpha and gamma are 5/7 and 4/7 with noise in both losses, 3/5 and 2/5
 * with noise in f, 1/3 and 0 without. The defaults are those of the authors' benchmark, which lets
 * the step of x alone fall; xiDecay is there for that. Projections of the problem are applied to x,
 * y and z. The state holds "z", which starts at y, and "lambda" of the next step. Source: Jeongyeol
 * Kwon, Dohyun Kwon, Stephen Wright, Robert Nowak, "A Fully First-Order Method for Stochastic
 * Bilevel Optimization", arXiv 2301.10945, 2023.
 */
@Getter
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public final class F2sa extends LagrangianMethod {

  /** Steps of y and z before each step of x. */
  private final int innerSteps;

  @Builder
  @JsonCreator
  private F2sa(
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
      @JsonProperty("innerSteps") Integer innerSteps) {
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
    this.innerSteps = Require.count("innerSteps", innerSteps, 10);
  }

  @Override
  public Report step(BilevelStep step) {
    BilevelProblem problem = step.problem();
    BilevelState state = step.state();
    Batches batches = step.batches();
    long k = state.iteration();
    double lambda = lambda(state);
    INDArray x = state.x();
    INDArray y = state.y();
    INDArray z = z(state);
    INDArray gradient = y.ulike();
    INDArray other = y.ulike();
    for (int t = 0; t < innerSteps; t++) {
      problem.lower(x, z, batches.lower("z"), null, gradient);
      z.subi(gradient.muli(stepOfZ(k)));
      problem.projectY(z);
      problem.upper(x, y, batches.upper("fy"), null, gradient);
      problem.lower(x, y, batches.lower("gy"), null, other);
      y.subi(gradient.addi(other.muli(lambda)).muli(stepOfY(k, lambda)));
      problem.projectY(y);
    }
    INDArray direction = x.ulike();
    INDArray difference = x.ulike();
    INDArray atZ = x.ulike();
    double loss = problem.upper(x, y, batches.upper("fx"), direction, null);
    int batch = batches.lower("gxy");
    problem.lower(x, y, batch, difference, null);
    problem.lower(x, z, isSharedBatch() ? batch : batches.lower("gxz"), atZ, null);
    direction.addi(difference.subi(atZ).muli(lambda));
    double norm = GradientTurn.norm(direction);
    x.subi(direction.muli(stepOfX(k)));
    problem.projectX(x);
    grow(state, lambda);
    return new Report(loss, norm);
  }
}
