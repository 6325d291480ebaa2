package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import org.dl4jplus.ot.metric.CircleLoss;
import org.dl4jplus.ot.projection.Birkhoff;
import org.dl4jplus.ot.projection.Box;
import org.dl4jplus.ot.projection.L1Ball;
import org.dl4jplus.ot.projection.MatrixProjection;
import org.dl4jplus.ot.projection.Simplex;
import org.dl4jplus.ot.projection.SparseSimplex;
import org.dl4jplus.ot.projection.SpectralNormBall;
import org.dl4jplus.ot.projection.Stiefel;
import org.dl4jplus.ot.projection.VectorProjection;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Projections, structured layers and losses, always in double precision. */
final class LayerAdapter {

  private LayerAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("Projections", LayerAdapter::projections);
    adapters.put("CircleLoss", LayerAdapter::circleLoss);
  }

  private static void projections(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.json().get("config");
    double radius = config.path("radius").asDouble(1);
    Check check = new Check(file, deviation);
    rows(check, "simplexRows", () -> new Simplex(radius));
    rows(
        check,
        "sparseSimplexRows",
        () -> new SparseSimplex(config.get("maxNonZeros").asInt(), radius));
    rows(check, "l1BallRows", () -> new L1Ball(radius));
    rows(check, "nonNegative", () -> new Box(0, Double.POSITIVE_INFINITY));
    matrix(
        check, "v", "spectralClip", new SpectralNormBall(config.path("spectralNorm").asDouble(1)));
    matrix(check, "v", "stiefelPolar", new Stiefel(Stiefel.Retraction.POLAR));
    matrix(check, "birkhoffInput", "birkhoff", new Birkhoff());
  }

  private static void rows(Check check, String field, Supplier<VectorProjection> projection) {
    if (!check.expects(field)) {
      return;
    }
    double[] v = check.input("v");
    int columns = check.shape("v")[1];
    for (int from = 0; from < v.length; from += columns) {
      double[] row = Arrays.copyOfRange(v, from, from + columns);
      projection.get().project(row);
      System.arraycopy(row, 0, v, from, columns);
    }
    check.compare(field, v);
  }

  private static void matrix(Check check, String input, String field, MatrixProjection projection) {
    if (check.expects(field)) {
      double[] x = check.input(input);
      int[] shape = check.shape(input);
      projection.project(x, shape[0], shape[1]);
      check.compare(field, x);
    }
  }

  private static void circleLoss(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.json().get("config");
    CircleLoss loss =
        CircleLoss.builder()
            .margin(config.get("margin").asDouble())
            .gamma(config.get("gamma").asDouble())
            .build();
    Check check = new Check(file, deviation);
    int[] labels = Arrays.stream(check.input("labels")).mapToInt(l -> (int) l).toArray();
    if (check.has("embeddings")) {
      CircleLoss.Pairs pairs = loss.pairs(check.matrix("embeddings"), labels);
      check.compare("pairLoss", pairs.loss());
      check.compare("gradEmbeddings", flat(pairs.gradient()));
      check.compare("sp", pairs.within());
      check.compare("sn", pairs.between());
    }
    if (check.has("cosineLogits")) {
      double[][] logits = check.matrix("cosineLogits");
      double[][] gradient = new double[logits.length][logits[0].length];
      double mean = 0;
      for (int i = 0; i < logits.length; i++) {
        mean += loss.classes(logits[i], labels[i], gradient[i]) / logits.length;
      }
      double[] ofMean = Arrays.stream(flat(gradient)).map(g -> g / logits.length).toArray();
      check.compare("classLoss", mean);
      check.compare("gradCosineLogits", ofMean);
    }
  }

  private static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  /** The inputs of a file and the comparison with what it expects. */
  private record Check(GoldenFile file, Deviation deviation) {

    boolean expects(String field) {
      return file.json().get("expected").hasNonNull(field);
    }

    boolean has(String input) {
      return file.json().get("inputs").hasNonNull(input);
    }

    double[] input(String field) {
      JsonNode value = file.json().get("inputs").get(field);
      return GoldenFile.numbers(value.isArray() ? value : value.get("data"));
    }

    int[] shape(String field) {
      double[] shape = GoldenFile.numbers(file.json().get("inputs").get(field).get("shape"));
      return Arrays.stream(shape).mapToInt(size -> (int) size).toArray();
    }

    double[][] matrix(String field) {
      double[] data = input(field);
      int[] shape = shape(field);
      double[][] rows = new double[shape[0]][];
      Arrays.setAll(rows, i -> Arrays.copyOfRange(data, i * shape[1], (i + 1) * shape[1]));
      return rows;
    }

    /** A field that a file leaves out is not compared. */
    void compare(String field, double... actual) {
      if (expects(field)) {
        compare(field, file.json().get("expected").get(field), actual);
      }
    }

    void compare(String what, JsonNode expected, double... actual) {
      JsonNode data = expected.isObject() ? expected.get("data") : expected;
      deviation.compare(
          what, data.isArray() ? GoldenFile.numbers(data) : new double[] {data.asDouble()}, actual);
    }
  }
}
