package org.dl4jplus.privacy.accounting;

import java.util.EnumSet;
import java.util.Set;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Gaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PoissonGaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.WithoutReplacementGaussian;

/** Events that the tests use. */
final class Releases {

  static final Set<Neighbours> ADD_REMOVE = EnumSet.of(Neighbours.ADD_REMOVE);

  private Releases() {}

  static PoissonGaussian poisson(double rate, double sigma) {
    return new PoissonGaussian(rate, sigma, ADD_REMOVE);
  }

  static Gaussian gaussian(double sigma) {
    return new Gaussian(sigma, ADD_REMOVE);
  }

  static WithoutReplacementGaussian subset(int records, int batch, double sigma) {
    return new WithoutReplacementGaussian(
        records, batch, sigma, EnumSet.of(Neighbours.REPLACE_ONE));
  }
}
