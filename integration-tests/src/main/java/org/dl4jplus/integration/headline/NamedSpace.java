package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.deeplearning4j.arbiter.optimize.api.AbstractParameterSpace;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.distribution.LogUniformDistribution;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.dl4jplus.bilevel.search.FeedbackGenerator;

/** What the searches' experiments have in common: spaces of named values. */
final class NamedSpace extends AbstractParameterSpace<Map<String, Object>> {

  private final Map<String, ParameterSpace<?>> spaces = new LinkedHashMap<>();

  /** Adds a value. */
  NamedSpace with(String name, ParameterSpace<?> space) {
    spaces.put(name, space);
    return this;
  }

  /** Adds a number whose logarithm is searched. */
  NamedSpace withLog(String name, double low, double high) {
    return with(name, new ContinuousParameterSpace(new LogUniformDistribution(low, high)));
  }

  /** A value of a configuration that is a number. */
  static double number(Candidate<?> candidate, String name) {
    return ((Number) value(candidate, name)).doubleValue();
  }

  static Object value(Candidate<?> candidate, String name) {
    return ((Map<?, ?>) candidate.getValue()).get(name);
  }

  /** Runs a search to its end, one candidate at a time. */
  static void run(FeedbackGenerator generator, ToDoubleFunction<Candidate<?>> task) {
    while (generator.hasMoreCandidates()) {
      Candidate<?> candidate = generator.getCandidate();
      Searches.report(generator, candidate, task.applyAsDouble(candidate), null);
    }
  }

  @Override
  public Map<String, Object> getValue(double[] point) {
    Map<String, Object> values = new LinkedHashMap<>();
    spaces.forEach((name, space) -> values.put(name, space.getValue(point)));
    return values;
  }

  @Override
  public int numParameters() {
    return spaces.size();
  }

  @Override
  @SuppressWarnings("rawtypes")
  public List<ParameterSpace> collectLeaves() {
    return new ArrayList<>(spaces.values());
  }

  @Override
  @SuppressWarnings("rawtypes")
  public Map<String, ParameterSpace> getNestedSpaces() {
    return new LinkedHashMap<>(spaces);
  }

  @Override
  public boolean isLeaf() {
    return false;
  }

  @Override
  public void setIndices(int... indices) {
    throw new UnsupportedOperationException("Leaves have indices, this space has none");
  }
}
