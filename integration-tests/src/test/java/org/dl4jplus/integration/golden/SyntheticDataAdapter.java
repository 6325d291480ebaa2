package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import org.dl4jplus.privacy.noise.DiscreteGaussianSampler;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.dl4jplus.privacy.synthetic.TwoWayMarginals;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** True two-way marginals, and the discrete Gaussian's probabilities and draws. */
final class SyntheticDataAdapter implements GoldenAdapter {

  private static final int DRAWS = 50_000;

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("TwoWayMarginals", new SyntheticDataAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    for (JsonNode one : file.json().path("cases")) {
      marginals(one, deviation);
    }
    if (file.has("discreteGaussianPmf")) {
      probabilities(file.json().get("discreteGaussianPmf"), deviation);
    }
  }

  private static void marginals(JsonNode one, Deviation deviation) {
    double[] data = GoldenFile.numbers(one.get("data").get("data"));
    int records = one.get("data").get("shape").get(0).asInt();
    int columns = one.get("data").get("shape").get(1).asInt();
    double[] cardinalities = GoldenFile.numbers(one.get("cardinalities"));
    double[] edges = GoldenFile.numbers(one.get("numericBins"));
    int[][] cells = new int[columns][records];
    int[] sizes = new int[columns];
    for (int c = 0; c < columns; c++) {
      boolean numeric = c >= cardinalities.length;
      sizes[c] = numeric ? edges.length - 1 : (int) cardinalities[c];
      for (int i = 0; i < records; i++) {
        double value = data[i * columns + c];
        cells[c][i] = numeric ? TwoWayMarginals.bin(edges, value) : (int) value;
      }
    }
    for (JsonNode marginal : one.get("twoWayMarginals")) {
      int a = marginal.get("columns").get(0).asInt();
      int b = marginal.get("columns").get(1).asInt();
      deviation.compare(
          "shape", GoldenFile.numbers(marginal.get("shape")), new double[] {sizes[a], sizes[b]});
      long[] counts = TwoWayMarginals.counts(cells[a], sizes[a], cells[b], sizes[b]);
      deviation.compare(
          "marginal of " + a + " and " + b,
          GoldenFile.numbers(marginal.get("values")),
          Arrays.stream(counts).mapToDouble(count -> (double) count / records).toArray());
    }
  }

  private static void probabilities(JsonNode pmf, Deviation deviation) {
    double[] expected = GoldenFile.numbers(pmf.get("values"));
    double variance = Math.pow(pmf.get("sigma").asDouble(), 2);
    long from = pmf.get("from").asLong();
    double[] actual = new double[expected.length];
    Arrays.setAll(actual, i -> DiscreteGaussianSampler.probability(variance, from + i));
    deviation.compare("probabilities", expected, actual);

    DiscreteGaussianSampler sampler =
        DiscreteGaussianSampler.ofVariance(variance, new SeededNoise(1));
    long[] counts = new long[expected.length];
    for (int i = 0; i < DRAWS; i++) {
      long index = sampler.sample() - from;
      if (index >= 0 && index < counts.length) {
        counts[(int) index]++;
      }
    }
    for (int i = 0; i < counts.length; i++) {
      double p = expected[i];
      // Six standard errors, and as much for the tails where counts are small.
      double bound = 6 * Math.sqrt(DRAWS * p * (1 - p)) + 6;
      deviation.compare(
          "draws of " + (from + i) + " too many or too few",
          new double[1],
          new double[] {Math.max(0, Math.abs(counts[i] - DRAWS * p) - bound)});
    }
  }
}
