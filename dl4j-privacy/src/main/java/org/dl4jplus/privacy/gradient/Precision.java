package org.dl4jplus.privacy.gradient;

import org.nd4j.linalg.api.buffer.DataType;

/**
 * How far the numbers of a network's type carry. A norm above the limit counts as not finite: its
 * square, or a sum of such gradients, might be. A factor of another order of magnitude would be
 * rounded to one that is too large, or to infinity, and is replaced by 0, which no sensitivity
 * forbids.
 *
 * @param limit on norms, on factors and on their inverses
 */
record Precision(double limit) {

  /**
   * @throws IllegalArgumentException for types in which sums of gradients say too little
   */
  static Precision of(DataType type) {
    return switch (type) {
      case FLOAT -> new Precision(1e30);
      case DOUBLE -> new Precision(1e150);
      default ->
          throw new IllegalArgumentException(
              "The network's data type is " + type + ", must be FLOAT or DOUBLE");
    };
  }

  boolean finite(double norm) {
    return norm <= limit;
  }

  double factor(double factor) {
    return factor >= 1 / limit && factor <= limit ? factor : 0;
  }
}
