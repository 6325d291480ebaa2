package org.dl4jplus.bilevel.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.arbiter.ComputationGraphSpace;
import org.deeplearning4j.arbiter.MultiLayerSpace;
import org.deeplearning4j.arbiter.conf.updater.SgdSpace;
import org.deeplearning4j.arbiter.layers.ConvolutionLayerSpace;
import org.deeplearning4j.arbiter.layers.DenseLayerSpace;
import org.deeplearning4j.arbiter.layers.OutputLayerSpace;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.dl4jplus.bilevel.search.pareto.Hypervolume;
import org.dl4jplus.bilevel.search.pareto.ParetoFronts;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class MoPbtGeneratorTest {

  private static MoPbtGenerator.MoPbtGeneratorBuilder mopbt() {
    return MoPbtGenerator.builder()
        .parameterSpace(new FeedbackGeneratorTest.Space())
        .minimize(true)
        .objectives(List.of("one", "two"))
        .populationSize(8)
        .generations(6);
  }

  /**
   * A "network" of two numbers: each training moves them by what the hyperparameters say; the
   * objectives are how far they are from 1.
   */
  private static final class Task {
    final Map<String, double[]> checkpoints = new HashMap<>();

    SearchMetrics train(Candidate<?> candidate) {
      TrainingPart part = TrainingPart.of(candidate.getDataParameters());
      double[] state = {0, 0};
      if (part.resumeFrom() != null) {
        assertTrue(checkpoints.containsKey(part.resumeFrom()), part.resumeFrom());
        state = checkpoints.get(part.resumeFrom()).clone();
      }
      double share = candidate.getFlatParameters()[0];
      double rate = candidate.getFlatParameters()[1];
      state[0] += 0.2 * rate * share;
      state[1] += 0.2 * rate * (1 - share);
      checkpoints.put(part.checkpoint(), state);
      return metrics(Math.abs(1 - state[0]), Math.abs(1 - state[1]));
    }
  }

  private static SearchMetrics metrics(double... objectives) {
    boolean[] small = new boolean[objectives.length];
    Arrays.fill(small, true);
    return SearchMetrics.builder().objectives(objectives).minimise(small).build();
  }

  private static void run(MoPbtGenerator generator, Task task) {
    while (generator.hasMoreCandidates()) {
      Candidate<?> candidate = generator.getCandidate();
      SearchMetrics metrics = task.train(candidate);
      Resume.report(generator, candidate, metrics.getObjectives()[0], metrics);
    }
  }

  private static TrainingPart part(Trial trial) {
    return TrainingPart.of(trial.getData());
  }

  @Test
  void theFirstPopulationHasEachLevelEquallyOften() {
    MoPbtGenerator generator = mopbt().populationSize(20).build();
    int[][] counts = {new int[10], new int[4], new int[2], new int[3], new int[1]};
    for (int member = 0; member < 20; member++) {
      double[] point = generator.getCandidate().getFlatParameters();
      for (int d = 0; d < 5; d++) {
        counts[d][(int) (point[d] * counts[d].length)]++;
      }
    }
    for (int[] count : counts) {
      int least = Arrays.stream(count).min().getAsInt();
      assertTrue(Arrays.stream(count).max().getAsInt() - least <= 1, Arrays.toString(count));
    }
    assertFalse(generator.hasMoreCandidates());
  }

  @Test
  void eachValueOfAListIsALevel() {
    DiscreteParameterSpace<Integer> widths =
        new DiscreteParameterSpace<>(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64);
    MoPbtGenerator generator = mopbt().parameterSpace(widths).populationSize(12).build();
    Set<Object> values = new HashSet<>();
    while (generator.hasMoreCandidates()) {
      values.add(generator.getCandidate().getValue());
    }
    assertEquals(12, values.size());
  }

  @Test
  void aQuarterTakesOverFromTheFirstQuarterAndTheOthersGoOn() {
    MoPbtGenerator generator = mopbt().build();
    run(generator, new Task());
    assertTrue(generator.isDone());
    assertEquals(48, generator.trials().size());
    for (int generation = 1; generation < 6; generation++) {
      int moved = 0;
      for (Trial trial : generator.trials()) {
        TrainingPart part = part(trial);
        if (part.rung() != generation) {
          continue;
        }
        Trial before = generator.trials().get((generation - 1) * 8 + part.parent());
        assertEquals(part(before).checkpoint(), part.resumeFrom());
        if (part.parent() == part.trial()) {
          assertArrayEquals(before.getPoint(), trial.getPoint());
        } else {
          moved++;
          assertFalse(
              ParetoFronts.dominates(
                  generator.trials().get((generation - 1) * 8 + part.trial()).getMetrics().losses(),
                  before.getMetrics().losses()));
        }
      }
      assertEquals(2, moved);
    }
  }

  @Test
  void thePopulationSpreadsAlongTheFront() {
    double front = 0;
    double single = 0;
    double[] reference = {1, 1};
    for (long seed = 1; seed <= 5; seed++) {
      for (MoPbtGenerator.Selection selection : MoPbtGenerator.Selection.values()) {
        MoPbtGenerator generator =
            mopbt().populationSize(12).generations(10).selection(selection).build();
        generator.setRngSeed(seed);
        run(generator, new Task());
        double[][] points =
            generator.population().stream()
                .map(t -> t.getMetrics().losses())
                .toArray(double[][]::new);
        assertEquals(12, points.length);
        double volume = Hypervolume.of(points, reference);
        assertTrue(generator.archive().hypervolume(reference) >= volume);
        front += selection == MoPbtGenerator.Selection.PARETO ? volume : 0;
        single += selection == MoPbtGenerator.Selection.NONE ? volume : 0;
      }
    }
    assertTrue(front > single, front + " against " + single + " without selection");
  }

  @Test
  void thoseWithoutAScoreTakeOverFromOthersAndStartAnewWhereAllFailed() {
    MoPbtGenerator generator = mopbt().populationSize(4).build();
    List<Candidate<?>> first = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      first.add(generator.getCandidate());
    }
    Resume.report(generator, first.get(0), 0.1, metrics(0.1, Double.NaN));
    generator.reportFailure(1, "out of memory", null);
    Resume.report(generator, first.get(2), Double.NaN, null);
    assertFalse(generator.hasMoreCandidates());
    Resume.report(generator, first.get(3), 0.9, metrics(0.9, 0.9));
    for (int member = 0; member < 4; member++) {
      TrainingPart part = TrainingPart.of(generator.getCandidate().getDataParameters());
      assertEquals(member, part.trial());
      assertEquals("trial-3-0", part.resumeFrom());
    }
    for (int member = 0; member < 4; member++) {
      generator.reportFailure(4 + member, "always", null);
    }
    assertTrue(generator.hasMoreCandidates());
    TrainingPart anew = TrainingPart.of(generator.getCandidate().getDataParameters());
    assertNull(anew.resumeFrom());
    assertEquals(2, anew.rung());
    assertEquals(1, generator.archive().items().size());
  }

  @Test
  void whoBreaksAConstraintComesAfterAllOthers() {
    MoPbtGenerator generator = mopbt().populationSize(4).build();
    for (int i = 0; i < 4; i++) {
      Candidate<?> candidate = generator.getCandidate();
      SearchMetrics metrics =
          SearchMetrics.builder()
              .objectives(new double[] {-0.1 * i - 1, -1})
              .minimise(new boolean[] {true, true})
              .constraints(new double[] {i == 3 ? 0.5 : -1})
              .build();
      Resume.report(generator, candidate, metrics.getObjectives()[0], metrics);
    }
    // Member 3 would be the best, and 2 is.
    for (int member = 0; member < 4; member++) {
      TrainingPart part = TrainingPart.of(generator.getCandidate().getDataParameters());
      assertEquals(member == 3 ? 2 : member, part.parent());
    }
    assertEquals(List.of(2), generator.archive().items().stream().map(Trial::getIndex).toList());
  }

  @Test
  void asynchronousMembersWaitForNobody() {
    MoPbtGenerator generator = mopbt().populationSize(4).asynchronous(true).build();
    List<Candidate<?>> first = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      first.add(generator.getCandidate());
    }
    assertFalse(generator.hasMoreCandidates());
    Resume.report(generator, first.get(2), 0.1, metrics(0.1, 0.2));
    assertTrue(generator.hasMoreCandidates());
    Candidate<?> next = generator.getCandidate();
    assertEquals(2, TrainingPart.of(next.getDataParameters()).trial());
    assertEquals("trial-2-0", TrainingPart.of(next.getDataParameters()).resumeFrom());
    MoPbtGenerator whole = mopbt().asynchronous(true).build();
    run(whole, new Task());
    assertTrue(whole.isDone());
    assertEquals(48, whole.trials().size());
  }

  @Test
  void searchesReadFromJsonGoOnAsTheyWouldHave() throws Exception {
    for (MoPbtGenerator.Selection selection : MoPbtGenerator.Selection.values()) {
      MoPbtGenerator generator =
          mopbt()
              .populationSize(5)
              .generations(4)
              .selection(selection)
              .mutation(MoPbtGenerator.Mutation.RANDOM)
              .asynchronous(selection == MoPbtGenerator.Selection.GOLOVIN)
              .build();
      generator.setRngSeed(3);
      Resume.check(generator, 30, new Task()::train);
      assertTrue(generator.isDone());
    }
  }

  private static MultiLayerSpace layers(ParameterSpace<Integer> width) {
    return new MultiLayerSpace.Builder()
        .updater(new SgdSpace(new ContinuousParameterSpace(0.01, 0.1)))
        .addLayer(new DenseLayerSpace.Builder().nIn(4).nOut(width).build())
        .addLayer(
            new OutputLayerSpace.Builder()
                .nIn(width)
                .nOut(2)
                .lossFunction(LossFunction.MSE)
                .build())
        .build();
  }

  private static ComputationGraphSpace graph(ParameterSpace<Integer> width) {
    return new ComputationGraphSpace.Builder()
        .updater(new SgdSpace(new ContinuousParameterSpace(0.01, 0.1)))
        .addInputs("in")
        .addLayer("hidden", new DenseLayerSpace.Builder().nIn(4).nOut(width).build(), "in")
        .addLayer(
            "out",
            new OutputLayerSpace.Builder()
                .nIn(width)
                .nOut(2)
                .lossFunction(LossFunction.MSE)
                .build(),
            "hidden")
        .setOutputs("out")
        .build();
  }

  @Test
  void spacesThatChangeShapesAreRefused() {
    mopbt().parameterSpace(layers(new FixedValue<>(5))).build();
    mopbt().parameterSpace(graph(new FixedValue<>(5))).build();
    for (ParameterSpace<?> space :
        List.of(layers(new IntegerParameterSpace(5, 6)), graph(new IntegerParameterSpace(5, 6)))) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> mopbt().parameterSpace(space).build());
      assertTrue(e.getMessage().contains("nOut"), e.getMessage());
    }
  }

  @Test
  void kernelsOfTheSameSizeAndOneWidthOfManyAreShapes() {
    ParameterSpace<?> kernels =
        new MultiLayerSpace.Builder()
            .updater(new SgdSpace(new ContinuousParameterSpace(0.01, 0.1)))
            .addLayer(
                new ConvolutionLayerSpace.Builder()
                    .nIn(1)
                    .nOut(2)
                    .kernelSize(new DiscreteParameterSpace<>(new int[] {2, 3}, new int[] {3, 2}))
                    .build())
            .build();
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> mopbt().parameterSpace(kernels).build());
    assertTrue(e.getMessage().contains("kernelSize"), e.getMessage());
    Integer[] widths = new Integer[13];
    Arrays.fill(widths, 5);
    widths[6] = 6;
    FeedbackGenerator sobol =
        SobolGenerator.builder()
            .parameterSpace(layers(new DiscreteParameterSpace<>(widths)))
            .minimize(true)
            .build();
    assertThrows(IllegalArgumentException.class, sobol::requireSameShapes);
    SobolGenerator.builder()
        .parameterSpace(layers(new FixedValue<>(5)))
        .minimize(true)
        .build()
        .requireSameShapes();
  }

  @Test
  void badInputIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> mopbt().objectives(null).build());
    assertThrows(IllegalArgumentException.class, () -> mopbt().objectives(List.of("one")).build());
    assertThrows(IllegalArgumentException.class, () -> mopbt().populationSize(3).build());
    assertThrows(IllegalArgumentException.class, () -> mopbt().quantileFraction(0.6).build());
    assertThrows(IllegalArgumentException.class, () -> mopbt().quantileFraction(0.0).build());
    assertThrows(IllegalArgumentException.class, () -> mopbt().levels(1).build());
    assertThrows(IllegalArgumentException.class, () -> mopbt().weights(new double[] {1}).build());
    MoPbtGenerator generator = mopbt().build();
    Candidate<?> candidate = generator.getCandidate();
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class, () -> Resume.report(generator, candidate, 1.0, null));
    assertTrue(e.getMessage().contains("[one, two]"));
    Candidate<?> other = generator.getCandidate();
    SearchMetrics up =
        SearchMetrics.builder()
            .objectives(new double[] {1, 1})
            .minimise(new boolean[] {false, true})
            .build();
    assertThrows(IllegalStateException.class, () -> Resume.report(generator, other, 1.0, up));
  }
}
