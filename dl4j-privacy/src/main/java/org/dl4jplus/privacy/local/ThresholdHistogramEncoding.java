package org.dl4jplus.privacy.local;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * THE and ATHE, thresholding with histogram encoding: Laplace noise of scale 2/epsilon on each
 * number of a one-hot vector, then 1 for those above theta.
 *
 * <pre>{@code
 * p = 1 - e^(epsilon (theta - 1) / 2) / 2     q = e^(-epsilon theta / 2) / 2
 * THE: theta in [1/2, 1] with the smallest error
 * ATHE: of 100 numbers from 0.5 to 1 the one with the smallest weighted sum
 * attack: that of unary encoding
 * }</pre>
 *
 * <p>The bits are drawn as such, with these probabilities: no Laplace noise, so none of its
 * rounding. The threshold loses: the ratio of a report's probabilities stays below e^epsilon.
 *
 * <p>Tianhao Wang, Jeremiah Blocki, Ninghui Li, Somesh Jha: "Locally Differentially Private
 * Protocols for Frequency Estimation", arXiv 1705.04421 (2017); ATHE: arXiv 2503.01482 (2025).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class ThresholdHistogramEncoding extends IndependentBits {

  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;
  private static final double PRECISION = 1e-10;

  private final double threshold;

  /**
   * With any threshold.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @param threshold in [1/2, 1]; null for the one with the smallest error
   * @throws IllegalArgumentException outside these ranges
   */
  @JsonCreator
  public ThresholdHistogramEncoding(
      @JsonProperty("values") int values,
      @JsonProperty("epsilon") double epsilon,
      @JsonProperty("threshold") Double threshold) {
    this(values, epsilon, threshold == null ? optimum(epsilon) : threshold.doubleValue());
  }

  private ThresholdHistogramEncoding(int values, double epsilon, double threshold) {
    super(
        values,
        epsilon,
        Math.exp(epsilon * (threshold - 1) / 2) / 2,
        Math.exp(-epsilon * threshold / 2) / 2);
    this.threshold = Require.within("threshold", threshold, 1, 0.5, 1);
  }

  /** Golden section: the error has one minimum. */
  private static double optimum(double epsilon) {
    double low = 0.5;
    double high = 1;
    while (high - low > PRECISION) {
      double left = high - GOLDEN * (high - low);
      double right = low + GOLDEN * (high - low);
      if (error(epsilon, left) <= error(epsilon, right)) {
        high = right;
      } else {
        low = left;
      }
    }
    return (low + high) / 2;
  }

  private static double error(double epsilon, double threshold) {
    double q = Math.exp(-epsilon * threshold / 2) / 2;
    double gain = 1 - Math.exp(epsilon * (threshold - 1) / 2) / 2 - q;
    return q * (1 - q) / (gain * gain);
  }

  /**
   * THE.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @return the protocol
   * @throws IllegalArgumentException outside these ranges
   */
  public static ThresholdHistogramEncoding optimized(int values, double epsilon) {
    return new ThresholdHistogramEncoding(values, epsilon, null);
  }

  /**
   * ATHE: the threshold with the smallest {@code weightAsr * attackerSuccessRate + (1 - weightAsr)
   * * mse(1)}.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @param weightAsr what resistance to attacks counts, in [0, 1]
   * @return the protocol
   * @throws IllegalArgumentException outside these ranges
   */
  public static ThresholdHistogramEncoding adaptive(int values, double epsilon, double weightAsr) {
    return best(
        weightAsr,
        grid(0.5, 1).map(theta -> new ThresholdHistogramEncoding(values, epsilon, theta)));
  }
}
