package org.dl4jplus.integration.contract;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.integration.classpath.ClassPath;
import org.junit.jupiter.params.provider.Arguments;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * Every updater of the project that is on the class path, in its default and other configurations.
 */
final class Updaters {

  static final ObjectMapper MAPPER = NeuralNetConfiguration.mapper();

  private static final Map<String, String> BROKEN = new TreeMap<>();
  private static final List<Case> ALL = find();

  private Updaters() {}

  /** All cases. */
  static List<Case> all() {
    return ALL;
  }

  /** Configurations that cannot be made, with what was said. */
  static Map<String, String> broken() {
    return BROKEN;
  }

  private static List<Case> find() {
    List<Case> cases = new ArrayList<>();
    for (Class<? extends IUpdater> type : ClassPath.concrete(IUpdater.class)) {
      String name = type.getSimpleName();
      if (hasDefault(type)) {
        add(cases, type, name, () -> defaults(type));
      }
      variants(type)
          .forEach((label, json) -> add(cases, type, name + " " + label, () -> read(type, json)));
    }
    return List.copyOf(cases);
  }

  private static void add(
      List<Case> cases, Class<?> type, String name, Supplier<IUpdater> updater) {
    boolean first = cases.stream().noneMatch(c -> c.prototype().getClass() == type);
    try {
      cases.add(new Case(name, updater.get(), first));
    } catch (IllegalStateException | UncheckedIOException e) {
      BROKEN.put(name, e.toString());
    }
  }

  /** One case of each class. */
  static List<Case> classes() {
    return all().stream().filter(Case::first).toList();
  }

  /** Every case with the networks it is to train: the further ones of a class with fewer. */
  static Stream<Arguments> onNetworks() {
    return all().stream()
        .flatMap(
            c ->
                Stream.of(Topology.values())
                    .filter(t -> c.first() || t == Topology.CONVOLUTION || t == Topology.GRAPH)
                    .map(t -> Arguments.of(c, t)));
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
