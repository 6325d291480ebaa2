package org.dl4jplus.optim.zeroth.spark;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.broadcast.Broadcast;
import org.dl4jplus.optim.zeroth.onebyte.RoundHeader;
import org.dl4jplus.optim.zeroth.onebyte.Upload;

/**
 * A machine's part in a round, as Spark sends it to the partition's executor. Broadcasts are
 * fetched where they are read: an executor that took part in the round before reads none.
 *
 * @param run name of the run, for what executors keep
 * @param header the round
 * @param last record of the round before; null in the first
 * @param snapshot a {@link NetworkSnapshot}
 * @param log records since the snapshot
 * @param hash of the parameters; null where they are not checked in this round
 * @param scored whether the mean loss is reported
 * @param <T> kind of data set
 */
record RoundTask<T>(
    String run,
    byte[] header,
    byte[] last,
    Broadcast<byte[]> snapshot,
    Broadcast<byte[]> log,
    byte[] hash,
    boolean scored)
    implements Function2<Integer, Iterator<T>, Iterator<byte[]>> {

  /**
   * What comes back.
   *
   * @param upload the machine's bytes
   * @param repaired whether its copy of the parameters was wrong and was made again
   * @param meanLoss reported where asked for, else NaN
   */
  record Answer(Upload upload, boolean repaired, double meanLoss) {

    byte[] toBytes(boolean scored) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (DataOutputStream out = new DataOutputStream(bytes)) {
        upload.write(out);
        out.writeBoolean(repaired);
        if (scored) {
          out.writeDouble(meanLoss);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return bytes.toByteArray();
    }

    static Answer fromBytes(byte[] bytes) {
      try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
        return new Answer(
            Upload.read(in), in.readBoolean(), in.available() > 0 ? in.readDouble() : Double.NaN);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public Iterator<byte[]> call(Integer partition, Iterator<T> data) {
    ExecutorMachine machine = ExecutorMachine.of(run, partition);
    Answer answer = machine.answer(this, data);
    return answer == null
        ? Collections.emptyIterator()
        : Collections.singletonList(answer.toBytes(scored)).iterator();
  }

  RoundHeader round() {
    try {
      return RoundHeader.read(new DataInputStream(new ByteArrayInputStream(header)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
