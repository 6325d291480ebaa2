package org.dl4jplus.optim.zeroth.estimate;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The gains of SPSA, for learning rates and steps of differences:
 *
 * <pre>{@code
 * value(k) = initial / (offset + k + 1)^exponent
 * }</pre>
 *
 * <p>James C. Spall, "Implementation of the Simultaneous Perturbation Algorithm for Stochastic
 * Optimization", 1998.
 */
@Getter
@ToString
@EqualsAndHashCode
public final class SpsaSchedule implements ISchedule {

  private final double initial;
  private final double offset;
  private final double exponent;

  /**
   * Any such schedule.
   *
   * @param initial above 0
   * @param offset at least 0; default 0
   * @param exponent at least 0; default 0.602
   */
  @JsonCreator
  public SpsaSchedule(
      @JsonProperty("initial") Double initial,
      @JsonProperty("offset") Double offset,
      @JsonProperty("exponent") Double exponent) {
    this.initial = Require.positive("initial", initial, 1);
    this.offset = Require.nonNegative("offset", offset, 0);
    this.exponent = Require.nonNegative("exponent", exponent, 0.602);
  }

  /**
   * Learning rates a_k = a/(A + k + 1)^0.602, A = a tenth of the iterations.
   *
   * @param a size
   * @param iterations of the run
   * @return the schedule
   */
  public static SpsaSchedule rate(double a, int iterations) {
    return new SpsaSchedule(a, 0.1 * iterations, 0.602);
  }

  /**
   * Steps of differences c_k = c/(k + 1)^0.101.
   *
   * @param c size
   * @return the schedule
   */
  public static SpsaSchedule step(double c) {
    return new SpsaSchedule(c, 0.0, 0.101);
  }

  @Override
  public double valueAt(int iteration, int epoch) {
    return initial / Math.pow(offset + iteration + 1, exponent);
  }

  @Override
  public ISchedule clone() {
    return new SpsaSchedule(initial, offset, exponent);
  }
}
