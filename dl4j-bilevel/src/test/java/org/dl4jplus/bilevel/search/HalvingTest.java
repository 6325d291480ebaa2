package org.dl4jplus.bilevel.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.junit.jupiter.api.Test;

class HalvingTest {

  private static AshaGenerator.AshaGeneratorBuilder asha() {
    return AshaGenerator.builder().parameterSpace(new FeedbackGeneratorTest.Space()).minimize(true);
  }

  private static HyperbandGenerator.HyperbandGeneratorBuilder hyperband() {
    return HyperbandGenerator.builder()
        .parameterSpace(new FeedbackGeneratorTest.Space())
        .minimize(true);
  }

  private static TrainingPart part(Trial trial) {
    return TrainingPart.of(trial.getData());
  }

  /** Falls with training, to a level that the configuration decides. */
  private static double loss(Candidate<?> candidate) {
    TrainingPart part = TrainingPart.of(candidate.getDataParameters());
    return Math.abs(candidate.getFlatParameters()[0] - 0.3) + 1.0 / (1 + part.rung());
  }

  private static SearchMetrics metrics(Candidate<?> candidate) {
    return SearchMetrics.builder()
        .objectives(new double[] {loss(candidate)})
        .minimise(new boolean[] {true})
        .build();
  }

  @Test
  void powersOfEtaGiveAllTheirRungs() {
    assertArrayEquals(
        new int[] {1, 3, 9, 27, 81, 243}, asha().maxResource(243).build().resources());
    assertArrayEquals(new int[] {2, 6}, asha().minResource(2).maxResource(17).build().resources());
    assertEquals(5, HyperbandGenerator.brackets(1, 243, 3, false).get(0).s());
    assertEquals(2, HyperbandGenerator.brackets(9, 81, 3, false).get(0).s());
  }

  @Test
  void whoIsAmongTheBestThirdOfARungGoesOnWithItsNetwork() {
    AshaGenerator generator = asha().maxResource(9).build();
    Resume.run(generator, 200, HalvingTest::loss);
    for (int rung = 0; rung < 2; rung++) {
      int at = rung;
      List<Trial> rungTrials =
          generator.trials().stream().filter(t -> part(t).rung() == at).toList();
      List<Trial> promoted =
          generator.trials().stream().filter(t -> part(t).rung() == at + 1).toList();
      assertFalse(promoted.isEmpty());
      for (Trial trial : promoted) {
        TrainingPart part = part(trial);
        assertEquals("trial-" + part.trial() + "-" + at, part.resumeFrom());
        assertEquals(at == 0 ? 2 : 6, part.budget());
        Trial before =
            rungTrials.stream().filter(t -> part(t).trial() == part.trial()).findFirst().get();
        assertArrayEquals(before.getPoint(), trial.getPoint());
        List<Trial> seen =
            rungTrials.stream().filter(t -> t.getIndex() < trial.getIndex()).toList();
        long better = seen.stream().filter(t -> t.getScore() < before.getScore()).count();
        assertTrue(better < seen.size() / 3, "not among the best third of " + seen.size());
      }
      assertEquals(promoted.size(), promoted.stream().map(t -> part(t).trial()).distinct().count());
    }
  }

