package org.dl4jplus.optim.zeroth.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.ZO2.Store;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class StoredBlockTest {

  /** More than a chunk, and a last group that is short. */
  private static final int LENGTH = 16_384 + 1003;

  private static INDArray values(DataType type) {
    double[] values = new double[LENGTH];
    CounterNoise.fill(Distribution.GAUSSIAN_TABLE, 3, 0, values, LENGTH);
    values[5] = 0;
    return Nd4j.createFromArray(values).castTo(type);
  }

  private static INDArray thereAndBack(Compression compression, INDArray values, long seed) {
    try (BlockStore store = BlockStore.open(Store.HEAP, null)) {
      StoredBlock block =
          new StoredBlock(store, values.dataType(), compression, (int) values.length());
      block.write(values, seed, 0);
      INDArray back = Nd4j.create(values.dataType(), values.length());
      block.read(back);
      return back;
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsStoredAsItIsComesBack(Store kind) throws IOException {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray values = values(type);
      try (BlockStore store = BlockStore.open(kind, null)) {
        StoredBlock block = new StoredBlock(store, type, Compression.NONE, LENGTH);
        INDArray longer = Nd4j.zeros(type, LENGTH + 5);
        block.read(longer);
        assertEquals(0, longer.sumNumber().doubleValue());
        block.write(values, 0, 0);
        block.read(longer);
        double[] all = longer.toDoubleVector();
        for (int i = 0; i < all.length; i++) {
          assertEquals(i < LENGTH ? values.getDouble(i) : 0, all[i]);
        }
        assertEquals((long) LENGTH * type.width(), block.bytes());
        ByteArrayOutputStream saved = new ByteArrayOutputStream();
        block.save(saved);
        StoredBlock other = new StoredBlock(store, type, Compression.NONE, LENGTH);
        other.load(new ByteArrayInputStream(saved.toByteArray()));
        INDArray again = Nd4j.create(type, LENGTH);
        other.read(again);
        assertEquals(values, again);
        assertThrows(IOException.class, () -> other.load(new ByteArrayInputStream(new byte[9])));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void arraysThatAreNoHostMemoryAreCopiedChunkByChunk(Compression compression) {
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      // A column stands for an array of a device: neither can be written through.
      INDArray column = Nd4j.create(type, LENGTH, 2).getColumn(1);
      assertFalse(Perturber.isHost(column));
      INDArray values = values(type);
      column.assign(values);
      try (BlockStore store = BlockStore.open(Store.HOST, null)) {
        StoredBlock block = new StoredBlock(store, type, compression, LENGTH);
        block.write(column, 7, 0);
        column.assign(0);
        block.read(column);
        assertArrayEquals(
            thereAndBack(compression, values, 7).toDoubleVector(), column.toDoubleVector());
      }
    }
  }

  @Test
  void halvesAreThoseOfThePlatform() {
    // Around every half, between neighbours, and in the range of the subnormal ones.
    float[] values = new float[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      float size = (float) Math.scalb(1 + CounterNoise.uniform(1, i), i % 40 - 26);
      values[i] = i % 2 == 0 ? size : -size;
    }
    values[0] = 65_504;
    values[1] = 1.00048828125f; // A tie, to even.
    values[2] = 1.00146484375f;
    INDArray x = Nd4j.createFromArray(values);
    assertArrayEquals(
        x.castTo(DataType.FLOAT16).castTo(DataType.FLOAT).toFloatVector(),
        thereAndBack(Compression.FP16, x, 0).toFloatVector());
    float[] edge = {1e6f, -1e6f, Float.POSITIVE_INFINITY, Float.NaN};
    float[] back = thereAndBack(Compression.FP16, Nd4j.createFromArray(edge), 0).toFloatVector();
    assertArrayEquals(new float[] {65_504, -65_504, Float.POSITIVE_INFINITY, Float.NaN}, back);
  }

  @Test
  void roundingIsToTheNearest() {
    INDArray x = values(DataType.FLOAT);
    double[] exact = x.toDoubleVector();
    double[] half = thereAndBack(Compression.FP16, x, 0).toDoubleVector();
    double[] brain = thereAndBack(Compression.BF16, x, 0).toDoubleVector();
    for (int i = 0; i < LENGTH; i++) {
      assertEquals(exact[i], half[i], Math.max(0x1p-25, Math.abs(exact[i]) * 0x1p-11));
      assertEquals(exact[i], brain[i], Math.abs(exact[i]) * 0x1p-8);
      assertEquals(brain[i], (float) brain[i]);
      assertEquals(0, Float.floatToIntBits((float) brain[i]) & 0xffff);
    }
    float[] edge = {Float.MAX_VALUE, Float.NEGATIVE_INFINITY, Float.NaN, 1.00390625f, 1.01171875f};
    assertArrayEquals(
        new float[] {0x1.fep127f, Float.NEGATIVE_INFINITY, Float.NaN, 1, 1.015625f},
        thereAndBack(Compression.BF16, Nd4j.createFromArray(edge), 0).toFloatVector());
  }

  @ParameterizedTest
  @EnumSource(names = {"FP16_STOCHASTIC", "INT8_STOCHASTIC"})
  void roundingAtRandomKeepsTheMean(Compression compression) {
    INDArray x = values(DataType.DOUBLE);
    double[] exact = x.castTo(DataType.FLOAT).toDoubleVector();
    double[] sum = new double[LENGTH];
    int rounds = 64;
    for (int r = 0; r < rounds; r++) {
      double[] back = thereAndBack(compression, x, CounterNoise.deriveSeed(1, r)).toDoubleVector();
      for (int i = 0; i < LENGTH; i++) {
        // Entries are within 4.4: a unit is at most 4.4/127, or 2^-8.
        double unit = compression == Compression.INT8_STOCHASTIC ? 4.4 / 127 : 0x1p-8;
        assertEquals(exact[i], back[i], unit * (1 + 1e-6));
        sum[i] += back[i] - exact[i];
      }
    }
    double squares = 0;
    double total = 0;
    for (double s : sum) {
      squares += s * s;
      total += s;
    }
    // The roundings are independent: their sum is of the size of the root of their squares.
    assertTrue(Math.abs(total) < 6 * Math.sqrt(squares), total + " " + squares);
    // What is stored already stays, but for a rounding of the scale.
    INDArray once = thereAndBack(compression, x, 1);
    assertEquals(0, once.distance2(thereAndBack(compression, once, 2)) / Math.sqrt(LENGTH), 1e-3);
  }
}
