package org.dl4jplus.bilevel.arbiter;

import java.util.LinkedHashMap;
import java.util.Map;
import lombok.EqualsAndHashCode;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * One of several spaces, and a value of it: an updater with the rate that suits it, a family of
 * networks with its settings. All settings are dimensions of the search; those of options that were
 * not chosen do nothing.
 *
 * @param <T> what the values are
 */
@EqualsAndHashCode(callSuper = false)
@SuppressWarnings("rawtypes")
public final class ChoiceSpace<T> extends CompositeSpace<T> {

  @JsonProperty private final Map<String, ParameterSpace<? extends T>> options;
  @JsonProperty private final DiscreteParameterSpace<String> choice;
  @JsonProperty private final Map<String, ParameterSpace<?>> shared;

  /**
   * Takes the options.
   *
   * @param options spaces by name, in order; at least one
   * @throws IllegalArgumentException without an option
   */
  public ChoiceSpace(Map<String, ? extends ParameterSpace<? extends T>> options) {
    this(options, Map.of());
  }

  /** Takes the options, and names for what several of them share. */
  ChoiceSpace(
      Map<String, ? extends ParameterSpace<? extends T>> options,
      Map<String, ParameterSpace<?>> shared) {
    this(
        new LinkedHashMap<>(Require.given("options", options)),
        new DiscreteParameterSpace<>(options.keySet()),
        shared);
  }

  @JsonCreator
  ChoiceSpace(
      @JsonProperty("options") Map<String, ParameterSpace<? extends T>> options,
      @JsonProperty("choice") DiscreteParameterSpace<String> choice,
      @JsonProperty("shared") Map<String, ParameterSpace<?>> shared) {
    if (options.isEmpty()) {
      throw new IllegalArgumentException("options must not be empty");
    }
    this.options = options;
    this.choice = choice;
    this.shared = shared;
  }

  @Override
  public T getValue(double[] values) {
    return options.get(choice.getValue(values)).getValue(values);
  }

  @Override
  public Map<String, ParameterSpace> getNestedSpaces() {
    Map<String, ParameterSpace> nested = new LinkedHashMap<>();
    nested.put("choice", choice);
    nested.putAll(shared);
    nested.putAll(options);
    return nested;
  }

  @Override
  public String toString() {
    return "one of " + options;
  }
}
