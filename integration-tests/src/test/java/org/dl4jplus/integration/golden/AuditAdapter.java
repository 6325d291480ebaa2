package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import org.dl4jplus.privacy.audit.AttackResult;
import org.dl4jplus.privacy.audit.EpsilonLowerBound;
import org.dl4jplus.privacy.audit.Lira;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Membership inference and the lower bounds on epsilon, always in double precision. */
final class AuditAdapter implements GoldenAdapter {

  private interface Case {
    void run(JsonNode json, Deviation deviation);
  }

  private final Case test;

  private AuditAdapter(Case test) {
    this.test = test;
  }

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("LiRA", new AuditAdapter(AuditAdapter::attack));
    adapters.put("EpsilonLowerBound", new AuditAdapter(AuditAdapter::bound));
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    file.json().get("cases").forEach(json -> test.run(json, deviation));
  }

  private static void bound(JsonNode json, Deviation deviation) {
    EpsilonLowerBound.Rates rates =
        EpsilonLowerBound.clopperPearson(
            json.get("truePositives").asInt(),
            json.get("members").asInt(),
            json.get("falsePositives").asInt(),
            json.get("nonMembers").asInt(),
            json.get("delta").asDouble(),
            json.get("alpha").asDouble());
    deviation.compare(
        "tprLower, fprUpper, epsilonLowerBound",
        new double[] {
          json.get("tprLower").asDouble(),
          json.get("fprUpper").asDouble(),
          json.get("epsilonLowerBound").asDouble()
        },
        new double[] {rates.tprLower(), rates.fprUpper(), rates.epsilon()});
  }

  private static void attack(JsonNode json, Deviation deviation) {
    int[] classes = new int[json.get("classOfTarget").size()];
    Arrays.setAll(classes, j -> json.get("classOfTarget").get(j).asInt());
    double[] logits = GoldenFile.numbers(json.get("logits").get("data"));
    boolean[][] membership = new boolean[json.get("membership").size()][classes.length];
    double[][][] phi = new double[membership.length][classes.length][json.get("queries").asInt()];
    double[] flat = new double[logits.length / json.get("classes").asInt()];
    int width = logits.length / flat.length;
    int at = 0;
    for (int s = 0; s < phi.length; s++) {
      for (int j = 0; j < classes.length; j++) {
        membership[s][j] = json.get("membership").get(s).get(j).asInt() == 1;
        for (int q = 0; q < phi[s][j].length; q++) {
          double[] row = Arrays.copyOfRange(logits, at * width, (at + 1) * width);
          phi[s][j][q] = Lira.logOdds(row, classes[j]);
          flat[at++] = phi[s][j][q];
        }
      }
    }
    deviation.compare(
        "logOddsScores", GoldenFile.numbers(json.get("logOddsScores").get("data")), flat);
    int last = phi.length - 1;
    for (Iterator<String> names = json.get("expected").fieldNames(); names.hasNext(); ) {
      String name = names.next();
      JsonNode expected = json.get("expected").get(name);
      double[] scores =
          Lira.builder()
              .variant(name.startsWith("online") ? Lira.Variant.ONLINE : Lira.Variant.OFFLINE)
              .fixVariance(name.endsWith("FixedVariance"))
              .build()
              .scores(Arrays.copyOf(phi, last), Arrays.copyOf(membership, last), phi[last]);
      deviation.compare(name, GoldenFile.numbers(expected.get("scores")), scores);
      AttackResult result = new AttackResult(scores, membership[last]);
      deviation.compare(
          name + ": auc, balancedAccuracy, tprAtFpr001",
          new double[] {
            expected.get("auc").asDouble(),
            expected.get("balancedAccuracy").asDouble(),
            expected.get("tprAtFpr001").asDouble()
          },
          new double[] {result.auc(), result.balancedAccuracy(), result.tprAtFpr(0.01)});
    }
  }
}
