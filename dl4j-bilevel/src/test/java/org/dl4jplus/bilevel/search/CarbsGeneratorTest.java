package org.dl4jplus.bilevel.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.arbiter.optimize.api.AbstractParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.dl4jplus.bilevel.search.carbs.CarbsScale;
import org.dl4jplus.bilevel.search.carbs.CarbsScale.Form;
import org.dl4jplus.bilevel.search.carbs.CostFront;
import org.dl4jplus.bilevel.search.carbs.SurrogateOutputs;
import org.junit.jupiter.api.Test;
import org.nd4j.shade.jackson.annotation.JsonProperty;

class CarbsGeneratorTest {

  /** A rate whose best value falls with the size, and a size that costs. */
  public static final class Space extends AbstractParameterSpace<List<Double>> {
    @JsonProperty CarbsParameterSpace<Double> rate = CarbsParameterSpace.log(0.1);
    @JsonProperty CarbsParameterSpace<Integer> size = CarbsParameterSpace.logInteger(64, 4);

    @Override
    public List<Double> getValue(double[] v) {
      return List.of(rate.getValue(v), (double) size.getValue(v));
    }

    @Override
    public int numParameters() {
      return 2;
    }

    @Override
    @SuppressWarnings("rawtypes")
    public List<ParameterSpace> collectLeaves() {
      return new ArrayList<>(List.of(rate, size));
    }

    @Override
    public boolean isLeaf() {
      return false;
    }

    @Override
    public void setIndices(int... indices) {
      throw new UnsupportedOperationException();
    }
  }

  private static CarbsGenerator generator() {
    CarbsGenerator generator =
        CarbsGenerator.builder().parameterSpace(new Space()).minimize(true).build();
    generator.setRngSeed(5);
    return generator;
  }

  private static double size(Candidate<?> candidate) {
    return (Double) ((List<?>) candidate.getValue()).get(1);
  }

  /** loss = size^-0.3 * (1 + (log10(rate) + 0.5 log10(size))^2), cost = size. */
  private static SearchMetrics task(Candidate<?> candidate) {
    double rate = (Double) ((List<?>) candidate.getValue()).get(0);
    double size = size(candidate);
    double off = Math.log10(rate) + 0.5 * Math.log10(size);
    double loss = Math.pow(size, -0.3) * (1 + off * off);
    return SearchMetrics.builder()
        .objectives(new double[] {loss})
        .minimise(new boolean[] {true})
        .costUpdates((long) size)
        .build();
  }

  private static void run(CarbsGenerator generator, int count) {
    for (int i = 0; i < count; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      SearchMetrics metrics = task(candidate);
      generator.reportResults(
          new OptimizationResult(candidate, metrics.getObjectives()[0], i, metrics, null, null));
    }
  }

  @Test
  void itFollowsTheFrontAndTellsItsLaw() {
    CarbsGenerator generator = generator();
    run(generator, 40);
    List<Trial> front = generator.front();
    assertTrue(front.size() >= 3, "front of " + front.size());
    double first = generator.trials().get(0).getScore();
    assertTrue(
        generator.best().getScore() < 0.8 * first, generator.best().getScore() + " " + first);
    // It left the neighbourhood of the start: sizes beyond 64 were tried, without a bound.
    assertTrue(generator.trials().stream().anyMatch(t -> t.getMetrics().getCostUpdates() > 128));
    List<CarbsGenerator.ScalingLaw> laws = generator.scalingLaws();
    assertEquals(List.of("rate", "size"), laws.stream().map(l -> l.name()).toList());
    // The cost is the size, but for the rounding.
    assertEquals(1, laws.get(1).exponent(), 0.1);
    assertTrue(generator.area() > 0);
  }

