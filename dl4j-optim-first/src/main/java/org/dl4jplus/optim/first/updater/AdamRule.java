package org.dl4jplus.optim.first.updater;

import java.util.function.Consumer;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Vector;

/**
 * Adam with epsilon beside the corrected second moment, the part that several methods share.
 *
 * <pre>{@code
 * m = beta1*m + (1-beta1)*g
 * v = beta2*v + (1-beta2)*g^2
 * u = lr * m/(1-beta1^t) / ( sqrt(v/(1-beta2^t)) + epsilon )
 * }</pre>
 *
 * <p>The platform's Adam adds epsilon to the uncorrected root instead. With epsilon 0, entries that
 * never had a gradient get 0.
 */
public final class AdamRule {

  private AdamRule() {}

  /**
   * Turns the step's gradient into the update.
   *
   * @param step the step
   * @param lr factor of the update
   * @param beta1 weight that the first moment keeps
   * @param beta2 weight that the second moment keeps
   * @param epsilon summand of the denominator
   * @param mIndex position of the first moment among the state vectors
   * @param vIndex position of the second moment among the state vectors
   */
  public static void adamHat(
      Step step, double lr, double beta1, double beta2, double epsilon, int mIndex, int vIndex) {
    step.forEach(rule(step, lr, beta1, beta2, epsilon, mIndex, vIndex));
  }

  /**
   * The same as a part of a larger rule: turns the lane's gradient into the update.
   *
   * @param step the step, for its number
   * @param lr factor of the update
   * @param beta1 weight that the first moment keeps
   * @param beta2 weight that the second moment keeps
   * @param epsilon summand of the denominator
   * @param mIndex position of the first moment among the state vectors
   * @param vIndex position of the second moment among the state vectors
   * @return the rule of this step
   */
  public static Consumer<Lane> rule(
      Step step, double lr, double beta1, double beta2, double epsilon, int mIndex, int vIndex) {
    double forM = lr / step.correction(beta1);
    double forV = 1 / Math.sqrt(step.correction(beta2));
    return lane -> {
      Vector g = lane.gradient();
      Vector m = lane.state(mIndex).ema(beta1, g);
      Vector v = lane.state(vIndex).emaSquare(beta2, g);
      g.set(m).scale(forM).divSqrt(v, forV, epsilon);
    };
  }
}
