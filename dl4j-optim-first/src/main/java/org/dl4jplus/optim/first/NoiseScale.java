package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;

import java.io.Serializable;
import lombok.EqualsAndHashCode;
import lombok.ToString;

/**
 * The noise scale of gradients, tr(Sigma)/||G||^2, in examples: at much smaller batches than this
 * the gradient is mostly noise, at much larger ones further examples add little. It is estimated
 * from the squared norms of two gradients at the same parameters, of a small batch b and a big
 * batch B.
 *
 * <pre>{@code
 * ||G||^2   = ( B*||g_B||^2 - b*||g_b||^2 ) / (B - b)
 * tr(Sigma) = ( ||g_b||^2 - ||g_B||^2 ) / (1/b - 1/B)
 * }</pre>
 *
 * <p>Both are averaged over many steps, by an exponential average that keeps {@code decay}, before
 * they are divided: single estimates scatter widely and may even be negative.
 */
@EqualsAndHashCode
@ToString
public final class NoiseScale implements Serializable {

  private final double decay;
  private double gradient;
  private double trace;
  private double weight;
  private double last = Double.NaN;

  /**
   * Creates an average.
   *
   * @param decay weight that is kept, in [0, 1); null: 0.99
   */
  public NoiseScale(Double decay) {
    this.decay = beta("decay", decay, 0.99);
  }

  /**
   * Estimates ||G||^2 without noise.
   *
   * @param small small batch size, above 0
   * @param normSqSmall squared norm of its gradient
   * @param big big batch size, above small
   * @param normSqBig squared norm of its gradient
   * @return the estimate; may be negative
   */
  public static double gradNormSq(double small, double normSqSmall, double big, double normSqBig) {
    sizes(small, big);
    return (big * normSqBig - small * normSqSmall) / (big - small);
  }

  /**
   * Estimates tr(Sigma), the variance of one example's gradient.
   *
   * @param small small batch size, above 0
   * @param normSqSmall squared norm of its gradient
   * @param big big batch size, above small
   * @param normSqBig squared norm of its gradient
   * @return the estimate; may be negative
   */
  public static double trSigma(double small, double normSqSmall, double big, double normSqBig) {
    sizes(small, big);
    return (normSqSmall - normSqBig) / (1 / small - 1 / big);
  }

  private static void sizes(double small, double big) {
    check(small > 0, "small", small, "above 0");
    check(big > small, "big", big, "above small = " + small);
  }

  /**
   * Takes in a step. Norms that are not finite are passed over.
   *
   * @param small small batch size, above 0
   * @param normSqSmall squared norm of its gradient
   * @param big big batch size, above small
   * @param normSqBig squared norm of its gradient
   */
  public void add(double small, double normSqSmall, double big, double normSqBig) {
    double g = gradNormSq(small, normSqSmall, big, normSqBig);
    double s = trSigma(small, normSqSmall, big, normSqBig);
    if (!Double.isFinite(g) || !Double.isFinite(s)) {
      return;
    }
    gradient = decay * gradient + (1 - decay) * g;
    trace = decay * trace + (1 - decay) * s;
    weight = decay * weight + (1 - decay);
    if (isDefined()) {
      last = trace / gradient;
    }
  }

  /**
   * Whether the averages can be divided now.
   *
   * @return false where the average of ||G||^2 is not positive: the noise hides the gradient
   */
  public boolean isDefined() {
    return gradient > 0;
  }

  /**
   * The noise scale.
   *
   * @return examples; the last value that was defined, NaN before there was one. Below 0 it means
   *     that no noise was found
   */
  public double noiseBatch() {
    return last;
  }

  /**
   * The averaged ||G||^2.
   *
   * @return the average over the steps so far, NaN before the first
   */
  public double gradNormSq() {
    return gradient / weight;
  }

  /**
   * The averaged tr(Sigma).
   *
   * @return the average over the steps so far, NaN before the first
   */
  public double trSigma() {
    return trace / weight;
  }
}
