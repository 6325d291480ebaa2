package org.dl4jplus.optim.first;

/**
 * The Hessian's largest eigenvalue at which a step starts to oscillate: above it a quadratic loss
 * grows.
 */
public final class StabilityEdge {

  private StabilityEdge() {}

  /**
   * Of gradient descent, with heavy-ball momentum: (2 + 2*momentum)/learningRate.
   *
   * @param learningRate its rate, above 0
   * @param momentum its momentum, 0 for none
   * @return the edge
   */
  public static double gradientDescent(double learningRate, double momentum) {
    return (2 + 2 * momentum) / learningRate;
  }

  /**
   * Of SAM that climbs by rho*g: the root of learningRate*x*(1 + rho*x) = 2.
   *
   * @param learningRate the updater's rate, above 0
   * @param rho factor of the gradient, at least 0; 0 is gradient descent
   * @return the edge
   */
  public static double unnormalizedSam(double learningRate, double rho) {
    // The textbook form with 2*rho below the line has no value at rho = 0.
    return 4 / (learningRate * (1 + Math.sqrt(1 + 8 * rho / learningRate)));
  }

  /**
   * Of SAM that climbs by rho*g/||g||, without momentum.
   *
   * @param learningRate the updater's rate, above 0
   * @param rho length of the climb, at least 0; 0 is gradient descent
   * @param gradientNorm norm of the gradient, at least 0
   * @return the edge, 0 for a zero gradient
   */
  public static double sam(double learningRate, double rho, double gradientNorm) {
    return unnormalizedSam(learningRate, rho == 0 ? 0 : rho / gradientNorm);
  }
}
