package org.dl4jplus.bilevel.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.dl4jplus.bilevel.search.HyperbandGenerator.Bracket;
import org.dl4jplus.bilevel.search.HyperbandGenerator.Rung;
import org.junit.jupiter.api.Test;

/** Searches whose checkpoints are deleted as soon as they may be, killed at any moment. */
class DiscardedCheckpointsTest {

  private static final int WORKERS = 3;

  /** Runs a search to its end; gives the checkpoints that are left. */
  private static Set<String> run(FeedbackGenerator search, long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    search.setRngSeed(seed);
    FeedbackGenerator generator = search;
    Set<String> files = new HashSet<>();
    List<Candidate<?>> running = new ArrayList<>();
    while (true) {
      while (running.size() < WORKERS && generator.hasMoreCandidates()) {
        running.add(generator.getCandidate());
      }
      if (running.isEmpty()) {
        assertTrue(generator.isDone());
        kept(generator, files);
        return files;
      }
      Candidate<?> candidate = running.remove(random.nextInt(running.size()));
      TrainingPart part = TrainingPart.of(candidate.getDataParameters());
      // Whoever is under way may have begun, or begin anew after a kill.
      assertTrue(
          part.resumeFrom() == null || files.contains(part.resumeFrom()),
          () -> part.resumeFrom() + " was deleted");
      files.add(part.checkpoint());
      double[] losses = random.doubles(2).toArray();
      SearchMetrics metrics =
          SearchMetrics.builder()
              .objectives(losses)
              .minimise(new boolean[] {true, true})
              .costUpdates(1)
              .build();
      if (random.nextInt(8) == 0) {
        generator.reportFailure(candidate.getIndex(), "by chance", metrics);
      } else {
        Resume.report(generator, candidate, losses[0], metrics);
      }
      generator.isDone();
      files.removeAll(generator.discardedCheckpoints());
      kept(generator, files);
      if (random.nextInt(4) == 0) {
        generator = Resume.copy(generator);
        generator.setRngSeed(seed);
        running.clear();
      }
    }
  }

  private static void kept(FeedbackGenerator generator, Set<String> files) {
    if (generator.best() != null) {
      assertTrue(files.contains(name(generator.best())), "the best was deleted");
    }
    if (generator instanceof MoPbtGenerator population) {
      population.archive().items().forEach(t -> assertTrue(files.contains(name(t))));
      population.population().forEach(t -> assertTrue(files.contains(name(t))));
    }
  }

  private static String name(Trial trial) {
    return TrainingPart.of(trial.getData()).checkpoint();
  }

  private static AshaGenerator asha(int candidates) {
    return AshaGenerator.builder()
        .parameterSpace(new FeedbackGeneratorTest.Space())
        .minimize(true)
        .maxCandidates(candidates)
        .eta(2)
        .maxResource(8)
        .build();
  }

  private static HyperbandGenerator hyperband() {
    return HyperbandGenerator.builder()
        .parameterSpace(new FeedbackGeneratorTest.Space())
        .minimize(true)
        .maxResource(9)
        .build();
  }

  @Test
  void halvingKeepsWhoMayGoOnAndWhoIsTrainedToTheEnd() throws Exception {
    for (long seed = 1; seed <= 3; seed++) {
      AshaGenerator asha = asha(60);
      Set<String> left = run(asha, seed);
      assertTrue(left.size() < 50, () -> left.size() + " of 60");
      HyperbandGenerator hyperband = hyperband();
      int ends =
          HyperbandGenerator.brackets(1, 9, 3, false).stream()
              .map(Bracket::rungs)
              .map(rungs -> rungs.get(rungs.size() - 1))
              .mapToInt(Rung::configurations)
              .sum();
      // Those that reach the last rung, the best one, and parents of those that fail.
      Set<String> last = run(hyperband, seed);
      assertTrue(last.size() <= ends + 4, () -> last + " of " + ends);
    }
  }

  @Test
  void aPopulationKeepsItsLastGenerationAndItsFront() throws Exception {
    for (boolean asynchronous : new boolean[] {false, true}) {
      for (long seed = 1; seed <= 3; seed++) {
        MoPbtGenerator population =
            MoPbtGenerator.builder()
                .parameterSpace(new FeedbackGeneratorTest.Space())
                .minimize(true)
                .objectives(List.of("one", "two"))
                .populationSize(6)
                .generations(6)
                .asynchronous(asynchronous)
                .build();
        Set<String> left = run(population, seed);
        assertTrue(left.size() < 20, () -> left.size() + " of 36");
      }
    }
  }

  @Test
  void anArmsCheckpointsAreThoseOfTheSearch() throws Exception {
    for (long seed = 1; seed <= 3; seed++) {
      RisingBanditGenerator arms =
          RisingBanditGenerator.builder()
              .minimize(true)
              .totalPulls(50)
              .window(30)
              .arm("one", asha(25))
              .arm("two", asha(25))
              .build();
      Set<String> left = run(arms, seed);
      assertTrue(left.size() < 44, () -> left.size() + " of 50");
    }
  }

  @Test
  void searchesThatAreNotInPartsDiscardNothing() {
    SobolGenerator sobol =
        SobolGenerator.builder()
            .parameterSpace(new FeedbackGeneratorTest.Space())
            .minimize(true)
            .build();
    Resume.run(sobol, 5, c -> c.getFlatParameters()[0]);
    assertEquals(Set.of(), sobol.discardedCheckpoints());
  }

  @Test
  void theRungsOfABracketGoOneAfterTheOther() {
    HyperbandGenerator generator = hyperband();
    Resume.run(generator, 9, c -> (double) c.getIndex());
    // The best three of nine may go on, and none has.
    assertEquals(names(3, 4, 5, 6, 7, 8), generator.discardedCheckpoints());
    Resume.run(generator, 2, c -> (double) c.getIndex());
    assertEquals(names(1, 3, 4, 5, 6, 7, 8), generator.discardedCheckpoints());
    // The best of all stays, although its network has been trained on.
    assertEquals(0, generator.best().getIndex());
  }

  private static Set<String> names(int... numbers) {
    return Arrays.stream(numbers).mapToObj(n -> "trial-" + n + "-0").collect(Collectors.toSet());
  }
}
