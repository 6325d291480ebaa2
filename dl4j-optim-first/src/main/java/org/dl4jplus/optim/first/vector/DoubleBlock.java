package org.dl4jplus.optim.first.vector;

import java.util.Arrays;

/**
 * Up to {@link BlockExecutor#BLOCK} double-precision numbers; each operation is one loop that the
 * JIT vectorises.
 */
final class DoubleBlock extends Vector implements Block {

  private final double[] values = new double[BlockExecutor.BLOCK];
  private int length;
  private DoubleMemory memory;
  private long start;
  private boolean loaded;
  private boolean changed;

  @Override
  public void bind(Memory newMemory, long newStart, int newLength) {
    memory = (DoubleMemory) newMemory;
    start = newStart;
    length = newLength;
    loaded = newMemory == null;
    changed = false;
  }

  @Override
  public void flush() {
    if (changed && memory != null) {
      memory.put(start, values, length);
    }
  }

  /** The values, read from memory if they are not here yet. */
  private double[] read() {
    if (!loaded) {
      memory.get(start, values, length);
      loaded = true;
    }
    return values;
  }

  /** The values, to be changed. */
  private double[] change() {
    changed = true;
    return read();
  }

  /** The values, to be overwritten as a whole. */
  private double[] overwrite() {
    loaded = true;
    changed = true;
    return values;
  }

  /**
   * 1 for positive numbers, 0 for others. Without a branch, because signs are as good as random:
   * the factors lift even the smallest number above 1.
   */
  private static double positive(double x) {
    return Math.min(Math.max(x, 0) * 0x1p1000 * 0x1p1000, 1);
  }

  private static double[] of(Vector x) {
    return ((DoubleBlock) x).read();
  }

  @Override
  public Vector set(Vector x) {
    double[] source = of(x);
    System.arraycopy(source, 0, overwrite(), 0, length);
    return this;
  }

  @Override
  public Vector fill(double a) {
    Arrays.fill(overwrite(), 0, length, a);
    return this;
  }

  @Override
  public Vector scale(double a) {
    double[] v = change();
    double factor = a;
    for (int i = 0; i < length; i++) {
      v[i] *= factor;
    }
    return this;
  }

  @Override
  public Vector shift(double a) {
    double[] v = change();
    double summand = a;
    for (int i = 0; i < length; i++) {
      v[i] += summand;
    }
    return this;
  }

