package org.dl4jplus.integration.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.dl4jplus.integration.classpath.ClassPath;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;

/** What is measured: the updaters on the class path with their defaults, and the baseline. */
final class Candidates {

  /** ND4J's own fused Adam. */
  static final String BASELINE = "Adam";

  private static final double RATE = 1e-3;

  private Candidates() {}

  /** The updaters by name, without the baseline. */
  static Map<String, IUpdater> all() {
    Map<String, IUpdater> candidates = new LinkedHashMap<>();
    for (Class<? extends IUpdater> type : ClassPath.concrete(IUpdater.class)) {
      candidates.put(type.getSimpleName(), create(type));
    }
    return candidates;
  }

  static IUpdater named(String name) {
    return name.equals(BASELINE) ? new Adam(RATE) : all().get(name);
  }

  static boolean needsShapes(IUpdater updater) {
    return updater instanceof AbstractUpdater own && own.needsShapes();
  }

  /** By the constructor without arguments, around the baseline, or with a learning rate. */
  private static IUpdater create(Class<? extends IUpdater> type) {
    try {
      return type.getConstructor().newInstance();
    } catch (NoSuchMethodException e) {
      return wrapping(type);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " has no defaults that work", e);
    }
  }

  private static IUpdater wrapping(Class<? extends IUpdater> type) {
    try {
      return type.getConstructor(IUpdater.class).newInstance(new Adam(RATE));
    } catch (NoSuchMethodException e) {
      return rated(type);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " does not wrap Adam", e);
    }
  }

  private static IUpdater rated(Class<? extends IUpdater> type) {
    try {
      return type.getConstructor(double.class).newInstance(RATE);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " cannot be created with a learning rate", e);
    }
  }
}
