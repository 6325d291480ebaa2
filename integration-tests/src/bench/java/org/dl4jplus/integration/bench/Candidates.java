package org.dl4jplus.integration.bench;

import java.lang.reflect.Constructor;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
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

  /** What is given to constructors: a delegate, a learning rate, a rank. */
  private static final Map<Class<?>, Object> ARGUMENTS =
      Map.of(IUpdater.class, new Adam(RATE), double.class, RATE, int.class, 8, Integer.class, 8);

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

  /** By the public constructor with the fewest arguments, all of which are known. */
  private static IUpdater create(Class<? extends IUpdater> type) {
    Constructor<?> shortest =
        Arrays.stream(type.getConstructors())
            .filter(c -> ARGUMENTS.keySet().containsAll(List.of(c.getParameterTypes())))
            .min(Comparator.comparingInt(Constructor::getParameterCount))
            .orElseThrow(() -> new IllegalStateException(type + " has no constructor to use"));
    try {
      return (IUpdater)
          shortest.newInstance(
              Arrays.stream(shortest.getParameterTypes()).map(ARGUMENTS::get).toArray());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " cannot be created", e);
    }
  }
}
