package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Supplier;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.OneByte.NonFinitePolicy;
import org.dl4jplus.optim.zeroth.OneByte.Normalization;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class OneByteTest {

  @Test
  void defaultsAreTheSpecification() {
    OneByte config = OneByte.builder().build();
    assertEquals(4, config.getSamplesPerRound());
    assertEquals(1e-3, config.getEpsilon());
    assertEquals(1e-3, config.getLearningRate());
    assertEquals(64, config.getBatchSize());
    assertEquals(Distribution.GAUSSIAN, config.getDistribution());
    assertEquals(Normalization.SQRT_N, config.getNormalization());
    assertEquals(16, config.getLevelsPerE());
    assertEquals(100, config.getMaxMagnitude());
    assertTrue(config.isAdaptiveScale());
    assertEquals(64, config.getSnapshotEvery());
    assertEquals(64, config.getHashEvery());
    assertEquals(NonFinitePolicy.SKIP, config.getNonFinitePolicy());
    assertEquals(1e-3, config.learningRateAt(500, 3));
  }

  @Test
  void jsonComesBack() throws Exception {
    OneByte config =
        OneByte.builder()
            .runSeed(-5L)
            .rounds(7)
            .samplesPerRound(3)
            .epsilon(0.25)
            .learningRateSchedule(new ExponentialSchedule(ScheduleType.ITERATION, 1, 0.5))
            .batchSize(9)
            .distribution(Distribution.RADEMACHER)
            .normalization(Normalization.MEAN)
            .levelsPerE(7.3)
            .maxMagnitude(3.0)
            .adaptiveScale(false)
            .snapshotEvery(1)
            .hashEvery(2)
            .scoreEvery(0)
            .nonFinitePolicy(NonFinitePolicy.FAIL)
            .build();
    ObjectMapper json = new ObjectMapper();
    OneByte read = json.readValue(json.writeValueAsString(config), OneByte.class);
    assertEquals(config, read);
    assertEquals(0.125, read.learningRateAt(3, 0));
    // As it travels in a record.
    assertEquals((float) 7.3, read.getLevelsPerE());
    assertEquals(OneByte.builder().build(), json.readValue("{}", OneByte.class));
  }

  @Test
  void badValuesAreRefused() {
    List<Supplier<OneByte>> bad =
        List.of(
            () -> OneByte.builder().rounds(0).build(),
            () -> OneByte.builder().samplesPerRound(0).build(),
            () -> OneByte.builder().samplesPerRound(40_000).build(),
            () -> OneByte.builder().epsilon(0.0).build(),
            () -> OneByte.builder().epsilon(Double.NaN).build(),
            () -> OneByte.builder().learningRate(-1.0).build(),
            () -> OneByte.builder().batchSize(0).build(),
            () -> OneByte.builder().distribution(Distribution.UNIFORM).build(),
            () -> OneByte.builder().levelsPerE(0.0).build(),
            () -> OneByte.builder().levelsPerE(1e300).build(),
            () -> OneByte.builder().levelsPerE(1e-300).build(),
            () -> OneByte.builder().maxMagnitude(Double.POSITIVE_INFINITY).build(),
            () -> OneByte.builder().snapshotEvery(0).build(),
            () -> OneByte.builder().hashEvery(0).build(),
            () -> OneByte.builder().scoreEvery(-1).build());
    for (Supplier<OneByte> one : bad) {
      assertThrows(IllegalArgumentException.class, one::get);
    }
  }

  @Test
  void whatIsDueIsDueInRoundZero() {
    assertTrue(OneByte.due(3, 0) && OneByte.due(3, 6) && OneByte.due(1, 5));
    assertFalse(OneByte.due(3, 5) || OneByte.due(0, 0));
  }
}
