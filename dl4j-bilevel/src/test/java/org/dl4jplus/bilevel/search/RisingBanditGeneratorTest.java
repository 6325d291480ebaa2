package org.dl4jplus.bilevel.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.deeplearning4j.arbiter.ComputationGraphSpace;
import org.deeplearning4j.arbiter.DL4JConfiguration;
import org.deeplearning4j.arbiter.GraphConfiguration;
import org.deeplearning4j.arbiter.MultiLayerSpace;
import org.deeplearning4j.arbiter.layers.DenseLayerSpace;
import org.deeplearning4j.arbiter.layers.OutputLayerSpace;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class RisingBanditGeneratorTest {

  private static FeedbackGenerator sobol(boolean minimize) {
    return SobolGenerator.builder()
        .parameterSpace(new ContinuousParameterSpace(0, 1))
        .minimize(minimize)
        .build();
  }

  private static RisingBanditGenerator.RisingBanditGeneratorBuilder bandit() {
    return RisingBanditGenerator.builder()
        .minimize(false)
        .totalPulls(30)
        .window(2)
        .arm("a", sobol(false))
        .arm("b", sobol(false))
        .arm("c", sobol(false));
  }

  private static String arm(Candidate<?> candidate) {
    return (String) candidate.getDataParameters().get(RisingBanditGenerator.ARM);
  }

  private static List<String> run(
      RisingBanditGenerator generator, ToDoubleFunction<Candidate<?>> score) {
    List<String> pulls = new ArrayList<>();
    while (generator.hasMoreCandidates()) {
      Candidate<?> candidate = generator.getCandidate();
      pulls.add(arm(candidate));
      Resume.report(generator, candidate, score.applyAsDouble(candidate), null);
    }
    assertTrue(generator.isDone());
    return pulls;
  }

  @Test
  void anArmThatCannotCatchUpGoesAndOneThatRisesStays() {
    Map<String, Integer> n = new HashMap<>();
    RisingBanditGenerator generator = bandit().build();
    List<String> pulls =
        run(
            generator,
            c -> {
              int k = n.merge(arm(c), 1, Integer::sum);
              return switch (arm(c)) {
                case "a" -> 0.3;
                case "b" -> Math.min(0.05 * k, 1);
                default -> 0.6;
              };
            });
    // a is flat from the start; b rises and passes c, which is flat, at its thirteenth.
    assertEquals(9, generator.gone().get("a"));
    assertTrue(generator.gone().get("c") > 9);
    assertEquals(List.of("b"), generator.live());
    assertEquals(List.of("a", "b", "c"), pulls.subList(0, 3));
    assertEquals(30, pulls.size());
    assertEquals(3, pulls.stream().filter("a"::equals).count());
    assertEquals(n.get("b"), generator.arm("b").trials().size());
  }

  @Test
  void ofEqualArmsTheFirstStays() {
    RisingBanditGenerator generator = bandit().build();
    run(generator, c -> 1.0);
    assertEquals(List.of("a"), generator.live());
    assertEquals(Map.of("b", 9, "c", 9), generator.gone());
  }

  @Test
  void smallScoresAreGoodWhereTheSearchSaysSo() {
    RisingBanditGenerator generator =
        RisingBanditGenerator.builder()
            .minimize(true)
            .totalPulls(20)
            .window(1)
            .arm("bad", sobol(true))
            .arm("good", sobol(true))
            .build();
    run(generator, c -> arm(c).equals("good") ? 0.1 : 5.0);
    assertEquals(List.of("good"), generator.live());
    assertEquals(0.1, generator.best().getScore());
  }

  @Test
  void armsLearnFromTheirOwnCandidates() {
    RisingBanditGenerator generator = bandit().totalPulls(12).build();
    generator.setRngSeed(5);
    run(generator, c -> c.getFlatParameters()[0]);
    for (String name : List.of("a", "b", "c")) {
      List<Trial> own = generator.arm(name).trials();
      List<Trial> mine =
          generator.trials().stream()
              .filter(t -> name.equals(t.getData().get(RisingBanditGenerator.ARM)))
              .toList();
      assertEquals(mine.size(), own.size());
      for (int i = 0; i < own.size(); i++) {
        assertEquals(mine.get(i).getScore(), own.get(i).getScore());
      }
    }
    assertNotEquals(
        generator.arm("a").trials().get(0).getPoint()[0],
        generator.arm("b").trials().get(0).getPoint()[0]);
    assertEquals(
        List.of("arm", "a", "b", "c"),
        generator.space().dimensions().stream().map(Dimension::name).toList());
  }

  @Test
  void failuresLeaveAnArmsBestAndEndItWhenTheyAreAll() {
    RisingBanditGenerator generator = bandit().totalPulls(60).window(50).build();
    run(generator, c -> arm(c).equals("b") ? Double.NaN : 0.5);
    assertEquals(List.of("a", "c"), generator.live());
    assertEquals(20, generator.arm("b").trials().size());
    assertEquals(60, generator.trials().size());
  }

  @Test
  void anArmAtItsEndGoesAndTheSearchEndsWithTheLast() {
    FeedbackGenerator shortArm =
        SobolGenerator.builder()
            .parameterSpace(new ContinuousParameterSpace(0, 1))
            .minimize(false)
            .maxCandidates(2)
            .build();
    HyperbandGenerator halving =
        HyperbandGenerator.builder()
            .parameterSpace(new ContinuousParameterSpace(0, 1))
            .minimize(false)
            .maxResource(3)
            .build();
    RisingBanditGenerator generator =
        RisingBanditGenerator.builder()
            .minimize(false)
            .totalPulls(100)
            .arm("short", shortArm)
            .arm("halving", halving)
            .build();
    run(generator, c -> 0.5);
    assertEquals(2 + 6, generator.trials().size());
    Trial promoted =
        generator.trials().stream()
            .filter(t -> t.getData().containsKey(TrainingPart.RESUME_FROM))
            .findFirst()
            .get();
    // Network 0 of arm 1 of 2.
    assertEquals("trial-1-0", promoted.getData().get(TrainingPart.RESUME_FROM));
    assertEquals(1, promoted.getData().get(TrainingPart.TRIAL));
    assertEquals(1, promoted.getData().get(TrainingPart.PARENT));
  }

  @Test
  void aRoundWaitsForItsCandidates() {
    RisingBanditGenerator generator = bandit().build();
    List<Candidate<?>> round = new ArrayList<>();
    while (generator.hasMoreCandidates()) {
      round.add(generator.getCandidate());
    }
    assertEquals(3, round.size());
    Resume.report(generator, round.get(0), 0.1, null);
    Resume.report(generator, round.get(2), 0.1, null);
    assertFalse(generator.hasMoreCandidates());
    generator.reportFailure(1, "out of memory", null);
    assertTrue(generator.hasMoreCandidates());
  }

  @Test
  void updatesMayBeTheBudget() {
    RisingBanditGenerator generator =
        bandit().totalPulls(null).updateBudget(1000L).window(1).build();
    int pulls = 0;
    while (generator.hasMoreCandidates()) {
      Candidate<?> candidate = generator.getCandidate();
      SearchMetrics metrics = SearchMetrics.builder().costUpdates(70).build();
      Resume.report(generator, candidate, arm(candidate).equals("a") ? 0.5 : 0.4, metrics);
      pulls++;
    }
    assertEquals(15, pulls);
    assertEquals(Map.of("b", 6, "c", 6), generator.gone());
    Candidate<?> untold = bandit().updateBudget(5L).build().getCandidate();
    RisingBanditGenerator other = bandit().updateBudget(5L).build();
    other.getCandidate();
    assertThrows(IllegalStateException.class, () -> Resume.report(other, untold, 0.5, null));
  }

  @Test
  void aSearchReadFromJsonGoesOnAsItWouldHave() throws Exception {
    RisingBanditGenerator generator =
        RisingBanditGenerator.builder()
            .minimize(true)
            .totalPulls(40)
            .window(2)
            .arm(
                "tpe",
                TpeGenerator.builder()
                    .parameterSpace(new FeedbackGeneratorTest.Space())
                    .minimize(true)
                    .nStartup(3)
                    .build())
            .arm("sobol", sobol(true))
            .arm(
                "asha",
                AshaGenerator.builder()
                    .parameterSpace(new ContinuousParameterSpace(0, 1))
                    .minimize(true)
                    .build())
            .build();
    generator.setRngSeed(2);
    Resume.check(
        generator,
        60,
        c ->
            SearchMetrics.builder()
                .objectives(
                    new double[] {
                      Math.abs(c.getFlatParameters()[1] - 0.3) + (arm(c).equals("sobol") ? 1 : 0)
                    })
                .minimise(new boolean[] {true})
                .build());
    assertTrue(generator.isDone());
    assertFalse(generator.gone().isEmpty());
    RisingBanditGenerator copy = (RisingBanditGenerator) Resume.copy(generator);
    assertEquals(generator.gone(), copy.gone());
  }

  @Test
  void familiesMayBeNetworksOfBothKinds() {
    MultiLayerSpace layers =
        new MultiLayerSpace.Builder()
            .addLayer(
                new DenseLayerSpace.Builder().nIn(4).nOut(new IntegerParameterSpace(5, 9)).build())
            .addLayer(
                new OutputLayerSpace.Builder()
                    .nIn(9)
                    .nOut(2)
                    .lossFunction(LossFunction.MSE)
                    .build())
            .build();
    ComputationGraphSpace graph =
        new ComputationGraphSpace.Builder()
            .addInputs("in")
            .addLayer(
                "out",
                new OutputLayerSpace.Builder()
                    .nIn(4)
                    .nOut(2)
                    .l2(new ContinuousParameterSpace(0.1, 0.2))
                    .lossFunction(LossFunction.MSE)
                    .build(),
                "in")
            .setOutputs("out")
            .build();
    RisingBanditGenerator generator =
        RisingBanditGenerator.builder()
            .minimize(false)
            .totalPulls(4)
            .arm("layers", SobolGenerator.builder().parameterSpace(layers).minimize(false).build())
            .arm("graph", TpeGenerator.builder().parameterSpace(graph).minimize(false).build())
            .build();
    assertEquals(
        List.of("arm", "layers.layer_0.nOut", "graph.out.l2"),
        generator.space().dimensions().stream().map(Dimension::name).toList());
    assertInstanceOf(DL4JConfiguration.class, generator.getCandidate().getValue());
    assertInstanceOf(GraphConfiguration.class, generator.getCandidate().getValue());
    assertEquals(7, generator.space().value(1, 0.5));
  }

  @Test
  void theSameLeafInTwoArmsIsRefused() {
    ContinuousParameterSpace space = new ContinuousParameterSpace(0, 1);
    FeedbackGenerator one = SobolGenerator.builder().parameterSpace(space).minimize(false).build();
    FeedbackGenerator two = SobolGenerator.builder().parameterSpace(space).minimize(false).build();
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> bandit().arm("d", one).arm("e", two).build());
    assertTrue(e.getMessage().contains("Arm e"));
  }

  @Test
  void badInputIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            RisingBanditGenerator.builder()
                .minimize(false)
                .totalPulls(5)
                .arm("one", sobol(false))
                .build());
    assertThrows(IllegalArgumentException.class, () -> bandit().arm("d", sobol(true)).build());
    assertThrows(IllegalArgumentException.class, () -> bandit().totalPulls(null).build());
    assertThrows(IllegalArgumentException.class, () -> bandit().window(0).build());
    assertThrows(IllegalArgumentException.class, () -> bandit().minimize(null).build());
    assertThrows(IllegalArgumentException.class, () -> bandit().worst(0.0).build());
    assertThrows(IllegalArgumentException.class, () -> bandit().worst(2.0).best(1.0).build());
    assertThrows(IllegalArgumentException.class, () -> bandit().build().arm("d"));
    RisingBanditGenerator generator = bandit().build();
    Candidate<?> candidate = generator.getCandidate();
    assertThrows(IllegalStateException.class, () -> Resume.report(generator, candidate, 1.5, null));
    RisingBanditGenerator ranged = bandit().worst(-1.0).best(9.0).build();
    List<String> pulls = run(ranged, c -> 8.0);
    assertArrayEquals(new String[] {"a", "b", "c"}, pulls.subList(0, 3).toArray());
  }
}