  @Test
  void theFrontIsObservedAgain() {
    CarbsGenerator generator = generator();
    run(generator, 12);
    List<double[]> points = generator.trials().stream().map(Trial::getPoint).toList();
    // After 5 and after 10 successes.
    assertEquals(
        List.of(5, 10),
        generator.trials().stream()
            .filter(t -> t.getData().containsKey(CarbsGenerator.RESAMPLED))
            .map(Trial::getIndex)
            .toList());
    for (int i : new int[] {5, 10}) {
      assertTrue(points.subList(0, i).stream().anyMatch(p -> Arrays.equals(p, points.get(i))));
    }
  }

  /** Otherwise one configuration would lie in many places, each as good as new. */
  @Test
  void aRoundedValueHasOnePlace() {
    CarbsGenerator generator =
        CarbsGenerator.builder()
            .parameterSpace(CarbsParameterSpace.logInteger(3, 1))
            .minimize(false)
            .build();
    Map<Object, Double> places = new HashMap<>();
    for (int i = 0; i < 25; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      Integer value = (Integer) candidate.getValue();
      double place = generator.trials().get(i).getPoint()[0];
      assertEquals(place, places.computeIfAbsent(value, v -> place), "the place of " + value);
      SearchMetrics metrics = SearchMetrics.builder().costUpdates(value).build();
      generator.reportResults(
          new OptimizationResult(candidate, -1.0 / value, i, metrics, null, null));
    }
    assertTrue(places.size() > 4 && places.size() < 25, places.toString());
  }

  @Test
  void onlyTheFrontIsObservedTwiceAlsoWithSeveralWorkers() {
    CarbsGenerator generator =
        CarbsGenerator.builder()
            .parameterSpace(CarbsParameterSpace.logInteger(8, 4))
            .minimize(true)
            .build();
    List<Integer> values = new ArrayList<>();
    for (int round = 0; round < 6; round++) {
      List<Candidate<Object>> running = new ArrayList<>();
      for (int worker = 0; worker < 4; worker++) {
        running.add(generator.getCandidate());
      }
      for (Candidate<Object> candidate : running) {
        int value = (Integer) candidate.getValue();
        if (!candidate.getDataParameters().containsKey(CarbsGenerator.RESAMPLED)) {
          values.add(value);
        }
        SearchMetrics metrics = SearchMetrics.builder().costUpdates(value).build();
        generator.reportResults(
            new OptimizationResult(
                candidate, 1.0 / value, candidate.getIndex(), metrics, null, null));
      }
    }
    assertEquals(values.stream().distinct().toList(), values);
  }

  @Test
  void ofEqualCostsTheBetterOneIsOnTheFront() {
    double[][] points = {{0}, {1}, {2}, {3}};
    CostFront front =
        CostFront.of(points, new double[] {1, 8, 8, 8}, new double[] {1, 2, 5, 4}, 1, 0.2, false);
    assertEquals(List.of(0, 2), front.groups().stream().map(group -> group.members()[0]).toList());
  }

  @Test
  void aSearchReadFromJsonGoesOnAsItWouldHave() throws Exception {
    Resume.check(generator(), 11, CarbsGeneratorTest::task);
  }

  @Test
  void failuresAreAvoidedAndCountForNothing() {
    CarbsGenerator generator = generator();
    int failed = 0;
    for (int i = 0; i < 30; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      if (size(candidate) > 80) {
        generator.reportFailure(i, "out of memory", null);
        generator.hasMoreCandidates();
        failed++;
      } else {
        SearchMetrics metrics = task(candidate);
        generator.reportResults(
            new OptimizationResult(candidate, metrics.getObjectives()[0], i, metrics, null, null));
      }
    }
    int late =
        (int)
            generator.trials().subList(20, 30).stream()
                .filter(t -> t.getStatus() == Trial.Status.FAILED)
                .count();
    assertTrue(failed > 0 && late <= 5, failed + " failures, " + late + " of the last 10");
  }

