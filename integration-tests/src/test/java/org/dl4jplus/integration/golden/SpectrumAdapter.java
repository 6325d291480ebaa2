package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.optim.first.HeavyBall;
import org.dl4jplus.optim.first.linalg.Lanczos;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.Fosi;
import org.dl4jplus.optim.second.curvature.Eigenpairs;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Lanczos, always in double precision, and what stands on it. */
final class SpectrumAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    SpectrumAdapter adapter = new SpectrumAdapter();
    adapters.put("Lanczos", adapter);
    adapters.put("SLQ", adapter);
    adapters.put("FOSI", adapter);
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    switch (file.algorithm()) {
      case "Lanczos" -> lanczos(file, deviation);
      case "SLQ" -> quadrature(file, deviation);
      default -> fosi(file, type, deviation);
    }
  }

  private static Lanczos run(GoldenFile file, INDArray start) {
    long n = start.length();
    INDArray matrix = Nd4j.createFromArray(file.numbers("matrix")).reshape('c', n, n);
    return Lanczos.run(matrix::mmul, start, file.json().get("order").asInt());
  }

  private static void lanczos(GoldenFile file, Deviation deviation) {
    Lanczos lanczos = run(file, Nd4j.createFromArray(file.numbers("startVector")));
    deviation.compare("expectedAlphas", file.numbers("expectedAlphas"), lanczos.alphas());
    deviation.compare("expectedBetas", file.numbers("expectedBetas"), lanczos.betas());
    int smallest = file.json().path("lSmallest").asInt();
    int largest = file.json().path("kLargest").asInt();
    Eigenpairs pairs = Eigenpairs.of(lanczos, smallest, largest);
    vectors(file, "Smallest", pairs, 0, smallest, deviation);
    vectors(file, "Largest", pairs, smallest, largest, deviation);
  }

  private static void vectors(
      GoldenFile file, String end, Eigenpairs pairs, int from, int count, Deviation deviation) {
    if (!file.has("expected" + end)) {
      return;
    }
    double[] values = new double[count];
    System.arraycopy(pairs.values(), from, values, 0, count);
    deviation.compare("expected" + end, file.numbers("expected" + end), values);
    String field = "expected" + end + "Vectors";
    INDArray expected =
        Nd4j.createFromArray(file.numbers(field))
            .reshape('c', new long[] {count, pairs.vectors().size(1)});
    for (int i = 0; i < count; i++) {
      INDArray row = expected.getRow(i);
      INDArray vector = pairs.vectors().getRow(from + i);
      double sign = Math.signum(row.mul(vector).sumNumber().doubleValue());
      deviation.compare(
          field + "[" + i + "]", row.toDoubleVector(), vector.mul(sign).toDoubleVector());
    }
  }

  private static void quadrature(GoldenFile file, Deviation deviation) {
    INDArray probe = Nd4j.createFromArray(file.numbers("probe"));
    Lanczos.Ritz ritz = run(file, probe).ritz();
    double[] nodes = ritz.values();
    double[] weights = ritz.weights();
    deviation.compare("expectedNodes", file.numbers("expectedNodes"), nodes);
    deviation.compare("expectedWeights", file.numbers("expectedWeights"), weights);
    double trace = 0;
    double logDeterminant = 0;
    for (int i = 0; i < nodes.length; i++) {
      trace += probe.length() * weights[i] * nodes[i];
      logDeterminant += probe.length() * weights[i] * Math.log(nodes[i]);
    }
    number(file, "expectedTraceEstimate", trace, deviation);
    number(file, "expectedLogDetEstimate", logDeterminant, deviation);
    number(file, "expectedSgdLearningRate", 1 / nodes[nodes.length - 1], deviation);
  }

  private static void number(GoldenFile file, String field, double actual, Deviation deviation) {
    if (file.has(field)) {
      deviation.compare(
          field, new double[] {file.json().get(field).asDouble()}, new double[] {actual});
    }
  }

  private static void fosi(GoldenFile file, DataType type, Deviation deviation) {
    ObjectNode config = file.config();
    String base = config.remove("base").asText();
    double learningRate = config.remove("baseLearningRate").asDouble();
    config.remove("batch");
    double decay = config.path("decay").asDouble(0.9);
    IUpdater updater =
        switch (base) {
          case "SGD" -> new Sgd(learningRate);
          case "MOMENTUM" -> HeavyBall.builder().learningRate(learningRate).momentum(decay).build();
          case "NESTEROV" -> new Nesterovs(learningRate, decay);
          // Without the 1e-8 that the platform puts elsewhere, which is within the tolerance.
          default -> new Adam(learningRate);
        };
    int[] step = {-1};
    INDArray parameters = Nd4j.createFromArray(file.numbers("params")).castTo(type);
    GradientOracle oracle =
        new GradientOracle() {
          @Override
          public INDArray parameters() {
            return parameters;
          }

          @Override
          public double lossAndGradient(INDArray point, INDArray gradientOut) {
            gradientOut.assign(Nd4j.createFromArray(file.numbers("gradients", step[0])));
            return 0;
          }
        };
    Fosi fosi = read(config, Fosi.class).eigenpairsFrom(turn -> recorded(file, step[0], config));
    OracleOptimizer optimizer = new OracleOptimizer(fosi, updater, oracle);
    for (step[0] = 0; step[0] < file.rows("gradients"); step[0]++) {
      optimizer.step();
      deviation.compare(
          "expectedParams[" + step[0] + "]",
          file.numbers("expectedParams", step[0]),
          parameters.toDoubleVector());
    }
  }

  private static Eigenpairs recorded(GoldenFile file, int step, ObjectNode config) {
    for (JsonNode pairs : file.json().get("eigenpairs")) {
      if (pairs.get("beforeStep").asInt() == step) {
        double[] values = GoldenFile.numbers(pairs.get("eigenvalues"));
        INDArray rows = Nd4j.createFromArray(GoldenFile.numbers(pairs.get("eigenvectorRows")));
        return new Eigenpairs(
            values,
            config.path("smallestEigenvalues").asInt(0),
            rows.reshape('c', new long[] {values.length, rows.length() / values.length}));
      }
    }
    throw new IllegalStateException("no eigenpairs are recorded before step " + step);
  }

  private static <T> T read(ObjectNode config, Class<T> type) {
    try {
      config.remove("@class");
      return NeuralNetConfiguration.mapper().readValue(config.toString(), type);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
