package org.dl4jplus.bilevel.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;
import org.junit.jupiter.api.Test;

class SobolGeneratorTest {

  private static SobolGenerator generator(boolean scramble) {
    return SobolGenerator.builder()
        .parameterSpace(new FeedbackGeneratorTest.Space())
        .minimize(true)
        .scramble(scramble)
        .build();
  }

  @Test
  void eachOfTheFirstIntervalsHoldsOnePoint() {
    for (SobolPoints points :
        new SobolPoints[] {
          SobolPoints.plain(7), SobolPoints.shifted(7, 1), SobolPoints.shifted(7, 2)
        }) {
      for (int m = 1; m <= 8; m++) {
        int count = 1 << m;
        for (int d = 0; d < 7; d++) {
          boolean[] seen = new boolean[count];
          for (int i = 0; i < count; i++) {
            int interval = (int) (points.point(i)[d] * count);
            assertFalse(seen[interval], "two points in one interval");
            seen[interval] = true;
          }
        }
      }
    }
  }

  @Test
  void pointsDoNotDependOnTheOrderOfTheQuestions() {
    SobolPoints points = SobolPoints.shifted(3, 5);
    double[] tenth = points.point(10);
    points.point(3);
    assertArrayEquals(tenth, points.point(10));
    assertFalse(Arrays.equals(tenth, SobolPoints.shifted(3, 6).point(10)));
  }

  @Test
  void candidatesAreThePointsOfTheSequence() {
    SobolGenerator plain = generator(false);
    assertArrayEquals(
        plain.space().snap(SobolPoints.plain(5).point(1)),
        plain.getCandidate().getFlatParameters());
    SobolGenerator shifted = generator(true);
    shifted.setRngSeed(11);
    SobolPoints points = SobolPoints.shifted(5, 11);
    for (int i = 0; i < 4; i++) {
      assertArrayEquals(
          shifted.space().snap(points.point(i)), shifted.getCandidate().getFlatParameters());
    }
  }

  @Test
  void aSearchReadFromJsonGoesOn() throws Exception {
    for (boolean scramble : new boolean[] {true, false}) {
      SobolGenerator generator = generator(scramble);
      generator.setRngSeed(3);
      Resume.run(generator, 5, c -> c.getFlatParameters()[0]);
      FeedbackGenerator copy = Resume.copy(generator);
      for (int i = 0; i < 5; i++) {
        assertArrayEquals(
            generator.getCandidate().getFlatParameters(), copy.getCandidate().getFlatParameters());
      }
    }
  }

  @Test
  void badInputIsRefused() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> SobolPoints.plain(1001));
    assertTrue(e.getMessage().contains("1001"));
    assertThrows(IllegalArgumentException.class, () -> SobolPoints.shifted(0, 1));
    assertThrows(IllegalArgumentException.class, () -> SobolPoints.plain(1).point(-1));
    assertThrows(
        IllegalArgumentException.class,
        () -> SobolGenerator.builder().parameterSpace(new ContinuousParameterSpace(0, 1)).build());
    SobolGenerator ends =
        SobolGenerator.builder()
            .parameterSpace(new ContinuousParameterSpace(0, 1))
            .minimize(false)
            .maxCandidates(2)
            .build();
    Resume.run(ends, 5, c -> 1.0);
    assertEquals(2, ends.trials().size());
    assertTrue(ends.isDone());
  }
}
