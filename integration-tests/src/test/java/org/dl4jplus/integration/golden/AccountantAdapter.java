package org.dl4jplus.integration.golden;

import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.RdpAccountant;
import org.dl4jplus.privacy.accounting.RenyiDivergence;
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
