package org.dl4jplus.optim.zeroth.onebyte;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A round as everybody replays it. The record is the truth: a machine that is not in it did not
 * take part. On the wire: the header, {@code int16 machines}, and for each machine {@code int64 id,
 * int16 count, count bytes}.
 *
 * @param header what was fixed before
 * @param uploads what arrived, by machine ascending
 */
public record RoundRecord(RoundHeader header, List<Upload> uploads) {

  /**
   * A record.
   *
   * @param header what was fixed before
   * @param uploads what arrived, in any order
   * @throws IllegalArgumentException for two messages of a machine, a message of another round, or
   *     more than 32767 machines
   */
  public RoundRecord {
    List<Upload> sorted = new ArrayList<>(uploads);
    sorted.sort(Comparator.comparingLong(Upload::machine));
    for (int i = 0; i < sorted.size(); i++) {
      Upload upload = sorted.get(i);
      if (upload.round() != header.round()) {
        throw new IllegalArgumentException(
            "uploads must be of round "
                + header.round()
                + ", machine "
                + upload.machine()
                + " answered to round "
                + upload.round());
      }
      if (i > 0 && sorted.get(i - 1).machine() == upload.machine()) {
        throw new IllegalArgumentException(
            "uploads must be of different machines, " + upload.machine() + " is there twice");
      }
    }
    if (sorted.size() > Short.MAX_VALUE) {
      throw new IllegalArgumentException(
          "uploads must be of at most " + Short.MAX_VALUE + " machines, got " + sorted.size());
    }
    uploads = List.copyOf(sorted);
  }

  /**
   * Number of the round.
   *
   * @return from 0
   */
  public int round() {
    return header.round();
  }

  /**
   * The largest magnitude that a byte of the round stands for.
   *
   * @return the magnitude, 0 where no byte stands for any
   */
  public double largest() {
    ByteCode code = header.code();
    double largest = 0;
    for (Upload upload : uploads) {
      for (int s = 0; s < upload.count(); s++) {
        largest = Math.max(largest, Math.abs(code.decode(upload.code(s))));
      }
    }
    return largest;
  }

  /**
   * The bytes that are results.
   *
   * @return their number
   */
  public int results() {
    int results = 0;
    for (Upload upload : uploads) {
      for (int s = 0; s < upload.count(); s++) {
        results += upload.code(s) == ByteCode.NO_RESULT ? 0 : 1;
      }
    }
    return results;
  }

  /**
   * Bytes on the wire.
   *
   * @return their number
   */
  public long length() {
    long length = RoundHeader.LENGTH + 2;
    for (Upload upload : uploads) {
      length += Upload.OVERHEAD - 4 + upload.count();
    }
    return length;
  }

  /**
   * Writes the record.
   *
   * @param out the stream
   * @throws IOException if that fails
   */
  public void write(DataOutput out) throws IOException {
    header.write(out);
    out.writeShort(uploads.size());
    for (Upload upload : uploads) {
      upload.writeAnswer(out);
    }
  }

  /**
   * Reads a record.
   *
   * @param in the stream
   * @return the record
   * @throws IOException if that fails
   */
  public static RoundRecord read(DataInput in) throws IOException {
    RoundHeader header = RoundHeader.read(in);
    List<Upload> uploads = new ArrayList<>();
    for (int left = in.readUnsignedShort(); left > 0; left--) {
      uploads.add(Upload.readAnswer(header.round(), in));
    }
    return new RoundRecord(header, uploads);
  }

  /**
   * Records one after the other.
   *
   * @param records the records
   * @return their bytes
   */
  public static byte[] toBytes(List<RoundRecord> records) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (RoundRecord one : records) {
        one.write(out);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Reads what {@link #toBytes} wrote.
   *
   * @param bytes the bytes
   * @return the records
   */
  public static List<RoundRecord> fromBytes(byte[] bytes) {
    List<RoundRecord> records = new ArrayList<>();
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      while (in.available() > 0) {
        records.add(read(in));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("The bytes end within a record", e);
    }
    return records;
  }
}
