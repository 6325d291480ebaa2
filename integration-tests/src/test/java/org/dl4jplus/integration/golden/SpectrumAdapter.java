package org.dl4jplus.integration.golden;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.optim.first.HeavyBall;
import org.dl4jplus.optim.first.linalg.Lanczos;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.dl4jplus.optim.second.Egn;
import org.dl4jplus.optim.second.Fosi;
import org.dl4jplus.optim.second.curvature.Eigenpairs;
import org.dl4jplus.optim.second.curvature.MatrixLinearization;
import org.dl4jplus.optim.second.curvature.OutputCurvature;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;
import org.nd4j.linalg.lossfunctions.impl.LossL2;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** Lanczos, always in double precision, and what stands on it. */
final class SpectrumAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    SpectrumAdapter adapter = new SpectrumAdapter();
    adapters.put("Lanczos", adapter);
    adapters.put("SLQ", adapter);
    adapters.put("FOSI", adapter);
    adapters.put("EGN", adapter);
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    switch (file.algorithm()) {
      case "Lanczos" -> lanczos(file, deviation);
      case "SLQ" -> quadrature(file, deviation);
      case "EGN" -> exactGaussNewton(file, deviation);
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
          // The platform's epsilon lies before the bias correction: the tolerance is for that.
          default -> new Adam(learningRate);
        };
    int[] step = {-1};
    INDArray parameters = Nd4j.createFromArray(file.numbers("params")).castTo(type);
    GradientOracle oracle =
        given(parameters, () -> Nd4j.createFromArray(file.numbers("gradients", step[0])));
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

  /** Answers with given gradients, whatever the point. */
  private static GradientOracle given(INDArray parameters, Supplier<INDArray> gradient) {
    return new GradientOracle() {
      @Override
      public INDArray parameters() {
        return parameters;
      }

      @Override
      public double lossAndGradient(INDArray point, INDArray gradientOut) {
        gradientOut.assign(gradient.get());
        return 0;
      }
    };
  }

  /** Always in double precision: the system is the file's. */
  private static void exactGaussNewton(GoldenFile file, Deviation deviation) {
    MatrixLinearization model = linearization(file);
    int examples = model.examples();
    INDArray gradient = Nd4j.create(DataType.DOUBLE, model.jacobian().size(1));
    double[] scaled = model.residual().clone();
    Arrays.setAll(scaled, i -> scaled[i] / examples);
    model.transposeTimes(scaled, gradient);
    deviation.compare(
        "expectedGradient", file.numbers("expectedGradient"), gradient.toDoubleVector());

    ObjectNode config = file.config();
    double learningRate = config.remove("learningRate").asDouble();
    ObjectNode single = config.deepCopy();
    single.put("momentum", 0);
    deviation.compare(
        "expectedDirection",
        file.numbers("expectedDirection"),
        directions(single, learningRate, model, new double[] {1})[0]);
    double[] scales = file.numbers("directionInputsScaledBy");
    double[][] averaged = directions(config, learningRate, model, scales);
    for (int t = 0; t < scales.length; t++) {
      deviation.compare(
          "expectedMomentumDirections[" + t + "]",
          file.numbers("expectedMomentumDirections", t),
          averaged[t]);
    }
  }

  /** Steps with residuals that are scaled, divided by the learning rate. */
  private static double[][] directions(
      ObjectNode config, double learningRate, MatrixLinearization model, double[] scales) {
    int[] step = {0};
    INDArray parameters = Nd4j.create(DataType.DOUBLE, model.jacobian().size(1));
    Egn egn =
        read(config, Egn.class)
            .linearizationFrom(
                turn -> {
                  double[] residual = model.residual().clone();
                  Arrays.setAll(residual, i -> residual[i] * scales[step[0]]);
                  return new MatrixLinearization(model.jacobian(), residual, model.curvature());
                });
    OracleOptimizer optimizer =
        new OracleOptimizer(egn, new Sgd(learningRate), given(parameters, parameters::ulike));
    double[][] directions = new double[scales.length][];
    for (step[0] = 0; step[0] < scales.length; step[0]++) {
      parameters.assign(0);
      optimizer.step();
      directions[step[0]] = parameters.div(learningRate).toDoubleVector();
    }
    return directions;
  }

  private static MatrixLinearization linearization(GoldenFile file) {
    long outputs = file.json().get("outputs").asLong();
    long examples = file.json().get("batchSize").asLong();
    INDArray z = Nd4j.createFromArray(file.numbers("modelOutputs")).reshape('c', examples, outputs);
    INDArray labels = Nd4j.createFromArray(file.numbers("labels")).reshape('c', examples, outputs);
    String loss = file.json().get("loss").asText();
    OutputCurvature curvature =
        switch (loss) {
          case "MSE" ->
              new OutputCurvature(new LossL2(), labels, z, new ActivationIdentity(), null);
          case "XENT" ->
              new OutputCurvature(new LossBinaryXENT(0), labels, z, new ActivationSigmoid(), null);
          case "MCXENT" ->
              new OutputCurvature(new LossMCXENT(), labels, z, new ActivationSoftmax(), null);
          default -> throw new IllegalArgumentException(loss);
        };
    // The files' square has a factor 1/2, the platform's has none.
    double factor = loss.equals("MSE") ? 0.5 : 1;
    INDArray jacobian =
        Nd4j.createFromArray(file.numbers("jacobian"))
            .reshape('c', examples * outputs, file.json().get("numParams").asLong());
    return new MatrixLinearization(
        jacobian,
        curvature.gradient().muli(factor).dup('c').data().asDouble(),
        curvature.matrices().muli(factor));
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
