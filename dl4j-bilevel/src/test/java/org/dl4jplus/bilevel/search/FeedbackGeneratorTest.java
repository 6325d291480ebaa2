package org.dl4jplus.bilevel.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.commons.math3.distribution.BinomialDistribution;
import org.deeplearning4j.arbiter.optimize.api.AbstractParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.BooleanSpace;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.optimize.serde.jackson.JsonMapper;
import org.junit.jupiter.api.Test;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

class FeedbackGeneratorTest {

  /** Four leaves of four kinds, and one with a single value. */
  public static final class Space extends AbstractParameterSpace<List<Object>> {
    @JsonProperty ContinuousParameterSpace rate = new ContinuousParameterSpace(0, 2);
    @JsonProperty IntegerParameterSpace width = new IntegerParameterSpace(3, 6);
    @JsonProperty BooleanSpace flag = new BooleanSpace();

    @JsonProperty DiscreteParameterSpace<String> name = new DiscreteParameterSpace<>("a", "b", "c");

    @JsonProperty IntegerParameterSpace one = new IntegerParameterSpace(8, 8);

    @Override
    public List<Object> getValue(double[] v) {
      return List.of(
          rate.getValue(v), width.getValue(v), flag.getValue(v), name.getValue(v), one.getValue(v));
    }

    @Override
    public int numParameters() {
      return 5;
    }

    @Override
    @SuppressWarnings("rawtypes")
    public List<ParameterSpace> collectLeaves() {
      return new ArrayList<>(List.of(rate, width, flag, name, one));
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

  /** Stays near the best, so that its proposals depend on the history. */
  public static final class Near extends FeedbackGenerator {
    @JsonCreator
    Near(
        @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
        @JsonProperty("dataParameters") Map<String, Object> dataParameters,
        @JsonProperty("initDone") boolean initDone,
        @JsonProperty("minimize") Boolean minimize,
        @JsonProperty("maxCandidates") Integer maxCandidates) {
      super(parameterSpace, dataParameters, initDone, minimize, maxCandidates);
    }

    @Override
    protected Proposal propose(int index, SplittableRandom random) {
      double[] point = random.doubles(space().size()).toArray();
      if (best() != null) {
        point[0] = 0.9 * best().getPoint()[0] + 0.1 * point[0];
      }
      return Proposal.of(point);
    }
  }

  private static Near generator(Integer max) {
    return new Near(new Space(), null, false, true, max);
  }

  private static Near copy(Near generator) throws Exception {
    return JsonMapper.getMapper()
        .readValue(JsonMapper.getMapper().writeValueAsString(generator), Near.class);
  }

  private static void report(FeedbackGenerator generator, Candidate<?> candidate, Double score) {
    generator.reportResults(
        new OptimizationResult(candidate, score, candidate.getIndex(), null, null, null));
  }

  private static double score(Candidate<?> candidate) {
    return Math.abs(candidate.getFlatParameters()[0] - 0.3);
  }

  @Test
  void aSearchReadFromJsonGoesOnAsItWouldHave() throws Exception {
    Near generator = generator(null);
    generator.setRngSeed(7);
    for (int i = 0; i < 5; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      report(generator, candidate, score(candidate));
    }
    Candidate<Object> running = generator.getCandidate();
    Near resumed = copy(generator);
    Candidate<Object> again = resumed.getCandidate();
    assertEquals(running.getIndex(), again.getIndex());
    assertArrayEquals(running.getFlatParameters(), again.getFlatParameters());
    report(generator, running, 0.001);
    report(resumed, again, 0.001);
    for (int i = 0; i < 5; i++) {
      Candidate<Object> one = generator.getCandidate();
      Candidate<Object> two = resumed.getCandidate();
      assertEquals(one.getValue(), two.getValue());
      assertArrayEquals(one.getFlatParameters(), two.getFlatParameters());
      report(generator, one, score(one));
      report(resumed, two, score(two));
    }
    assertEquals(generator.best().getIndex(), resumed.best().getIndex());
  }

  @Test
  void theKindsOfTheSpaceAreKnownAndItsCellsSnap() {
    Near generator = generator(null);
    List<Dimension> dimensions = generator.space().dimensions();
    assertEquals(
        List.of(
            new Dimension("rate", Dimension.Kind.CONTINUOUS, 0),
            new Dimension("width", Dimension.Kind.INTEGER, 4),
            new Dimension("flag", Dimension.Kind.CATEGORICAL, 2),
            new Dimension("name", Dimension.Kind.CATEGORICAL, 3),
            new Dimension("one", Dimension.Kind.INTEGER, 1)),
        dimensions);
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 200; i++) {
      double[] point = random.doubles(5).toArray();
      double[] snapped = generator.space().snap(point);
      assertEquals(
          generator.getParameterSpace().getValue(point),
          generator.getParameterSpace().getValue(snapped));
    }
    assertEquals(6, generator.space().value(1, 0.99));
    assertEquals(1e-9, generator.space().snap(new double[] {0, 0, 0, 0, 0})[0]);
  }

