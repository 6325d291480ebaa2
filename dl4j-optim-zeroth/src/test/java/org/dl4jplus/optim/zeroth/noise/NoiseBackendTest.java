package org.dl4jplus.optim.zeroth.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.noise.Directions.Descent;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class NoiseBackendTest {

  private static final int LENGTH = 300_001;

  private static final List<Stretch> STRETCHES =
      List.of(new Stretch(0, 5, false), new Stretch(7, 290_002, true));

  private static INDArray start(DataType type) {
    return Nd4j.linspace(DataType.DOUBLE, -1, 2.0 / LENGTH, LENGTH).castTo(type);
  }

  @ParameterizedTest
  @EnumSource(names = {"RADEMACHER", "GAUSSIAN_TABLE", "GAUSSIAN"})
  void directionsAreTheSameToTheBit(Distribution distribution) {
    long[] froms = {0, 1, 63, 64, 1000, 70_003, (1L << 33) + 5};
    for (long seed : new long[] {0, -7, Long.MAX_VALUE}) {
      Directions directions = Directions.of(distribution, seed, 3);
      for (long from : froms) {
        for (int length : new int[] {1, 3, 130}) {
          double[] expected = new double[length];
          directions.fill(5, 2, from, expected, length);
          assertArrayEquals(expected, directions.array(5, 2, from, length).toDoubleVector());
          assertArrayEquals(
              expected, directions.from(1).array(5, 2, from - 1, length).toDoubleVector());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"RADEMACHER", "GAUSSIAN_TABLE", "GAUSSIAN"})
  void passesGiveTheSameBits(Distribution distribution) {
    Directions directions = Directions.of(distribution, 9, 0);
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray host = start(type);
      INDArray ops = start(type);
      Perturber onHost = new Perturber(host, STRETCHES, NoiseBackend.HOST);
      Perturber byOps = new Perturber(ops, STRETCHES, NoiseBackend.ND4J_OPS);
      for (Perturber perturber : List.of(onHost, byOps)) {
        perturber.add(directions, 0, 0, 1e-3);
        perturber.add(directions, 0, 0, -2e-3);
        perturber.descend(directions, 0, 0, new Descent(1e-3, 0.7, 0.01, 0.1));
        perturber.add(directions.from(11), 1, 1, 1e-3);
        perturber.descend(directions, 1, 0, new Descent(-1e-3, -0.2, 0.01, 0));
      }
      assertArrayEquals(host.toDoubleVector(), ops.toDoubleVector());
      assertEquals(start(type).getDouble(6), ops.getDouble(6));
      assertNotEquals(start(type).getDouble(7), ops.getDouble(7));
    }
  }

  @Test
  void anArrayThatIsNoHostMemoryGetsOperations() {
    INDArray host = start(DataType.FLOAT);
    // A column stands for an array of a device: neither can be written through.
    INDArray column = Nd4j.create(DataType.FLOAT, LENGTH, 2).getColumn(0);
    column.assign(host);
    assertEquals(NoiseBackend.HOST, NoiseBackend.of(host));
    assertFalse(Perturber.isHost(column));
    assertEquals(NoiseBackend.ND4J_OPS, NoiseBackend.of(column));
    Directions directions = Directions.of(Distribution.GAUSSIAN_TABLE, 9, 0);
    for (INDArray array : new INDArray[] {host, column}) {
      Perturber perturber = new Perturber(array, STRETCHES);
      perturber.add(directions, 0, 0, 0.5);
      // Any other pass.
      perturber.apply(
          (x, from, length, decays, scratch) -> {
            for (int i = 0; i < length; i++) {
              x[i] = decays ? 2 * x[i] + from : -x[i];
            }
          });
    }
    double[] one = host.toDoubleVector();
    double[] other = column.toDoubleVector();
    // The rule above sees where its chunks begin, which is the same for both.
    assertArrayEquals(one, other);
  }

  @Test
  void anyCutOfASliceIsTheSame() {
    // The fast loops begin and end anywhere in a word.
    for (Distribution distribution :
        List.of(Distribution.GAUSSIAN_TABLE, Distribution.RADEMACHER)) {
      Directions directions = Directions.of(distribution, 4, 0);
      double[] whole = new double[64];
      directions.fill(1, 0, 0, whole, 64);
      for (int from = 0; from < 10; from++) {
        for (int length = 0; length < 12; length++) {
          double[] slice = new double[12];
          directions.fill(1, 0, from, slice, length);
          float[] added = new float[12];
          directions.add(1, 0, from, added, length, 0.5, new double[12]);
          float[] moved = new float[12];
          Descent descent = new Descent(0.25, 2, 0.125, 0.5);
          directions.descend(1, 0, from, moved, length, descent, true, new double[12]);
          for (int i = 0; i < 12; i++) {
            double z = i < length ? whole[from + i] : 0;
            double at = (float) (0.25 * z);
            assertEquals(z, slice[i]);
            assertEquals((float) (0.5 * z), added[i]);
            assertEquals((float) (at - 0.125 * (2 * z + 0.5 * at)), moved[i]);
          }
        }
      }
    }
  }
}