  @Override
  public Vector add(Vector x) {
    double[] o = of(x);
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] += o[i];
    }
    return this;
  }

  @Override
  public Vector sub(Vector x) {
    double[] o = of(x);
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] -= o[i];
    }
    return this;
  }

  @Override
  public Vector mul(Vector x) {
    double[] o = of(x);
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] *= o[i];
    }
    return this;
  }

  @Override
  public Vector div(Vector x) {
    double[] o = of(x);
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] /= o[i];
    }
    return this;
  }

  @Override
  public Vector divOrZero(Vector x) {
    double[] o = of(x);
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = o[i] == 0 ? 0 : v[i] / o[i];
    }
    return this;
  }

  @Override
  public Vector combine(double a, double b, Vector x) {
    double[] o = of(x);
    double[] v = change();
    double fa = a;
    double fb = b;
    for (int i = 0; i < length; i++) {
      v[i] = fa * v[i] + fb * o[i];
    }
    return this;
  }

  @Override
  public Vector blend(double a, Vector x, double b, Vector y) {
    double[] ox = of(x);
    double[] oy = of(y);
    double[] v = overwrite();
    double fa = a;
    double fb = b;
    for (int i = 0; i < length; i++) {
      v[i] = fa * ox[i] + fb * oy[i];
    }
    return this;
  }

  @Override
  public Vector addScaled(double a, Vector x) {
    double[] o = of(x);
    double[] v = change();
    double fa = a;
    for (int i = 0; i < length; i++) {
      v[i] += fa * o[i];
    }
    return this;
  }

  @Override
  public Vector combineSquare(double a, double b, Vector x) {
    double[] o = of(x);
    double[] v = change();
    double fa = a;
    double fb = b;
    for (int i = 0; i < length; i++) {
      v[i] = fa * v[i] + fb * (o[i] * o[i]);
    }
    return this;
  }

  @Override
  public Vector divSqrt(Vector x, double a, double b) {
    double[] o = of(x);
    double[] v = change();
    double fa = a;
    double fb = b;
    if (fb == 0) {
      for (int i = 0; i < length; i++) {
        double divisor = fa * Math.sqrt(o[i]);
        v[i] = divisor == 0 ? 0 : v[i] / divisor;
      }
      return this;
    }
    for (int i = 0; i < length; i++) {
      v[i] /= fa * Math.sqrt(o[i]) + fb;
    }
    return this;
  }

  @Override
  public Vector sqrt() {
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = Math.sqrt(v[i]);
    }
    return this;
  }

  @Override
  public Vector abs() {
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = Math.abs(v[i]);
    }
    return this;
  }

  @Override
  public Vector sign() {
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] /= Math.max(Math.abs(v[i]), Double.MIN_NORMAL);
    }
    return this;
  }

  @Override
  public Vector tanh() {
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = Math.tanh(v[i]);
    }
    return this;
  }

  @Override
  public Vector exp() {
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = Math.exp(v[i]);
    }
    return this;
  }

  @Override
  public Vector pow(double p) {
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = Math.pow(v[i], p);
    }
    return this;
  }

  @Override
  public Vector max(Vector x) {
    double[] o = of(x);
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = Math.max(v[i], o[i]);
    }
    return this;
  }

  @Override
  public Vector clamp(double low, double high) {
    double[] v = change();
    double fl = low;
    double fh = high;
    for (int i = 0; i < length; i++) {
      v[i] = Math.min(Math.max(v[i], fl), fh);
    }
    return this;
  }

  @Override
  public Vector bySign(double negative, double zero, double positive) {
    double[] v = change();
    double fn = negative;
    double fz = zero;
    double fp = positive;
    for (int i = 0; i < length; i++) {
      double above = positive(v[i]);
      double below = positive(-v[i]);
      v[i] = above * fp + below * fn + (1 - above - below) * fz;
    }
    return this;
  }

  @Override
  public Vector above(double threshold) {
    double[] v = change();
    double bound = threshold;
    for (int i = 0; i < length; i++) {
      v[i] = positive(v[i] - bound);
    }
    return this;
  }

  @Override
  public Vector sigmoidOfAbs() {
    double[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = 1 / (1 + Math.exp(-Math.abs(v[i])));
    }
    return this;
  }

  @Override
  public double sum() {
    double[] v = read();
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 3 < length; i += 4) {
      s0 += v[i];
      s1 += v[i + 1];
      s2 += v[i + 2];
      s3 += v[i + 3];
    }
    for (; i < length; i++) {
      s0 += v[i];
    }
    return s0 + s1 + (s2 + s3);
  }

  @Override
  public double dot(Vector x) {
    double[] v = read();
    double[] o = of(x);
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 3 < length; i += 4) {
      s0 += v[i] * o[i];
      s1 += v[i + 1] * o[i + 1];
      s2 += v[i + 2] * o[i + 2];
      s3 += v[i + 3] * o[i + 3];
    }
    for (; i < length; i++) {
      s0 += v[i] * o[i];
    }
    return s0 + s1 + (s2 + s3);
  }

  @Override
  public double zeroIfFinite() {
    double[] v = read();
    // Eight sums side by side: one chain of additions would take as long as a whole rule.
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    double s4 = 0;
    double s5 = 0;
    double s6 = 0;
    double s7 = 0;
    int i = 0;
    for (; i + 7 < length; i += 8) {
      s0 += v[i] * 0;
      s1 += v[i + 1] * 0;
      s2 += v[i + 2] * 0;
      s3 += v[i + 3] * 0;
      s4 += v[i + 4] * 0;
      s5 += v[i + 5] * 0;
      s6 += v[i + 6] * 0;
      s7 += v[i + 7] * 0;
    }
    for (; i < length; i++) {
      s0 += v[i] * 0;
    }
    return s0 + s1 + s2 + s3 + (s4 + s5 + s6 + s7);
  }
}
