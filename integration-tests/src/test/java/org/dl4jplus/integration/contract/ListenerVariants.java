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
    {"AdaHessian", "rows", "{'spatialAverage': 'ROW', 'hessianUpdateFrequency': 2, 'probes': 2}"},
    {"AdaHessian", "power", "{'hessianPower': 0.5, 'maxUpdate': 1}"},
    {"Oasis", "fixed", "{'mode': 'FIXED', 'alpha': 0.1, 'momentum': 0.5, 'weightDecay': 1e-3}"},
    {"Sania", "Hutchinson", "{'preconditioner': 'HUTCHINSON', 'hessianUpdateFrequency': 2}"},
    {"Sania", "root", "{'preconditioner': 'ADAM_SQR', 'sqrt': true}"},
    {"Sania", "plain", "{'preconditioner': 'NONE'}"},
    {"Sophia", "Hutchinson", "{'estimator': 'HUTCHINSON', 'hessianUpdateFrequency': 2}"},
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
    {"AdaHessian", "by block", "{'probes': 2, 'hessianUpdateFrequency': 2, 'weightDecay': 0.01}"},
    {"Sophia", "Hutchinson", "{'estimator': 'HUTCHINSON', 'hessianUpdateFrequency': 2}"},
    {"Sophia", "often", "{'hessianUpdateFrequency': 2, 'clipNorm': 1.0}"},
    {"Kfac", "sampled", "{'fisher': 'SAMPLED', 'inverseUpdateFrequency': 2}"},
    {"Mkor", "exact, often", "{'variant': 'EXACT', 'factorUpdateFrequency': 2}"},
    {"Mkor", "hybrid", "{'hybrid': true, 'window': 2, 'minSteps': 4}"},
    {"Fosi", "early", "{'eigenUpdateFrequency': 3, 'warmup': 2, 'largestEigenvalues': 2}"},
    {"Egn", "all on", "{'lineSearch': true, 'adaptiveRegularization': true, 'momentum': 0.5}"},
    {"Oasis", "fixed", "{'mode': 'FIXED', 'momentum': 0.9, 'alpha': 0.1}"},
    {"Sania", "Hutchinson", "{'preconditioner': 'HUTCHINSON'}"},
    {"Sania", "Adam", "{'preconditioner': 'ADAM_SQR', 'sqrt': true}"},
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
