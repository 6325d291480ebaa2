package org.dl4jplus.optim.first.vector;

import java.util.Arrays;

/**
 * Up to {@link BlockExecutor#BLOCK} single-precision numbers; each operation is one loop that the
 * JIT vectorises.
 */
final class FloatBlock extends Vector implements Block {

  private final float[] values = new float[BlockExecutor.BLOCK];
  private int length;
  private FloatMemory memory;
  private long start;
  private boolean loaded;
  private boolean changed;

  @Override
  public void bind(Memory newMemory, long newStart, int newLength) {
    memory = (FloatMemory) newMemory;
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
  private float[] read() {
    if (!loaded) {
      memory.get(start, values, length);
      loaded = true;
    }
    return values;
  }

  /** The values, to be changed. */
  private float[] change() {
    changed = true;
    return read();
  }

  /** The values, to be overwritten as a whole. */
  private float[] overwrite() {
    loaded = true;
    changed = true;
    return values;
  }

  /**
   * 1 for positive numbers, 0 for others. Without a branch, because signs are as good as random:
   * the factors lift even the smallest number above 1.
   */
  private static float positive(float x) {
    return Math.min(Math.max(x, 0) * 0x1p100f * 0x1p100f, 1);
  }

  private static float[] of(Vector x) {
    return ((FloatBlock) x).read();
  }

  @Override
  public Vector set(Vector x) {
    float[] source = of(x);
    System.arraycopy(source, 0, overwrite(), 0, length);
    return this;
  }

  @Override
  public Vector fill(double a) {
    Arrays.fill(overwrite(), 0, length, (float) a);
    return this;
  }

  @Override
  public Vector scale(double a) {
    float[] v = change();
    float factor = (float) a;
    for (int i = 0; i < length; i++) {
      v[i] *= factor;
    }
    return this;
  }

  @Override
  public Vector shift(double a) {
    float[] v = change();
    float summand = (float) a;
    for (int i = 0; i < length; i++) {
      v[i] += summand;
    }
    return this;
  }

  @Override
  public Vector add(Vector x) {
    float[] o = of(x);
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] += o[i];
    }
    return this;
  }

  @Override
  public Vector sub(Vector x) {
    float[] o = of(x);
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] -= o[i];
    }
    return this;
  }

  @Override
  public Vector mul(Vector x) {
    float[] o = of(x);
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] *= o[i];
    }
    return this;
  }

  @Override
  public Vector div(Vector x) {
    float[] o = of(x);
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] /= o[i];
    }
    return this;
  }

  @Override
  public Vector divOrZero(Vector x) {
    float[] o = of(x);
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = o[i] == 0 ? 0 : v[i] / o[i];
    }
    return this;
  }

  @Override
  public Vector combine(double a, double b, Vector x) {
    float[] o = of(x);
    float[] v = change();
    float fa = (float) a;
    float fb = (float) b;
    for (int i = 0; i < length; i++) {
      v[i] = fa * v[i] + fb * o[i];
    }
    return this;
  }

  @Override
  public Vector blend(double a, Vector x, double b, Vector y) {
    float[] ox = of(x);
    float[] oy = of(y);
    float[] v = overwrite();
    float fa = (float) a;
    float fb = (float) b;
    for (int i = 0; i < length; i++) {
      v[i] = fa * ox[i] + fb * oy[i];
    }
    return this;
  }

  @Override
  public Vector addScaled(double a, Vector x) {
    float[] o = of(x);
    float[] v = change();
    float fa = (float) a;
    for (int i = 0; i < length; i++) {
      v[i] += fa * o[i];
    }
    return this;
  }

  @Override
  public Vector combineSquare(double a, double b, Vector x) {
    float[] o = of(x);
    float[] v = change();
    float fa = (float) a;
    float fb = (float) b;
    for (int i = 0; i < length; i++) {
      v[i] = fa * v[i] + fb * (o[i] * o[i]);
    }
    return this;
  }

  @Override
  public Vector divSqrt(Vector x, double a, double b) {
    float[] o = of(x);
    float[] v = change();
    float fa = (float) a;
    float fb = (float) b;
    if (fb == 0) {
      for (int i = 0; i < length; i++) {
        float divisor = fa * (float) Math.sqrt(o[i]);
        v[i] = divisor == 0 ? 0 : v[i] / divisor;
      }
      return this;
    }
    for (int i = 0; i < length; i++) {
      v[i] /= fa * (float) Math.sqrt(o[i]) + fb;
    }
    return this;
  }

  @Override
  public Vector sqrt() {
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = (float) Math.sqrt(v[i]);
    }
    return this;
  }

  @Override
  public Vector abs() {
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = Math.abs(v[i]);
    }
    return this;
  }

  @Override
  public Vector sign() {
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] /= Math.max(Math.abs(v[i]), Float.MIN_NORMAL);
    }
    return this;
  }

  @Override
  public Vector tanh() {
    float[] v = change();
    for (int i = 0; i < length; i++) {
      // tanh(a/8) by its continued fraction as a quotient, then three times tanh(2b) from tanh(b).
      // The relative error stays below 5e-7; the library's tanh costs a hundred times as much.
      float b = Math.min(Math.max(v[i], -10), 10) * 0.125f;
      float s = b * b;
      float p = b * (1 + s * (10f / 105));
      float q = 1 + s * (45f / 105 + s * (1f / 105));
      float p2 = 2 * p * q;
      float q2 = p * p + q * q;
      float p4 = 2 * p2 * q2;
      float q4 = p2 * p2 + q2 * q2;
      v[i] = Math.min(Math.max(2 * p4 * q4 / (p4 * p4 + q4 * q4), -1), 1);
    }
    return this;
  }

  @Override
  public Vector exp() {
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = (float) Math.exp(v[i]);
    }
    return this;
  }

  @Override
  public Vector pow(double p) {
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = (float) Math.pow(v[i], p);
    }
    return this;
  }

  @Override
  public Vector max(Vector x) {
    float[] o = of(x);
    float[] v = change();
    for (int i = 0; i < length; i++) {
      v[i] = Math.max(v[i], o[i]);
    }
    return this;
  }

  @Override
  public Vector clamp(double low, double high) {
    float[] v = change();
    float fl = (float) low;
    float fh = (float) high;
    for (int i = 0; i < length; i++) {
      v[i] = Math.min(Math.max(v[i], fl), fh);
    }
    return this;
  }

  @Override
  public Vector bySign(double negative, double zero, double positive) {
    float[] v = change();
    float fn = (float) negative;
    float fz = (float) zero;
    float fp = (float) positive;
    for (int i = 0; i < length; i++) {
      float above = positive(v[i]);
      float below = positive(-v[i]);
      v[i] = above * fp + below * fn + (1 - above - below) * fz;
    }
    return this;
  }

  @Override
  public Vector above(double threshold) {
    float[] v = change();
    float bound = (float) threshold;
    for (int i = 0; i < length; i++) {
      v[i] = positive(v[i] - bound);
    }
    return this;
  }

  @Override
  public Vector sigmoidOfAbs() {
    float[] v = change();
    for (int i = 0; i < length; i++) {
      // exp(-a) = exp(-a/8)^8, the latter by its Taylor polynomial: off by less than 2e-7 where the
      // library's exp costs a hundred times as much. Beyond 17 the result is 1.
      float b = Math.min(Math.abs(v[i]), 17) * -0.125f;
      float e = b * (1f / 40320) + 1f / 5040;
      e = e * b + 1f / 720;
      e = e * b + 1f / 120;
      e = e * b + 1f / 24;
      e = e * b + 1f / 6;
      e = e * b + 0.5f;
      e = e * b + 1;
      e = e * b + 1;
      e *= e;
      e *= e;
      e *= e;
      v[i] = 1 / (1 + e);
    }
    return this;
  }

  @Override
  public double sum() {
    float[] v = read();
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
    float[] v = read();
    float[] o = of(x);
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 3 < length; i += 4) {
      s0 += (double) v[i] * o[i];
      s1 += (double) v[i + 1] * o[i + 1];
      s2 += (double) v[i + 2] * o[i + 2];
      s3 += (double) v[i + 3] * o[i + 3];
    }
    for (; i < length; i++) {
      s0 += (double) v[i] * o[i];
    }
    return s0 + s1 + (s2 + s3);
  }

  @Override
  public double zeroIfFinite() {
    float[] v = read();
    // Eight sums side by side: one chain of additions would take as long as a whole rule.
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    float s4 = 0;
    float s5 = 0;
    float s6 = 0;
    float s7 = 0;
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
