package org.dl4jplus.optim.zeroth.noise;

import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.shape.Gather;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** {@link CounterNoise} by operations of ND4J on 64-bit integers, which wrap around as in Java. */
final class DeviceNoise {

  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private DeviceNoise() {}

  /** On the backend from the first use on. */
  private static final class Table {
    static final INDArray QUANTILES = quantiles();

    private static INDArray quantiles() {
      double[] table = new double[65_536];
      for (int j = 0; j < table.length; j++) {
        table[j] = CounterNoise.quantile(j);
      }
      return Nd4j.createFromArray(table);
    }
  }

  static boolean makes(Distribution distribution) {
    return distribution == Distribution.RADEMACHER || distribution == Distribution.GAUSSIAN_TABLE;
  }

  /** The entries from {@code from} on, as DOUBLE. */
  static INDArray array(Distribution distribution, long seed, long from, int length) {
    boolean signs = distribution == Distribution.RADEMACHER;
    int perWord = signs ? 64 : 4;
    int bits = 64 / perWord;
    long first = from / perWord;
    // The platform broadcasts a single number by way of double precision.
    long count = Math.max(2, (from + length - 1) / perWord - first + 1);
    INDArray words = words(seed, first, count).reshape(count, 1).broadcast(count, perWord);
    INDArray shifts =
        integers(perWord).subi(1).muli(bits).reshape(1, perWord).broadcast(count, perWord);
    // The sign that a shift brings in is beyond what is kept.
    INDArray codes =
        Nd4j.bitwise()
            .and(Nd4j.bitwise().rightShift(words, shifts), Nd4j.scalar((1L << bits) - 1))
            .reshape(new long[] {count * perWord});
    long skip = from - first * perWord;
    INDArray own = codes.get(NDArrayIndex.interval(skip, skip + length));
    return signs
        ? own.castTo(DataType.DOUBLE).muli(2).subi(1)
        : Nd4j.exec(new Gather(Table.QUANTILES, own.dup(), 0))[0];
  }

  /** word(seed, first), word(seed, first + 1), ... */
  private static INDArray words(long seed, long first, long count) {
    INDArray z =
        integers(count)
            .muli(Nd4j.scalar(GOLDEN_GAMMA))
            .addi(Nd4j.scalar(seed + first * GOLDEN_GAMMA));
    z = xorShifted(z, 30).muli(Nd4j.scalar(0xBF58476D1CE4E5B9L));
    z = xorShifted(z, 27).muli(Nd4j.scalar(0x94D049BB133111EBL));
    return xorShifted(z, 31);
  }

  /** 1, 2, ... */
  private static INDArray integers(long count) {
    return Nd4j.ones(DataType.INT64, count).cumsum(0);
  }

  private static INDArray xorShifted(INDArray z, int by) {
    // The platform's shift brings copies of the sign in.
    INDArray shifted =
        Nd4j.bitwise()
            .and(Nd4j.bitwise().rightShift(z, Nd4j.scalar((long) by)), Nd4j.scalar(-1L >>> by));
    return Nd4j.bitwise().xor(z, shifted);
  }
}
