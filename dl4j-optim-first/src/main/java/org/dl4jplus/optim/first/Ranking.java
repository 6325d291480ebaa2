package org.dl4jplus.optim.first;

import org.dl4jplus.optim.first.updater.Step;
import org.nd4j.linalg.api.buffer.DataType;

/** Order statistics of a state vector, by counting: no copy, on any backend. */
final class Ranking {

  private Ranking() {}

  /**
   * The k-th largest entry. A bisection over the numbers of the vector's type: at most 64 passes.
   *
   * @param step the step
   * @param vector the state vector, of finite numbers
   * @param k rank, from 1
   * @return the entry
   */
  static double largest(Step step, int vector, long k) {
    boolean single = step.gradient().dataType() == DataType.FLOAT;
    // Fewer than k entries lie above the one wanted, and above nothing smaller.
    long low = single ? key(-Float.MAX_VALUE) : key(-Double.MAX_VALUE);
    long high = single ? key(Float.MAX_VALUE) : key(Double.MAX_VALUE);
    while (low < high) {
      // Their mean, rounded down, without the sum, which might overflow.
      long middle = (low & high) + ((low ^ high) >> 1);
      double bound = single ? singleAt(middle) : doubleAt(middle);
      if (step.sum(lane -> lane.temp(0).set(lane.state(vector)).above(bound).sum()) < k) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return single ? singleAt(low) : doubleAt(low);
  }

  /** Integers in the order of the numbers. */
  private static long key(float x) {
    int bits = Float.floatToIntBits(x);
    return bits < 0 ? -(long) (bits & Integer.MAX_VALUE) : bits;
  }

  private static long key(double x) {
    long bits = Double.doubleToLongBits(x);
    return bits < 0 ? -(bits & Long.MAX_VALUE) : bits;
  }

  private static double singleAt(long key) {
    return key < 0 ? -Float.intBitsToFloat((int) -key) : Float.intBitsToFloat((int) key);
  }

  private static double doubleAt(long key) {
    return key < 0 ? -Double.longBitsToDouble(-key) : Double.longBitsToDouble(key);
  }
}
