package org.dl4jplus.integration.contract;

import java.util.Map;
import java.util.Set;

/**
 * Configurations beside the defaults: the only ones of a class without a public constructor that
 * takes nothing, and those that take another path through a class. Class name, label, JSON fields.
 */
final class Variants {

  static final Map<String, Map<String, String>> JSON = Map.of();

  /** Updaters whose parameters have to be rows of probabilities. */
  static final Set<String> ON_SIMPLEX = Set.of("EntropicMirror");

  private Variants() {}
}
