package org.dl4jplus.bilevel.arbiter;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import lombok.EqualsAndHashCode;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * A space of objects that are like a prototype but for some of its JSON fields, each of which a
 * space of its own gives. Everything that is not named keeps the prototype's value, so its defaults
 * are the right ones.
 *
 * @param <T> what the objects are
 */
@EqualsAndHashCode(callSuper = false)
@SuppressWarnings("rawtypes")
public abstract class FieldSpace<T> extends CompositeSpace<T> {

  @JsonProperty private final ObjectNode prototype;
  @JsonProperty private final Map<String, ParameterSpace<?>> fields;

  /**
   * Takes a prototype.
   *
   * @param prototype its JSON, with its class
   * @param fields spaces by the names of the fields that they give; null for none. A dot leads into
   *     a field that is an object itself
   * @throws IllegalArgumentException for a field that the prototype does not have
   */
  @SuppressWarnings("this-escape")
  protected FieldSpace(ObjectNode prototype, Map<String, ParameterSpace<?>> fields) {
    Require.given("prototype", prototype);
    try {
      // As text gives it: a tree that was made of an object has other kinds of numbers.
      this.prototype = (ObjectNode) mapper().readTree(mapper().writeValueAsString(prototype));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("The prototype cannot be written: " + prototype, e);
    }
    this.fields = fields == null ? new LinkedHashMap<>() : new LinkedHashMap<>(fields);
    this.fields.keySet().forEach(this::check);
  }

  /**
   * The JSON of the objects.
   *
   * @return a mapper that writes and reads them with their classes
   */
  protected abstract ObjectMapper mapper();

  /**
   * What the objects are.
   *
   * @return the type that the mapper reads
   */
  protected abstract Class<T> type();

  /**
   * Makes an object of its JSON.
   *
   * @param tree the JSON
   * @return the object
   * @throws JsonProcessingException where it cannot be made
   */
  protected T read(ObjectNode tree) throws JsonProcessingException {
    return mapper().treeToValue(tree, type());
  }

  /**
   * The spaces and one more.
   *
   * @param field name of the field that it gives
   * @param space of its values
   * @return a new map
   */
  protected final Map<String, ParameterSpace<?>> and(String field, ParameterSpace<?> space) {
    Require.given("The space of " + field, space);
    Map<String, ParameterSpace<?>> all = new LinkedHashMap<>(fields);
    all.put(field, space);
    return all;
  }

  /**
   * The prototype.
   *
   * @return a copy of its JSON
   */
  protected final ObjectNode prototype() {
    return prototype.deepCopy();
  }

  private void check(String path) {
    ObjectNode holder = holder(prototype, path);
    Set<String> names = new TreeSet<>();
    holder.fieldNames().forEachRemaining(names::add);
    if (holder.has("@class")) {
      try {
        // A field that is null is not written.
        Class<?> owner = Class.forName(holder.get("@class").asText());
        mapper()
            .getSerializationConfig()
            .introspect(mapper().constructType(owner))
            .findProperties()
            .forEach(property -> names.add(property.getName()));
      } catch (ClassNotFoundException e) {
        throw new IllegalArgumentException("The prototype's class is not there", e);
      }
    }
    names.remove("@class");
    if (!names.contains(last(path))) {
      throw new IllegalArgumentException(
          "There is no field " + path + " in " + holder + "; there are " + names);
    }
  }

  private static String last(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** The object that holds the field. */
  private static ObjectNode holder(ObjectNode root, String path) {
    JsonNode node = root;
    int dot = path.lastIndexOf('.');
    if (dot > 0) {
      for (String step : path.substring(0, dot).split("\\.")) {
        node = node.path(step);
      }
    }
    if (!(node instanceof ObjectNode object)) {
      throw new IllegalArgumentException("There is nothing that holds " + path + " in " + root);
    }
    return object;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException where the object does not take a value
   */
  @Override
  public T getValue(double[] values) {
    ObjectNode tree = prototype.deepCopy();
    fields.forEach(
        (path, space) ->
            holder(tree, path).set(last(path), mapper().valueToTree(space.getValue(values))));
    try {
      return read(tree);
    } catch (JsonProcessingException e) {
      Throwable cause = e;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      throw new IllegalArgumentException(
          "Such a " + type().getSimpleName() + " cannot be: " + cause.getMessage(), e);
    }
  }

  @Override
  public Map<String, ParameterSpace> getNestedSpaces() {
    return new LinkedHashMap<>(fields);
  }

  @Override
  public String toString() {
    String name = prototype.path("@class").asText();
    return name.substring(name.lastIndexOf('.') + 1) + fields;
  }
}
