package org.dl4jplus.optim.first.vector;

/**
 * A run of numbers that elementwise rules are written against. Every operation changes {@code this}
 * in place, entry by entry, and returns {@code this}; operands have the same length.
 *
 * <p>On the CPU backend a vector is a block of a primitive array that is filled from and put back
 * to the memory of an {@code INDArray}; on any other backend it is the whole array and an operation
 * is an ND4J op. A rule sees no difference beyond rounding.
 */
public abstract class Vector {

  /** For the two implementations and their tests. */
  Vector() {}

  /**
   * this = x.
   *
   * @param x operand
   * @return this
   */
  public abstract Vector set(Vector x);

  /**
   * this = a.
   *
   * @param a value of every entry
   * @return this
   */
  public abstract Vector fill(double a);

  /**
   * this = a * this.
   *
   * @param a factor
   * @return this
   */
  public abstract Vector scale(double a);

  /**
   * this = this + a.
   *
   * @param a summand
   * @return this
   */
  public abstract Vector shift(double a);

  /**
   * this = this + x.
   *
   * @param x operand
   * @return this
   */
  public abstract Vector add(Vector x);

  /**
   * this = this - x.
   *
   * @param x operand
   * @return this
   */
  public abstract Vector sub(Vector x);

  /**
   * this = this * x.
   *
   * @param x operand
   * @return this
   */
  public abstract Vector mul(Vector x);

  /**
   * this = this / x.
   *
   * @param x operand
   * @return this
   */
  public abstract Vector div(Vector x);

  /**
   * this = this / x, and 0 where x is 0.
   *
   * @param x operand
   * @return this
   */
  public abstract Vector divOrZero(Vector x);

  /**
   * this = a * this + b * x.
   *
   * @param a factor of this
   * @param b factor of the operand
   * @param x operand
   * @return this
   */
  public abstract Vector combine(double a, double b, Vector x);

  /**
   * this = a * x + b * y, whatever this was.
   *
   * @param a factor of the first operand
   * @param x first operand
   * @param b factor of the second operand
   * @param y second operand
   * @return this
   */
  public abstract Vector blend(double a, Vector x, double b, Vector y);

  /**
   * this = this + a * x.
   *
   * @param a factor
   * @param x operand
   * @return this
   */
  public abstract Vector addScaled(double a, Vector x);

  /**
   * this = a * this + b * x * x.
   *
   * @param a factor of this
   * @param b factor of the squares
   * @param x operand
   * @return this
   */
  public abstract Vector combineSquare(double a, double b, Vector x);

  /**
   * this = this / (a * sqrt(x) + b): the denominator of Adam's kin in one pass. Where the
   * denominator is 0 (b is 0, or too small for the type), the result is 0.
   *
   * @param x operand, not negative
   * @param a factor of the root
   * @param b summand
   * @return this
   */
  public abstract Vector divSqrt(Vector x, double a, double b);

  /**
   * Exponential moving average: this = beta * this + (1 - beta) * x.
   *
   * @param beta weight that is kept
   * @param x operand
   * @return this
   */
  public final Vector ema(double beta, Vector x) {
    return combine(beta, 1 - beta, x);
  }

  /**
   * Exponential moving average of squares: this = beta * this + (1 - beta) * x * x.
   *
   * @param beta weight that is kept
   * @param x operand
   * @return this
   */
  public final Vector emaSquare(double beta, Vector x) {
    return combineSquare(beta, 1 - beta, x);
  }

  /**
   * this = sqrt(this).
   *
   * @return this
   */
  public abstract Vector sqrt();

  /**
   * this = |this|.
   *
   * @return this
   */
  public abstract Vector abs();

  /**
   * this = sign(this), with sign(0) = 0; not a number stays so. A magnitude below the type's
   * smallest normal number counts in proportion.
   *
   * @return this
   */
  public abstract Vector sign();

  /**
   * this = tanh(this).
   *
   * @return this
   */
  public abstract Vector tanh();

  /**
   * this = exp(this).
   *
   * @return this
   */
  public abstract Vector exp();

  /**
   * this = this ^ p for entries that are not negative.
   *
   * @param p exponent
   * @return this
   */
  public abstract Vector pow(double p);

  /**
   * this = max(this, x).
   *
   * @param x operand
   * @return this
   */
  public abstract Vector max(Vector x);

  /**
   * this = min(max(this, low), high).
   *
   * @param low lower bound
   * @param high upper bound
   * @return this
   */
  public abstract Vector clamp(double low, double high);

  /**
   * this = negative, zero or positive, by the sign of the entry, which has to be a number.
   *
   * @param negative value where the entry is below 0
   * @param zero value where it is 0
   * @param positive value where it is above 0
   * @return this
   */
  public abstract Vector bySign(double negative, double zero, double positive);

  /**
   * this = 1 where the entry is above the threshold, else 0. Entries have to be numbers.
   *
   * @param threshold exclusive bound
   * @return this
   */
  public abstract Vector above(double threshold);

  /**
   * this = 1 / (1 + exp(-|this|)): from 1/2 at 0 to 1.
   *
   * @return this
   */
  public abstract Vector sigmoidOfAbs();

  /**
   * Sum of the entries, accumulated in double precision.
   *
   * @return the sum
   */
  public abstract double sum();

  /**
   * Inner product, accumulated in double precision.
   *
   * @param x operand
   * @return sum of this * x
   */
  public abstract double dot(Vector x);

  /**
   * Sum of squares.
   *
   * @return sum of this * this
   */
  public final double squaredNorm() {
    return dot(this);
  }

  /**
   * Zero if every entry is finite, not a number otherwise.
   *
   * @return 0 or NaN
   */
  public abstract double zeroIfFinite();
}
