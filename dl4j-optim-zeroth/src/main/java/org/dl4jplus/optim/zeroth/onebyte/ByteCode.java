package org.dl4jplus.optim.zeroth.onebyte;

import org.dl4jplus.optim.first.updater.Require;

/**
 * Numbers as bytes, on a logarithmic scale with a sign:
 *
 * <pre>{@code
 * m = min(127, 127 + rint(levelsPerE (ln|g| - ln maxMagnitude)))
 * byte(g) = sign(g) m;  0 if m < 1 or g = 0;  -128 if g is not finite
 * value(b) = sign(b) maxMagnitude exp((|b| - 127) / levelsPerE);  0 for 0 and -128
 * }</pre>
 *
 * <p>Inside the range, from {@code maxMagnitude exp(-126.5/levelsPerE)} to {@code maxMagnitude
 * exp(0.5/levelsPerE)}, the relative error is at most {@code exp(0.5/levelsPerE) - 1}; smaller
 * numbers become 0, larger ones the largest.
 *
 * @param maxMagnitude value of the byte 127, above 0
 * @param levelsPerE bytes for each factor of e, above 0
 */
public record ByteCode(double maxMagnitude, double levelsPerE) {

  /** The byte of a number that is none. */
  public static final byte NO_RESULT = -128;

  private static final int LEVELS = 127;

  /**
   * A scale.
   *
   * @param maxMagnitude value of the byte 127, above 0
   * @param levelsPerE bytes for each factor of e, above 0
   * @throws IllegalArgumentException outside the ranges
   */
  public ByteCode {
    Require.positive("maxMagnitude", maxMagnitude, 0);
    Require.positive("levelsPerE", levelsPerE, 0);
  }

  /**
   * The byte of a number.
   *
   * @param value any
   * @return the byte
   */
  public byte encode(double value) {
    if (!Double.isFinite(value)) {
      return NO_RESULT;
    }
    // StrictMath: every machine is to come to the same byte.
    double magnitude = StrictMath.log(Math.abs(value)) - StrictMath.log(maxMagnitude);
    double level = Math.min(LEVELS, LEVELS + Math.rint(levelsPerE * magnitude));
    return level < 1 ? 0 : (byte) (value < 0 ? -level : level);
  }

  /**
   * The number that a byte stands for.
   *
   * @param code any byte
   * @return the number, 0 for {@link #NO_RESULT}
   */
  public double decode(byte code) {
    if (code == 0 || code == NO_RESULT) {
      return 0;
    }
    double magnitude = maxMagnitude * StrictMath.exp((Math.abs(code) - LEVELS) / levelsPerE);
    return code < 0 ? -magnitude : magnitude;
  }

  /**
   * Whether a byte is at the end of the scale, where larger numbers are cut off.
   *
   * @param code any byte
   * @return true for 127 and -127
   */
  public static boolean saturated(byte code) {
    return Math.abs(code) == LEVELS;
  }
}
