package org.dl4jplus.privacy.accounting;

/**
 * The exact delta of one release, direction by direction: the mass by which the distribution P of
 * what is released exceeds e^epsilon times that of a neighbour.
 *
 * <p>Known for Gaussian, Poisson and tree releases, Laplace noise and pure mechanisms (for those,
 * of randomised response, which is the largest). Without noise it is given as 1.
 */
public final class HockeyStick {

  private HockeyStick() {}

  /**
   * With P about the data with the record and its neighbour without it.
   *
   * @param event the release
   * @param epsilon finite; negative ones have a delta, too
   * @return in [0, 1]
   * @throws IllegalArgumentException for an event whose delta is not known
   */
  public static double remove(PrivacyEvent event, double epsilon) {
    return delta(event, epsilon, false);
  }

  /**
   * With P about the data without the record and its neighbour with it.
   *
   * @param event the release
   * @param epsilon finite; negative ones have a delta, too
   * @return in [0, 1]
   * @throws IllegalArgumentException for an event whose delta is not known
   */
  public static double add(PrivacyEvent event, double epsilon) {
    return delta(event, epsilon, true);
  }

  private static double delta(PrivacyEvent event, double epsilon, boolean add) {
    PrivacyLoss loss = PrivacyLoss.of(event, add);
    if (loss == null) {
      return Math.max(0, -Math.expm1(epsilon));
    }
    return loss.isBounded() ? loss.delta(epsilon) : 1;
  }
}
