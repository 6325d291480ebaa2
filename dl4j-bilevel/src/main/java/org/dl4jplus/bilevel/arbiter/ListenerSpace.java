package org.dl4jplus.bilevel.arbiter;

import java.util.Map;
import lombok.EqualsAndHashCode;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.annotation.PropertyAccessor;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * A space of methods that are attached to a network as listeners, second-order ones above all:
 * their settings are chosen by the names of their fields.
 *
 * <pre>{@code
 * ListenerSpace.of(new Sophia()).with("rho", new ContinuousParameterSpace(0.01, 0.1))
 * }</pre>
 *
 * A {@link ListenedSpace} puts them on the networks of another space.
 */
@EqualsAndHashCode(callSuper = true)
public final class ListenerSpace extends FieldSpace<TrainingListener> {

  private static final String CLASS = "@class";

  static final ObjectMapper JSON =
      new ObjectMapper()
          .setVisibility(PropertyAccessor.GETTER, JsonAutoDetect.Visibility.NONE)
          .setVisibility(PropertyAccessor.IS_GETTER, JsonAutoDetect.Visibility.NONE)
          .setVisibility(PropertyAccessor.FIELD, JsonAutoDetect.Visibility.ANY)
          .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

  @JsonCreator
  ListenerSpace(
      @JsonProperty("prototype") ObjectNode prototype,
      @JsonProperty("fields") Map<String, ParameterSpace<?>> fields) {
    super(prototype, fields);
  }

  /**
   * A space around a listener.
   *
   * @param prototype gives the settings that are not chosen; its class has to be one that JSON can
   *     make
   * @return a space with nothing to choose yet
   * @throws IllegalArgumentException for one that JSON does not bring back
   */
  public static ListenerSpace of(TrainingListener prototype) {
    Require.given("prototype", prototype);
    ListenerSpace space = new ListenerSpace(write(prototype), null);
    space.getValue(new double[0]);
    return space;
  }

  static ObjectNode write(TrainingListener listener) {
    ObjectNode node = JSON.valueToTree(listener);
    return node.put(CLASS, listener.getClass().getName());
  }

  /**
   * This space with one more setting to choose.
   *
   * @param field name of the setting
   * @param space of its values
   * @return a new space
   * @throws IllegalArgumentException for a setting that the listener does not have
   */
  public ListenerSpace with(String field, ParameterSpace<?> space) {
    return new ListenerSpace(prototype(), and(field, space));
  }

  @Override
  protected TrainingListener read(ObjectNode tree) throws JsonProcessingException {
    return readListener(tree);
  }

  static TrainingListener readListener(ObjectNode tree) throws JsonProcessingException {
    try {
      Class<?> type = Class.forName(tree.path(CLASS).asText());
      ObjectNode plain = tree.deepCopy();
      plain.remove(CLASS);
      return (TrainingListener) JSON.treeToValue(plain, type);
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException("There is no class of the listener " + tree, e);
    }
  }

  @Override
  protected ObjectMapper mapper() {
    return JSON;
  }

  @Override
  protected Class<TrainingListener> type() {
    return TrainingListener.class;
  }
}
