package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import org.dl4jplus.ot.lowrank.LowRankHadamard;
import org.dl4jplus.ot.metric.CircleLoss;
import org.dl4jplus.ot.pooling.GeneralizedSumPooling;
import org.dl4jplus.ot.pooling.PartialTransport;
import org.dl4jplus.ot.pooling.ZeroShotLoss;
import org.dl4jplus.ot.projection.Birkhoff;
import org.dl4jplus.ot.projection.Box;
import org.dl4jplus.ot.projection.L1Ball;
import org.dl4jplus.ot.projection.MatrixProjection;
import org.dl4jplus.ot.projection.Simplex;
import org.dl4jplus.ot.projection.SparseSimplex;
import org.dl4jplus.ot.projection.SpectralNormBall;
import org.dl4jplus.ot.projection.Stiefel;
import org.dl4jplus.ot.projection.VectorProjection;
import org.dl4jplus.ot.robust.WassersteinPerturbation;
import org.dl4jplus.ot.sets.EquivariantMap;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Projections, structured layers and losses, always in double precision. */
final class LayerAdapter {

  private LayerAdapter() {}

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("Projections", LayerAdapter::projections);
    adapters.put("CircleLoss", LayerAdapter::circleLoss);
    adapters.put("DeepSetsEquivariant", LayerAdapter::deepSets);
    adapters.put("FedParaDense", LayerAdapter::fedPara);
    adapters.put("GeneralizedSumPooling", LayerAdapter::sumPooling);
    adapters.put("GspZeroShotLoss", LayerAdapter::zeroShot);
    adapters.put("WaflPerturbation", LayerAdapter::perturbation);
    adapters.put("PartialTransportPlan", LayerAdapter::partialTransport);
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

  private static void deepSets(GoldenFile file, DataType type, Deviation deviation) {
    Check check = new Check(file, deviation);
    double[] x = check.input("x");
    double[] upstream = check.input("upstream");
    int sets = check.shape("x")[0];
    int inputs = check.shape("x")[2];
    int outputs = check.shape("gammaWeight")[0];
    EquivariantMap.Weights weights =
        new EquivariantMap.Weights(
            transposed(check.input("gammaWeight"), outputs, inputs),
            transposed(check.input("lambdaWeight"), outputs, inputs),
            check.input("gammaBias"));
    JsonNode expected = file.json().get("expected");
    for (Iterator<String> names = expected.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      EquivariantMap map =
          new EquivariantMap(
              name.charAt("PermEqui".length()) - '0',
              EquivariantMap.Pool.valueOf(
                  name.substring(name.indexOf('_') + 1).toUpperCase(Locale.ROOT)),
              inputs,
              outputs);
      double[] output = {};
      double[] gradX = {};
      EquivariantMap.Weights gradients =
          new EquivariantMap.Weights(
              new double[inputs * outputs], new double[inputs * outputs], new double[outputs]);
      for (int s = 0; s < sets; s++) {
        double[] set = part(x, s, sets);
        output = joined(output, map.map(set, weights));
        gradX = joined(gradX, map.backward(set, weights, part(upstream, s, sets), gradients));
      }
      Map<String, double[]> actual =
          Map.of(
              "output", output,
              "gradX", gradX,
              "gradGammaWeight", transposed(gradients.w(), inputs, outputs),
              "gradGammaBias", gradients.b(),
              "gradLambdaWeight", transposed(gradients.l(), inputs, outputs));
      JsonNode of = expected.get(name);
      actual.forEach(
          (field, values) -> {
            if (of.hasNonNull(field)) {
              check.compare(name + " " + field, of.get(field), values);
            }
          });
    }
  }

