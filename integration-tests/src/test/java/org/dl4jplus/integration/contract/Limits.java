package org.dl4jplus.integration.contract;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Where a contract does not hold for a class, and why. What is not in this table has to hold. */
final class Limits {

  /** Contracts with exceptions. */
  enum Contract {
    /** Twenty steps with the default settings bring the loss down. */
    LOSS_FALLS,
    /** Rate 0 leaves parameters as they are. */
    ZERO_RATE,
    /** Gradients of zero leave parameters as they are. */
    ZERO_GRADIENT,
    /** One entry that is not finite leaves the other parameters as they are. */
    OTHERS_UNTOUCHED,
    /** The states of several workers can be averaged. */
    AVERAGING
  }

  private static final Map<Contract, Map<String, String>> TABLE = Map.of();

  /**
   * Fields that take more numbers than most: the values that are fine, among those that are tried.
   */
  private static final Map<String, String> FREE_FIELDS = Map.of("seed", "any number is a seed");

  private Limits() {}

  static String reason(Contract contract, String type) {
    return TABLE.getOrDefault(contract, Map.of()).get(type);
  }

  /** The classes that the table names. */
  static Set<String> types() {
    return TABLE.values().stream().flatMap(m -> m.keySet().stream()).collect(Collectors.toSet());
  }

  /** Whether a field takes a value, for a reason that the table gives. */
  static boolean takes(String type, String field, String value) {
    return FREE_FIELDS.containsKey(field)
        || FREE_FIELDS.containsKey(type + "." + field)
        || FREE_FIELDS.containsKey(type + "." + field + "=" + value);
  }
}
