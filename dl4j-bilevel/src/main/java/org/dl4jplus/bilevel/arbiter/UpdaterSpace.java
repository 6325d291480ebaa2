package org.dl4jplus.bilevel.arbiter;

import java.util.Iterator;
import java.util.Map;
import lombok.EqualsAndHashCode;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * A space of updaters of one class, for any updater that a network's configuration can hold; {@link
 * UpdaterSpaces} makes them.
 */
@EqualsAndHashCode(callSuper = true)
public final class UpdaterSpace extends FieldSpace<IUpdater> {

  @JsonCreator
  UpdaterSpace(
      @JsonProperty("prototype") ObjectNode prototype,
      @JsonProperty("fields") Map<String, ParameterSpace<?>> fields) {
    super(prototype, fields);
  }

  static UpdaterSpace of(IUpdater prototype) {
    Require.given("prototype", prototype);
    return new UpdaterSpace(NeuralNetConfiguration.mapper().valueToTree(prototype), null);
  }

  /**
   * This space with one more field to choose.
   *
   * @param field name of the field; a dot leads into an updater that this one wraps: {@code
   *     "delegate.learningRate"}
   * @param space of its values: numbers, schedules, names of enumerations, updaters
   * @return a new space
   * @throws IllegalArgumentException for a field that the updater does not have
   */
  public UpdaterSpace with(String field, ParameterSpace<?> space) {
    return new UpdaterSpace(prototype(), and(field, space));
  }

  /** Simple name of the updaters' class. */
  String name() {
    String type = prototype().path("@class").asText();
    return type.substring(type.lastIndexOf('.') + 1);
  }

  /** Where its learning rate lies: its own, or that of an updater inside. */
  String ratePath() {
    String path = path(prototype());
    if (path == null) {
      throw new IllegalArgumentException(
          name() + " has no learning rate that is a number: " + prototype());
    }
    return path;
  }

  private static String path(JsonNode node) {
    if (node.path("learningRate").isNumber()) {
      return "learningRate";
    }
    Iterator<Map.Entry<String, JsonNode>> fields = node.fields();
    while (fields.hasNext()) {
      Map.Entry<String, JsonNode> field = fields.next();
      String inner = field.getValue().isObject() ? path(field.getValue()) : null;
      if (inner != null) {
        return field.getKey() + "." + inner;
      }
    }
    return null;
  }

  /** The learning rate at a path. */
  double rate(String path) {
    JsonNode node = prototype();
    for (String step : path.split("\\.")) {
      node = node.path(step);
    }
    return node.asDouble();
  }

  @Override
  protected ObjectMapper mapper() {
    return NeuralNetConfiguration.mapper();
  }

  @Override
  protected Class<IUpdater> type() {
    return IUpdater.class;
  }
}
