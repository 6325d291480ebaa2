package org.dl4jplus.optim.first.multiobjective;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Krum and Multi-Krum: the mean of those rows that have the closest neighbours, so that some rows
 * may be arbitrarily wrong.
 *
 * <pre>{@code
 * score_i = sum of the distances to the m - nByzantine - 2 nearest other rows
 * result  = mean of the nSelected rows with the smallest scores
 * }</pre>
 *
 * <p>Fields: {@code nByzantine} 0, at least 0: rows that may be wrong; {@code nSelected} 1, at
 * least 1. A Jacobian needs nByzantine + 3 and nSelected rows. The distances are added as they are,
 * as TorchJD does; the paper adds their squares.
 *
 * <p>P. Blanchard, E. M. El Mhamdi, R. Guerraoui, J. Stainer: "Machine Learning with Adversaries:
 * Byzantine Tolerant Gradient Descent", NeurIPS (2017).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class Krum implements GramianAggregator {

  private final int nByzantine;
  private final int nSelected;

  @Builder
  @JsonCreator
  private Krum(
      @JsonProperty("nByzantine") Integer nByzantine,
      @JsonProperty("nSelected") Integer nSelected) {
    this.nByzantine = atLeast("nByzantine", nByzantine, 0, 0);
    this.nSelected = count("nSelected", nSelected, 1);
  }

  @Override
  public double[] weights(double[][] gramian, long step) {
    int m = gramian.length;
    check(m >= nByzantine + 3, "nByzantine", nByzantine, "at most the number of rows less 3");
    check(m >= nSelected, "nSelected", nSelected, "at most the number of rows");
    double[] scores = new double[m];
    for (int i = 0; i < m; i++) {
      int row = i;
      scores[i] =
          IntStream.range(0, m)
              .filter(j -> j != row)
              .mapToDouble(j -> distance(gramian, row, j))
              .sorted()
              .limit(m - nByzantine - 2)
              .sum();
    }
    double[] weights = new double[m];
    Arrays.stream(IntStream.range(0, m).boxed().toArray(Integer[]::new))
        .sorted(Comparator.comparingDouble(i -> scores[i]))
        .limit(nSelected)
        .forEach(i -> weights[i] = 1.0 / nSelected);
    return weights;
  }

  private static double distance(double[][] g, int i, int j) {
    return Math.sqrt(Math.max(0, g[i][i] + g[j][j] - 2 * g[i][j]));
  }
}