  @Test
  void boundsHold() {
    CarbsParameterSpace<Double> bounded =
        new CarbsParameterSpace<>(new CarbsScale(Form.LINEAR, 1, 10, 0), 0.5, 0.0, 1.0);
    CarbsGenerator generator =
        CarbsGenerator.builder().parameterSpace(bounded).minimize(false).radius(2.0).build();
    for (int i = 0; i < 15; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      double value = (Double) candidate.getValue();
      assertTrue(value >= 0 && value <= 1, "" + value);
      SearchMetrics metrics = SearchMetrics.builder().costUpdates(10 + i).build();
      generator.reportResults(new OptimizationResult(candidate, value, i, metrics, null, null));
    }
    assertTrue(generator.best().getScore() > 0.9, "" + generator.best().getScore());
  }

  @Test
  void scalesInvert() {
    for (CarbsScale scale :
        List.of(
            new CarbsScale(Form.LINEAR, 3, 10, 0),
            new CarbsScale(Form.LOG, 0.5, 2, 0),
            new CarbsScale(Form.LOGIT, 2, 10, 0))) {
      for (double p : new double[] {1e-6, 0.3, 0.999}) {
        assertEquals(p, scale.parameter(scale.basic(p)), 1e-9);
      }
    }
    assertThrows(
        IllegalArgumentException.class, () -> new CarbsScale(Form.LOG, 1, 10, 0).basic(-1));
    assertThrows(
        IllegalArgumentException.class, () -> new CarbsScale(Form.LOGIT, 1, 10, 0).basic(1));
    assertThrows(IllegalArgumentException.class, () -> new CarbsScale(Form.LOG, 0, 10, 0));
    assertThrows(IllegalArgumentException.class, () -> new CarbsScale(Form.LOG, 1, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> new CarbsScale(Form.LOGIT, 1, 10, 1));
  }

  @Test
  void aFrontRisesWithTheCostAndIgnoresScaleOfOutputs() {
    double[][] x = IntStream.range(0, 6).mapToObj(i -> new double[] {i}).toArray(double[][]::new);
    double[] cost = {5, 1, 3, 2, 6, 4};
    double[] loss = {0.5, 0.9, 0.95, 0.6, 0.4, 0.7};
    CostFront front = CostFront.of(x, cost, loss, -1, 0.2, false);
    int[] order = front.groups().stream().mapToInt(g -> g.members()[0]).toArray();
    // The cheapest two are 1 and 3 (the quantile lies at cost 2), of which 3 is better.
    assertArrayEquals(new int[] {3, 0, 4}, order);
    assertEquals(3 * 0.6 + 1 * 0.5, front.area(loss), 1e-12);
    double[] one = SurrogateOutputs.normal(loss, 1);
    double[] two = SurrogateOutputs.normal(Arrays.stream(loss).map(l -> 7 * l + 3).toArray(), 1);
    assertArrayEquals(one, two, 1e-5);
    for (double scale : new double[] {1e-12, 1e12}) {
      double[] scaled = Arrays.stream(loss).map(l -> scale * l).toArray();
      assertArrayEquals(one, SurrogateOutputs.normal(scaled, 1), 1e-5);
    }
    assertArrayEquals(new double[] {0, 0}, SurrogateOutputs.logCosts(new double[] {4, 4}));
  }

  @Test
  void whatMakesNoSenseIsNamed() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            CarbsGenerator.builder()
                .parameterSpace(new ContinuousParameterSpace(0, 1))
                .minimize(true)
                .build());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            CarbsGenerator.builder()
                .parameterSpace(new Space())
                .minimize(true)
                .radius(0.0)
                .build());
    assertThrows(IllegalArgumentException.class, () -> CarbsParameterSpace.log(0));
    CarbsGenerator generator = generator();
    Candidate<Object> candidate = generator.getCandidate();
    generator.reportResults(new OptimizationResult(candidate, 1.0, 0, null, null, null));
    assertThrows(IllegalStateException.class, generator::getCandidate);
  }
}
