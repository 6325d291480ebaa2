package org.dl4jplus.integration.contract;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * Every updater of the project that is on the class path, in its default and other configurations.
 */
final class Updaters {

  static final ObjectMapper MAPPER = NeuralNetConfiguration.mapper();

  private Updaters() {}

  /** All cases; a class that cannot be configured is an error of {@link DiscoveryContractTest}. */
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (Class<? extends IUpdater> type : ClassPath.concrete(IUpdater.class)) {
      if (hasDefault(type)) {
        cases.add(new Case(type.getSimpleName(), defaults(type)));
      }
      variants(type)
          .forEach(
              (label, json) ->
                  cases.add(new Case(type.getSimpleName() + " " + label, read(type, json))));
    }
    return cases;
  }

  static List<Case> bound() {
    return all().stream().filter(Case::needsBinding).toList();
  }

  static List<Case> rated() {
    return all().stream().filter(Case::hasRate).toList();
  }

  static Map<String, String> variants(Class<?> type) {
    return new TreeMap<>(Variants.JSON.getOrDefault(type.getSimpleName(), Map.of()));
  }

  static boolean hasDefault(Class<?> type) {
    try {
      type.getConstructor();
      return true;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  private static IUpdater defaults(Class<? extends IUpdater> type) {
    try {
      return type.getConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " has no defaults that work", e);
    }
  }

  /** Reads the fields of an updater. */
  private static IUpdater read(Class<? extends IUpdater> type, String fields) {
    String body = fields.strip().substring(1).strip().replace('\'', '"');
    return read("{\"@class\": \"" + type.getName() + "\"" + (body.equals("}") ? "" : ", ") + body);
  }

  /** Reads an updater as a configuration holds it. */
  static IUpdater read(String json) {
    try {
      return MAPPER.readValue(json, IUpdater.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String write(IUpdater updater) {
    try {
      return MAPPER.writerFor(IUpdater.class).writeValueAsString(updater);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
