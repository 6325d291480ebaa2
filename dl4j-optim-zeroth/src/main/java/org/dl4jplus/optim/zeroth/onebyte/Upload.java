package org.dl4jplus.optim.zeroth.onebyte;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * What a machine sends in a round: one byte a sample. On the wire: {@code int32 round, int64
 * machine, int16 count, count bytes}.
 */
public final class Upload {

  /** Bytes on the wire beside the samples'. */
  static final int OVERHEAD = 4 + 8 + 2;

  private final int round;
  private final long machine;
  private final byte[] codes;

  /**
   * A message.
   *
   * @param round number of the round
   * @param machine id of the machine
   * @param codes one byte a sample, from 1 to 32767; copied
   * @throws IllegalArgumentException for another number of bytes
   */
  public Upload(int round, long machine, byte... codes) {
    if (codes.length < 1 || codes.length > Short.MAX_VALUE) {
      throw new IllegalArgumentException(
          "codes must be 1 to " + Short.MAX_VALUE + " bytes, got " + codes.length);
    }
    this.round = round;
    this.machine = machine;
    this.codes = codes.clone();
  }

  /**
   * The round.
   *
   * @return its number
   */
  public int round() {
    return round;
  }

  /**
   * The machine.
   *
   * @return its id
   */
  public long machine() {
    return machine;
  }

  /**
   * The bytes.
   *
   * @return a copy, in the order of the samples
   */
  public byte[] codes() {
    return codes.clone();
  }

  /**
   * How many bytes there are.
   *
   * @return the count
   */
  public int count() {
    return codes.length;
  }

  /**
   * One of the bytes.
   *
   * @param sample number of the sample
   * @return its byte
   */
  public byte code(int sample) {
    return codes[sample];
  }

  /**
   * Writes the message.
   *
   * @param out the stream
   * @throws IOException if that fails
   */
  public void write(DataOutput out) throws IOException {
    out.writeInt(round);
    writeAnswer(out);
  }

  /** Without the round, as it lies in a record. */
  void writeAnswer(DataOutput out) throws IOException {
    out.writeLong(machine);
    out.writeShort(codes.length);
    out.write(codes);
  }

  /**
   * Reads a message.
   *
   * @param in the stream
   * @return the message
   * @throws IOException if that fails
   */
  public static Upload read(DataInput in) throws IOException {
    return readAnswer(in.readInt(), in);
  }

  static Upload readAnswer(int round, DataInput in) throws IOException {
    long machine = in.readLong();
    byte[] codes = new byte[in.readUnsignedShort()];
    in.readFully(codes);
    return new Upload(round, machine, codes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Upload upload
        && round == upload.round
        && machine == upload.machine
        && Arrays.equals(codes, upload.codes);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * round + Long.hashCode(machine)) + Arrays.hashCode(codes);
  }

  @Override
  public String toString() {
    return "round " + round + ", machine " + machine + ": " + Arrays.toString(codes);
  }
}
