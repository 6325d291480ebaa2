package org.dl4jplus.privacy.audit;

import org.apache.commons.math3.special.Erf;

/** The normal distribution function where it is small. */
final class NormalTail {

  /** Beyond it the function itself nears the end of double precision. */
  private static final double FAR = -35;

  private NormalTail() {}

  /** Log of Phi(x). */
  static double logPhi(double x) {
    if (x > FAR) {
      return Math.log(Erf.erfc(-x / Math.sqrt(2)) / 2);
    }
    double inverse = 1 / (x * x);
    return -x * x / 2
        - Math.log(-x)
        - Math.log(2 * Math.PI) / 2
        + Math.log1p(-inverse * (1 - 3 * inverse * (1 - 5 * inverse)));
  }
}
