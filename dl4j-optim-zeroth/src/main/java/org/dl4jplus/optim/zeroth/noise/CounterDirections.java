package org.dl4jplus.optim.zeroth.noise;

import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Directions by {@link CounterNoise}. Those of the default distribution are added four entries of a
 * word at a time and without an array for the direction: most of the time of a step on a large
 * network goes here.
 */
record CounterDirections(Distribution distribution, long base, long worker) implements Directions {

  @Override
  public void fill(long iteration, int query, long from, double[] target, int length) {
    CounterNoise.fill(distribution, seed(iteration, query), from, target, length);
  }

  @Override
  public INDArray array(long iteration, int query, long from, int length) {
    return DeviceNoise.makes(distribution)
        ? DeviceNoise.array(distribution, seed(iteration, query), from, length)
        : Directions.super.array(iteration, query, from, length);
  }

  private long seed(long iteration, int query) {
    return Directions.stepSeed(base, iteration, query, worker);
  }

  private static double single(long seed, long index) {
    return CounterNoise.at(Distribution.GAUSSIAN_TABLE, seed, index);
  }

  /** Entries before the first whole word. */
  private static int head(long from, int length) {
    return (int) Math.min(length, -from & 3);
  }

  @Override
  public void add(
      long iteration, int query, long from, float[] x, int length, double scale, double[] scratch) {
    if (distribution != Distribution.GAUSSIAN_TABLE) {
      Directions.super.add(iteration, query, from, x, length, scale, scratch);
      return;
    }
    long seed = seed(iteration, query);
    int i = 0;
    for (; i < head(from, length); i++) {
      x[i] = (float) (x[i] + scale * single(seed, from + i));
    }
    for (; i + 3 < length; i += 4) {
      long word = CounterNoise.word(seed, from + i >>> 2);
      x[i] = (float) (x[i] + scale * CounterNoise.quantile((int) word));
      x[i + 1] = (float) (x[i + 1] + scale * CounterNoise.quantile((int) (word >>> 16)));
      x[i + 2] = (float) (x[i + 2] + scale * CounterNoise.quantile((int) (word >>> 32)));
      x[i + 3] = (float) (x[i + 3] + scale * CounterNoise.quantile((int) (word >>> 48)));
    }
    for (; i < length; i++) {
      x[i] = (float) (x[i] + scale * single(seed, from + i));
    }
  }

  @Override
  public void descend(
      long iteration,
      int query,
      long from,
      float[] x,
      int length,
      Descent descent,
      boolean decays,
      double[] scratch) {
    if (distribution != Distribution.GAUSSIAN_TABLE) {
      Directions.super.descend(iteration, query, from, x, length, descent, decays, scratch);
      return;
    }
    long seed = seed(iteration, query);
    double back = descent.back();
    double scale = descent.scale();
    double rate = descent.rate();
    double decay = decays ? descent.decay() : 0;
    int i = 0;
    for (; i < head(from, length); i++) {
      x[i] = Descent.of(x[i], single(seed, from + i), back, scale, rate, decay);
    }
    if (decay == 0) {
      for (; i + 3 < length; i += 4) {
        long word = CounterNoise.word(seed, from + i >>> 2);
        x[i] = plain(x[i], (int) word, back, scale, rate);
        x[i + 1] = plain(x[i + 1], (int) (word >>> 16), back, scale, rate);
        x[i + 2] = plain(x[i + 2], (int) (word >>> 32), back, scale, rate);
        x[i + 3] = plain(x[i + 3], (int) (word >>> 48), back, scale, rate);
      }
    }
    for (; i + 3 < length; i += 4) {
      long word = CounterNoise.word(seed, from + i >>> 2);
      x[i] = decayed(x[i], (int) word, back, scale, rate, decay);
      x[i + 1] = decayed(x[i + 1], (int) (word >>> 16), back, scale, rate, decay);
      x[i + 2] = decayed(x[i + 2], (int) (word >>> 32), back, scale, rate, decay);
      x[i + 3] = decayed(x[i + 3], (int) (word >>> 48), back, scale, rate, decay);
    }
    for (; i < length; i++) {
      x[i] = Descent.of(x[i], single(seed, from + i), back, scale, rate, decay);
    }
  }

  private static float decayed(
      float x, int bits, double back, double scale, double rate, double decay) {
    return Descent.of(x, CounterNoise.quantile(bits), back, scale, rate, decay);
  }

  private static float plain(float x, int bits, double back, double scale, double rate) {
    double z = CounterNoise.quantile(bits);
    return (float) ((float) (x + back * z) - rate * (scale * z));
  }
}
