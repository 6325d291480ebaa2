package org.dl4jplus.ot;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Proximal matching: a loss whose minimiser comes to the mode of the posterior as gamma falls, not
 * to its mean, so that a denoiser becomes the proximal operator of the prior's negative logarithm.
 *
 * <pre>{@code
 * score of a row = 1 - exp(-(||f - x||/gamma)^2)          gamma > 0
 * gradient = 2 (f - x)/gamma^2 exp(-(||f - x||/gamma)^2)
 * score of a row = mean |f - x|                           gamma = 0, to train with at first
 * }</pre>
 *
 * <p>With a large error and a small gamma there is no gradient: training starts with gamma 0, and
 * {@link ProximalMatchingSchedule} brings gamma down in stages. A mask, of one value for each row,
 * scales the scores.
 *
 * <p>Z. Fang, S. Buchanan, J. Sulam: "What's in a Prior? Learned Proximal Networks for Inverse
 * Problems", arXiv 2310.14344 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
public final class LossProximalMatching extends BatchLoss {

  private static final long serialVersionUID = 1L;

  /** The distance that counts as near; 0 for the mean distance. */
  private double gamma;

  /**
   * Makes the loss.
   *
   * @param gamma finite and at least 0; 0 is the mean absolute error
   * @throws IllegalArgumentException if it is out of range
   */
  @JsonCreator
  public LossProximalMatching(@JsonProperty("gamma") double gamma) {
    setGamma(gamma);
  }

  /**
   * Changes what counts as near, from the next step on.
   *
   * @param gamma finite and at least 0; 0 is the mean absolute error
   * @throws IllegalArgumentException if it is out of range
   */
  public void setGamma(double gamma) {
    if (!(gamma >= 0) || Double.isInfinite(gamma)) {
      throw new IllegalArgumentException("gamma must be finite and at least 0, got " + gamma);
    }
    this.gamma = gamma;
  }

  @Override
  Evaluation evaluate(double[][] labels, double[][] outputs, double[] mask) {
    int width = outputs[0].length;
    double[] scores = new double[outputs.length];
    double[][] gradient = new double[outputs.length][width];
    for (int e = 0; e < outputs.length; e++) {
      double squares = 0;
      double absolute = 0;
      for (int k = 0; k < width; k++) {
        double difference = outputs[e][k] - labels[e][k];
        squares += difference * difference;
        absolute += Math.abs(difference);
      }
      double near = gamma > 0 ? Math.exp(-squares / (gamma * gamma)) : 0;
      scores[e] =
          mask[e] * (gamma > 0 ? -Math.expm1(-squares / (gamma * gamma)) : absolute / width);
      for (int k = 0; k < width; k++) {
        double difference = outputs[e][k] - labels[e][k];
        gradient[e][k] =
            mask[e]
                * (gamma > 0
                    ? 2 * difference / (gamma * gamma) * near
                    : Math.signum(difference) / width);
      }
    }
    return new Evaluation(scores, gradient);
  }
}