  @Test
  void theFailedAreTheWorstOfTheirRungAndNeverPromoted() {
    AshaGenerator generator = asha().eta(2).maxResource(4).build();
    List<Candidate<?>> first = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      first.add(generator.getCandidate());
    }
    Resume.report(generator, first.get(0), Double.NaN, null);
    generator.reportFailure(first.get(1).getIndex(), "out of memory", null);
    Resume.report(generator, first.get(2), 5.0, null);
    assertTrue(generator.hasMoreCandidates());
    // One of two that count may go on: the only one with a score.
    assertEquals(2, TrainingPart.of(generator.getCandidate().getDataParameters()).trial());
    Resume.report(generator, first.get(3), 6.0, null);
    assertEquals(3, TrainingPart.of(generator.getCandidate().getDataParameters()).trial());
    TrainingPart fresh = TrainingPart.of(generator.getCandidate().getDataParameters());
    assertEquals(4, fresh.trial());
    assertNull(fresh.resumeFrom());
  }

  @Test
  void ashaEndsWithItsBudgetWhichCountsEachEpochOnce() {
    AshaGenerator generator = asha().maxResource(9).totalBudget(60).build();
    Resume.run(generator, 1000, HalvingTest::loss);
    assertTrue(generator.isDone());
    assertTrue(generator.spent() >= 60 && generator.spent() < 66, "" + generator.spent());
  }

  @Test
  void hyperbandRunsItsBracketsToTheEnd() {
    HyperbandGenerator generator = hyperband().maxResource(9).rounds(2).build();
    generator.setRngSeed(4);
    Resume.run(generator, 1000, HalvingTest::loss);
    assertTrue(generator.isDone());
    List<HyperbandGenerator.Bracket> plan = HyperbandGenerator.brackets(1, 9, 3, false);
    int expected =
        2
            * plan.stream()
                .flatMap(b -> b.rungs().stream())
                .mapToInt(HyperbandGenerator.Rung::configurations)
                .sum();
    assertEquals(expected, generator.trials().size());
    // The best of the first rung of nine is the only one that is trained to the end.
    List<Trial> bracket = generator.trials().stream().filter(t -> part(t).trial() < 9).toList();
    int best =
        bracket.stream()
            .filter(t -> part(t).rung() == 0)
            .min(Comparator.comparingDouble(Trial::getScore))
            .map(t -> part(t).trial())
            .get();
    List<Trial> last = bracket.stream().filter(t -> part(t).rung() == 2).toList();
    assertEquals(1, last.size());
    assertEquals(best, part(last.get(0)).trial());
    assertEquals(6, part(last.get(0)).budget());
    for (int number = 0; number < 5; number++) {
      int epochs = 0;
      for (Trial trial : generator.trials()) {
        epochs += part(trial).trial() == number ? part(trial).budget() : 0;
      }
      assertTrue(epochs == 1 || epochs == 3 || epochs == 9);
    }
  }

  @Test
  void aRungWaitsForTheOneBeforeAndWorkersForNothingElse() {
    HyperbandGenerator generator = hyperband().maxResource(3).build();
    List<Candidate<?>> running = new ArrayList<>();
    while (generator.hasMoreCandidates()) {
      running.add(generator.getCandidate());
    }
    // Both brackets have begun, the first waits for its three.
    assertEquals(3 + 2, running.size());
    assertFalse(generator.isDone());
    Resume.report(generator, running.get(0), 3.0, null);
    Resume.report(generator, running.get(1), Double.NaN, null);
    assertFalse(generator.hasMoreCandidates());
    Resume.report(generator, running.get(2), 3.0, null);
    assertTrue(generator.hasMoreCandidates());
    // Ties go to the lower number.
    Candidate<Object> promoted = generator.getCandidate();
    assertEquals(0, TrainingPart.of(promoted.getDataParameters()).trial());
    Resume.report(generator, promoted, 1.0, null);
    Resume.report(generator, running.get(3), 1.0, null);
    assertFalse(generator.isDone());
    Resume.report(generator, running.get(4), 1.0, null);
    assertTrue(generator.isDone());
  }

  @Test
  void aBracketOfFailuresEndsWithoutPromotions() {
    HyperbandGenerator generator = hyperband().maxResource(3).build();
    Resume.run(generator, 100, c -> Double.NaN);
    assertTrue(generator.isDone());
    assertEquals(5, generator.trials().size());
  }

  @Test
  void searchesReadFromJsonGoOnAsTheyWouldHave() throws Exception {
    for (long seed = 1; seed <= 2; seed++) {
      AshaGenerator one = asha().maxResource(9).maxCandidates(35).build();
      one.setRngSeed(seed);
      Resume.check(one, 45, HalvingTest::metrics);
      assertTrue(one.isDone());
      HyperbandGenerator two = hyperband().maxResource(9).build();
      two.setRngSeed(seed);
      Resume.check(two, 45, HalvingTest::metrics);
      assertTrue(two.isDone());
    }
  }

  @Test
  void otherSeedsGiveOtherConfigurations() {
    AshaGenerator one = asha().build();
    AshaGenerator two = asha().build();
    two.setRngSeed(1);
    assertNotEquals(
        one.getCandidate().getFlatParameters()[0], two.getCandidate().getFlatParameters()[0]);
  }

  @Test
  void badInputIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> asha().eta(1).build());
    assertThrows(IllegalArgumentException.class, () -> asha().minResource(0).build());
    assertThrows(
        IllegalArgumentException.class, () -> asha().minResource(9).maxResource(3).build());
    assertThrows(IllegalArgumentException.class, () -> asha().totalBudget(0).build());
    assertThrows(IllegalArgumentException.class, () -> hyperband().rounds(0).build());
    assertThrows(
        IllegalArgumentException.class, () -> hyperband().minResource(9).maxResource(3).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> AshaGenerator.builder().parameterSpace(new ContinuousParameterSpace(0, 1)).build());
    assertNull(TrainingPart.of(Map.of()));
    assertThrows(IllegalArgumentException.class, () -> TrainingPart.first(0, 0, 0));
    TrainingPart part = TrainingPart.resumed(4, 2, 7, 3, 1);
    assertEquals(part, TrainingPart.of(part.data()));
    assertEquals("trial-4-2", part.checkpoint());
  }
}
