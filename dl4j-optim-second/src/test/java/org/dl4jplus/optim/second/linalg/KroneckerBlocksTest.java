package org.dl4jplus.optim.second.linalg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class KroneckerBlocksTest {

  @Test
  void neighboursAreMergedUpToTheLimit() {
    assertArrayEquals(new long[] {4, 6, 2}, KroneckerBlocks.merged(new long[] {4, 3, 2, 2}, 6));
    assertArrayEquals(new long[] {12}, KroneckerBlocks.merged(new long[] {4, 3}, 12));
    assertArrayEquals(new long[] {4, 3}, KroneckerBlocks.merged(new long[] {1, 4, 1, 3}, 5));
    assertArrayEquals(new long[] {}, KroneckerBlocks.merged(new long[] {1, 1}, 5));
  }

  @Test
  void aSquareForEachAxisOfEachBlock() {
    assertEquals(16 + 9, KroneckerBlocks.size(new long[] {4, 3}, 4));
    // 3+1 by 3: blocks 3x3 and 1x3.
    assertEquals(9 + 9 + 1 + 9, KroneckerBlocks.size(new long[] {4, 3}, 3));
    assertEquals(0, KroneckerBlocks.size(new long[] {7}, 3));
  }

  @Test
  void everyAxisIsMultipliedByItsOwnRoot() {
    long[] shape = {2, 3, 2};
    long size = KroneckerBlocks.size(shape, 10);
    INDArray statistics = Nd4j.create(DataType.DOUBLE, size);
    INDArray roots = Nd4j.create(DataType.DOUBLE, size);
    KroneckerBlocks blocks = new KroneckerBlocks(shape, 10, statistics, roots);
    blocks.start(0);
    INDArray g = Nd4j.arange(1, 13).castTo(DataType.DOUBLE);
    blocks.accumulate(g, 1, 1);
    // Axis 1 comes second, after the 2 x 2 of axis 0: entry (0, 2) of sum over the others.
    assertEquals(
        1 * 5 + 2 * 6 + 7 * 11 + 8 * 12, statistics.getDouble(4 + 2), 1e-12, "outer product");
    // Doubling the middle of axis 1, and a swap of axis 2.
    roots.putScalar(4 + 4, 2);
    roots.putScalar(13, 0);
    roots.putScalar(14, 1);
    roots.putScalar(15, 1);
    roots.putScalar(16, 0);
    blocks.precondition(g);
    assertArrayEquals(
        new double[] {2, 1, 8, 6, 6, 5, 8, 7, 20, 18, 12, 11}, g.toDoubleVector(), 1e-12);
  }

  @Test
  void blocksOfOneRowAndThreeAxes() {
    for (long[] shape : new long[][] {{4, 3}, {3, 4}, {3, 2, 5}, {1, 5}}) {
      long size = KroneckerBlocks.size(shape, 2);
      INDArray statistics = Nd4j.create(DataType.DOUBLE, size);
      INDArray roots = Nd4j.create(DataType.DOUBLE, size);
      KroneckerBlocks blocks = new KroneckerBlocks(shape, 2, statistics, roots);
      blocks.start(0);
      INDArray g = Nd4j.arange(1, 1 + Nd4j.create(shape).length()).castTo(DataType.DOUBLE);
      INDArray before = g.dup();
      blocks.precondition(g);
      assertEquals(before, g);
      blocks.accumulate(g, 1, 1);
      // The traces of a block's statistics are its sum of squares, once for each axis.
      double squares = g.mul(g).sumNumber().doubleValue();
      double traces = trace(statistics, shape, 2);
      assertEquals(shape.length * squares, traces, 1e-9 * traces);
    }
  }

  private static double trace(INDArray statistics, long[] shape, long blockSize) {
    // The unit matrices of a fresh start are where the diagonals lie.
    INDArray unit = statistics.ulike();
    new KroneckerBlocks(shape, blockSize, unit, statistics.ulike()).start(1);
    return unit.mul(statistics).sumNumber().doubleValue();
  }

  @Test
  void anotherThreadFindsTheSameRoots() throws InterruptedException {
    long[] shape = {3, 4};
    long size = KroneckerBlocks.size(shape, 2);
    INDArray[] arrays = new INDArray[4];
    for (int i = 0; i < arrays.length; i++) {
      arrays[i] = Nd4j.create(DataType.DOUBLE, size);
    }
    KroneckerBlocks now = new KroneckerBlocks(shape, 2, arrays[0], arrays[1]);
    KroneckerBlocks later = new KroneckerBlocks(shape, 2, arrays[2], arrays[3]);
    INDArray g = Nd4j.arange(1, 13).castTo(DataType.DOUBLE);
    for (KroneckerBlocks blocks : new KroneckerBlocks[] {now, later}) {
      blocks.start(1e-3);
      blocks.accumulate(g, 1, 1);
    }
    now.refresh(4, 1e-6);
    later.refreshLater(4, 1e-6);
    later.refreshLater(4, 1e-6);
    for (int wait = 0; wait < 1000 && !arrays[3].equals(arrays[1]); wait++) {
      Thread.sleep(5);
      later.collect();
    }
    assertEquals(arrays[1], arrays[3]);
    assertEquals(arrays[0], arrays[2]);
  }
}
