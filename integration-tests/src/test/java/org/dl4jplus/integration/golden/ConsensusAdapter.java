package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.optim.zeroth.CBO;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.search.ConsensusSearch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** Consensus-based optimization with recorded noise and batches, always in double precision. */
final class ConsensusAdapter implements GoldenAdapter {

  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("CBO", new ConsensusAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode json = file.json();
    ConsensusSearch search =
        new ConsensusSearch(
            method(file),
            matrix(json.get("particles0")),
            (iteration, query, from, target, length) ->
                System.arraycopy(
                    GoldenFile.numbers(json.get("gaussians").get((int) iteration).get(query)),
                    (int) from,
                    target,
                    0,
                    length),
            step -> batch(json.path("batches"), step));
    ZoObjective function = ZerothOrderProblem.of(json.get("problem"));
    for (int t = 0; t < file.rows("gaussians"); t++) {
      boolean ended = false;
      while (!ended) {
        double[] values =
            Arrays.stream(search.ask())
                .mapToDouble(point -> function.value(Nd4j.createFromArray(point)))
                .toArray();
        ended = search.tell(values);
      }
      deviation.compare("consensus " + t, file.numbers("expectedConsensus", t), search.consensus());
      double[][] expected = matrix(json.get("expectedParticles").get(t));
      double[][] actual = search.particles();
      for (int i = 0; i < expected.length; i++) {
        deviation.compare("particle " + t + "," + i, expected[i], actual[i]);
      }
    }
  }

  private static CBO method(GoldenFile file) {
    try {
      return JSON.readValue(file.config().put("@class", CBO.class.getName()).toString(), CBO.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int[] batch(JsonNode batches, int step) {
    JsonNode batch = batches.path(step);
    int[] rows = new int[batch.size()];
    Arrays.setAll(rows, i -> batch.get(i).asInt());
    return rows;
  }

  /** Rows, or shape and data. */
  private static double[][] matrix(JsonNode node) {
    if (node.isArray()) {
      double[][] rows = new double[node.size()][];
      Arrays.setAll(rows, i -> GoldenFile.numbers(node.get(i)));
      return rows;
    }
    int columns = node.get("shape").get(1).asInt();
    double[] data = GoldenFile.numbers(node.get("data"));
    double[][] rows = new double[node.get("shape").get(0).asInt()][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(data, i * columns, (i + 1) * columns));
    return rows;
  }
}
