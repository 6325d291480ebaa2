package org.dl4jplus.optim.zeroth.onebyte;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.dl4jplus.optim.first.updater.Require;

/**
 * What is fixed before a round begins, so that a machine that answers twice answers the same. On
 * the wire: {@code int32 round, float64 learningRate, float64 maxMagnitude, float32 levelsPerE}.
 *
 * @param round number of the round, from 0
 * @param learningRate finite and at least 0
 * @param maxMagnitude of the byte code
 * @param levelsPerE of the byte code
 */
public record RoundHeader(int round, double learningRate, double maxMagnitude, float levelsPerE) {

  /** Bytes on the wire. */
  static final int LENGTH = 4 + 8 + 8 + 4;

  /**
   * A header.
   *
   * @param round number of the round, from 0
   * @param learningRate finite and at least 0
   * @param maxMagnitude of the byte code
   * @param levelsPerE of the byte code
   * @throws IllegalArgumentException outside the ranges
   */
  public RoundHeader {
    Require.atLeast("round", round, 0, 0);
    Require.rate("learningRate", learningRate, 0);
    Require.positive("maxMagnitude", maxMagnitude, 0);
    Require.positive("levelsPerE", (double) levelsPerE, 0);
  }

  /**
   * The round's scale.
   *
   * @return the code
   */
  public ByteCode code() {
    return new ByteCode(maxMagnitude, levelsPerE);
  }

  /**
   * Writes the header.
   *
   * @param out the stream
   * @throws IOException if that fails
   */
  public void write(DataOutput out) throws IOException {
    out.writeInt(round);
    out.writeDouble(learningRate);
    out.writeDouble(maxMagnitude);
    out.writeFloat(levelsPerE);
  }

  /**
   * Reads a header.
   *
   * @param in the stream
   * @return the header
   * @throws IOException if that fails
   */
  public static RoundHeader read(DataInput in) throws IOException {
    return new RoundHeader(in.readInt(), in.readDouble(), in.readDouble(), in.readFloat());
  }
}
