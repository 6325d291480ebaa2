package org.dl4jplus.optim.first.multiobjective;

import java.util.Arrays;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The mean of each column without its largest and smallest numbers, so that some rows may be
 * arbitrarily wrong.
 *
 * <p>Field: {@code trimNumber}, at least 0: how many numbers are left out at each end. A Jacobian
 * needs 2 trimNumber + 1 rows.
 *
 * <p>D. Yin, Y. Chen, K. Ramchandran, P. Bartlett: "Byzantine-Robust Distributed Learning: Towards
 * Optimal Statistical Rates", arXiv 1803.01498 (2018).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class TrimmedMean implements Aggregator {

  private final int trimNumber;

  /**
   * A trimmed mean.
   *
   * @param trimNumber numbers left out at each end, at least 0
   */
  @JsonCreator
  public TrimmedMean(@JsonProperty("trimNumber") int trimNumber) {
    this.trimNumber = Require.atLeast("trimNumber", trimNumber, 0, 0);
  }

  @Override
  public void aggregate(INDArray jacobian, long step, INDArray out) {
    Jacobians.columns(
        jacobian,
        out,
        (column, index) -> {
          int to = column.length - trimNumber;
          Require.check(
              to > trimNumber,
              "trimNumber",
              trimNumber,
              "below half of " + column.length + " rows");
          Arrays.sort(column);
          double sum = 0;
          for (int i = trimNumber; i < to; i++) {
            sum += column[i];
          }
          return sum / (to - trimNumber);
        });
  }
}
