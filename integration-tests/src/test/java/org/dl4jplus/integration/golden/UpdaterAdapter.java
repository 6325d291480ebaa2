package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.dl4jplus.optim.first.AveragedParameters;
import org.dl4jplus.optim.first.PolynomialDecayAveraging;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Updaters: the file's configuration is read as the JSON that it is, and its gradients are fed to
 * an {@link ArrayOptimizer} one by one.
 */
final class UpdaterAdapter implements GoldenAdapter {

  private static final List<String> ALGORITHMS =
      List.of(
          "AdaBound",
          "Adafactor",
          "AdaGradNorm",
          "AdaLomo",
          "Adam",
          "AdaMax",
          "Adamax",
          "Adan",
          "AdEMAMix",
          "ADoG",
          "Cautious",
          "CoRe",
          "Cosmos",
          "DiffGrad",
          "DoG",
          "EntropicMirror",
          "EXAdam",
          "ExponentiatedGradient",
          "FAdam",
          "Lamb",
          "Lars",
          "LDoG",
          "Lion",
          "LionK",
          "M-FAC",
          "MicroAdam",
          "Muon",
          "OnlineSubspaceDescent",
          "OnlineToNonconvex",
          "OptAmsGrad",
          "OptimisticAdam",
          "OptimisticGradient",
          "OptimisticSgd",
          "ScalableShampoo",
          "ScheduleFreeAdamW",
          "ScheduleFreeSgd",
          "SingleCallExtragradient",
          "Soap",
          "SubsetNormAdam",
          "UDoG");

  private static final ObjectMapper MAPPER = NeuralNetConfiguration.mapper();

  static void register(Map<String, GoldenAdapter> adapters) {
    UpdaterAdapter adapter = new UpdaterAdapter();
    ALGORITHMS.forEach(algorithm -> adapters.put(algorithm, adapter));
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    long[] shape =
        file.has("shape")
            ? MAPPER.convertValue(file.json().get("shape"), long[].class)
            : new long[] {file.rows("params")};
    run(file, type, shape, 'c', deviation);
    if (shape.length == 2) {
      // The same memory as a dense layer's weight.
      run(file, type, new long[] {shape[1], shape[0]}, 'f', deviation);
    }
  }

  private static void run(
      GoldenFile file, DataType type, long[] shape, char order, Deviation deviation) {
    INDArray flat = Nd4j.createFromArray(file.numbers("params")).castTo(type);
    INDArray[] parameters = parameters(file, flat, shape, order);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater(file), regularizations(file), parameters);
    PolynomialDecayAveraging averaging =
        file.has("averagerGamma")
            ? new PolynomialDecayAveraging(file.json().get("averagerGamma").asDouble())
            : null;
    // U-DoG's output changes once in a round of two gradients.
    int perAverage =
        file.has("expectedAverage") ? file.rows("gradients") / file.rows("expectedAverage") : 0;
    for (int k = 0; k < file.rows("gradients"); k++) {
      INDArray[] gradients =
          parameters(
              file, Nd4j.createFromArray(file.numbers("gradients", k)).castTo(type), shape, order);
      optimizer.step(k, 0, gradients);
      deviation.compare(
          "expectedParams[" + k + "]", file.numbers("expectedParams", k), flat.toDoubleVector());
      if (perAverage > 0 && k % perAverage == perAverage - 1) {
        deviation.compare(
            "expectedAverage[" + k / perAverage + "]",
            file.numbers("expectedAverage", k / perAverage),
            average(averaging, optimizer, flat).toDoubleVector());
      }
      if (file.has("expectedBase")) {
        deviation.compare(
            "expectedBase[" + k + "]",
            file.numbers("expectedBase", k),
            AveragedParameters.of(optimizer).toDoubleVector());
      }
    }
  }

  private static INDArray average(
      PolynomialDecayAveraging averaging, ArrayOptimizer optimizer, INDArray flat) {
    if (averaging == null) {
      return AveragedParameters.of(optimizer);
    }
    averaging.update(flat);
    return averaging.averagedParams();
  }

  /** The flat vector as one array of the shape, or as several where the file has segments. */
  private static INDArray[] parameters(GoldenFile file, INDArray flat, long[] shape, char order) {
    if (!file.has("segments")) {
      return new INDArray[] {flat.reshape(order, shape)};
    }
    double[] segments = file.numbers("segments");
    INDArray[] parts = new INDArray[segments.length];
    long start = 0;
    for (int i = 0; i < parts.length; i++) {
      parts[i] = flat.get(NDArrayIndex.interval(start, start + (long) segments[i]));
      start += (long) segments[i];
    }
    return parts;
  }

  private static IUpdater updater(GoldenFile file) {
    ObjectNode config = file.config();
    complete(config);
    JsonNode rates = config.remove("learningRates");
    if (file.has("randomScalars")) {
      config.set("scalars", file.json().get("randomScalars"));
    }
    IUpdater updater = read(config, IUpdater.class);
    if (rates != null) {
      updater.setLrAndSchedule(Double.NaN, new Listed(rates));
    }
    return updater;
  }

  /** Puts in the platform's defaults: its classes read a missing number as 0. */
  private static void complete(JsonNode node) {
    node.elements().forEachRemaining(UpdaterAdapter::complete);
    String type = node.path("@class").asText();
    if (type.startsWith("org.nd4j.")) {
      try {
        Object standard = Class.forName(type).getConstructor().newInstance();
        JsonNode fields = MAPPER.readTree(MAPPER.writeValueAsString(standard));
        fields
            .fieldNames()
            .forEachRemaining(
                f -> {
                  if (!node.has(f)) {
                    ((ObjectNode) node).set(f, fields.get(f));
                  }
                });
      } catch (ReflectiveOperationException | IOException e) {
        throw new IllegalArgumentException(type, e);
      }
    }
  }

  private static List<Regularization> regularizations(GoldenFile file) {
    List<Regularization> steps = new ArrayList<>();
    for (JsonNode step : file.json().path("regularization")) {
      double coeff = step.path("coeff").asDouble();
      String type = step.path("@class").asText();
      // The platform's own JSON holds a schedule where the files have a number.
      if (type.equals(WeightDecay.class.getName())) {
        steps.add(new WeightDecay(coeff, step.path("applyLR").asBoolean(true)));
      } else if (type.equals(L1Regularization.class.getName())) {
        steps.add(new L1Regularization(coeff));
      } else if (type.equals(L2Regularization.class.getName())) {
        steps.add(new L2Regularization(coeff));
      } else {
        steps.add(read(step, Regularization.class));
      }
    }
    return steps;
  }

  private static <T> T read(JsonNode json, Class<T> type) {
    try {
      return MAPPER.readValue(MAPPER.writeValueAsString(json), type);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The rates of a file, one for each iteration. */
  private static final class Listed implements ISchedule {

    private final double[] rates;

    Listed(JsonNode rates) {
      this.rates = new double[rates.size()];
      for (int i = 0; i < this.rates.length; i++) {
        this.rates[i] = rates.get(i).asDouble();
      }
    }

    @Override
    public double valueAt(int iteration, int epoch) {
      return rates[iteration];
    }

    @Override
    public ISchedule clone() {
      return this;
    }
  }
}
