package org.dl4jplus.privacy.accounting;

import java.util.Set;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * One release, as accountants see it. Noise multipliers are the standard deviation (or scale) over
 * the sensitivity under the relations that the event names.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
public sealed interface PrivacyEvent {

  /**
   * The relations for which the event's numbers hold.
   *
   * @return at least one
   */
  Set<Neighbours> relations();

  /**
   * Gaussian noise on a sum that contains each record once.
   *
   * @param noiseMultiplier standard deviation over sensitivity; 0 hides nothing
   * @param relations for which it holds
   */
  record Gaussian(double noiseMultiplier, Set<Neighbours> relations) implements PrivacyEvent {}

  /**
   * Gaussian noise on a sum over a Poisson sample.
   *
   * @param samplingRate probability of each record, in [0, 1]
   * @param noiseMultiplier standard deviation over sensitivity
   * @param relations for which it holds; not REPLACE_ONE
   */
  record PoissonGaussian(double samplingRate, double noiseMultiplier, Set<Neighbours> relations)
      implements PrivacyEvent {}

  /**
   * Gaussian noise on a sum over a fresh uniform subset of fixed size.
   *
   * @param records in the data
   * @param batch size of the subset
   * @param noiseMultiplier standard deviation over sensitivity
   * @param relations for which it holds: REPLACE_ONE
   */
  record WithoutReplacementGaussian(
      int records, int batch, double noiseMultiplier, Set<Neighbours> relations)
      implements PrivacyEvent {}

  /**
   * Laplace noise.
   *
   * @param scale the distribution's scale over the sensitivity
   * @param relations for which it holds
   */
  record Laplace(double scale, Set<Neighbours> relations) implements PrivacyEvent {}

  /**
   * Any (epsilon, 0) mechanism.
   *
   * @param epsilon its epsilon
   * @param relations for which it holds
   */
  record PureDp(double epsilon, Set<Neighbours> relations) implements PrivacyEvent {}

  /**
   * Any rho-zCDP mechanism.
   *
   * @param rho its rho
   * @param relations for which it holds
   */
  record ZCdp(double rho, Set<Neighbours> relations) implements PrivacyEvent {}

  /**
   * Tree aggregation of one epoch: each record is in one leaf.
   *
   * @param noiseMultiplier standard deviation of a node over the sensitivity of a leaf
   * @param steps number of leaves at most
   * @param relations for which it holds: REPLACE_ZERO
   */
  record Tree(double noiseMultiplier, int steps, Set<Neighbours> relations)
      implements PrivacyEvent {}

  /**
   * A release whose Renyi divergences were worked out elsewhere.
   *
   * @param orders above 1, ascending
   * @param values the divergence at each
   * @param relations for which they hold
   */
  record RdpCurve(double[] orders, double[] values, Set<Neighbours> relations)
      implements PrivacyEvent {}
}
