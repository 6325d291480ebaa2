package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Iterator;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * One recorded run of a reference implementation.
 *
 * @param path where it lies
 * @param json its content
 */
record GoldenFile(Path path, JsonNode json) {

  static GoldenFile read(Path path) {
    try {
      return new GoldenFile(path, new ObjectMapper().readTree(path.toFile()));
    } catch (IOException e) {
      throw new UncheckedIOException(path.toString(), e);
    }
  }

  /** What the file records; some name a kind of case, and one neither. */
  String algorithm() {
    return json.path("algorithm").asText(json.path("kind").asText("scaling laws"));
  }

  double tolerance() {
    return json.path("tolerance").asDouble(1e-8);
  }

  /** The configuration without the fields that are null, which means "not set". */
  ObjectNode config() {
    ObjectNode config = json.path("config").deepCopy();
    dropNulls(config);
    return config;
  }

  private static void dropNulls(JsonNode node) {
    node.elements().forEachRemaining(GoldenFile::dropNulls);
    if (node.isObject()) {
      for (Iterator<JsonNode> values = node.elements(); values.hasNext(); ) {
        if (values.next().isNull()) {
          values.remove();
        }
      }
    }
  }

  boolean has(String field) {
    return json.hasNonNull(field);
  }

  double[] numbers(String field) {
    return numbers(json.get(field));
  }

  double[] numbers(String field, int row) {
    return numbers(json.get(field).get(row));
  }

  int rows(String field) {
    return json.get(field).size();
  }

  static double[] numbers(JsonNode array) {
    double[] values = new double[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asDouble();
    }
    return values;
  }

  /** Module and file, for messages. */
  String name() {
    return name(path);
  }

  static String name(Path path) {
    return path.getParent().getFileName() + "/" + path.getFileName();
  }
}
