package org.dl4jplus.optim.zeroth.layers;

import java.util.Arrays;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A matrix of small integers with a scale for each group of inputs of an output, W = scale q.
 *
 * <pre>{@code
 * qmax = 2^(bits - 1) - 1
 * scale(g, o) = max |W(i, o)| over the inputs i of group g / qmax     1e-7 where all are 0
 * q(i, o) = clip(roundHalfEven(W(i, o) / scale), -qmax, qmax)
 * }</pre>
 *
 * Integers lie output by output, in two's complement, 8 / bits of them in a byte, the first one in
 * the lowest bits. Scales lie row by row, [groups, outputs].
 *
 * @param inputs rows of the matrix
 * @param outputs its columns
 * @param bits 2, 4 or 8
 * @param groupSize inputs that share a scale; the last group may be smaller
 * @param packed the integers; not copied
 */
record PackedIntegers(int inputs, int outputs, int bits, int groupSize, byte[] packed) {

  private static final double SCALE_OF_ZEROS = 1e-7;

  PackedIntegers {
    requireForm(bits, groupSize);
    long expected = length(inputs, outputs, bits);
    Require.check(packed.length == expected, "bytes of the integers", packed.length, "" + expected);
  }

  static void requireForm(int bits, int groupSize) {
    Require.check(bits == 2 || bits == 4 || bits == 8, "bits", bits, "2, 4 or 8");
    Require.check(groupSize >= 1, "groupSize", groupSize, "at least 1");
  }

  private static long length(long inputs, long outputs, int bits) {
    return (inputs * outputs * bits + 7) / 8;
  }

  /**
   * Rounds a matrix.
   *
   * @param weights output by output
   * @param scales takes the scales
   * @param type of the scales
   */
  static PackedIntegers of(
      double[] weights, int outputs, int bits, int groupSize, double[] scales, DataType type) {
    int inputs = weights.length / outputs;
    requireForm(bits, groupSize);
    byte[] packed = new byte[Math.toIntExact(length(inputs, outputs, bits))];
    PackedIntegers result = new PackedIntegers(inputs, outputs, bits, groupSize, packed);
    int largest = (1 << bits - 1) - 1;
    for (int o = 0; o < outputs; o++) {
      for (int g = 0; g < result.groups(); g++) {
        int from = o * inputs + g * groupSize;
        int to = o * inputs + Math.min((g + 1) * groupSize, inputs);
        double max = 0;
        for (int i = from; i < to; i++) {
          max = Math.max(max, Math.abs(Require.finite("weights[" + i + "]", weights[i], 0)));
        }
        double scale = type == DataType.DOUBLE ? max / largest : (float) (max / largest);
        if (scale > 0) {
          for (int i = from; i < to; i++) {
            double nearest = Math.rint(weights[i] / scale);
            result.put(i, (int) Math.max(-largest, Math.min(largest, nearest)));
          }
        }
        scales[g * outputs + o] = scale > 0 ? scale : SCALE_OF_ZEROS;
      }
    }
    return result;
  }

  int groups() {
    return (inputs + groupSize - 1) / groupSize;
  }

  private void put(long index, int value) {
    long bit = index * bits;
    int shift = (int) (bit & 7);
    packed[(int) (bit >> 3)] |= (byte) ((value & (1 << bits) - 1) << shift);
  }

  /** The integer at a place, output by output. */
  private int get(long index) {
    long bit = index * bits;
    // To the left end, which drops the neighbours above, and back with the sign.
    return packed[(int) (bit >> 3)] << 32 - bits - (int) (bit & 7) >> 32 - bits;
  }

  int get(int input, int output) {
    return get((long) output * inputs + input);
  }

  /** End of the inputs of the groups before a group. */
  int firstInput(int group) {
    return (int) Math.min((long) group * groupSize, inputs);
  }

  /** Writes scale q of some groups, output by output. */
  void weights(double[] scales, int fromGroup, int toGroup, float[] target) {
    int at = 0;
    for (int o = 0; o < outputs; o++) {
      long index = (long) o * inputs + firstInput(fromGroup);
      for (int g = fromGroup; g < toGroup; g++) {
        double scale = scales[g * outputs + o];
        for (int left = firstInput(g + 1) - firstInput(g); left > 0; left--) {
          target[at++] = (float) (scale * get(index++));
        }
      }
    }
  }

  /** Writes scale q of some groups, output by output. */
  void weights(double[] scales, int fromGroup, int toGroup, double[] target) {
    int at = 0;
    for (int o = 0; o < outputs; o++) {
      long index = (long) o * inputs + firstInput(fromGroup);
      for (int g = fromGroup; g < toGroup; g++) {
        double scale = scales[g * outputs + o];
        for (int left = firstInput(g + 1) - firstInput(g); left > 0; left--) {
          target[at++] = scale * get(index++);
        }
      }
    }
  }

  /**
   * Sums gradient times q over each of some groups.
   *
   * @param gradient of the weights of these groups, output by output
   * @param target takes the gradient of their scales, [groups, outputs] as a whole
   */
  void scaleGradient(double[] gradient, int fromGroup, int toGroup, double[] target) {
    int at = 0;
    for (int o = 0; o < outputs; o++) {
      long index = (long) o * inputs + firstInput(fromGroup);
      for (int g = fromGroup; g < toGroup; g++) {
        double sum = 0;
        for (int left = firstInput(g + 1) - firstInput(g); left > 0; left--) {
          sum += gradient[at++] * get(index++);
        }
        target[g * outputs + o] = sum;
      }
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PackedIntegers that
        && inputs == that.inputs
        && outputs == that.outputs
        && bits == that.bits
        && groupSize == that.groupSize
        && Arrays.equals(packed, that.packed);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(packed);
  }

  @Override
  public String toString() {
    return inputs + " x " + outputs + " integers of " + bits + " bits";
  }
}
