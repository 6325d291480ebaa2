package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;

/** DoG, L-DoG, U-DoG and A-DoG. */
class DistanceOverGradientsTest {

  private static INDArray vector(long seed, int n) {
    Random random = new Random(seed);
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = random.nextGaussian();
    }
    return Nd4j.createFromArray(values);
  }

  /** Minimises 1/2 ||A x - b||^2-like quadratics: gradient scale * c * (x - 1). */
  private static double[] path(IUpdater updater, double scale, int steps) {
    INDArray x = vector(1, 6);
    INDArray curvature = Nd4j.createFromArray(1.0, 0.5, 2.0, 0.1, 1.5, 0.7);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), x);
    for (int i = 0; i < steps; i++) {
      optimizer.step(x.sub(1).mul(curvature).mul(scale));
    }
    return x.toDoubleVector();
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 7, 1e5})
  void theScaleOfTheGradientsDoesNotMatter(double scale) {
    List<IUpdater> updaters =
        List.of(
            DoG.builder().epsilon(0.0).repsRel(1e-2).build(),
            LDoG.layerwiseBuilder().epsilon(0.0).repsRel(1e-2).build(),
            UDoG.builder().repsRel(1e-2).build(),
            ADoG.builder().epsilon(0.0).repsRel(1e-2).build());
    for (IUpdater updater : updaters) {
      assertArrayEquals(
          path(updater, 1, 40), path(updater.clone(), scale, 40), 1e-9, updater.toString());
    }
  }

  @Test
  void theFirstMoveHasTheFirstDistance() {
    List<IUpdater> updaters =
        List.of(
            DoG.builder().epsilon(0.0).repsRel(1e-3).build(), UDoG.builder().repsRel(1e-3).build());
    for (IUpdater updater : updaters) {
      INDArray x = vector(2, 9);
      INDArray start = x.dup();
      new ArrayOptimizer(updater, List.of(), x).step(vector(3, 9).mul(50));
      double expected = 1e-3 * (1 + start.norm2Number().doubleValue());
      assertEquals(expected, x.sub(start).norm2Number().doubleValue(), 1e-12, updater.toString());
    }
  }

  @Test
  void eachVariableOfLDoGStepsOnItsOwn() {
    INDArray a = vector(4, 5);
    INDArray b = vector(5, 7);
    INDArray aAlone = a.dup();
    INDArray bAlone = b.dup();
    ArrayOptimizer both = new ArrayOptimizer(new LDoG(), List.of(), a, b);
    ArrayOptimizer first = new ArrayOptimizer(new DoG(), List.of(), aAlone);
    ArrayOptimizer second = new ArrayOptimizer(new DoG(), List.of(), bAlone);
    for (int i = 0; i < 20; i++) {
      INDArray forA = vector(100 + i, 5);
      INDArray forB = vector(200 + i, 7).mul(1000);
      both.step(forA, forB);
      first.step(forA);
      second.step(forB);
    }
    assertArrayEquals(aAlone.toDoubleVector(), a.toDoubleVector());
    assertArrayEquals(bAlone.toDoubleVector(), b.toDoubleVector());
  }

  @Test
  void initEtaIsTheFirstStepSize() {
    INDArray x = vector(6, 4);
    INDArray start = x.dup();
    INDArray g = vector(7, 4);
    ArrayOptimizer optimizer =
        new ArrayOptimizer(DoG.builder().initEta(0.01).build(), List.of(), x);
    optimizer.step(g.mul(0));
    assertArrayEquals(start.toDoubleVector(), x.toDoubleVector());
    optimizer.step(g);
    assertArrayEquals(start.sub(g.mul(0.01)).toDoubleVector(), x.toDoubleVector(), 1e-15);
  }

  @Test
  void theOutputOfUDoGBeatsItsStart() {
    INDArray x = vector(8, 6);
    INDArray start = x.dup();
    ArrayOptimizer optimizer = new ArrayOptimizer(new UDoG(), List.of(), x);
    for (int i = 0; i < 400; i++) {
      optimizer.step(x.sub(1));
    }
    double before = start.sub(1).norm2Number().doubleValue();
    double after = AveragedParameters.of(optimizer).sub(1).norm2Number().doubleValue();
    assertTrue(after < 0.05 * before, before + " -> " + after);
  }

  @Test
  void thereIsNoLearningRateToSet() {
    for (AbstractUpdater updater : List.of(new DoG(), new LDoG(), new UDoG(), new ADoG())) {
      assertFalse(updater.hasLearningRate());
      assertTrue(Double.isNaN(updater.getLearningRate(0, 0)));
      assertThrows(UnsupportedOperationException.class, () -> updater.setLrAndSchedule(0.1, null));
    }
  }

  @Test
  void badFieldsAreNamed() {
    assertMessage("repsRel", () -> DoG.builder().repsRel(0.0).build());
    assertMessage("initEta", () -> DoG.builder().initEta(-1.0).build());
    assertMessage("initialDistance", () -> UDoG.builder().initialDistance(0.0).build());
    assertMessage("alphaConst", () -> ADoG.builder().alphaConst(Double.NaN).build());
  }

  private static void assertMessage(String field, org.junit.jupiter.api.function.Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.startsWith(field + " must be "), message);
  }
}
