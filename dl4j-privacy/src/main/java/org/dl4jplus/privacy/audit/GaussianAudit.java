package org.dl4jplus.privacy.audit;

import java.util.function.Supplier;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A gate for tests of mechanisms that add Gaussian noise to sums: draws many releases with and
 * without a worst-case canary and asks whether they are easier to tell apart than the epsilon that
 * is claimed allows. A correct mechanism fails with probability {@code alpha} at most; with the
 * defaults and a noise multiplier of 1, noise that is 10% too small passes in less than 1 of 200
 * runs.
 *
 * <p>The canary is a record whose clipped contribution is as large as the clip norm allows, best
 * where nobody else contributes. A release is compared along the direction in which it moves:
 *
 * <pre>{@code
 * score(release) = <release, canary> / ||canary||^2,   called a member from 1/2 on
 * }</pre>
 *
 * <p>then {@link EpsilonLowerBound#gdp}, for mechanisms without subsampling only. A mechanism of
 * several steps is one release, all its steps one after the other: a canary that contributes C to
 * the first and -C to the second one finds noise that is used twice.
 *
 * <p>Draws are cheap where the noise of all coordinates is alike: with a canary on each of them, or
 * none, every coordinate of one release is a draw.
 *
 * <p>What it cannot see: noise that depends on the other records, and anything that shows in
 * another direction than the canary's.
 *
 * <p>Fields: {@code draws} 20000 releases of each kind, at least 1; {@code alpha} 0.01 in (0, 1);
 * {@code delta} 1e-5 in (0, 1).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class GaussianAudit {

  private final int draws;
  private final double alpha;
  private final double delta;

  /** The audit with its defaults. */
  public GaussianAudit() {
    this(null, null, null);
  }

  @Builder
  @JsonCreator
  private GaussianAudit(
      @JsonProperty("draws") Integer draws,
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("delta") Double delta) {
    this.draws = Require.count("draws", draws, 20_000);
    this.alpha = Require.between("alpha", alpha, 0.01, 0, 1);
    this.delta = Require.between("delta", delta, 1e-5, 0, 1);
  }

  /**
   * Draws and compares. The suppliers take turns.
   *
   * @param with makes a release of the data with the canary, [n]
   * @param without makes a release of the data without it, [n]; all draws are independent
   * @param canary by how much the canary moves a release, [n], not zero
   * @return lower bounds on mu and on epsilon
   * @throws IllegalArgumentException for a canary that is zero or not finite, and for releases of
   *     another length or that are not numbers
   */
  public EpsilonLowerBound.Gaussian run(
      Supplier<double[]> with, Supplier<double[]> without, double[] canary) {
    double square = 0;
    for (double c : canary) {
      square += c * c;
    }
    Require.positive("||canary||^2", square, 0);
    int truePositives = 0;
    int falsePositives = 0;
    for (int i = 0; i < draws; i++) {
      truePositives += score(with.get(), canary) >= square / 2 ? 1 : 0;
      falsePositives += score(without.get(), canary) >= square / 2 ? 1 : 0;
    }
    return EpsilonLowerBound.gdp(truePositives, draws, falsePositives, draws, delta, alpha);
  }

  private static double score(double[] release, double[] canary) {
    Require.check(
        release.length == canary.length, "release.length", release.length, "" + canary.length);
    double score = 0;
    for (int k = 0; k < canary.length; k++) {
      score += release[k] * canary[k];
    }
    if (Double.isNaN(score)) {
      throw new IllegalArgumentException("release must hold finite numbers, got NaN");
    }
    return score;
  }
}
