package org.dl4jplus.integration.golden;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Calibration;
import org.dl4jplus.privacy.accounting.GaussianMechanism;
import org.dl4jplus.privacy.accounting.GdpAccountant;
import org.dl4jplus.privacy.accounting.HockeyStick;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PldAccountant;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.accounting.RdpAccountant;
import org.dl4jplus.privacy.accounting.RenyiDivergence;
import org.dl4jplus.privacy.accounting.Zcdp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Accountants, always in double precision: each number with the tolerance that its file names. */
final class AccountantAdapter {

  private static final Set<Neighbours> ADD_REMOVE = EnumSet.of(Neighbours.ADD_REMOVE);

  /** Subsets are given by their rate: of so many records. */
  private static final int RECORDS = 1_000_000;

  private final GoldenFile file;
  private final Deviation deviation;

  private AccountantAdapter(GoldenFile file, Deviation deviation) {
    this.file = file;
    this.deviation = deviation;
  }

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("RdpAccountant", AccountantAdapter::rdp);
    adapters.put("PldAccountant", AccountantAdapter::pld);
    adapters.put("AnalyticGaussian", AccountantAdapter::gaussian);
    adapters.put("NoiseCalibration", AccountantAdapter::calibration);
    adapters.put("GdpAndZcdp", AccountantAdapter::gdpAndZcdp);
  }

  private static void rdp(GoldenFile file, DataType type, Deviation deviation) {
    AccountantAdapter adapter = new AccountantAdapter(file, deviation);
    JsonNode json = file.json();
    json.path("cases").forEach(adapter::poisson);
    json.path("withoutReplacement").forEach(adapter::withoutReplacement);
    json.path("heterogeneous").forEach(adapter::heterogeneous);
    json.path("treeSingleEpoch").forEach(adapter::tree);
  }

  private void poisson(JsonNode one) {
    PrivacyEvent event = poissonEvent(one);
    for (int i = 0; i < one.get("orders").size(); i++) {
      double order = one.get("orders").get(i).asDouble();
      relative(
          "rdpOneStep at " + order,
          one.get("rdpOneStep").get(i).asDouble(),
          RenyiDivergence.of(event, order),
          tolerance(
              order == Math.rint(order)
                  ? "rdpRelativeIntegerOrders"
                  : "rdpRelativeFractionalOrders"));
    }
    RdpAccountant accountant = new RdpAccountant(Neighbours.ADD_REMOVE);
    results(one, accountant.compose(event, one.get("steps").asLong()), "epsilonRelative");
  }

  private void results(JsonNode one, RdpAccountant accountant, String tolerance) {
    for (JsonNode result : one.get("results")) {
      double delta = result.get("delta").asDouble();
      double epsilon = accountant.epsilon(delta);
      relative(
          "epsilon at delta " + delta,
          result.get("epsilon").asDouble(),
          epsilon,
          tolerance(tolerance));
      if (result.hasNonNull("optimalOrder")) {
        relative(
            "optimalOrder",
            result.get("optimalOrder").asDouble(),
            accountant.optimalOrder(delta),
            1e-9);
      }
      if (result.hasNonNull("googleEpsilon")) {
        double bound = result.get("googleEpsilon").asDouble();
        // Where the best order is a whole one both are the same number.
        deviation.compare(
            "epsilon beyond googleEpsilon",
            new double[] {0},
            new double[] {epsilon <= bound * (1 + 1e-9) ? 0 : 1});
      }
    }
  }

  private void withoutReplacement(JsonNode one) {
    int batch = (int) Math.round(one.get("samplingRate").asDouble() * RECORDS);
    PrivacyEvent event =
        new PrivacyEvent.WithoutReplacementGaussian(
            RECORDS, batch, noiseMultiplier(one), EnumSet.of(Neighbours.REPLACE_ONE));
    for (int i = 0; i < one.get("orders").size(); i++) {
      double order = one.get("orders").get(i).asDouble();
      relative(
          "without replacement, at " + order,
          one.get("rdpOneStep").get(i).asDouble(),
          RenyiDivergence.of(event, order),
          tolerance("relative"));
    }
  }

  private void heterogeneous(JsonNode one) {
    RdpAccountant accountant = new RdpAccountant(Neighbours.ADD_REMOVE);
    one.get("parts").forEach(p -> accountant.compose(poissonEvent(p), p.get("steps").asLong()));
    results(one, accountant, "relative");
  }

  private void tree(JsonNode one) {
    RdpAccountant accountant = new RdpAccountant(Neighbours.REPLACE_ZERO);
    int steps = one.get("stepsPerRestart").asInt();
    accountant.compose(
        new PrivacyEvent.Tree(noiseMultiplier(one), steps, EnumSet.of(Neighbours.REPLACE_ZERO)), 1);
    results(one, accountant, "relative");
  }

  private static void pld(GoldenFile file, DataType type, Deviation deviation) {
    AccountantAdapter adapter = new AccountantAdapter(file, deviation);
    file.json().get("cases").forEach(adapter::pld);
  }

  private void pld(JsonNode one) {
    PrivacyEvent event = poissonEvent(one);
    double step = one.get("discretization").asDouble();
    PldAccountant accountant =
        PldAccountant.builder()
            .ledger(new PrivacyLedger(Neighbours.ADD_REMOVE))
            .step(step)
            .build()
            .compose(event, one.get("steps").asLong());
    for (JsonNode result : one.path("epsilonForDelta")) {
      double delta = result.get("delta").asDouble();
      double expected = result.get("epsilon").asDouble();
      double actual = accountant.epsilon(delta);
      relative("epsilon at delta " + delta, expected, actual, tolerance("epsilonRelative"));
      valid("epsilon", expected, actual, step);
    }
    for (JsonNode result : one.path("deltaForEpsilon")) {
      double epsilon = result.get("epsilon").asDouble();
      relative(
          "delta at epsilon " + epsilon,
          result.get("delta").asDouble(),
          accountant.delta(epsilon),
          tolerance("epsilonRelative"));
    }
    PldAccountant single =
        PldAccountant.builder()
            .ledger(new PrivacyLedger(Neighbours.ADD_REMOVE))
            .step(step)
            .build()
            .compose(event, 1);
    double absolute = tolerance("oneStepAbsolute");
    for (JsonNode result : one.path("oneStepDelta")) {
      double epsilon = result.get("epsilon").asDouble();
      absolute("oneStepDelta", result.get("delta").asDouble(), single.delta(epsilon), absolute);
    }
    for (JsonNode result : one.path("oneStepExact")) {
      double epsilon = result.get("epsilon").asDouble();
      absolute(
          "deltaRemove",
          result.get("deltaRemove").asDouble(),
          HockeyStick.remove(event, epsilon),
          absolute);
      absolute(
          "deltaAdd", result.get("deltaAdd").asDouble(), HockeyStick.add(event, epsilon), absolute);
    }
  }

  /** What the file asks of every grid. */
  private void valid(String what, double expected, double actual, double step) {
    deviation.compare(
        what + " outside of the valid range",
        new double[] {0},
        new double[] {actual >= expected - 2 * step && actual <= 1.01 * expected ? 0 : 1});
  }

  private static void gaussian(GoldenFile file, DataType type, Deviation deviation) {
    AccountantAdapter adapter = new AccountantAdapter(file, deviation);
    double tolerance = adapter.tolerance("relative");
    for (JsonNode one : file.json().path("epsilonOf")) {
      adapter.relative(
          "epsilon",
          one.get("epsilon").asDouble(),
          GaussianMechanism.epsilon(one.get("sigma").asDouble(), one.get("delta").asDouble()),
          tolerance);
    }
    for (JsonNode one : file.json().path("sigmaFor")) {
      adapter.relative(
          "sigma",
          one.get("sigma").asDouble(),
          GaussianMechanism.sigma(one.get("epsilon").asDouble(), one.get("delta").asDouble()),
          tolerance);
    }
  }

  private static void calibration(GoldenFile file, DataType type, Deviation deviation) {
    AccountantAdapter adapter = new AccountantAdapter(file, deviation);
    for (JsonNode one : file.json().get("cases")) {
      String name = one.get("accountant").asText();
      Accounting accounting = Accounting.valueOf(name.toUpperCase(Locale.ROOT));
      double target = one.get("targetEpsilon").asDouble();
      double delta = one.get("targetDelta").asDouble();
      double rate = one.get("samplingRate").asDouble();
      long steps = one.get("steps").asLong();
      PrivacyLedger none = new PrivacyLedger(Neighbours.ADD_REMOVE);
      double noise =
          Calibration.noiseMultiplier(
              accounting,
              none,
              sigma -> new PrivacyEvent.PoissonGaussian(rate, sigma, ADD_REMOVE),
              steps,
              target,
              delta);
      adapter.absolute(
          name + " noiseMultiplier",
          one.get("noiseMultiplier").asDouble(),
          noise,
          adapter.tolerance(name + "Absolute"));
      double epsilon =
          accounting
              .create(none)
              .compose(new PrivacyEvent.PoissonGaussian(rate, noise, ADD_REMOVE), steps)
              .epsilon(delta);
      deviation.compare(
          "epsilon " + epsilon + " beyond the target",
          new double[] {0},
          new double[] {epsilon <= target ? 0 : 1});
    }
  }

  private static void gdpAndZcdp(GoldenFile file, DataType type, Deviation deviation) {
    AccountantAdapter adapter = new AccountantAdapter(file, deviation);
    file.json().path("gdp").forEach(adapter::gdp);
    for (JsonNode one : file.json().path("zcdp")) {
      double rho = one.get("rho").asDouble();
      double delta = one.get("delta").asDouble();
      adapter.compare("epsilon", one, Zcdp.epsilon(rho, delta));
      adapter.compare("roughEpsilon", one, Zcdp.roughEpsilon(rho, delta));
    }
    for (JsonNode one : file.json().path("rhoFor")) {
      double epsilon = one.get("epsilon").asDouble();
      adapter.compare("rho", one, Zcdp.rhoFor(epsilon, one.get("delta").asDouble()));
    }
  }

  private void gdp(JsonNode one) {
    double delta = one.get("delta").asDouble();
    long steps = one.get("steps").asLong();
    GdpAccountant sampled = new GdpAccountant(Neighbours.ADD_REMOVE);
    sampled.compose(poissonEvent(one), steps);
    compare("muClt", one, sampled.mu());
    compare("epsilonClt", one, sampled.epsilon(delta));
    GdpAccountant full = new GdpAccountant(Neighbours.ADD_REMOVE);
    full.compose(new PrivacyEvent.Gaussian(noiseMultiplier(one), ADD_REMOVE), steps);
    compare("muFullBatch", one, full.mu());
    compare("epsilonFullBatch", one, full.epsilon(delta));
  }

  private void compare(String field, JsonNode one, double actual) {
    relative(field, one.get(field).asDouble(), actual, file.tolerance());
  }

  private static PrivacyEvent poissonEvent(JsonNode one) {
    double rate = one.get("samplingRate").asDouble();
    return new PrivacyEvent.PoissonGaussian(rate, noiseMultiplier(one), ADD_REMOVE);
  }

  private static double noiseMultiplier(JsonNode one) {
    return one.get("noiseMultiplier").asDouble();
  }

  private double tolerance(String name) {
    return file.json().get("tolerance").get(name).asDouble();
  }

  private void relative(String what, double expected, double actual, double tolerance) {
    absolute(what, expected, actual, tolerance * Math.abs(expected));
  }

  /** The deviation is told on the scale of the file's tolerance. */
  private void absolute(String what, double expected, double actual, double tolerance) {
    double scaled = (actual - expected) / tolerance * file.tolerance();
    deviation.compare(
        what + " (" + actual + " instead of " + expected + "), scaled",
        new double[] {0},
        new double[] {actual == expected ? 0 : scaled});
  }
}
