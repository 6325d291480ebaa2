package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

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

  String algorithm() {
    return json.path("algorithm").asText();
  }

  double tolerance() {
    return json.path("tolerance").asDouble(1e-8);
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

  private static double[] numbers(JsonNode array) {
    double[] values = new double[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asDouble();
    }
    return values;
  }

  /** Module and file, for messages. */
  String name() {
    return path.getParent().getFileName() + "/" + path.getFileName();
  }

  @Override
  public String toString() {
    return name();
  }
}
