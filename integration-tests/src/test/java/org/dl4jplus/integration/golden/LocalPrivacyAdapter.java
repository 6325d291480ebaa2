package org.dl4jplus.integration.golden;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.dl4jplus.privacy.local.LdpProtocol;
import org.dl4jplus.privacy.local.LocalHashing;
import org.dl4jplus.privacy.local.RandomizedResponse;
import org.dl4jplus.privacy.local.SubsetSelection;
import org.dl4jplus.privacy.local.SummationHistogramEncoding;
import org.dl4jplus.privacy.local.ThresholdHistogramEncoding;
import org.dl4jplus.privacy.local.UnaryEncoding;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Protocols of local differential privacy; in double precision always. */
final class LocalPrivacyAdapter {

  private LocalPrivacyAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("LocalDpProtocols", LocalPrivacyAdapter::protocols);
    adapters.put("LocalDpEstimators", LocalPrivacyAdapter::estimators);
  }

  private static void protocols(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      int k = one.get("k").asInt();
      double epsilon = one.get("epsilon").asDouble();
      for (Iterator<String> names = one.path("protocols").fieldNames(); names.hasNext(); ) {
        String name = names.next();
        LdpProtocol<?> protocol = protocol(name, k, epsilon, 0);
        compare(file, name, protocol, one.get("protocols").get(name), deviation);
        scaled(
            file,
            name + ".mse",
            one.get("protocols").get(name).get("mse").asDouble(),
            protocol.mse(one.get("n").asLong()),
            tolerance(file, name),
            deviation);
      }
      for (JsonNode adaptive : one.path("adaptive")) {
        String name = adaptive.get("protocol").asText();
        double weight = adaptive.get("weightAsr").asDouble();
        LdpProtocol<?> protocol = protocol(name, k, epsilon, weight);
        compare(file, name, protocol, adaptive, deviation);
        scaled(
            file,
            name + ".mseForOneUser",
            adaptive.get("mseForOneUser").asDouble(),
            protocol.mse(1),
            tolerance(file, name),
            deviation);
      }
    }
  }

  private static LdpProtocol<?> protocol(String name, int k, double epsilon, double weightAsr) {
    return switch (name) {
      case "GRR" -> new RandomizedResponse(k, epsilon);
      case "SUE" -> UnaryEncoding.symmetric(k, epsilon);
      case "OUE" -> UnaryEncoding.optimized(k, epsilon);
      case "AUE" -> UnaryEncoding.adaptive(k, epsilon, weightAsr);
      case "BLH" -> LocalHashing.binary(k, epsilon);
      case "OLH" -> LocalHashing.optimized(k, epsilon);
      case "ALH" -> LocalHashing.adaptive(k, epsilon, weightAsr);
      case "SS" -> SubsetSelection.optimized(k, epsilon);
      case "ASS" -> SubsetSelection.adaptive(k, epsilon, weightAsr);
      case "SHE" -> new SummationHistogramEncoding(k, epsilon);
      case "THE" -> ThresholdHistogramEncoding.optimized(k, epsilon);
      case "ATHE" -> ThresholdHistogramEncoding.adaptive(k, epsilon, weightAsr);
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static void compare(
      GoldenFile file,
      String name,
      LdpProtocol<?> protocol,
      JsonNode expected,
      Deviation deviation) {
    double tolerance = tolerance(file, name);
    for (String field : List.of("p", "q", "g", "omega", "threshold")) {
      if (expected.hasNonNull(field)) {
        scaled(
            file,
            name + "." + field,
            expected.get(field).asDouble(),
            value(protocol, field),
            tolerance,
            deviation);
      }
    }
    scaled(
        file,
        name + ".asr",
        expected.get("asr").asDouble(),
        protocol.attackerSuccessRate(),
        file.json().path("tolerance").path(name + "_asr").asDouble(tolerance),
        deviation);
  }

  private static double value(LdpProtocol<?> protocol, String field) {
    return switch (field) {
      case "p" -> protocol.p();
      case "q" -> protocol.q();
      case "g" -> ((LocalHashing) protocol).g();
      case "omega" -> ((SubsetSelection) protocol).getSize();
      default -> ((ThresholdHistogramEncoding) protocol).getThreshold();
    };
  }

  private static double tolerance(GoldenFile file, String name) {
    JsonNode tolerance = file.json().path("tolerance");
    return tolerance.path(name).asDouble(tolerance.path("default").asDouble(file.tolerance()));
  }

  /** Fields have tolerances of their own: the deviation is told on the scale of the file's. */
  private static void scaled(
      GoldenFile file,
      String what,
      double expected,
      double actual,
      double tolerance,
      Deviation deviation) {
    double difference = (actual - expected) / Math.max(1, Math.abs(expected));
    deviation.compare(
        what, new double[1], new double[] {difference * file.tolerance() / tolerance});
  }

  private static void estimators(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().path("cases")) {
      int k = one.get("k").asInt();
      double epsilon = one.get("epsilon").asDouble();
      for (Iterator<String> names = one.fieldNames(); names.hasNext(); ) {
        String name = names.next();
        JsonNode recorded = one.get(name);
        if (recorded.has("estimate")) {
          deviation.compare(
              name + ".estimate",
              GoldenFile.numbers(recorded.get("estimate")),
              estimate(name, k, epsilon, one.get("n").asLong(), recorded));
        }
      }
    }
    for (JsonNode one : file.json().path("xxh32")) {
      long hash =
          Integer.toUnsignedLong(
              LocalHashing.hash(one.get("value").asInt(), (int) one.get("seed").asLong()));
      deviation.compare(
          "hash, mod",
          new double[] {one.get("hash").asDouble(), one.get("mod").asDouble()},
          new double[] {hash, hash % one.get("g").asLong()});
    }
  }

  private static double[] estimate(String name, int k, double epsilon, long n, JsonNode recorded) {
    if (name.equals("GRR")) {
      List<Integer> reports = new ArrayList<>();
      recorded.get("reports").forEach(report -> reports.add(report.asInt()));
      return new RandomizedResponse(k, epsilon).aggregate(reports);
    }
    if (recorded.has("reports")) {
      List<BitSet> reports = new ArrayList<>();
      for (JsonNode report : recorded.get("reports")) {
        BitSet set = new BitSet(k);
        report.forEach(v -> set.set(v.asInt()));
        reports.add(set);
      }
      return new SubsetSelection(k, epsilon, recorded.get("omega").asInt()).aggregate(reports);
    }
    String counts = recorded.has("supportCounts") ? "supportCounts" : "sumOfReports";
    return protocol(name, k, epsilon, 0)
        .estimate(GoldenFile.numbers(recorded.get(counts)), n, false);
  }
}
