package org.dl4jplus.privacy.accounting;

import org.dl4jplus.optim.first.noise.NormalTail;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Gaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Laplace;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PoissonGaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PureDp;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Tree;

/**
 * The privacy loss log(P(x)/Q(x)) of a release, with P and Q the distributions of what is released
 * about two neighbours.
 */
interface PrivacyLoss {

  /** Less than half of e^-50 of a normal distribution lies beyond so many deviations. */
  double REACH = -NormalTail.logQuantile(Math.log(0.5) - 50);

  /**
   * The mass of the losses above epsilon.
   *
   * @param out takes P's and e^epsilon times Q's; their difference is the delta of epsilon
   */
  void above(double epsilon, double[] out);

  /** Nearly all of P's mass has at least this loss. */
  double least();

  /** Nearly all of P's mass has at most this loss. */
  double largest();

  /** The loss's deviation under Q, or thereabouts; above 0. */
  double width();

  /** False where there is no noise, and for noise that a double cannot tell from that. */
  default boolean isBounded() {
    return largest() - least() < Double.POSITIVE_INFINITY;
  }

  /** The exact delta of this one release in this one direction. */
  default double delta(double epsilon) {
    double[] mass = new double[2];
    above(epsilon, mass);
    return Math.min(1, Math.max(0, mass[0] - mass[1]));
  }

  /**
   * The loss of an event.
   *
   * @param add whether P is without the record and Q with it, else the other way round
   * @return null where nothing is released
   * @throws IllegalArgumentException where the loss's distribution is not known
   */
  static PrivacyLoss of(PrivacyEvent event, boolean add) {
    if (event instanceof Gaussian e) {
      return new Normal(e.noiseMultiplier());
    } else if (event instanceof Tree e) {
      return new Normal(e.noiseMultiplier() / Math.sqrt(e.levels()));
    } else if (event instanceof PoissonGaussian e) {
      double q = e.samplingRate();
      double sigma = e.noiseMultiplier();
      if (q == 0) {
        return null;
      } else if (q == 1) {
        return new Normal(sigma);
      }
      return add ? new Add(q, sigma) : new Remove(q, sigma);
    } else if (event instanceof Laplace e) {
      return new TwoExponentials(1 / e.scale());
    } else if (event instanceof PureDp e) {
      return e.epsilon() == 0 ? null : new RandomizedResponse(e.epsilon());
    }
    throw new IllegalArgumentException(
        "only RdpAccountant handles this event, its loss has no known distribution: " + event);
  }

  /**
   * Of N(0, sigma^2) against N(1, sigma^2).
   *
   * @param sigma above 0
   */
  record Normal(double sigma) implements PrivacyLoss {

    @Override
    public void above(double epsilon, double[] out) {
      out[0] = NormalTail.cdf(1 / (2 * sigma) - epsilon * sigma);
      out[1] = NormalTail.scaledCdf(-1 / (2 * sigma) - epsilon * sigma, epsilon);
    }

    @Override
    public double least() {
      return (1 / (2 * sigma) - REACH) / sigma;
    }

    @Override
    public double largest() {
      return (1 / (2 * sigma) + REACH) / sigma;
    }

    @Override
    public double width() {
      return 1 / sigma;
    }
  }

  /**
   * Of (1-q) N(0, sigma^2) + q N(-1, sigma^2) against N(0, sigma^2); falls with x.
   *
   * @param q in (0, 1)
   * @param sigma above 0
   */
  record Remove(double q, double sigma) implements PrivacyLoss {

    @Override
    public void above(double epsilon, double[] out) {
      double odds = Math.expm1(epsilon) / q;
      if (odds <= -1) {
        out[0] = 1;
        out[1] = Math.exp(epsilon);
        return;
      }
      double x = -sigma * sigma * log1p(odds, epsilon, q) - 0.5;
      double without = NormalTail.cdf(x / sigma);
      out[0] = (1 - q) * without + q * NormalTail.cdf((x + 1) / sigma);
      out[1] = epsilon < 1 ? Math.exp(epsilon) * without : NormalTail.scaledCdf(x / sigma, epsilon);
    }

    private static double log1p(double odds, double epsilon, double q) {
      return odds < Double.POSITIVE_INFINITY ? Math.log1p(odds) : epsilon - Math.log(q);
    }

    @Override
    public double least() {
      return mixture(q, -2 * REACH * sigma - 1, sigma);
    }

    @Override
    public double largest() {
      return mixture(q, 2 * (REACH * sigma + 1) - 1, sigma);
    }

    @Override
    public double width() {
      return deviation(q, sigma);
    }
  }

  /**
   * Of N(0, sigma^2) against (1-q) N(0, sigma^2) + q N(1, sigma^2); falls with x.
   *
   * @param q in (0, 1)
   * @param sigma above 0
   */
  record Add(double q, double sigma) implements PrivacyLoss {

    @Override
    public void above(double epsilon, double[] out) {
      double odds = Math.expm1(-epsilon) / q;
      if (odds <= -1) {
        out[0] = 0;
        out[1] = 0;
        return;
      }
      double x = 0.5 + sigma * sigma * Remove.log1p(odds, -epsilon, q);
      double without = NormalTail.cdf(x / sigma);
      out[0] = without;
      out[1] = Math.exp(epsilon) * ((1 - q) * without + q * NormalTail.cdf((x - 1) / sigma));
    }

    @Override
    public double least() {
      return -mixture(q, 2 * (REACH * sigma + 1) - 1, sigma);
    }

    @Override
    public double largest() {
      return -mixture(q, -2 * REACH * sigma - 1, sigma);
    }

    @Override
    public double width() {
      return deviation(q, sigma);
    }
  }

  /** log(1 - q + q e^(numerator/(2 sigma^2))). */
  private static double mixture(double q, double numerator, double sigma) {
    double exponent = numerator / (2 * sigma * sigma);
    return exponent < 600 ? Math.log1p(q * Math.expm1(exponent)) : Math.log(q) + exponent;
  }

  private static double deviation(double q, double sigma) {
    return q * Math.sqrt(Math.expm1(1 / (sigma * sigma)));
  }

  /** Losses between -epsilon and epsilon, which pure mechanisms have. */
  interface Pure extends PrivacyLoss {

    /** The largest loss. */
    double most();

    /** As {@link #above}, between the smallest loss and the largest. */
    void inside(double epsilon, double[] out);

    @Override
    default void above(double epsilon, double[] out) {
      if (epsilon >= most()) {
        out[0] = 0;
        out[1] = 0;
      } else if (epsilon >= -most()) {
        inside(epsilon, out);
      } else {
        out[0] = 1;
        out[1] = Math.exp(epsilon);
      }
    }

    @Override
    default double least() {
      return -most();
    }

    @Override
    default double largest() {
      return most();
    }

    @Override
    default double width() {
      return most();
    }
  }

  /**
   * Of two Laplace distributions.
   *
   * @param most the largest loss, sensitivity over scale
   */
  record TwoExponentials(double most) implements Pure {

    @Override
    public void inside(double epsilon, double[] out) {
      out[0] = 1 - 0.5 * Math.exp((epsilon - most) / 2);
      out[1] = 0.5 * Math.exp((epsilon - most) / 2);
    }
  }

  /**
   * Of randomised response, which dominates every pure mechanism.
   *
   * @param most its epsilon, above 0
   */
  record RandomizedResponse(double most) implements Pure {

    @Override
    public void inside(double epsilon, double[] out) {
      out[0] = 1 / (1 + Math.exp(-most));
      out[1] = Math.exp(epsilon - LogSum.log1pExp(most));
    }
  }
}
