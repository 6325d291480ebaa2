package org.dl4jplus.optim.zeroth.onebyte;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.OneByte.Normalization;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;

class ReplicaTest {

  private static final OneByte CONFIG =
      OneByte.builder().runSeed(3L).distribution(Distribution.RADEMACHER).build();

  private static RoundRecord record(int round, double learningRate, Upload... uploads) {
    return new RoundRecord(new RoundHeader(round, learningRate, 2, 16), List.of(uploads));
  }

  private static List<RoundRecord> log(int rounds) {
    SplittableRandom random = new SplittableRandom(7);
    List<RoundRecord> log = new ArrayList<>();
    for (int t = 0; t < rounds; t++) {
      List<Upload> uploads = new ArrayList<>();
      for (long m = 0; m < 3; m++) {
        byte[] codes = new byte[1 + random.nextInt(4)];
        for (int s = 0; s < codes.length; s++) {
          codes[s] = (byte) random.nextInt(-128, 128);
        }
        uploads.add(new Upload(t, 5 - m, codes));
      }
      log.add(new RoundRecord(new RoundHeader(t, 1e-3, 1 + random.nextDouble(), 16), uploads));
    }
    return log;
  }

  @Test
  void replicasThatReadTheSameBytesAreTheSame() {
    double[] start = {1, -2, 0.1f, 0, 3};
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      List<RoundRecord> log = log(1000);
      Replica one = new Replica(CONFIG, start, type, 0);
      Replica other = new Replica(CONFIG, start, type, 0);
      log.forEach(one::apply);
      // The other one reads it from the wire, in two parts that overlap.
      other.catchUp(RoundRecord.fromBytes(RoundRecord.toBytes(log.subList(0, 600))));
      other.catchUp(RoundRecord.fromBytes(RoundRecord.toBytes(log.subList(400, 1000))));
      assertEquals(1000, other.version());
      assertArrayEquals(one.theta(), other.theta());
      assertArrayEquals(one.hash(), other.hash());
      assertNotEquals(start[0], one.theta()[0]);
      for (double entry : one.theta()) {
        assertTrue(type == DataType.DOUBLE || entry == (float) entry);
      }
      other.live()[4] = Math.nextUp((float) other.live()[4]);
      assertTrue(!Arrays.equals(one.hash(), other.hash()));
    }
  }

  /** Longer than a chunk; element by element by the definition. */
  @Test
  void stepIsTheSumOfTheDirections() {
    int n = 16_384 + 77;
    for (Normalization normalization : Normalization.values()) {
      OneByte config =
          OneByte.builder()
              .runSeed(9L)
              .distribution(Distribution.GAUSSIAN_TABLE)
              .normalization(normalization)
              .build();
      double[] start = new double[n];
      Arrays.setAll(start, i -> i * 1e-3);
      Replica replica = new Replica(config, start, DataType.DOUBLE, 4);
      RoundRecord record =
          record(
              4,
              0.1,
              new Upload(4, 12, (byte) 100),
              new Upload(4, -3, (byte) -50, ByteCode.NO_RESULT, (byte) 0));
      ByteCode code = record.header().code();
      double c = normalization == Normalization.MEAN ? 0.1 / 3 : 0.1 / Math.sqrt(3);
      replica.apply(record);
      double[] moved = replica.theta();
      for (int i : new int[] {0, 1, 5, 16_383, 16_384, n - 1}) {
        double sum = 0;
        sum += code.decode((byte) -50) * z(9, 4, -3, 0, i);
        sum += code.decode((byte) 100) * z(9, 4, 12, 0, i);
        assertEquals(start[i] - c * sum, moved[i], 0, "entry " + i);
      }
    }
  }

  private static double z(long runSeed, long round, long machine, long sample, long index) {
    return CounterNoise.at(
        Distribution.GAUSSIAN_TABLE,
        CounterNoise.deriveSeed(runSeed, round, machine, sample),
        index);
  }

  @Test
  void roundWithoutResultChangesNothing() {
    Replica replica = new Replica(CONFIG, new double[] {1, 2}, DataType.DOUBLE, 0);
    replica.apply(record(0, 1, new Upload(0, 1, ByteCode.NO_RESULT, ByteCode.NO_RESULT)));
    replica.apply(record(1, 1));
    assertArrayEquals(new double[] {1, 2}, replica.theta());
    assertEquals(2, replica.version());
  }

  @Test
  void badRecordsAreRefused() {
    Replica replica = new Replica(CONFIG, new double[] {1}, DataType.DOUBLE, 3);
    for (int round : new int[] {0, 2, 4}) {
      RoundRecord wrong = record(round, 1, new Upload(round, 0, (byte) 100));
      assertThrows(IllegalArgumentException.class, () -> replica.apply(wrong));
    }
    assertThrows(IllegalArgumentException.class, () -> replica.catchUp(List.of(record(4, 1))));
    assertArrayEquals(new double[] {1}, replica.theta());
    assertThrows(
        IllegalArgumentException.class,
        () -> record(1, 1, new Upload(1, 7, (byte) 1), new Upload(1, 7, (byte) 2)));
    assertThrows(IllegalArgumentException.class, () -> record(1, 1, new Upload(2, 7, (byte) 1)));
    assertThrows(IllegalArgumentException.class, () -> new Upload(1, 7));
    assertThrows(IllegalArgumentException.class, () -> record(-1, 1));
    assertThrows(IllegalArgumentException.class, () -> record(1, Double.NaN));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Replica(CONFIG, new double[0], DataType.DOUBLE, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Replica(CONFIG, new double[1], DataType.FLOAT16, 0));
  }

  @Test
  void recordsTakeTheBytesThatTheyClaim() {
    List<RoundRecord> log = log(5);
    byte[] bytes = RoundRecord.toBytes(log);
    assertEquals(log.stream().mapToLong(RoundRecord::length).sum(), bytes.length);
    assertEquals(log, RoundRecord.fromBytes(bytes));
    // int32, float64, float64, float32, int16, and twice int64, int16 and a byte.
    assertEquals(
        26 + 2 * 11, record(0, 1, new Upload(0, 1, (byte) 1), new Upload(0, 2, (byte) 1)).length());
    byte[] cut = Arrays.copyOf(bytes, bytes.length - 1);
    assertThrows(UncheckedIOException.class, () -> RoundRecord.fromBytes(cut));
  }
}
