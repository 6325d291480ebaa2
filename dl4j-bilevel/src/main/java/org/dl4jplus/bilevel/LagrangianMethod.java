package org.dl4jplus.bilevel;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What {@link F2sa} and {@link F3sa} share: the laws of their step sizes and of the multiplier, and
 * the start of z.
 */
@Getter
@ToString
@EqualsAndHashCode
abstract class LagrangianMethod implements BilevelAlgorithm {

  /** How the multiplier grows. */
  public enum LambdaMode {
    /** lambda_{k+1} = lambda_k + delta0 (k+1)^-deltaDecay, from lambda0. */
    INCREMENT,
    /** lambda_k = gamma_k / (2 alpha_k). */
    RATIO
  }

  /** Name of the multiplier in the state. */
  static final String LAMBDA = "lambda";

  /** Name of the second lower variable in the state. */
  static final String Z = "z";

  /** Step size of y in step 0. */
  private final double alpha0;

  /** Decay of y's step size. */
  private final double alphaDecay;

  /** Step size of z in step 0. */
  private final double gamma0;

  /** Decay of z's step size. */
  private final double gammaDecay;

  /** Step size of x as a multiple of y's. */
  private final double xi;

  /** Further decay of x's step size. */
  private final double xiDecay;

  /** The multiplier in step 0. */
  private final double lambda0;

  /** Growth of the multiplier in step 0. */
  private final double delta0;

  /** Decay of the multiplier's growth. */
  private final double deltaDecay;

  /** How the multiplier grows. */
  private final LambdaMode lambdaMode;

  /** Whether y's step size is divided by 1 + lambda. */
  private final boolean normaliseByLambda;

  /** Whether the two gradients of the lower loss in x come from one batch. */
  private final boolean sharedBatch;

  LagrangianMethod(
      Double alpha0,
      Double alphaDecay,
      Double gamma0,
      Double gammaDecay,
      Double xi,
      Double xiDecay,
      Double lambda0,
      Double delta0,
      Double deltaDecay,
      LambdaMode lambdaMode,
      Boolean normaliseByLambda,
      Boolean sharedBatch) {
    this.alpha0 = Require.positive("alpha0", alpha0, 0.01);
    this.alphaDecay = Require.nonNegative("alphaDecay", alphaDecay, 0);
    this.gamma0 = Require.positive("gamma0", gamma0, 0.01);
    this.gammaDecay = Require.nonNegative("gammaDecay", gammaDecay, 0);
    this.xi = Require.positive("xi", xi, 1);
    this.xiDecay = Require.nonNegative("xiDecay", xiDecay, 4.0 / 7);
    this.lambda0 = Require.positive("lambda0", lambda0, 1);
    this.delta0 = Require.nonNegative("delta0", delta0, 0.1);
    this.deltaDecay = Require.nonNegative("deltaDecay", deltaDecay, 1.0 / 7);
    this.lambdaMode = lambdaMode == null ? LambdaMode.INCREMENT : lambdaMode;
    this.normaliseByLambda = normaliseByLambda == null || normaliseByLambda;
    this.sharedBatch = sharedBatch == null || sharedBatch;
  }

  /** value (k+1)^-decay. */
  static double decayed(double value, double decay, long k) {
    return value * Math.pow(k + 1, -decay);
  }

  final double lambda(BilevelState state) {
    return lambdaMode == LambdaMode.RATIO
        ? ratio(state.iteration())
        : state.scalar(LAMBDA, lambda0);
  }

  private double ratio(long k) {
    return decayed(gamma0, gammaDecay, k) / (2 * decayed(alpha0, alphaDecay, k));
  }

  final void grow(BilevelState state, double lambda) {
    long k = state.iteration();
    state.setScalar(
        LAMBDA,
        lambdaMode == LambdaMode.RATIO ? ratio(k + 1) : lambda + decayed(delta0, deltaDecay, k));
  }

  final double stepOfY(long k, double lambda) {
    return decayed(alpha0, alphaDecay, k) / (normaliseByLambda ? 1 + lambda : 1);
  }

  final double stepOfZ(long k) {
    return decayed(gamma0, gammaDecay, k);
  }

  final double stepOfX(long k) {
    return decayed(xi, xiDecay, k) * decayed(alpha0, alphaDecay, k);
  }

  static INDArray z(BilevelState state) {
    return state.vector(Z, () -> state.y().dup());
  }
}
