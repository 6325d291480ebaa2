package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.Binding;
import org.dl4jplus.optim.first.updater.ParameterTap;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Blocks of primitive arrays and whole-array ND4J ops give the same updates. The ops run wherever
 * memory is no plain host memory; here it is a strided gradient that brings them in.
 */
class ExecutorContractTest {

  /** Two blocks and a bit. */
  private static final int LENGTH = 2 * 4096 + 5;

  @EveryUpdater
  void executorsAgree(Case c) {
    if (c.needsShapes()) {
      return;
    }
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      String in = c.in("executors agree, " + type);
      Nd4j.getRandom().setSeed(5);
      INDArray parameters = Nd4j.rand(type, LENGTH).addi(0.1);
      INDArray dense = Nd4j.create(type, LENGTH);
      INDArray strided =
          Nd4j.create(type, LENGTH, 2).get(NDArrayIndex.all(), NDArrayIndex.point(0));
      assertTrue(strided.rank() == 1 && strided.stride(0) == 2, in + "not strided");
      GradientUpdater<?> byBlocks = instantiate(c, type);
      GradientUpdater<?> byOps = instantiate(c, type);
      double tolerance = type == DataType.DOUBLE ? 1e-12 : 1e-4;
      for (int i = 0; i < 4; i++) {
        INDArray gradient = Nd4j.randn(type, LENGTH);
        dense.assign(gradient);
        strided.assign(gradient);
        step(c, byBlocks, dense, parameters, i);
        step(c, byOps, strided, parameters, i);
        double scale = dense.amaxNumber().doubleValue();
        double worst = dense.sub(strided).amaxNumber().doubleValue();
        assertTrue(
            worst <= tolerance * scale,
            in + "step " + i + ", updates of size " + scale + " differ by " + worst);
      }
    }
  }

  private static GradientUpdater<?> instantiate(Case c, DataType type) {
    IUpdater updater = c.updater();
    if (updater instanceof AbstractUpdater own && own.needsBinding()) {
      updater = own.bound(Binding.WITHOUT_SHAPES);
    }
    long size = updater.stateSize(LENGTH);
    return updater.instantiate(size == 0 ? null : Nd4j.create(type, size), true);
  }

  private static void step(
      Case c, GradientUpdater<?> updater, INDArray gradient, INDArray parameters, int iteration) {
    if (c.needsParameters()) {
      new ParameterTap().apply(parameters, gradient, 0, iteration, 0);
    }
    updater.applyUpdater(gradient, iteration, 0);
  }
}
