package org.dl4jplus.bilevel.arbiter;

import java.util.Map;
import lombok.EqualsAndHashCode;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.bilevel.BilevelAlgorithm;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * A space of bilevel methods of one class, whose settings are chosen by the names of their JSON.
 */
@EqualsAndHashCode(callSuper = true)
public final class AlgorithmSpace extends FieldSpace<BilevelAlgorithm> {

  static final ObjectMapper JSON = new ObjectMapper();

  @JsonCreator
  AlgorithmSpace(
      @JsonProperty("prototype") ObjectNode prototype,
      @JsonProperty("fields") Map<String, ParameterSpace<?>> fields) {
    super(prototype, fields);
  }

  /**
   * A space around a method.
   *
   * @param prototype gives the settings that are not chosen
   * @return a space with nothing to choose yet
   */
  public static AlgorithmSpace of(BilevelAlgorithm prototype) {
    Require.given("prototype", prototype);
    return new AlgorithmSpace(JSON.valueToTree(prototype), null);
  }

  /**
   * This space with one more setting to choose.
   *
   * @param field name of the setting; a dot leads into one that is an object itself
   * @param space of its values
   * @return a new space
   * @throws IllegalArgumentException for a setting that the method does not have
   */
  public AlgorithmSpace with(String field, ParameterSpace<?> space) {
    return new AlgorithmSpace(prototype(), and(field, space));
  }

  @Override
  protected ObjectMapper mapper() {
    return JSON;
  }

  @Override
  protected Class<BilevelAlgorithm> type() {
    return BilevelAlgorithm.class;
  }
}
