package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dl4jplus.integration.contract.Limits.Contract;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Gradients that are zero and gradients that are not finite. */
class GradientContractTest {

  private static final List<DataType> TYPES = List.of(DataType.FLOAT, DataType.DOUBLE);

  @EveryUpdater
  void zeroGradientsMoveNothing(Case c) {
    for (DataType type : TYPES) {
      String in = c.in("zero gradients, " + type);
      Arrays arrays = new Arrays(c, type);
      double[] start = arrays.numbers();
      ArrayOptimizer optimizer = new ArrayOptimizer(c.updater(), List.of(), arrays.parameters());
      for (int i = 0; i < 5; i++) {
        optimizer.step(arrays.zeroGradients());
      }
      Numbers.assertFinite(arrays.numbers(), in + "parameters");
      Numbers.assertFinite(Numbers.of(optimizer.state()), in + "state");
      if (!c.exempt(Contract.ZERO_GRADIENT)) {
        Numbers.assertSameBits(start, arrays.numbers(), in + "parameters");
      }
    }
  }

  @EveryUpdater
  void zeroGradientsAfterOthersStayFinite(Case c) {
    for (DataType type : TYPES) {
      String in = c.in("zero gradients after others, " + type);
      Arrays arrays = new Arrays(c, type);
      ArrayOptimizer optimizer = new ArrayOptimizer(c.updater(), List.of(), arrays.parameters());
      for (int i = 0; i < 30; i++) {
        optimizer.step(i < 2 || i == 15 ? arrays.gradients(i) : arrays.zeroGradients());
      }
      Numbers.assertFinite(arrays.numbers(), in + "parameters");
      Numbers.assertFinite(Numbers.of(optimizer.state()), in + "state");
    }
  }

  @EveryUpdater
  void extremeGradientsStayFinite(Case c) {
    for (DataType type : TYPES) {
      for (double size : new double[] {1e-25, 1e15}) {
        String in = c.in("gradients of size " + size + ", " + type);
        Arrays arrays = new Arrays(c, type);
        ArrayOptimizer optimizer = new ArrayOptimizer(c.updater(), List.of(), arrays.parameters());
        for (int i = 0; i < 5; i++) {
          INDArray[] gradients = arrays.gradients(i);
          for (INDArray gradient : gradients) {
            gradient.muli(size);
          }
          optimizer.step(gradients);
        }
        Numbers.assertFinite(arrays.numbers(), in + "parameters");
        Numbers.assertFinite(Numbers.of(optimizer.state()), in + "state");
      }
    }
  }

  @EveryUpdater
  void nonFiniteGradientsShowAndCorruptNothing(Case c) {
    for (DataType type : TYPES) {
      for (double bad :
          new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
        String in = c.in("gradient entry " + bad + ", " + type);
        Arrays arrays = new Arrays(c, type);
        ArrayOptimizer optimizer = new ArrayOptimizer(c.updater(), List.of(), arrays.parameters());
        optimizer.step(arrays.gradients(0));
        optimizer.step(arrays.gradients(1));
        double[] state = Numbers.of(optimizer.state());
        double[] before = arrays.numbers();
        INDArray[] gradients = arrays.gradients(2);
        // Entry 1 of the first array.
        gradients[0].putScalar(0, 1, bad);
        optimizer.step(gradients);
        Numbers.assertSameBits(state, Numbers.of(optimizer.state()), in + "state");
        double[] after = arrays.numbers();
        assertTrue(Double.isNaN(after[1]), in + "the parameter became " + after[1]);
        if (!c.exempt(Contract.OTHERS_UNTOUCHED)) {
          after[1] = before[1];
          Numbers.assertSameBits(before, after, in + "other parameters");
        }
      }
    }
  }
}
