package org.dl4jplus.optim.zeroth.onebyte;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.OneByte.Normalization;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Somebody's copy of the entries that may move. Records alone change it, in plain arithmetic that
 * every machine does alike, so that all copies have the same bits:
 *
 * <pre>{@code
 * a_i = sum over machines, then samples, ascending, of value(byte) z_i      in double precision
 * x_i <- (type) (x_i - c a_i)
 * }</pre>
 *
 * <p>Entries are computed chunk by chunk on several threads; the order of the sum is the same.
 */
public final class Replica {

  private static final int CHUNK = 16_384;

  private final OneByte config;
  private final double[] theta;
  private final boolean single;
  private int version;

  /**
   * A copy.
   *
   * @param config of the run
   * @param theta the entries before round {@code version}; copied
   * @param type FLOAT or DOUBLE: what the parameters are kept in
   * @param version number of the next round
   * @throws IllegalArgumentException without entries, or for another type
   */
  public Replica(OneByte config, double[] theta, DataType type, int version) {
    if (theta.length == 0) {
      throw new IllegalArgumentException("No parameter may move: there is nothing to train");
    }
    if (type != DataType.FLOAT && type != DataType.DOUBLE) {
      throw new IllegalArgumentException("type must be FLOAT or DOUBLE, got " + type);
    }
    this.config = config;
    this.theta = theta.clone();
    single = type == DataType.FLOAT;
    this.version = version;
  }

  /**
   * The run.
   *
   * @return its configuration
   */
  public OneByte config() {
    return config;
  }

  /**
   * Number of the round that comes next.
   *
   * @return the version of the entries
   */
  public int version() {
    return version;
  }

  /**
   * The entries.
   *
   * @return a copy
   */
  public double[] theta() {
    return theta.clone();
  }

  /** The entries themselves, for reading. */
  double[] live() {
    return theta;
  }

  DataType type() {
    return single ? DataType.FLOAT : DataType.DOUBLE;
  }

  /**
   * Replays a round.
   *
   * @param record the round
   * @throws IllegalArgumentException for another round than the next
   */
  public void apply(RoundRecord record) {
    ByteCode code = record.header().code();
    List<Upload> uploads = record.uploads();
    long[] machines = new long[uploads.size()];
    double[][] estimates = new double[machines.length][];
    for (int m = 0; m < machines.length; m++) {
      Upload upload = uploads.get(m);
      machines[m] = upload.machine();
      estimates[m] = new double[upload.count()];
      for (int s = 0; s < estimates[m].length; s++) {
        byte one = upload.code(s);
        estimates[m][s] = one == ByteCode.NO_RESULT ? Double.NaN : code.decode(one);
      }
    }
    move(record.header(), machines, estimates);
  }

  /**
   * Replays the rounds of a log that are not in these entries yet.
   *
   * @param log records, ascending
   * @throws IllegalArgumentException for a log that begins too late
   */
  public void catchUp(Iterable<RoundRecord> log) {
    for (RoundRecord record : log) {
      if (record.round() >= version) {
        apply(record);
      }
    }
  }

  /**
   * Makes the step of a round whose estimates are known as numbers.
   *
   * @param header the round
   * @param machines ids, ascending
   * @param estimates one number for each sample of each machine; NaN where there is no result
   * @throws IllegalArgumentException for another round than the next
   */
  public void move(RoundHeader header, long[] machines, double[][] estimates) {
    if (header.round() != version) {
      throw new IllegalArgumentException(
          "round must be " + version + ", which comes next, got " + header.round());
    }
    int results = 0;
    for (double[] of : estimates) {
      for (double estimate : of) {
        results += Double.isNaN(estimate) ? 0 : 1;
      }
    }
    if (results > 0) {
      double root = config.getNormalization() == Normalization.MEAN ? results : Math.sqrt(results);
      double c = header.learningRate() / root;
      IntStream.range(0, (theta.length + CHUNK - 1) / CHUNK)
          .parallel()
          .forEach(chunk -> move(chunk * CHUNK, c, machines, estimates));
    }
    version++;
  }

  private void move(int from, double c, long[] machines, double[][] estimates) {
    int length = Math.min(CHUNK, theta.length - from);
    double[] sum = new double[length];
    double[] z = new double[length];
    for (int m = 0; m < machines.length; m++) {
      for (int s = 0; s < estimates[m].length; s++) {
        double estimate = estimates[m][s];
        if (estimate == 0 || Double.isNaN(estimate)) {
          continue;
        }
        long seed = CounterNoise.deriveSeed(config.getRunSeed(), version, machines[m], s);
        CounterNoise.fill(config.getDistribution(), seed, from, z, length);
        for (int i = 0; i < length; i++) {
          sum[i] += estimate * z[i];
        }
      }
    }
    for (int i = 0; i < length; i++) {
      double moved = theta[from + i] - c * sum[i];
      theta[from + i] = single ? (float) moved : moved;
    }
  }

  /**
   * A fingerprint of the entries: SHA-256 over their bits, 4 bytes big endian each in single
   * precision, 8 in double.
   *
   * @return 32 bytes
   */
  public byte[] hash() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      ByteBuffer buffer = ByteBuffer.allocate(8 * CHUNK);
      for (double entry : theta) {
        if (single) {
          buffer.putFloat((float) entry);
        } else {
          buffer.putDouble(entry);
        }
        if (!buffer.hasRemaining()) {
          digest.update(buffer.flip());
          buffer.clear();
        }
      }
      digest.update(buffer.flip());
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("This platform has no SHA-256", e);
    }
  }
}
