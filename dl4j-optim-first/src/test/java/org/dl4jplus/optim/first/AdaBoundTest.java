package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class AdaBoundTest {

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theRateOfEachParameterStaysWithinTheBounds(boolean amsBound) {
    double[][] gradients = Updates.randomGradients(4, 200, 5);
    double[][] u = Updates.of(AdaBound.builder().gamma(0.1).amsBound(amsBound).build(), gradients);
    double[] m = new double[5];
    for (int k = 0; k < u.length; k++) {
      double t = k + 1;
      for (int i = 0; i < 5; i++) {
        m[i] = 0.9 * m[i] + 0.1 * gradients[k][i];
        double rate = u[k][i] / m[i];
        assertTrue(rate >= 0.1 * (1 - 1 / (0.1 * t + 1)) * (1 - 1e-12));
        assertTrue(rate <= 0.1 * (1 + 1 / (0.1 * t)) * (1 + 1e-12));
        // Both bounds close in on the final rate.
        assertEquals(0.1, rate, 0.1 / (0.1 * t) * (1 + 1e-12));
      }
    }
  }

  @Test
  void noRateNoStepButTheMomentsGoOn() {
    MapSchedule schedule = new MapSchedule(ScheduleType.ITERATION, Map.of(0, 0.0, 1, 0.01));
    double[][] u = Updates.of(new AdaBound(schedule), new double[][] {{1, 2}, {1, 2}});
    assertArrayEquals(new double[] {0, 0}, u[0]);
    // The first rate was 0, so the final one is not scaled; the upper bound is far away.
    double m = 0.19;
    double v = 1 - 0.999 * 0.999;
    assertEquals(0.01 * Math.sqrt(v) / 0.19 * m / Math.sqrt(v), u[1][0], 1e-8);
  }

  @Test
  void theFinalRateFollowsTheSchedule() {
    MapSchedule schedule = new MapSchedule(ScheduleType.ITERATION, Map.of(0, 1.0, 1, 0.5));
    AdaBound updater =
        AdaBound.builder()
            .learningRateSchedule(schedule)
            .beta1(0.0)
            .epsilon(0.0)
            .finalLearningRate(1e-6)
            .gamma(0.5)
            .build();
    double[][] u = Updates.of(updater, new double[][] {{1}, {1}});
    assertEquals(1e-6 * 3, u[0][0], 1e-18);
    assertEquals(0.5e-6 * 2, u[1][0], 1e-18);
  }

  @Test
  void withoutEpsilonAVanishedSecondMomentMeetsTheUpperBound() {
    AdaBound updater = AdaBound.builder().gamma(0.1).beta2(0.0).epsilon(0.0).build();
    GradientUpdater<?> running = Updates.start(updater, 1);
    Updates.next(running, 0, 1);
    // m = 0.9 * 0.1, v = 0; the bound is 0.1 * (1 + 1/(0.1 * 2)).
    assertEquals(0.6 * 0.09, Updates.next(running, 1, 0)[0], 1e-15);
  }

  @Test
  void zerosGiveZeros() {
    AdaBound updater = AdaBound.builder().epsilon(0.0).amsBound(true).build();
    assertArrayEquals(new double[] {0, 0}, Updates.of(updater, new double[][] {{0, 0}})[0]);
  }

  @Test
  void rejectsWhatTheBoundsCannotUse() {
    for (double gamma : new double[] {0, 1, Double.NaN}) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> AdaBound.builder().gamma(gamma).build());
      assertTrue(e.getMessage().contains("gamma"));
    }
  }
}
