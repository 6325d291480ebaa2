package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.linalg.Largest;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.HostView;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * MicroAdam: Adam from the last few top-k-compressed gradients, with what compression loses fed
 * back through a 4-bit quantised error.
 *
 * <pre>{@code
 * a = g + dequantised error                                    (per quantisation block: e*(hi-lo)/15 + lo)
 * V, I = values and places of the ceil(density*size) largest |a| in each top-k block (ties: the lower place)
 * a[I] = 0;  lo, hi = min, max of a;  e = floor((a-lo)*15/(hi-lo) + 1/2)            (0 where hi = lo)
 * M = sum over the window of beta1^age * V at I;  S = sum of beta2^age * V^2 at I
 * u = learningRate * (1-beta1)/(1-beta1^t)*M / ( sqrt((1-beta2)/(1-beta2^t)*S) + epsilon )
 * }</pre>
 *
 * <p>u is 0 outside the window's places. Zero error at the start.
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.9 and {@code beta2} 0.999, in
 * [0, 1); {@code epsilon} 1e-8, at least 0; {@code windowSize} 10, at least 1; {@code density}
 * 0.01, in (0, 1] (for networks with thousands of parameters rather 0.05 to 0.1); {@code
 * topKBlockSize} 8192, from 1 to 2^24; {@code quantBlockSize} 100000, at least 1. State:
 * 2*windowSize*density values for each parameter, and 1/6 for the error (six 4-bit codes share a
 * number in either precision). Blocks of positions: needs no binding; the platform's {@code
 * WeightDecay} fits.
 *
 * <p>Places and codes have no mean, so <b>the state must not be averaged</b>: with {@code
 * ParallelWrapper} set {@code averageUpdaters(false)}, with Spark's parameter averaging {@code
 * saveUpdater(false)}. An averaged state is recognised and refused.
 *
 * <p>I.-V. Modoranu, M. Safaryan, G. Malinovsky, E. Kurtic, T. Robert, P. Richtarik, D. Alistarh:
 * "MicroAdam: Accurate Adaptive Optimization with Low Space Overhead and Provable Convergence",
 * arXiv 2405.15593 (2024). The official kernel runs on GPUs in bfloat16; block sizes here are ours.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class MicroAdam extends AbstractUpdater {

  private static final int PLACES = 0;
  private static final int VALUES = 1;
  private static final int CODES = 2;
  private static final int RANGES = 3;
  private static final int CHECKSUM = 0;

  /** 4-bit codes in a number: 24 bits are exact in single precision. */
  private static final int CODES_PER_NUMBER = 6;

  private static final int LEVELS = 15;

  /** Numbers full of codes that a task handles. */
  private static final int WORDS_AT_ONCE = 1024;

  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final int windowSize;
  private final double density;
  private final int topKBlockSize;
  private final int quantBlockSize;

  /** MicroAdam with its defaults. */
  public MicroAdam() {
    this(null, null, null, null, null, null, null, null, null);
  }

  /**
   * MicroAdam with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public MicroAdam(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null);
  }

  /**
   * MicroAdam with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public MicroAdam(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private MicroAdam(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("windowSize") Integer windowSize,
      @JsonProperty("density") Double density,
      @JsonProperty("topKBlockSize") Integer topKBlockSize,
      @JsonProperty("quantBlockSize") Integer quantBlockSize) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
    this.windowSize = count("windowSize", windowSize, 10);
    this.density = density == null ? 0.01 : density;
    check(this.density > 0 && this.density <= 1, "density", this.density, "in (0, 1]");
    this.topKBlockSize = count("topKBlockSize", topKBlockSize, 8192);
    check(this.topKBlockSize <= 1 << 24, "topKBlockSize", this.topKBlockSize, "at most 2^24");
    this.quantBlockSize = count("quantBlockSize", quantBlockSize, 100_000);
  }

  /**
   * The platform sums the sizes that it asks for variable by variable, and the block's own need is
   * never more: that is why the roundings here go up for each term.
   */
  @Override
  protected StateLayout layout(long n) {
    long kept = (long) Math.ceil(density * n) + ceilDiv(n, topKBlockSize);
    return new StateLayout()
        .vector("places", windowSize * kept)
        .vector("values", windowSize * kept)
        .vector("codes", ceilDiv(n, CODES_PER_NUMBER))
        .vector("ranges", 2 * ceilDiv(n, quantBlockSize))
        .scalars(1);
  }

  private static long ceilDiv(long a, long b) {
    return (a + b - 1) / b;
  }

  /** Entries kept of a top-k block. */
  private int kept(int size) {
    return (int) Math.ceil(density * size);
  }

  @Override
  protected void step(Step step) {
    HostView a = new HostView(step.gradient());
    HostView places = new HostView(step.state(PLACES));
    HostView values = new HostView(step.state(VALUES));
    HostView codes = new HostView(step.state(CODES));
    HostView ranges = new HostView(step.state(RANGES));
    int n = Math.toIntExact(step.length());
    int row = windowRow(step);
    if (step.t() > 1 && step.scalar(CHECKSUM) != checksum(step, places, codes)) {
      throw new IllegalStateException(
          "MicroAdam's state was averaged or changed from outside; places and codes have no mean."
              + " Use ParallelWrapper's averageUpdaters(false), or Spark's saveUpdater(false)");
    }
    int words = (int) ceilDiv(n, CODES_PER_NUMBER);
    int chunks = (int) ceilDiv(words, WORDS_AT_ONCE);
    int blocks = (int) ceilDiv(n, topKBlockSize);
    forAll(
        chunks,
        c ->
            addError(
                a, codes, ranges, c * WORDS_AT_ONCE, Math.min(words, (c + 1) * WORDS_AT_ONCE)));
    forAll(blocks, block -> compress(a, block, n, places, values, row));
    forAll((int) ceilDiv(n, quantBlockSize), q -> measure(a, ranges, q, n));
    forAll(
        chunks,
        c ->
            quantise(
                a, codes, ranges, c * WORDS_AT_ONCE, Math.min(words, (c + 1) * WORDS_AT_ONCE)));
    forAll(blocks, block -> update(step, a, block, n, places, values));
    step.scalar(CHECKSUM, checksum(step, places, codes));
    a.flush();
    places.flush();
    values.flush();
    codes.flush();
    ranges.flush();
  }

  /** Start of the row of the ring buffers that this step writes. */
  private int windowRow(Step step) {
    return (int) ((step.t() - 1) % windowSize) * rowLength(step);
  }

  private int rowLength(Step step) {
    return Math.toIntExact(step.state(PLACES).length() / windowSize);
  }

  /** Runs tasks that write to different places, on several threads if there are several. */
  private static void forAll(int count, IntConsumer task) {
    IntStream tasks = IntStream.range(0, count);
    (count > 4 ? tasks.parallel() : tasks).forEach(task);
  }

  /** Adds the error of the entries whose codes lie in some numbers. */
  private void addError(HostView a, HostView codes, HostView ranges, int fromWord, int toWord) {
    int n = Math.toIntExact(a.length());
    int i = fromWord * CODES_PER_NUMBER;
    Quantum quantum = new Quantum(ranges, i);
    for (int word = fromWord; word < toWord; word++) {
      int packed = (int) codes.get(word);
      for (int k = 0; k < CODES_PER_NUMBER && i < n; k++, i++) {
        quantum.moveTo(i);
        a.set(i, a.get(i) + (packed >>> 4 * k & LEVELS) * quantum.unit + quantum.low);
      }
    }
  }

  /** Codes what is left of the entries whose codes lie in some numbers. */
  private void quantise(HostView a, HostView codes, HostView ranges, int fromWord, int toWord) {
    int n = Math.toIntExact(a.length());
    int i = fromWord * CODES_PER_NUMBER;
    Quantum quantum = new Quantum(ranges, i);
    for (int word = fromWord; word < toWord; word++) {
      int packed = 0;
      for (int k = 0; k < CODES_PER_NUMBER && i < n; k++, i++) {
        quantum.moveTo(i);
        int code = quantum.unit == 0 ? 0 : (int) ((a.get(i) - quantum.low) / quantum.unit + 0.5);
        packed |= Math.min(code, LEVELS) << 4 * k;
      }
      codes.set(word, packed);
    }
  }

  /** The scale of the quantisation block that an entry lies in. */
  private final class Quantum {

    private final HostView ranges;
    private int end;
    double low;
    double unit;

    Quantum(HostView ranges, int i) {
      this.ranges = ranges;
      enter(i / quantBlockSize);
    }

    void moveTo(int i) {
      if (i == end) {
        enter(i / quantBlockSize);
      }
    }

    private void enter(int q) {
      low = ranges.get(2 * q);
      unit = (ranges.get(2 * q + 1) - low) / LEVELS;
      end = (int) Math.min(Integer.MAX_VALUE, (q + 1) * (long) quantBlockSize);
    }
  }

  /** Keeps the largest entries of a block and takes them out of a. */
  private void compress(HostView a, int block, int n, HostView places, HostView values, int row) {
    int from = block * topKBlockSize;
    int size = Math.min(topKBlockSize, n - from);
    int k = kept(size);
    double[] magnitudes = Scratch.array(size);
    for (int i = 0; i < size; i++) {
      magnitudes[i] = Math.abs(a.get(from + i));
    }
    double threshold = Largest.value(magnitudes, size, k);
    int above = 0;
    for (int i = 0; i < size; i++) {
      above += magnitudes[i] > threshold ? 1 : 0;
    }
    Scratch.release(magnitudes);
    int ties = k - above;
    int at = row + block * kept(topKBlockSize);
    for (int i = 0; i < size; i++) {
      double value = a.get(from + i);
      double magnitude = Math.abs(value);
      if (magnitude > threshold || magnitude == threshold && ties-- > 0) {
        places.set(at, i);
        values.set(at, value);
        a.set(from + i, 0);
        at++;
      }
    }
  }

  /** Arrays of a block's size that are used again. */
  private static final class Scratch {

    private static final Queue<double[]> KEPT = new ConcurrentLinkedQueue<>();

    static double[] array(int size) {
      double[] kept = KEPT.poll();
      return kept == null || kept.length < size ? new double[size] : kept;
    }

    static void release(double[] array) {
      KEPT.add(array);
    }
  }

  /** Smallest and largest entry of a quantisation block. */
  private void measure(HostView a, HostView ranges, int q, int n) {
    int from = q * quantBlockSize;
    int to = (int) Math.min(n, from + (long) quantBlockSize);
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      low = Math.min(low, a.get(i));
      high = Math.max(high, a.get(i));
    }
    ranges.set(2 * q, low);
    ranges.set(2 * q + 1, high);
  }

  /** Adam over the window, for one top-k block. */
  private void update(Step step, HostView a, int block, int n, HostView places, HostView values) {
    int from = block * topKBlockSize;
    int size = Math.min(topKBlockSize, n - from);
    double[] first = Scratch.array(size);
    double[] second = Scratch.array(size);
    Arrays.fill(first, 0, size, 0);
    Arrays.fill(second, 0, size, 0);
    int rowLength = rowLength(step);
    int k = kept(size);
    long rows = Math.min(step.t(), windowSize);
    for (int r = 0; r < rows; r++) {
      double age = (step.t() - 1 - r) % windowSize;
      double forFirst = Math.pow(beta1, age);
      double forSecond = Math.pow(beta2, age);
      int start = r * rowLength + block * kept(topKBlockSize);
      for (int j = start; j < start + k; j++) {
        int place = (int) places.get(j);
        double value = values.get(j);
        first[place] += forFirst * value;
        second[place] += forSecond * value * value;
      }
    }
    double c1 = (1 - beta1) / step.correction(beta1);
    double c2 = (1 - beta2) / step.correction(beta2);
    for (int i = 0; i < size; i++) {
      double divisor = Math.sqrt(c2 * second[i]) + epsilon;
      double u = divisor == 0 ? 0 : step.learningRate() * c1 * first[i] / divisor;
      a.set(from + i, u);
    }
    Scratch.release(first);
    Scratch.release(second);
  }

  /** 24 bits that an average of several states does not fit. */
  private static double checksum(Step step, HostView places, HostView codes) {
    long hash = step.state(PLACES).length();
    for (int i = 0; i < step.state(PLACES).length(); i++) {
      hash = 31 * hash + Double.doubleToLongBits(places.get(i));
    }
    for (int i = 0; i < step.state(CODES).length(); i++) {
      hash = 31 * hash + Double.doubleToLongBits(codes.get(i));
    }
    return CounterNoise.mix(hash) >>> 40;
  }
}
