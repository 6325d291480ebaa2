package org.dl4jplus.integration.contract;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.dl4jplus.optim.first.JacobianDescent;
import org.dl4jplus.optim.first.multiobjective.Objectives;
import org.dl4jplus.optim.first.oracle.GradientListener;

/**
 * Configurations of listeners beside the defaults: the only ones of a class without defaults, and
 * those that take another path through a class.
 */
final class ListenerVariants {

  /** Class name, label, JSON fields (with single quotes). */
  private static final String[][] JSON = {
    {"Extragradient", "past", "{'variant': 'PAST'}"},
    {"Extragradient", "reflected", "{'variant': 'REFLECTED'}"},
    {"Extragradient", "updater", "{'lookahead': 'UPDATER'}"},
    {"RungeKutta", "order 4", "{'order': 4}"},
    {"MomentumConFIG", "two objectives", "{'numObjectives': 2, 'allowAnyUpdater': true}"},
    {"SharpnessAwareMinimization", "adaptive", "{'adaptive': true, 'rho': 0.5}"},
    {"SharpnessAwareMinimization", "GSAM", "{'variant': 'GSAM'}"},
    {"SharpnessAwareMinimization", "WSAM", "{'variant': 'WSAM', 'decouple': true}"},
    {"SharpnessAwareMinimization", "Look", "{'variant': 'LOOK', 'k': 3}"},
    {"SharpnessAwareMinimization", "Friendly", "{'variant': 'FRIENDLY'}"},
  };

  /** What a class that takes objects has for defaults. */
  static final Map<String, Supplier<GradientListener>> OBJECTS =
      Map.of("JacobianDescent", () -> new JacobianDescent(Objectives.perClass()));

  /** Learning rates that suit methods whose steps do not scale with the gradient. */
  static final Map<String, Double> LEARNING_RATES = Map.of("Sophia", 2e-3);

  private ListenerVariants() {}

  /** The settings of a class: JSON by label. */
  static Map<String, String> of(Class<?> type) {
    Map<String, String> settings = new TreeMap<>();
    for (String[] row : JSON) {
      if (row[0].equals(type.getSimpleName())) {
        settings.put(row[1], row[2]);
      }
    }
    return settings;
  }
}
