package org.dl4jplus.integration.contract;

import java.util.Map;
import java.util.function.Supplier;
import org.dl4jplus.optim.first.JacobianDescent;
import org.dl4jplus.optim.first.multiobjective.Objectives;
import org.dl4jplus.optim.first.oracle.GradientListener;

/**
 * Configurations of listeners beside the defaults: the only ones of a class without defaults, and
 * those that take another path through a class. Class name, label, JSON fields (with single
 * quotes).
 */
final class ListenerVariants {

  static final Map<String, Map<String, String>> JSON =
      Map.of(
          "Extragradient",
          Map.of(
              "past", "{'variant': 'PAST'}",
              "reflected", "{'variant': 'REFLECTED'}",
              "updater", "{'lookahead': 'UPDATER'}"),
          "RungeKutta",
          Map.of("order 4", "{'order': 4}"),
          "MomentumConFIG",
          Map.of("two objectives", "{'numObjectives': 2, 'allowAnyUpdater': true}"),
          "SharpnessAwareMinimization",
          Map.of(
              "adaptive", "{'adaptive': true, 'rho': 0.5}",
              "GSAM", "{'variant': 'GSAM'}",
              "WSAM", "{'variant': 'WSAM', 'decouple': true}",
              "Look", "{'variant': 'LOOK', 'k': 3}",
              "Friendly", "{'variant': 'FRIENDLY'}"));

  /** What a class that takes objects has for defaults. */
  static final Map<String, Supplier<GradientListener>> OBJECTS =
      Map.of("JacobianDescent", () -> new JacobianDescent(Objectives.perClass()));

  private ListenerVariants() {}
}
