package org.dl4jplus.optim.zeroth.offload;

import java.nio.ByteBuffer;
import org.dl4jplus.optim.first.noise.CounterNoise;

/**
 * How parameters are stored. Every block is rounded whenever it is put back, so that what changes
 * it by less than half a unit of the last place vanishes for good where rounding is to the nearest;
 * rounding at random keeps it in the mean.
 */
public enum Compression {
  /** As they are. */
  NONE {
    @Override
    int bytes(int values) {
      throw new IllegalStateException("Parameters are stored as they are");
    }

    @Override
    void write(double[] x, int length, ByteBuffer target, int at, long seed, long from) {
      throw new IllegalStateException("Parameters are stored as they are");
    }

    @Override
    void read(ByteBuffer source, int at, double[] x, int length) {
      throw new IllegalStateException("Parameters are stored as they are");
    }
  },
  /** IEEE half precision, 11 bits of significand, to the nearest; at most 65504. */
  FP16 {
    @Override
    int bytes(int values) {
      return 2 * values;
    }

    @Override
    void write(double[] x, int length, ByteBuffer target, int at, long seed, long from) {
      for (int i = 0; i < length; i++) {
        target.putShort(at + 2 * i, half((float) x[i], -1));
      }
    }

    @Override
    void read(ByteBuffer source, int at, double[] x, int length) {
      readHalves(source, at, x, length);
    }
  },
  /** The upper half of single precision, 8 bits of significand, to the nearest. */
  BF16 {
    @Override
    int bytes(int values) {
      return 2 * values;
    }

    @Override
    void write(double[] x, int length, ByteBuffer target, int at, long seed, long from) {
      for (int i = 0; i < length; i++) {
        target.putShort(at + 2 * i, brain((float) x[i]));
      }
    }

    @Override
    void read(ByteBuffer source, int at, double[] x, int length) {
      for (int i = 0; i < length; i++) {
        x[i] = Float.intBitsToFloat(source.getShort(at + 2 * i) << 16);
      }
    }
  },
  /** IEEE half precision, rounded at random to one of the neighbours. */
  FP16_STOCHASTIC {
    @Override
    int bytes(int values) {
      return 2 * values;
    }

    @Override
    void write(double[] x, int length, ByteBuffer target, int at, long seed, long from) {
      for (int i = 0; i < length; i++) {
        target.putShort(at + 2 * i, half((float) x[i], CounterNoise.uniform(seed, from + i)));
      }
    }

    @Override
    void read(ByteBuffer source, int at, double[] x, int length) {
      readHalves(source, at, x, length);
    }
  },
  /**
   * Multiples from -127 to 127 of a scale, which 64 neighbours share, rounded at random to one of
   * the neighbours.
   */
  INT8_STOCHASTIC {
    @Override
    int bytes(int values) {
      return values + Float.BYTES * ((values + GROUP - 1) / GROUP);
    }

    @Override
    void write(double[] x, int length, ByteBuffer target, int at, long seed, long from) {
      int place = at;
      for (int start = 0; start < length; start += GROUP) {
        int end = Math.min(length, start + GROUP);
        double largest = 0;
        for (int i = start; i < end; i++) {
          largest = Math.max(largest, Math.abs(x[i]));
        }
        float scale = (float) (largest / LEVELS);
        target.putFloat(place, scale);
        place += Float.BYTES;
        for (int i = start; i < end; i++) {
          double level =
              scale == 0 ? 0 : Math.floor(x[i] / scale + CounterNoise.uniform(seed, from + i));
          target.put(place++, (byte) Math.max(-LEVELS, Math.min(LEVELS, level)));
        }
      }
    }

    @Override
    void read(ByteBuffer source, int at, double[] x, int length) {
      int place = at;
      for (int start = 0; start < length; start += GROUP) {
        float scale = source.getFloat(place);
        place += Float.BYTES;
        for (int i = start; i < Math.min(length, start + GROUP); i++) {
          x[i] = source.get(place++) * (double) scale;
        }
      }
    }
  };

  private static final int GROUP = 64;
  private static final int LEVELS = 127;

  /** Where half precision begins to be coarser than its exponent. */
  private static final float SMALLEST_NORMAL = 0x1p-14f;

  private static final float LARGEST = 65_504;

  /** What so many values take. */
  abstract int bytes(int values);

  /** Writes values; {@code seed} and {@code from} choose the random numbers. */
  abstract void write(double[] x, int length, ByteBuffer target, int at, long seed, long from);

  /** Reads them again. */
  abstract void read(ByteBuffer source, int at, double[] x, int length);

  private static void readHalves(ByteBuffer source, int at, double[] x, int length) {
    for (int i = 0; i < length; i++) {
      x[i] = fromHalf(source.getShort(at + 2 * i));
    }
  }

  /** To the nearest, ties to even, or up with the chance that keeps the mean. */
  private static short half(float value, double uniform) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    float size = Math.abs(value);
    if (Float.isNaN(value)) {
      return (short) 0x7e00;
    }
    if (size >= LARGEST) {
      return (short) (sign | (Float.isInfinite(value) ? 0x7c00 : 0x7bff));
    }
    if (size < SMALLEST_NORMAL) {
      double units = size * 0x1p24;
      return (short) (sign | (int) (uniform < 0 ? Math.rint(units) : Math.floor(units + uniform)));
    }
    int add = uniform < 0 ? 0xfff + (bits >>> 13 & 1) : (int) (uniform * 0x2000);
    return (short) (sign | (((bits & 0x7fff_ffff) + add >>> 13) - (112 << 10)));
  }

  private static float fromHalf(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = half >>> 10 & 0x1f;
    int significand = half & 0x3ff;
    if (exponent == 0) {
      return Math.copySign(significand * 0x1p-24f, Float.intBitsToFloat(sign));
    }
    int wide = exponent == 0x1f ? 0xff : exponent + 112;
    return Float.intBitsToFloat(sign | wide << 23 | significand << 13);
  }

  private static short brain(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (!Float.isFinite(value)) {
      return (short) (Float.isNaN(value) ? 0x7fc0 : bits >>> 16);
    }
    int rounded = bits + 0x7fff + (bits >>> 16 & 1) >>> 16;
    return (short) ((rounded & 0x7fff) == 0x7f80 ? rounded - 1 : rounded);
  }
}
