package org.dl4jplus.integration.golden;

import java.util.Map;
import org.dl4jplus.bilevel.search.SobolPoints;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Searches over hyperparameters, always in double precision. */
final class SearchAdapter {

  private SearchAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("Sobol", SearchAdapter::sobol);
  }

  private static double[] data(JsonNode array) {
    return GoldenFile.numbers(array.get("data"));
  }

  private static void sobol(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().get("cases")) {
      int dimension = one.get("dimension").asInt();
      SobolPoints points = SobolPoints.plain(dimension);
      double[] actual = new double[one.get("count").asInt() * dimension];
      for (int i = 0; i < actual.length; i += dimension) {
        System.arraycopy(points.point(i / dimension), 0, actual, i, dimension);
      }
      deviation.compare("points", data(one.get("points")), actual);
    }
  }
}