  private static void fedPara(GoldenFile file, DataType type, Deviation deviation) {
    Check check = new Check(file, deviation);
    LowRankHadamard form = new LowRankHadamard(false);
    LowRankHadamard.Factor first =
        new LowRankHadamard.Factor(check.array("x1"), check.array("y1"), null);
    LowRankHadamard.Factor second =
        new LowRankHadamard.Factor(check.array("x2"), check.array("y2"), null);
    INDArray weight = form.weight(first, second);
    check.compare("weight", weight);
    if (check.has("x")) {
      INDArray x = check.array("x");
      INDArray output = x.mmul(weight.transpose());
      check.compare("output", output.add(check.array("bias").reshape(1, output.size(1))));
      INDArray upstream = check.array("upstream");
      INDArray ofWeight = upstream.transpose().mmul(x);
      LowRankHadamard.Factor ofFirst = form.gradientOfFirst(first, second, ofWeight);
      LowRankHadamard.Factor ofSecond = form.gradientOfSecond(first, second, ofWeight);
      check.compare("gradX1", ofFirst.x());
      check.compare("gradY1", ofFirst.y());
      check.compare("gradX2", ofSecond.x());
      check.compare("gradY2", ofSecond.y());
      check.compare("gradBias", upstream.sum(0));
      check.compare("gradX", upstream.mmul(weight));
    }
    if (check.has("t1")) {
      check.compare(
          "convKernelProp3",
          form.weight(
              new LowRankHadamard.Factor(first.x(), first.y(), check.array("t1")),
              new LowRankHadamard.Factor(second.x(), second.y(), check.array("t2"))));
    }
  }

  private static void sumPooling(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.json().get("config");
    Check check = new Check(file, deviation);
    double[] features = check.input("features");
    double[] prototypes = check.input("prototypes");
    int examples = check.shape("features")[0];
    GeneralizedSumPooling pooling =
        new GeneralizedSumPooling(
            prototypes,
            check.shape("features")[1],
            config.get("transportRatio").asDouble(),
            config.get("entropyWeight").asDouble(),
            GeneralizedSumPooling.Reduction.valueOf(config.path("poolingType").asText("MEAN")));
    Map<String, double[]> actual = new LinkedHashMap<>();
    double[] ofPrototypes = new double[prototypes.length];
    for (int e = 0; e < examples; e++) {
      GeneralizedSumPooling.Pooled pooled = pooling.pool(part(features, e, examples));
      actual.merge("cost", flat(pooled.cost()), LayerAdapter::joined);
      actual.merge("residual", pooled.transport().residual(), LayerAdapter::joined);
      actual.merge("transport", flat(pooled.transport().plan()), LayerAdapter::joined);
      actual.merge("mixingWeights", pooled.transport().weights(), LayerAdapter::joined);
      actual.merge("pooled", pooled.pooled(), LayerAdapter::joined);
      actual.merge("attributes", pooled.attributes(), LayerAdapter::joined);
      double[] ofAttributes =
          check.has("upstreamAttributes")
              ? part(check.input("upstreamAttributes"), e, examples)
              : null;
      actual.merge(
          "gradFeatures",
          pooled.backward(
              part(check.input("upstreamPooled"), e, examples), ofAttributes, ofPrototypes),
          LayerAdapter::joined);
    }
    actual.put("gradPrototypes", ofPrototypes);
    actual.forEach(check::compare);
  }

  private static void partialTransport(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.json().get("config");
    Check check = new Check(file, deviation);
    int examples = check.shape("cost")[0];
    int targets = check.shape("cost")[1];
    int locations = check.shape("cost")[2];
    double[] plan = {};
    double[] gradient = {};
    for (int e = 0; e < examples; e++) {
      PartialTransport transport =
          new PartialTransport(
              rows(part(check.input("cost"), e, examples), targets),
              config.get("transportRatio").asDouble(),
              config.get("entropyWeight").asDouble());
      double[] upstream = part(check.input("upstream"), e, examples);
      plan = joined(plan, joined(transport.residual(), flat(transport.plan())));
      gradient =
          joined(
              gradient,
              flat(
                  transport.backward(
                      Arrays.copyOf(upstream, locations),
                      rows(Arrays.copyOfRange(upstream, locations, upstream.length), targets))));
    }
    check.compare("plan", plan);
    check.compare("gradCost", gradient);
  }

