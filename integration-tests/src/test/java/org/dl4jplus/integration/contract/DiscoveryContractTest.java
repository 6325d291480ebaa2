package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dl4jplus.integration.classpath.ClassPath;
import org.dl4jplus.optim.first.Adan;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.learning.config.IUpdater;

/** Whether the other contracts see every updater. */
class DiscoveryContractTest {

  @Test
  void updatersAreFound() {
    List<Class<? extends IUpdater>> types = ClassPath.concrete(IUpdater.class);
    assertTrue(types.contains(Adan.class), () -> "Adan is not among " + types);
  }

  @Test
  void everyUpdaterIsConfigured() {
    for (Class<?> type : ClassPath.concrete(IUpdater.class)) {
      assertTrue(
          Updaters.hasDefault(type) || !Updaters.variants(type).isEmpty(),
          () ->
              type.getName() + " has no public constructor without arguments: add it to Variants");
    }
  }

  @Test
  void everyConfigurationWorks() {
    assertEquals(Map.of(), Updaters.broken(), "configurations that cannot be made");
  }

  @Test
  void variantsNameClassesThatExist() {
    Set<String> names =
        ClassPath.concrete(IUpdater.class).stream()
            .map(Class::getSimpleName)
            .collect(Collectors.toSet());
    Set<String> unknown = new TreeSet<>(Variants.JSON.keySet());
    unknown.addAll(Variants.ON_SIMPLEX);
    unknown.addAll(Limits.names());
    Updaters.all().forEach(c -> unknown.remove(c.name()));
    unknown.removeAll(names);
    assertEquals(
        Set.of(), unknown, "the tables of the contract test name classes that are not there");
  }
}
