package org.dl4jplus.integration.contract;

import java.util.Map;
import java.util.Set;

/**
 * Configurations beside the defaults: the only ones of a class without a public constructor that
 * takes nothing, and those that take another path through a class. Class name, label, JSON fields
 * (with single quotes).
 */
final class Variants {

  // The platform's own read what JSON leaves out as 0.
  private static final String ADAM =
      "{'delegate': {'@class': 'org.nd4j.linalg.learning.config.Adam', 'learningRate': 0.001,"
          + " 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-8}}";

  private static final String SGD =
      "{'delegate': {'@class': 'org.nd4j.linalg.learning.config.Sgd', 'learningRate': 0.1}}";

  static final Map<String, Map<String, String>> JSON =
      Map.ofEntries(
          Map.entry(
              "Accumulating",
              Map.of(
                  "pairs of Adam", ADAM.replaceFirst("}}$", "}, 'k': 2}"),
                  "pairs of Lion", over("org.dl4jplus.optim.first.Lion", ", 'k': 2"),
                  "ones of Adan", over("org.dl4jplus.optim.first.Adan", ", 'k': 1"))),
          Map.entry(
              "Adafactor",
              Map.of(
                  "rate", "{'learningRate': 0.001, 'relativeStep': false, 'beta1': 0.9}",
                  "unscaled", "{'scaleParameter': false, 'weightDecay': 0.01}")),
          Map.entry("AdaBound", Map.of("amsBound", "{'amsBound': true}")),
          Map.entry("AdEMAMix", Map.of("warm", "{'alphaWarmup': 10, 'beta3Warmup': 10}")),
          Map.entry(
              "Cautious",
              Map.of(
                  "over Adam", ADAM,
                  "over Sgd", SGD,
                  "over Lion",
                      over("org.dl4jplus.optim.first.Lion", ", 'scaling': 'COUNT_PLUS_ONE'"),
                  "over Muon", over("org.dl4jplus.optim.first.Muon", ""),
                  "over FAdam", over("org.dl4jplus.optim.first.FAdam", ""),
                  "over Lamb", over("org.dl4jplus.optim.first.Lamb", ""))),
          Map.entry("CoRe", Map.of("frozen", "{'scoreHistory': 2, 'frozenFraction': 0.1}")),
          Map.entry("ExponentiatedGradient", Map.of("Adam", "{'mode': 'ADAM'}")),
          Map.entry("FAdam", Map.of("without decay", "{'weightDecay': 0}")),
          Map.entry(
              "LionK",
              Map.of(
                  "L2", "{'kappa': 'L2'}",
                  "LP", "{'kappa': 'LP', 'kappaP': 1.5}",
                  "Huber", "{'kappa': 'HUBER', 'kappaEpsilon': 0.1}",
                  "soft L1", "{'kappa': 'SOFT_L1', 'kappaEpsilon': 0.0001}",
                  "top k", "{'kappa': 'TOPK_L1', 'kappaTopK': 3}",
                  "relativistic", "{'kappa': 'RELATIVISTIC', 'kappaEpsilon': 0.1}",
                  "tanh", "{'kappa': 'TANH', 'kappaEpsilon': 0.1}",
                  "groups", "{'kappa': 'GROUP_L2'}",
                  "nuclear", "{'kappa': 'NUCLEAR'}")),
          Map.entry("Mfac", Map.of("window", "{'numGradients': 3, 'momentum': 0.5}")),
          Map.entry("Muon", Map.of("hidden only", "{'hiddenOnly': true}")),
          Map.entry(
              "OnlineSubspaceDescent",
              Map.of(
                  "of Adam", ADAM.replaceFirst("}}$", "}, 'rank': 2}"),
                  "of Lion",
                      over(
                          "org.dl4jplus.optim.first.Lion",
                          ", 'rank': 2" + ", 'projectionOptimizer': 'LION'"),
                  "by SGD",
                      over(
                          "org.dl4jplus.optim.first.Adan",
                          ", 'rank': 1" + ", 'projectionOptimizer': 'SGD'"),
                  "by SVD",
                      over(
                          "org.dl4jplus.optim.first.Adan",
                          ", 'rank': 1" + ", 'projectionOptimizer': 'NONE_SVD'"))),
          Map.entry(
              "ScalableShampoo",
              Map.of(
                  "blocks",
                      "{'learningRate': 0.1, 'blockSize': 3, 'graft': 'ADAGRAD', 'beta2': 0.9,"
                          + " 'startPreconditioningStep': 3, 'preconditioningComputeSteps': 2}",
                  "decay",
                      "{'learningRate': 0.01, 'mergeSmallDimensions': false, 'graft': 'NONE',"
                          + " 'nesterov': false, 'weightDecay': 0.001}")),
          Map.entry(
              "Soap", Map.of("every step", "{'preconditionFrequency': 1, 'precondition1d': true}")),
          Map.entry(
              "SubsetNormAdam",
              Map.of(
                  "subspace", "{'momentum': 'SUBSPACE', 'rank': 2}",
                  "top k", "{'momentum': 'SUBSPACE', 'rank': 2, 'projection': 'TOPK_NORM'}",
                  "uniform", "{'momentum': 'SUBSPACE', 'rank': 2, 'projection': 'UNIFORM'}",
                  "plain", "{'momentum': 'NONE', 'secondMoment': 'NONE'}")),
          Map.entry(
              "Lars",
              Map.of(
                  "plain", "{'learningRate': 0.1}",
                  "Nesterov", "{'learningRate': 0.1, 'nesterov': true, 'weightDecay': 0.001}")),
          Map.entry("Lamb", Map.of("decay", "{'weightDecay': 0.01, 'maxTrustRatio': 10}")),
          Map.entry(
              "OnlineToNonconvex",
              Map.of(
                  "exponential", "{'scaling': 'EXPONENTIAL'}", "unscaled", "{'scaling': 'NONE'}")),
          Map.entry("OptAmsGrad", Map.of("last", "{'predictor': 'LAST'}")),
          Map.entry("ScheduleFreeSgd", Map.of("warm", "{'warmupSteps': 5, 'weightDecay': 0.01}")),
          Map.entry("ScheduleFreeAdamW", Map.of("decay", "{'weightDecay': 0.01}")));

  /** Updaters whose parameters have to be rows of probabilities. */
  static final Set<String> ON_SIMPLEX = Set.of("EntropicMirror");

  private Variants() {}

  private static String over(String delegate, String more) {
    return "{'delegate': {'@class': '" + delegate + "'}" + more + "}";
  }
}
