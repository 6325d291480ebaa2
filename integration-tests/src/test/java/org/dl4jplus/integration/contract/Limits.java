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
    /**
     * A schedule that starts with the constant rate starts with the same step, and then differs.
     */
    SCHEDULE,
    /** Gradients of zero leave parameters as they are. */
    ZERO_GRADIENT,
    /** One entry that is not finite leaves the other parameters as they are. */
    OTHERS_UNTOUCHED,
    /** The states of several workers can be averaged. */
    AVERAGING
  }

  private static final Map<Contract, Map<String, String>> TABLE =
      Map.of(
          Contract.LOSS_FALLS,
          Map.of("ScalableShampoo", "the authors' rate of 1 is too high for the recurrent network"),
          Contract.AVERAGING,
          Map.of("MicroAdam", "places and codes have no mean, and it says so"),
          Contract.ZERO_RATE,
          Map.of(
              "CoRe", "its rate is where step sizes start, which has to be above 0",
              "Cautious over Adam", "at rate 0 the platform's Adam takes epsilon for the rate",
              "Accumulating pairs of Adam", "as Cautious over Adam",
              "OnlineSubspaceDescent of Adam", "as Cautious over Adam"),
          Contract.SCHEDULE,
          Map.of(
              "CoRe", "its rate is where step sizes start",
              "SingleCallExtragradient", "a step looks ahead with the rate of the next"),
          Contract.ZERO_GRADIENT,
          Map.of(
              "Adafactor unscaled", "decay moves them",
              "EntropicMirror", "making a row sum to 1 rounds",
              "Lamb decay", "decay moves them",
              "Lars Nesterov", "decay moves them",
              "ScalableShampoo decay", "decay moves them",
              "ScheduleFreeAdamW decay", "decay moves them",
              "ScheduleFreeSgd warm", "decay moves them"),
          Contract.OTHERS_UNTOUCHED,
          Map.of("Lamb decay", "decay moves them, as the platform's does"));

  /** Fields that take values which others do not. */
  private static final Map<String, String> FREE_FIELDS =
      Map.of(
          "seed", "any number is a seed",
          "Adafactor.decayRate", "an exponent that is negative",
          "AdaLomo.decayRate", "an exponent that is negative",
          "ScalableShampoo.beta2=1.0", "sums, the default",
          "SubsetNormAdam.subsetSize", "negative sizes count from the rows",
          "SubsetNormAdam.beta2=1.0", "sums of squares, as in AdaGrad",
          "SubsetNormAdam.rank=0", "the default momentum has no rank",
          "OptimisticAdam.beta", "a weight of the difference, no average",
          "OptimisticSgd.beta", "a weight of the difference, no average");

  /** What no field takes. */
  private static final Set<String> NEVER = Set.of("\"NaN\"", "\"Infinity\"", "\"-Infinity\"");

  private Limits() {}

  /** Whether a contract does not hold for a class, or for one configuration of it. */
  static boolean exempt(Contract contract, String type, String name) {
    Map<String, String> reasons = TABLE.getOrDefault(contract, Map.of());
    return reasons.containsKey(type) || reasons.containsKey(name);
  }

  /** The classes and configurations that the table names. */
  static Set<String> names() {
    return TABLE.values().stream().flatMap(m -> m.keySet().stream()).collect(Collectors.toSet());
  }

  /** Whether a field takes a value, for a reason that the table gives. */
  static boolean takes(String type, String field, String value) {
    return !NEVER.contains(value)
        && (FREE_FIELDS.containsKey(field)
            || FREE_FIELDS.containsKey(type + "." + field)
            || FREE_FIELDS.containsKey(type + "." + field + "=" + value));
  }
}
