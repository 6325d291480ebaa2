package org.dl4jplus.integration.golden;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.QZO;
import org.dl4jplus.optim.zeroth.ZoStep;
import org.dl4jplus.optim.zeroth.layers.QuantizedDenseLayer;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * QZO along recorded directions, always in double precision: the layer rounds the weights, and the
 * loss is softmax regression with what it makes of them. Where the bias moves, it is the first part
 * of the parameters and of a direction.
 */
final class QzoAdapter implements GoldenAdapter {

  private static final ObjectMapper JSON =
      new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("QZO", new QzoAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    QZO method;
    try {
      method =
          JSON.readValue(file.config().put("@class", QZO.class.getName()).toString(), QZO.class);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    JsonNode json = file.json();
    JsonNode problem = json.get("problem");
    double[] bias = ZerothOrderProblem.array(problem, "bias");
    MultiLayerNetwork network = quantized(file, bias);
    QuantizedDenseLayer layer = (QuantizedDenseLayer) network.getLayer(0).conf().getLayer();
    INDArray integers = layer.integers().castTo(DataType.DOUBLE);
    deviation.compare(
        "integers",
        ZerothOrderProblem.array(json, "expectedQuantized"),
        integers.dup('c').data().asDouble());
    double[] scales = network.getParam("0_S").dup('c').data().asDouble();
    deviation.compare("scales", ZerothOrderProblem.array(json, "expectedInitialScales"), scales);

    boolean both = method.isTrainUnquantized();
    int first = both ? bias.length : 0;
    double[] start = Arrays.copyOf(both ? bias : scales, first + scales.length);
    System.arraycopy(scales, 0, start, first, scales.length);
    INDArray x = Nd4j.createFromArray(start);
    ZoObjective loss = loss(problem, integers, layer.getGroupSize(), first, bias);
    List<Double> losses = new ArrayList<>();
    Problem steps = new Problem(loss, x, first, losses);
    Perturber perturber = new Perturber(x, steps.stretches());
    Directions directions =
        (iteration, query, from, target, length) -> {
          double[] z = GoldenFile.numbers(json.get("directions").get((int) iteration));
          System.arraycopy(z, (int) from, target, 0, length);
        };
    GradientState state = new GradientState();
    for (int t = 0; t < file.rows("directions"); t++) {
      losses.clear();
      method.step(new ZoStep(steps, perturber, t, 0, state), directions);
      double slope = (losses.get(0) - losses.get(1)) / (2 * method.getEpsilon());
      double clipped = Math.max(-method.getClip(), Math.min(method.getClip(), slope));
      if (!method.isRelativeEpsilon()) {
        compare(file, "expectedDirectionalDerivatives", t, slope, deviation);
        compare(file, "expectedClippedDerivatives", t, clipped, deviation);
      }
      double[] now = x.toDoubleVector();
      deviation.compare(
          "scales " + t,
          file.numbers("expectedScales", t),
          Arrays.copyOfRange(now, first, now.length));
      if (both && file.has("expectedBias")) {
        deviation.compare("bias " + t, file.numbers("expectedBias", t), Arrays.copyOf(now, first));
      }
    }
  }

  private static void compare(
      GoldenFile file, String field, int t, double value, Deviation deviation) {
    if (file.has(field)) {
      deviation.compare(
          field + " " + t, new double[] {file.numbers(field)[t]}, new double[] {value});
    }
  }

  /** A network of one dense layer with the recorded weights, quantized. */
  private static MultiLayerNetwork quantized(GoldenFile file, double[] bias) {
    ObjectNode config = file.config();
    JsonNode shape = file.json().get("problem").get("floatWeights").get("shape");
    int nIn = shape.get(0).asInt();
    int nOut = shape.get(1).asInt();
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(nIn)
                        .nOut(nOut)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    network.init();
    double[] weights = ZerothOrderProblem.array(file.json().get("problem"), "floatWeights");
    long[] matrix = {nIn, nOut};
    network.setParam("0_W", Nd4j.createFromArray(weights).reshape('c', matrix));
    network.setParam("0_b", Nd4j.createFromArray(bias).reshape('c', new long[] {1, nOut}));
    return QuantizedDenseLayer.quantize(
        network, config.path("bits").asInt(4), config.path("groupSize").asInt(128));
  }

  /** Softmax regression on the features, with weights scale times integer. */
  private static ZoObjective loss(
      JsonNode problem, INDArray integers, int groupSize, int first, double[] bias) {
    ObjectNode plain = ((ObjectNode) problem.deepCopy()).put("kind", "softmaxRegression");
    ZoObjective regression = ZerothOrderProblem.of(plain);
    double[] q = integers.dup('c').data().asDouble();
    int nIn = (int) integers.size(0);
    int nOut = (int) integers.size(1);
    return x -> {
      double[] now = x.toDoubleVector();
      double[] parameters = new double[(nIn + 1) * nOut];
      for (int i = 0; i < nIn; i++) {
        for (int o = 0; o < nOut; o++) {
          int scale = first + i / groupSize * nOut + o;
          parameters[i * nOut + o] = now[scale] * q[i * nOut + o];
        }
      }
      System.arraycopy(first > 0 ? now : bias, 0, parameters, nIn * nOut, nOut);
      return regression.value(Nd4j.createFromArray(parameters));
    };
  }

  /** The scales, and before them the bias where it moves. */
  private record Problem(ZoObjective function, INDArray parameters, int first, List<Double> losses)
      implements ZoProblem {

    @Override
    public List<Stretch> stretches() {
      Stretch scales = new Stretch(first, parameters.length(), true);
      return first == 0 ? List.of(scales) : List.of(new Stretch(0, first, false), scales);
    }

    @Override
    public boolean quantized(int stretch) {
      return first == 0 || stretch == 1;
    }

    @Override
    public double loss() {
      double loss = function.value(parameters);
      losses.add(loss);
      return loss;
    }

    @Override
    public long evaluations() {
      return losses.size();
    }
  }
}
