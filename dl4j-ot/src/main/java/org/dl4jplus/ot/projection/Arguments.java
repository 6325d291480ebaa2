package org.dl4jplus.ot.projection;

/** The projections' common refusals. */
final class Arguments {

  private Arguments() {}

  static void positive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + " must be finite and > 0: " + value);
    }
  }

  static void atLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be >= 1: " + value);
    }
  }

  static int square(String set, int rows, int columns) {
    if (rows != columns) {
      throw new IllegalArgumentException(
          set + " are square: there is none of shape [" + rows + ", " + columns + "]");
    }
    return rows;
  }
}
