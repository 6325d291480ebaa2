package org.dl4jplus.privacy.local;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * SUE, OUE and AUE, unary encoding: the value as k bits with a single 1, which stays one with
 * probability p, while each 0 becomes a 1 with probability q.
 *
 * <pre>{@code
 * q = p / (e^epsilon (1 - p) + p)
 * SUE (RAPPOR): p = e^(epsilon/2) / (e^(epsilon/2) + 1)     OUE: p = 1/2
 * AUE: of 100 numbers p from 0.5 to 0.999999 the one with the smallest weighted sum
 * attack: uniform among the ones, among all values if there are none; right with probability
 *         (1-p) (1-q)^(k-1) / k + p (1 - (1-q)^k) / (k q)
 * }</pre>
 *
 * <p>Tianhao Wang, Jeremiah Blocki, Ninghui Li, Somesh Jha: "Locally Differentially Private
 * Protocols for Frequency Estimation", arXiv 1705.04421 (2017); AUE: arXiv 2503.01482 (2025).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class UnaryEncoding extends IndependentBits {

  private final double drop;

  /**
   * With any p.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @param drop probability 1 - p that the 1 becomes a 0, in (0, 1); null for 1/2 (OUE)
   * @throws IllegalArgumentException outside these ranges
   */
  @JsonCreator
  public UnaryEncoding(
      @JsonProperty("values") int values,
      @JsonProperty("epsilon") double epsilon,
      @JsonProperty("drop") Double drop) {
    super(values, epsilon, drop == null ? 0.5 : drop, rise(epsilon, drop == null ? 0.5 : drop));
    this.drop = Require.between("drop", drop, 0.5, 0, 1);
  }

  private static double rise(double epsilon, double drop) {
    double lie = (1 - drop) * shrink(epsilon);
    return lie / (drop + lie);
  }

  /**
   * SUE.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @return the protocol
   * @throws IllegalArgumentException outside these ranges
   */
  public static UnaryEncoding symmetric(int values, double epsilon) {
    double lie = shrink(epsilon / 2);
    return new UnaryEncoding(values, epsilon, lie / (1 + lie));
  }

  /**
   * OUE: the p with the smallest error.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @return the protocol
   * @throws IllegalArgumentException outside these ranges
   */
  public static UnaryEncoding optimized(int values, double epsilon) {
    return new UnaryEncoding(values, epsilon, null);
  }

  /**
   * AUE: the p with the smallest {@code weightAsr * attackerSuccessRate + (1 - weightAsr) *
   * mse(1)}.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @param weightAsr what resistance to attacks counts, in [0, 1]
   * @return the protocol
   * @throws IllegalArgumentException outside these ranges
   */
  public static UnaryEncoding adaptive(int values, double epsilon, double weightAsr) {
    return best(weightAsr, grid(0.5, 0.999999).map(p -> new UnaryEncoding(values, epsilon, 1 - p)));
  }
}
