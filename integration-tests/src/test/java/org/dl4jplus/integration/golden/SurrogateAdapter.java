package org.dl4jplus.integration.golden;

import java.util.Map;
import org.dl4jplus.optim.first.surrogate.SurrogateDescent;
import org.dl4jplus.optim.first.surrogate.SurrogateDescent.LineSearch;
import org.dl4jplus.optim.first.surrogate.SurrogateDescent.Memory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.databind.JsonNode;

/**
 * Target-based surrogates on a small network written out here. Always in double precision: the line
 * search selects by comparing values.
 */
final class SurrogateAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("SSO", new SurrogateAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.config();
    double eta = config.get("eta").asDouble();
    boolean sqrt = "SQRT".equals(config.path("etaSchedule").asText());
    SurrogateDescent descent = descent(config);
    Mlp mlp = new Mlp(file.json().get("problem"));
    INDArray point = Nd4j.createFromArray(file.numbers("params"));
    JsonNode steps = file.json().get("steps");
    for (int t = 0; t < steps.size(); t++) {
      JsonNode expected = steps.get(t);
      String name = "steps[" + t + "].";
      INDArray targets = mlp.outputs(point);
      INDArray gradients = mlp.lossGradients(targets);
      compare(deviation, name + "targets", expected.get("targets"), targets);
      compare(deviation, name + "targetGradients", expected.get("targetGradients"), gradients);
      JsonNode inner = expected.get("inner");
      int[] taken = {0};
      double ownEta = sqrt ? eta / Math.sqrt(t + 1) : eta;
      SurrogateDescent.Surrogate surrogate =
          (at, out) -> {
            INDArray moved = mlp.outputs(at).sub(targets);
            double n = moved.rows();
            double value =
                moved.mul(gradients).sumNumber().doubleValue()
                    + moved.mul(moved).sumNumber().doubleValue() / (2 * ownEta);
            out.assign(mlp.backward(at, moved.div(ownEta).add(gradients).div(n)));
            return value / n;
          };
      INDArray start = point.ulike();
      double value = surrogate.valueAndGradient(point, start);
      descent.descend(
          surrogate,
          point,
          value,
          start,
          new Memory(point.ulike(), point.ulike(), point.ulike()),
          (before, gradient, step, reached) -> {
            String at = name + "inner[" + taken[0] + "].";
            JsonNode recorded = inner.get(taken[0]++);
            if (recorded != null) {
              compare(deviation, at + "gradient", recorded.get("gradient"), gradient);
              compare(deviation, at + "paramsAfter", recorded.get("paramsAfter"), reached);
              deviation.compare(
                  at + "surrogate and step",
                  new double[] {
                    recorded.get("surrogate").asDouble(), recorded.get("step").asDouble()
                  },
                  new double[] {before, step});
            }
          });
      deviation.compare(
          name + "inner.length", new double[] {inner.size()}, new double[] {taken[0]});
    }
  }

  private static void compare(Deviation deviation, String what, JsonNode expected, INDArray got) {
    deviation.compare(
        what, GoldenFile.numbers(expected), got.dup('c').reshape(got.length()).toDoubleVector());
  }

  private static SurrogateDescent descent(JsonNode config) {
    int innerSteps = config.get("innerSteps").asInt();
    double tolerance = config.path("gradientTolerance").asDouble(1e-6);
    JsonNode search = config.path("lineSearch");
    double step = config.path("innerStep").asDouble(10);
    boolean fixed = search.isMissingNode() || search.isBoolean() && !search.asBoolean();
    if (fixed && config.has("innerStep")) {
      return new SurrogateDescent(innerSteps, null, step, tolerance);
    }
    double expand = Math.pow(1.8, 1 / number(config, "batchesPerEpoch", 1));
    return new SurrogateDescent(
        innerSteps,
        new LineSearch(
            number(config, "c", 0.5),
            number(config, "backtrack", 0.9),
            number(config, "expand", expand),
            (int) number(config, "maxBacktracks", 100),
            number(config, "minStep", 1e-6)),
        number(config, "initialStep", step),
        tolerance);
  }

  /** A setting of the search, which stands in an object of its own or beside the others. */
  private static double number(JsonNode config, String name, double standard) {
    return config.path("lineSearch").path(name).asDouble(config.path(name).asDouble(standard));
  }

  /** Dense layers with tanh in between, parameters row-major, and mean softmax cross-entropy. */
  private static final class Mlp {

    private final int[] layers;
    private final INDArray x;
    private final INDArray labels;

    Mlp(JsonNode problem) {
      layers = new int[problem.get("layers").size()];
      for (int i = 0; i < layers.length; i++) {
        layers[i] = problem.get("layers").get(i).asInt();
      }
      double[] classes = GoldenFile.numbers(problem.get("labels"));
      x =
          Nd4j.createFromArray(GoldenFile.numbers(problem.get("X")))
              .reshape('c', classes.length, layers[0]);
      labels = Nd4j.zeros(DataType.DOUBLE, classes.length, layers[layers.length - 1]);
      for (int i = 0; i < classes.length; i++) {
        labels.putScalar(i, (int) classes[i], 1);
      }
    }

    private long start(int layer) {
      long at = 0;
      for (int i = 0; i < layer; i++) {
        at += (layers[i] + 1L) * layers[i + 1];
      }
      return at;
    }

    private INDArray weight(INDArray point, int layer) {
      long at = start(layer);
      long length = (long) layers[layer] * layers[layer + 1];
      return point
          .get(NDArrayIndex.interval(at, at + length))
          .reshape('c', layers[layer], layers[layer + 1]);
    }

    private INDArray bias(INDArray point, int layer) {
      long end = start(layer + 1);
      return point.get(NDArrayIndex.interval(end - layers[layer + 1], end));
    }

    /** Inputs of each layer, and the outputs. */
    private INDArray[] forward(INDArray point) {
      INDArray[] a = new INDArray[layers.length];
      a[0] = x;
      for (int i = 0; i + 1 < layers.length; i++) {
        INDArray z = a[i].mmul(weight(point, i)).addRowVector(bias(point, i));
        a[i + 1] = i + 2 < layers.length ? Transforms.tanh(z) : z;
      }
      return a;
    }

    INDArray outputs(INDArray point) {
      return forward(point)[layers.length - 1];
    }

    INDArray lossGradients(INDArray outputs) {
      return Transforms.softmax(outputs, true).sub(labels);
    }

    INDArray backward(INDArray point, INDArray outputGradient) {
      INDArray gradient = point.ulike();
      INDArray[] a = forward(point);
      INDArray delta = outputGradient;
      for (int i = layers.length - 2; i >= 0; i--) {
        weight(gradient, i).assign(a[i].transpose().mmul(delta));
        bias(gradient, i).assign(delta.sum(0));
        if (i > 0) {
          delta = delta.mmul(weight(point, i).transpose()).mul(a[i].mul(a[i]).rsub(1));
        }
      }
      return gradient;
    }
  }
}
