package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.LastIterateSchedule.Setting;
import org.dl4jplus.optim.first.RefinedSchedule.NormType;
import org.dl4jplus.optim.first.schedule.Refinement;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class SchedulesTest {

  private static double[] values(ISchedule schedule, int steps) {
    double[] values = new double[steps];
    for (int t = 0; t < steps; t++) {
      values[t] = schedule.valueAt(t, 0);
    }
    return values;
  }

  @Test
  void jsonCloneAndEqualsKeepEverything() throws Exception {
    List<ISchedule> schedules =
        List.of(
            LinearDecaySchedule.builder()
                .peak(0.3)
                .warmupSteps(2)
                .totalSteps(9)
                .scheduleType(ScheduleType.EPOCH)
                .build(),
            LastIterateSchedule.builder()
                .setting(Setting.STRONGLY_CONVEX_HALF)
                .totalSteps(10)
                .strongConvexity(0.5)
                .smoothness(3.0)
                .build(),
            RefinedSchedule.fromNorms(new double[] {3, 1, 2}).withPeak(0.2).withTotalSteps(7),
            new SampleSchedule(new LinearDecaySchedule(0.1, 0, 5), 8));
    for (ISchedule schedule : schedules) {
      String json = NeuralNetConfiguration.mapper().writeValueAsString(schedule);
      assertEquals(schedule, NeuralNetConfiguration.mapper().readValue(json, ISchedule.class));
      assertEquals(schedule, schedule.clone());
      MultiLayerConfiguration configuration = Networks.dense(new Sgd(schedule));
      assertEquals(configuration, MultiLayerConfiguration.fromJson(configuration.toJson()), json);
      MultiLayerNetwork network = Networks.network(configuration);
      network.fit(Networks.data());
    }
  }

  @Test
  void linearDecayCountsEpochsWhereAsked() {
    ISchedule schedule =
        LinearDecaySchedule.builder().totalSteps(4).scheduleType(ScheduleType.EPOCH).build();
    assertEquals(0.5, schedule.valueAt(77, 2));
    assertEquals(0, schedule.valueAt(0, 4));
  }

  @Test
  void warmupMayFillTheRun() {
    assertArrayEquals(new double[] {0.5, 1, 0}, values(new LinearDecaySchedule(1, 2, 2), 3), 1e-15);
  }

  @Test
  void badConfigurationsNameTheField() {
    assertMessage("totalSteps", () -> new LinearDecaySchedule(1, 0, 0));
    assertMessage("warmupSteps", () -> new LinearDecaySchedule(1, 3, 2));
    assertMessage("peak", () -> new LinearDecaySchedule(Double.NaN, 0, 2));
    assertMessage("totalSteps", () -> LastIterateSchedule.builder().build());
    assertMessage(
        "strongConvexity",
        () -> LastIterateSchedule.builder().setting(Setting.STRONGLY_CONVEX).build());
    assertMessage("norms' length", () -> RefinedSchedule.fromNorms(new double[] {1}));
    assertMessage("norms[1]", () -> RefinedSchedule.fromNorms(new double[] {1, -1}));
    assertMessage(
        "medianFraction",
        () -> RefinedSchedule.fromNorms(new double[] {1, 1}, NormType.L2, 1.5, null));
    assertMessage(
        "maxWeightRatio",
        () -> RefinedSchedule.fromNorms(new double[] {1, 1}, NormType.L2, null, 0.5));
    assertMessage("factors", () -> RefinedSchedule.builder().build());
    assertMessage("samplesPerUnit", () -> new SampleSchedule(new LinearDecaySchedule(1, 0, 1), 0));
  }

  private static void assertMessage(
      String field, org.junit.jupiter.api.function.Executable executable) {
    String message = assertThrows(IllegalArgumentException.class, executable).getMessage();
    assertTrue(message.contains(field), message);
  }

  @Test
  void lastIterateFollowsTheTheorems() {
    int steps = 16;
    LastIterateSchedule.LastIterateScheduleBuilder convex =
        LastIterateSchedule.builder().eta(0.8).totalSteps(steps).strongConvexity(0.25);
    assertEquals(0.4, convex.setting(Setting.CONVEX_ANYTIME).build().valueAt(3, 0), 1e-15);
    assertEquals(0.2, convex.setting(Setting.CONVEX_CONSTANT).build().valueAt(9, 0), 1e-15);
    ISchedule linear = convex.setting(Setting.CONVEX_LINEAR).build();
    assertArrayEquals(
        values(new LinearDecaySchedule(0.2, 0, steps), steps + 2),
        values(linear, steps + 2),
        1e-15);
    assertEquals(2, convex.setting(Setting.STRONGLY_CONVEX).build().valueAt(1, 0), 1e-15);
    assertEquals(1.6, convex.setting(Setting.STRONGLY_CONVEX_TWO).build().valueAt(3, 0), 1e-15);
    ISchedule half = convex.setting(Setting.STRONGLY_CONVEX_HALF).build();
    assertEquals(4, half.valueAt(0, 0), 1e-15);
    assertEquals(4, half.valueAt(7, 0), 1e-15);
    assertEquals(8.0 / 3, half.valueAt(8, 0), 1e-15);
    assertEquals(1.0 / 6, convex.smoothness(3.0).build().valueAt(8, 0), 1e-15);
  }

  @Test
  void constantNormsGiveLinearDecay() {
    double[] norms = new double[21];
    for (double level : new double[] {0, 1e-200, 3, Double.NaN}) {
      Arrays.fill(norms, level);
      for (NormType type : NormType.values()) {
        double[] values = values(RefinedSchedule.fromNorms(norms, type, null, 2.0), norms.length);
        for (int t = 0; t < norms.length; t++) {
          assertEquals((20 - t) / 20.0, values[t], 1e-14);
        }
      }
    }
  }

  @Test
  void warmupAppearsWhereEarlyNormsAreLarge() {
    double[] norms = new double[100];
    for (int t = 0; t < norms.length; t++) {
      norms[t] = 1 + 9 * Math.exp(-t / 8.0);
    }
    double[] values = values(RefinedSchedule.fromNorms(norms), norms.length);
    assertTrue(values[0] < 0.1 && values[10] < values[25] && values[35] > values[80]);
    assertEquals(0, values[99]);
  }

  @Test
  void interpolatesToAnotherLength() {
    RefinedSchedule schedule =
        RefinedSchedule.builder().factors(new double[] {0.5, 1, 0}).peak(2.0).build();
    assertArrayEquals(
        new double[] {1, 1.5, 2, 1, 0, 0}, values(schedule.withTotalSteps(5), 6), 1e-15);
    assertArrayEquals(new double[] {1, 0}, values(schedule.withTotalSteps(1), 2), 1e-15);
  }

  @Test
  void theRatioBoundsVanishingNorms() {
    double[] norms = new double[50];
    Arrays.fill(norms, 1);
    Arrays.fill(norms, 45, 50, 1e-6);
    double[] free = values(RefinedSchedule.fromNorms(norms, NormType.L2, 0.0, null), 50);
    double[] bounded = values(RefinedSchedule.fromNorms(norms, NormType.L2, 0.0, 1.0), 50);
    assertTrue(free[0] < 1e-10);
    assertEquals(1, bounded[0], 1e-15);
  }

  @Test
  void theRunningMedianIsThatOfThePaddedRun() {
    Random random = new Random(8);
    for (int steps : new int[] {2, 5, 40}) {
      double[] norms = random.doubles(steps, 0.1, 1).toArray();
      norms[steps / 2] = norms[0];
      for (double fraction : new double[] {0, 0.1, 0.5, 1}) {
        int half = Refinement.width(steps, fraction) / 2;
        double[] medians = Refinement.smooth(norms, fraction);
        for (int t = 0; t < steps; t++) {
          double[] window = new double[2 * half + 1];
          for (int i = 0; i < window.length; i++) {
            int at = Math.max(0, t + i - half);
            window[i] = norms[at < steps ? at : 2 * (steps - 1) - at];
          }
          Arrays.sort(window);
          assertEquals(window[half], medians[t]);
        }
      }
    }
  }

  @Test
  void theRecorderSeesTheMeanLoss() {
    MultiLayerNetwork network = Networks.network(Networks.normalized(new Sgd(0.1), 0.5));
    GradientNormRecorder two = new GradientNormRecorder();
    GradientNormRecorder one = new GradientNormRecorder(NormType.L1);
    double[] expected = new double[2];
    network.addListeners(
        two,
        one,
        new org.deeplearning4j.optimize.api.BaseTrainingListener() {
          @Override
          public void onGradientCalculation(org.deeplearning4j.nn.api.Model model) {
            network
                .gradient()
                .gradientForVariable()
                .forEach(
                    (name, g) -> {
                      if (!name.matches("1_(mean|var|log10stdev)")) {
                        expected[0] += g.norm1Number().doubleValue() / 12;
                        expected[1] += Math.pow(g.norm2Number().doubleValue() / 12, 2);
                      }
                    });
          }
        });
    network.fit(Networks.data());
    assertArrayEquals(new double[] {expected[0]}, one.norms(), 1e-12);
    assertArrayEquals(new double[] {Math.sqrt(expected[1])}, two.norms(), 1e-12);
    two.clear();
    assertEquals(0, two.norms().length);
  }
}