  private static void zeroShot(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.json().get("config");
    Check check = new Check(file, deviation);
    int[] labels = Arrays.stream(check.input("labels")).mapToInt(l -> (int) l).toArray();
    ZeroShotLoss.Result result =
        ZeroShotLoss.builder()
            .ridge(config.get("ridge").asDouble())
            .scale(config.get("softmaxScale").asDouble())
            .split(ZeroShotLoss.Split.valueOf(config.path("split").asText("HALVES")))
            .build()
            .loss(check.array("attributes"), labels, check.array("classEmbeddings"));
    check.compare("loss", result.loss());
    check.compare("gradAttributes", result.ofAttributes());
    check.compare("gradClassEmbeddings", result.ofEmbeddings());
  }

  /** On a softmax regression, whose weights are the file's. */
  private static void perturbation(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.json().get("config");
    Check check = new Check(file, deviation);
    WassersteinPerturbation ascent =
        WassersteinPerturbation.builder()
            .gamma(config.get("gamma").asDouble())
            .stepSize(config.get("stepSize").asDouble())
            .ascentSteps(config.path("iterations").asInt(10))
            .stopGradNorm(config.path("stopGradNorm").asDouble(1e-4))
            .maxPerturbation(config.path("maxPerturbation").asDouble(Double.POSITIVE_INFINITY))
            .build();
    INDArray x = check.array("x");
    INDArray weights = check.array("weights");
    INDArray bias = check.array("bias");
    int[] labels = Arrays.stream(check.input("labels")).mapToInt(l -> (int) l).toArray();
    int examples = labels.length;
    INDArray moved = ascent.perturb(x, at -> errors(at, weights, bias, labels, null).mmul(weights));
    double[] losses = new double[examples];
    INDArray errors = errors(moved, weights, bias, labels, losses);
    INDArray way = moved.sub(x);
    double distance = way.mul(way).sumNumber().doubleValue();
    check.compare("perturbed", moved);
    check.compare(
        "surrogate",
        (Arrays.stream(losses).sum() - config.get("gamma").asDouble() / 2 * distance) / examples);
    check.compare("gradWeightsAtPerturbed", errors.transpose().mmul(moved).div(examples));
    check.compare("gradBiasAtPerturbed", errors.sum(0).div(examples));
    errors(x, weights, bias, labels, losses);
    check.compare("cleanLoss", Arrays.stream(losses).sum() / examples);
  }

  /** Probabilities less the one-hot labels; fills in the losses unless they are null. */
  private static INDArray errors(
      INDArray x, INDArray weights, INDArray bias, int[] labels, double[] losses) {
    INDArray logits = x.mmul(weights.transpose()).add(bias.reshape(1, bias.length()));
    double[][] rows = logits.toDoubleMatrix();
    for (int i = 0; i < rows.length; i++) {
      double max = Arrays.stream(rows[i]).max().orElseThrow();
      double sum = Arrays.stream(rows[i]).map(z -> Math.exp(z - max)).sum();
      if (losses != null) {
        losses[i] = max + Math.log(sum) - rows[i][labels[i]];
      }
      for (int k = 0; k < rows[i].length; k++) {
        rows[i][k] = Math.exp(rows[i][k] - max) / sum - (k == labels[i] ? 1 : 0);
      }
    }
    return Nd4j.createFromArray(rows);
  }

  private static double[] part(double[] all, int index, int parts) {
    int length = all.length / parts;
    return Arrays.copyOfRange(all, index * length, (index + 1) * length);
  }

  private static double[] joined(double[] a, double[] b) {
    return DoubleStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
  }

  private static double[] transposed(double[] matrix, int rows, int columns) {
    double[] transposed = new double[matrix.length];
    Arrays.setAll(transposed, k -> matrix[k % rows * columns + k / rows]);
    return transposed;
  }

  private static double[][] rows(double[] all, int rows) {
    double[][] parts = new double[rows][];
    Arrays.setAll(parts, row -> part(all, row, rows));
    return parts;
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

    INDArray array(String field) {
      return Nd4j.createFromArray(input(field)).reshape('c', shape(field));
    }

    void compare(String field, INDArray actual) {
      compare(field, actual.dup('c').data().asDouble());
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
