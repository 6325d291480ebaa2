package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.MatrixUpdatersTest.random;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.dl4jplus.optim.first.binding.Binder;
import org.dl4jplus.optim.first.linalg.ThinSvd;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

class MuonTest {

  /** The update of one variable's gradient at the first step. */
  private static INDArray update(Muon muon, VariableShape shape, INDArray gradient, int iteration) {
    IUpdater bound = Binder.bind(muon, "layer", List.of(List.of(shape)));
    INDArray state = Nd4j.create(DataType.DOUBLE, bound.stateSize(shape.length()));
    INDArray flat = gradient.dup('c').reshape('c', new long[] {gradient.length()});
    bound.instantiate(state, true).applyUpdater(flat, iteration, 0);
    return flat.reshape('c', new long[] {shape.rows(), shape.columns()});
  }

  private static VariableShape shape(long rows, long columns, Kind kind) {
    return new VariableShape("w", new long[] {rows, columns}, kind);
  }

  @Test
  void everyDirectionMovesAtTheRateTimesTheScale() {
    for (long[] size : new long[][] {{4, 6}, {6, 4}, {9, 1}, {1, 9}, {5, 5}}) {
      INDArray g = random(DataType.DOUBLE, new Random(1), size)[0];
      double[] before = new ThinSvd(g).values();
      double norm = g.norm2Number().doubleValue();
      INDArray u = update(new Muon(0.5), shape(size[0], size[1], Kind.WEIGHT), g, 0);
      double[] after = new ThinSvd(u).values();
      double scale = 0.5 * Math.sqrt(Math.max(1, (double) size[0] / size[1]));
      for (int i = 0; i < after.length; i++) {
        // The iteration's own range holds from 0.01 of the norm on.
        assertTrue(before[i] >= 0.01 * norm);
        assertTrue(after[i] >= 0.6 * scale && after[i] <= 1.25 * scale);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"OUTPUT", "EMBEDDING", "VECTOR"})
  void otherVariablesGetAdam(Kind kind) {
    INDArray g = random(DataType.DOUBLE, new Random(2), new long[] {3, 4})[0];
    INDArray u = update(new Muon(), shape(3, 4, kind), g, 0);
    // Adam's first step is the auxiliary rate in the gradient's direction.
    for (int i = 0; i < 12; i++) {
      assertEquals(3e-4 * Math.signum(g.getDouble(i)), u.getDouble(i), 1e-10);
    }
  }

  @Test
  void outputsMayBeTaken() {
    INDArray g = random(DataType.DOUBLE, new Random(3), new long[] {3, 4})[0];
    Muon all = Muon.builder().hiddenOnly(false).build();
    assertEquals(
        update(new Muon(), shape(3, 4, Kind.WEIGHT), g, 0),
        update(all, shape(3, 4, Kind.OUTPUT), g, 0));
  }

  @Test
  void schedulesMoveBothRates() {
    Muon muon = new Muon(new StepSchedule(ScheduleType.ITERATION, 0.02, 0.5, 1));
    INDArray g = random(DataType.DOUBLE, new Random(4), new long[] {3, 4})[0];
    for (Kind kind : new Kind[] {Kind.WEIGHT, Kind.VECTOR}) {
      INDArray whole = update(muon, shape(3, 4, kind), g, 0);
      INDArray half = update(muon, shape(3, 4, kind), g, 1);
      assertTrue(whole.sub(half.mul(2)).amaxNumber().doubleValue() < 1e-15);
    }
  }

  @Test
  void badFieldsAreNamed() {
    assertTrue(
        assertThrows(
                IllegalArgumentException.class, () -> Muon.builder().newtonSchulzSteps(0).build())
            .getMessage()
            .contains("newtonSchulzSteps"));
    assertThrows(IllegalArgumentException.class, () -> Muon.builder().momentum(1.0).build());
    assertThrows(IllegalArgumentException.class, () -> new Muon(-1));
  }
}
