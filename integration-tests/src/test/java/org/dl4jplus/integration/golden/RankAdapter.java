package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.optim.zeroth.ZORankSGD;
import org.dl4jplus.optim.zeroth.objective.RankingOracle;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.search.RankSearch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** Optimization by rankings along recorded perturbations, always in double precision. */
final class RankAdapter implements GoldenAdapter {

  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("ZORankSGD", new RankAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    ZORankSGD method;
    try {
      method =
          JSON.readValue(
              file.config().put("@class", ZORankSGD.class.getName()).toString(), ZORankSGD.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    JsonNode rounds = file.json().get("rounds");
    RankSearch search =
        new RankSearch(
            method,
            file.numbers("x0"),
            (iteration, query, from, target, length) ->
                System.arraycopy(
                    GoldenFile.numbers(rounds.get((int) iteration).get("perturbations").get(query)),
                    (int) from,
                    target,
                    0,
                    length));
    ZoObjective function =
        file.has("problem") ? ZerothOrderProblem.of(file.json().get("problem")) : null;
    for (int t = 0; t < rounds.size(); t++) {
      JsonNode round = rounds.get(t);
      mode("mode " + t, round.get("mode"), search, deviation);
      deviation.compare("center " + t, GoldenFile.numbers(round.get("center")), search.point());
      double[][] points = search.ask();
      for (int i = 0; i < points.length; i++) {
        deviation.compare(
            "candidate " + t + "," + i,
            GoldenFile.numbers(round.get("candidates").get(i)),
            points[i]);
      }
      double[] recorded = GoldenFile.numbers(round.get("rankedBest1Based"));
      int[] order = Arrays.stream(recorded).mapToInt(v -> (int) v - 1).toArray();
      if (function != null) {
        int[] ranked =
            RankingOracle.of(function)
                .topK(
                    Arrays.stream(points).<INDArray>map(Nd4j::createFromArray).toList(),
                    search.k());
        deviation.compare(
            "ranks " + t, recorded, Arrays.stream(ranked).mapToDouble(v -> v + 1).toArray());
      }
      search.tell(order);
      deviation.compare(
          "direction " + t,
          GoldenFile.numbers(round.get("expectedDirectionAfter")),
          search.direction());
      deviation.compare(
          "best " + t, GoldenFile.numbers(round.get("expectedBestAfter")), search.point());
      deviation.compare(
          "accumulated " + t,
          new double[] {round.get("expectedAccumulated").asInt()},
          new double[] {search.accumulated()});
      mode("next mode " + t, round.get("expectedNextMode"), search, deviation);
    }
  }

  private static void mode(String what, JsonNode mode, RankSearch search, Deviation deviation) {
    double expected = mode.asText().equals("line_search") ? 1 : 0;
    deviation.compare(what, new double[] {expected}, new double[] {search.isLineSearch() ? 1 : 0});
  }
}
