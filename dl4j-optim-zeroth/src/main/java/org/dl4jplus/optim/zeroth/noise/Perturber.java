package org.dl4jplus.optim.zeroth.noise;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.zeroth.noise.Directions.Descent;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Passes over parameters in place, chunk by chunk, on several threads: a chunk at a time is all the
 * memory that they take, and the result does not depend on the number of threads. Entries are
 * computed in double precision and rounded once to the parameters' type.
 *
 * <p>On the CPU a pass writes through to the array's own memory; on other backends {@link #add} and
 * {@link #descend} are operations of ND4J, and any other pass works on a host copy.
 */
public final class Perturber {

  /** Entries of a chunk. */
  private static final int CHUNK = 16_384;

  /** Entries that operations of ND4J work on at a time: each has a cost of its own. */
  private static final int DEVICE_CHUNK = 1 << 18;

  /**
   * A stretch of the parameters that may move.
   *
   * @param from first entry
   * @param to end, exclusive
   * @param decays whether weight decay applies to it
   */
  public record Stretch(long from, long to, boolean decays) {}

  /** What a pass does to a chunk. */
  @FunctionalInterface
  public interface ChunkRule {

    /**
     * Changes a chunk.
     *
     * @param x the entries, changed in place
     * @param from number of the first entry in the parameters
     * @param length how many of x count
     * @param decays whether weight decay applies to them
     * @param scratch two arrays of at least this length, of this thread
     */
    void apply(double[] x, long from, int length, boolean decays, double[][] scratch);
  }

  private static final class Buffers {
    private final double[] x = new double[CHUNK];
    private final float[] raw = new float[CHUNK];
    private final double[][] scratch = {new double[CHUNK], new double[CHUNK]};
  }

  private static final ThreadLocal<Buffers> BUFFERS = ThreadLocal.withInitial(Buffers::new);

  private final INDArray parameters;
  private final List<Stretch> chunks = new ArrayList<>();
  private final boolean single;
  private final NoiseBackend backend;

  /**
   * Passes over an array.
   *
   * @param parameters the live array, of shape [n], FLOAT or DOUBLE
   * @param stretches what may move
   * @throws IllegalArgumentException for another type
   */
  public Perturber(INDArray parameters, List<Stretch> stretches) {
    this(parameters, stretches, NoiseBackend.of(parameters));
  }

  /**
   * Passes over an array in a given way.
   *
   * @param parameters the live array, of shape [n], FLOAT or DOUBLE
   * @param stretches what may move
   * @param backend what makes {@link #add} and {@link #descend}
   * @throws IllegalArgumentException for another type
   */
  public Perturber(INDArray parameters, List<Stretch> stretches, NoiseBackend backend) {
    this.backend = backend;
    DataType type = parameters.dataType();
    if (type != DataType.FLOAT && type != DataType.DOUBLE) {
      throw new IllegalArgumentException(
          "Parameters must be FLOAT or DOUBLE, got "
              + type
              + ": smaller types cannot carry perturbations");
    }
    this.parameters = parameters;
    single = type == DataType.FLOAT;
    int size = backend == NoiseBackend.HOST ? CHUNK : DEVICE_CHUNK;
    for (Stretch stretch : stretches) {
      for (long from = stretch.from(); from < stretch.to(); from += size) {
        chunks.add(new Stretch(from, Math.min(from + size, stretch.to()), stretch.decays()));
      }
    }
  }

  /**
   * Rounds as the parameters do.
   *
   * @param value any
   * @return the nearest number of their type
   */
  public double rounded(double value) {
    return single ? (float) value : value;
  }

  /**
   * Adds a multiple of a direction: x + scale z.
   *
   * @param directions makes z
   * @param iteration number of the step
   * @param query number of the direction
   * @param scale the multiple
   */
  public void add(Directions directions, long iteration, int query, double scale) {
    if (single && backend == NoiseBackend.HOST) {
      onFloats(
          (x, chunk, length, scratch) ->
              directions.add(iteration, query, chunk.from(), x, length, scale, scratch));
      return;
    }
    if (backend == NoiseBackend.ND4J_OPS) {
      onArrays(
          directions,
          iteration,
          query,
          (x, z, decays) -> x.castTo(DataType.DOUBLE).addi(z.muli(scale)));
      return;
    }
    apply(
        (x, from, length, decays, scratch) -> {
          double[] z = scratch[0];
          directions.fill(iteration, query, from, z, length);
          for (int i = 0; i < length; i++) {
            x[i] += scale * z[i];
          }
        });
  }

  /**
   * Goes back to where a perturbation began and makes a step:
   *
   * <pre>{@code
   * t = x + back z                          rounded to the parameters' type
   * x = t - rate (scale z + decay t)        rounded once more
   * }</pre>
   *
   * @param directions makes z
   * @param iteration number of the step
   * @param query number of the direction
   * @param descent the numbers; its decay is of weights alone
   */
  public void descend(Directions directions, long iteration, int query, Descent descent) {
    if (single && backend == NoiseBackend.HOST) {
      onFloats(
          (x, chunk, length, scratch) ->
              directions.descend(
                  iteration, query, chunk.from(), x, length, descent, chunk.decays(), scratch));
      return;
    }
    if (backend == NoiseBackend.ND4J_OPS) {
      onArrays(
          directions,
          iteration,
          query,
          (x, z, decays) -> {
            INDArray at =
                x.castTo(DataType.DOUBLE)
                    .addi(z.mul(descent.back()))
                    .castTo(x.dataType())
                    .castTo(DataType.DOUBLE);
            INDArray slope = z.muli(descent.scale()).addi(at.mul(decays ? descent.decay() : 0));
            return at.sub(slope.muli(descent.rate()));
          });
      return;
    }
    apply(
        (x, from, length, decays, scratch) -> {
          double[] z = scratch[0];
          directions.fill(iteration, query, from, z, length);
          double decay = decays ? descent.decay() : 0;
          for (int i = 0; i < length; i++) {
            double at = rounded(x[i] + descent.back() * z[i]);
            x[i] = at - descent.rate() * (descent.scale() * z[i] + decay * at);
          }
        });
  }

  /** What a pass makes of a stretch and of its share of a direction. */
  @FunctionalInterface
  private interface ArrayRule {
    INDArray apply(INDArray x, INDArray z, boolean decays);
  }

  private void onArrays(Directions directions, long iteration, int query, ArrayRule rule) {
    for (Stretch chunk : chunks) {
      INDArray x = parameters.get(NDArrayIndex.interval(chunk.from(), chunk.to()));
      int length = (int) (chunk.to() - chunk.from());
      INDArray z = directions.array(iteration, query, chunk.from(), length);
      x.assign(rule.apply(x, z, chunk.decays()).castTo(x.dataType()));
    }
  }

  /** What a pass does to a chunk without going to double precision first. */
  @FunctionalInterface
  private interface FloatRule {
    void apply(float[] x, Stretch chunk, int length, double[] scratch);
  }

  private void onFloats(FloatRule rule) {
    FloatBuffer all = parameters.data().asNioFloat();
    long offset = parameters.offset();
    chunks.parallelStream()
        .forEach(
            chunk -> {
              Buffers buffers = BUFFERS.get();
              int length = (int) (chunk.to() - chunk.from());
              int at = Math.toIntExact(offset + chunk.from());
              all.get(at, buffers.raw, 0, length);
              rule.apply(buffers.raw, chunk, length, buffers.scratch[0]);
              all.put(at, buffers.raw, 0, length);
            });
  }

  /**
   * Makes a pass.
   *
   * @param rule what happens to each chunk; called on several threads at once
   */
  public void apply(ChunkRule rule) {
    if (backend != NoiseBackend.HOST) {
      copied(rule);
      return;
    }
    DataBuffer data = parameters.data();
    long offset = parameters.offset();
    if (single) {
      FloatBuffer all = data.asNioFloat();
      chunks.parallelStream().forEach(chunk -> onFloats(all, chunk, offset, rule));
    } else {
      DoubleBuffer all = data.asNioDouble();
      chunks.parallelStream().forEach(chunk -> onDoubles(all, chunk, offset, rule));
    }
  }

  /**
   * Whether a buffer's memory can be written to through its NIO views.
   *
   * @param data the buffer
   * @return true on the CPU
   */
  public static boolean isCpu(DataBuffer data) {
    return data.getClass().getName().startsWith("org.nd4j.linalg.cpu.");
  }

  /**
   * Whether a pass writes through to an array's own memory.
   *
   * @param array of shape [n]
   * @return false where it works on a copy
   */
  public static boolean isHost(INDArray array) {
    DataBuffer data = array.data();
    return data.address() != 0 && array.stride(0) == 1 && isCpu(data);
  }

  private static void onFloats(FloatBuffer all, Stretch chunk, long offset, ChunkRule rule) {
    Buffers buffers = BUFFERS.get();
    int length = (int) (chunk.to() - chunk.from());
    int at = Math.toIntExact(offset + chunk.from());
    float[] raw = buffers.raw;
    double[] x = buffers.x;
    all.get(at, raw, 0, length);
    for (int i = 0; i < length; i++) {
      x[i] = raw[i];
    }
    rule.apply(x, chunk.from(), length, chunk.decays(), buffers.scratch);
    for (int i = 0; i < length; i++) {
      raw[i] = (float) x[i];
    }
    all.put(at, raw, 0, length);
  }

  private static void onDoubles(DoubleBuffer all, Stretch chunk, long offset, ChunkRule rule) {
    Buffers buffers = BUFFERS.get();
    int length = (int) (chunk.to() - chunk.from());
    int at = Math.toIntExact(offset + chunk.from());
    all.get(at, buffers.x, 0, length);
    rule.apply(buffers.x, chunk.from(), length, chunk.decays(), buffers.scratch);
    all.put(at, buffers.x, 0, length);
  }

  private void copied(ChunkRule rule) {
    double[] all = parameters.toDoubleVector();
    Buffers buffers = BUFFERS.get();
    for (Stretch chunk : chunks) {
      for (long from = chunk.from(); from < chunk.to(); from += CHUNK) {
        int length = (int) Math.min(CHUNK, chunk.to() - from);
        int at = Math.toIntExact(from);
        System.arraycopy(all, at, buffers.x, 0, length);
        rule.apply(buffers.x, from, length, chunk.decays(), buffers.scratch);
        System.arraycopy(buffers.x, 0, all, at, length);
      }
    }
    INDArray copy = Nd4j.createFromArray(all);
    parameters.assign(copy.castTo(parameters.dataType()));
  }
}
