package org.dl4jplus.integration.contract;

import java.util.Map;

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
          Map.of("order 4", "{'order': 4}"));

  private ListenerVariants() {}
}