  @Test
  void numbersInOrderHaveAnOrder() {
    Near generator =
        new Near(new DiscreteParameterSpace<>(0.1, 0.01, 0.001), null, false, true, null);
    assertEquals(Dimension.Kind.INTEGER, generator.space().dimensions().get(0).kind());
    generator = new Near(new DiscreteParameterSpace<>(1, 3, 2), null, false, true, null);
    assertEquals(Dimension.Kind.CATEGORICAL, generator.space().dimensions().get(0).kind());
  }

  @Test
  void aConfigurationIsNotProposedTwiceWhileThereAreOthers() {
    Near generator = new Near(new IntegerParameterSpace(1, 12), null, false, true, null);
    Set<Object> seen = new HashSet<>();
    for (int i = 0; i < 6; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      report(generator, candidate, score(candidate));
      assertTrue(seen.add(candidate.getValue()));
    }
  }

  @Test
  void integersThatAreNotEquallyLikelyHaveOnePlaceEach() {
    IntegerParameterSpace five = new IntegerParameterSpace(new BinomialDistribution(4, 0.5));
    Near generator = new Near(five, null, false, true, null);
    Set<Object> seen = new HashSet<>();
    for (int i = 0; i < 4; i++) {
      Candidate<Object> candidate = generator.getCandidate();
      report(generator, candidate, score(candidate));
      assertTrue(seen.add(candidate.getValue()));
    }
    // 2 has the probability 6/16, from 5/16 on.
    for (double u : new double[] {0.32, 0.5, 0.68}) {
      assertEquals(0.5, generator.space().snap(new double[] {u})[0], 1e-9);
    }
    double[] first = generator.space().snap(new double[] {0});
    assertEquals(0, five.getValue(first));
    assertArrayEquals(first, generator.space().snap(first));
  }

  @Test
  void failuresAndScoresThatAreNotFiniteAreNotTheBest() {
    Near generator = generator(3);
    report(generator, generator.getCandidate(), Double.NaN);
    generator.reportFailure(generator.getCandidate().getIndex(), "out of memory", null);
    Candidate<Object> last = generator.getCandidate();
    assertFalse(generator.hasMoreCandidates());
    assertFalse(generator.isDone());
    report(generator, last, 4.0);
    assertTrue(generator.isDone());
    assertEquals(2, generator.best().getIndex());
    assertEquals("out of memory", generator.trials().get(1).getFailure());
  }

  @Test
  void twentyFailuresInARowEndTheSearch() {
    Near generator = generator(null);
    for (int i = 0; i < FeedbackGenerator.MOST_FAILURES; i++) {
      assertTrue(generator.hasMoreCandidates());
      generator.reportFailure(generator.getCandidate().getIndex(), "always", null);
    }
    assertFalse(generator.hasMoreCandidates());
    assertTrue(generator.isDone());
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new Near(new Space(), null, false, null, null));
    assertThrows(IllegalArgumentException.class, () -> generator(0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Near(new IntegerParameterSpace(8, 8), null, false, true, null));
  }
}
