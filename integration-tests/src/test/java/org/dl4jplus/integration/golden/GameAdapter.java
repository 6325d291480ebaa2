package org.dl4jplus.integration.golden;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dl4jplus.optim.first.Extragradient;
import org.dl4jplus.optim.first.Extragradient.Lookahead;
import org.dl4jplus.optim.first.Extragradient.Variant;
import org.dl4jplus.optim.first.HeavyBall;
import org.dl4jplus.optim.first.OptimisticGradient;
import org.dl4jplus.optim.first.RungeKutta;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Methods for games on a linear field V(z) = M z + q. */
final class GameAdapter implements GoldenAdapter {

  static void register(Map<String, GoldenAdapter> adapters) {
    GameAdapter adapter = new GameAdapter();
    List.of("games", "ExtraSgd", "ExtraAdam").forEach(name -> adapters.put(name, adapter));
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    if (file.has("iterates")) {
      file.json()
          .get("iterates")
          .fieldNames()
          .forEachRemaining(method -> iterates(file, method, type, deviation));
    } else {
      halfSteps(file, type, deviation);
    }
  }

  private static void iterates(GoldenFile file, String method, DataType type, Deviation deviation) {
    // Not a method of a gradient: its own class has its own check.
    if (method.equals("halpern")) {
      return;
    }
    Field field = new Field(file, file.numbers("start"), 0, type);
    double rate = file.json().get("learningRate").asDouble();
    IUpdater updater =
        method.equals("optimisticGradient") ? new OptimisticGradient(rate) : new Sgd(rate);
    OracleOptimizer optimizer = new OracleOptimizer(method(method), updater, field);
    JsonNode expected = file.json().get("iterates").get(method);
    for (int k = 0; k < expected.size(); k++) {
      optimizer.step();
      // The single-call methods lead their recorded point by what they remember.
      INDArray offset = optimizer.state().vector(0);
      INDArray at = offset == null ? field.parameters() : field.parameters().sub(offset);
      deviation.compare(
          method + "[" + k + "]", GoldenFile.numbers(expected.get(k)), at.toDoubleVector());
    }
  }

  private static GradientListener method(String name) {
    return switch (name) {
      case "gradientDescent", "optimisticGradient" -> new Plain();
      case "extragradient" -> new Extragradient();
      case "pastExtragradient" -> Extragradient.builder().variant(Variant.PAST).build();
      case "reflectedGradient" -> Extragradient.builder().variant(Variant.REFLECTED).build();
      case "rungeKutta2" -> new RungeKutta();
      case "rungeKutta4" -> RungeKutta.builder().order(4).build();
      default -> throw new AssertionError("no method for the iterates of " + name);
    };
  }

  private static void halfSteps(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.json().get("config");
    Field field =
        new Field(file, file.numbers("params"), config.path("weight_decay").asDouble(), type);
    OracleOptimizer optimizer =
        new OracleOptimizer(
            Extragradient.builder().lookahead(Lookahead.UPDATER).build(),
            updater(file.algorithm(), config),
            field);
    for (int k = 0; k < file.rows("steps"); k++) {
      JsonNode step = file.json().get("steps").get(k);
      field.asked.clear();
      optimizer.step();
      String in = "steps[" + k + "].";
      deviation.compare(in + "evaluations", new double[] {2}, new double[] {field.asked.size()});
      String[] points = {"point", "extrapolated"};
      String[] gradients = {"gradient", "gradientAtExtrapolated"};
      for (int i = 0; i < 2; i++) {
        INDArray asked = field.asked.get(i);
        deviation.compare(
            in + points[i], GoldenFile.numbers(step.get(points[i])), asked.toDoubleVector());
        deviation.compare(
            in + gradients[i],
            GoldenFile.numbers(step.get(gradients[i])),
            field.value(asked).toDoubleVector());
      }
      deviation.compare(
          in + "paramsAfter",
          GoldenFile.numbers(step.get("paramsAfter")),
          field.parameters().toDoubleVector());
    }
  }

  private static IUpdater updater(String algorithm, JsonNode config) {
    double rate = config.get("lr").asDouble();
    if (algorithm.equals("ExtraAdam")) {
      JsonNode betas = config.path("betas");
      return new Adam(
          rate,
          betas.path(0).asDouble(0.9),
          betas.path(1).asDouble(0.999),
          config.path("eps").asDouble(1e-8));
    }
    double momentum = config.path("momentum").asDouble();
    return momentum == 0
        ? new Sgd(rate)
        : HeavyBall.builder()
            .learningRate(rate)
            .momentum(momentum)
            .nesterov(config.path("nesterov").asBoolean())
            .build();
  }

  /** The field; it remembers where it was asked. */
  private static final class Field implements GradientOracle {

    private final INDArray matrix;
    private final INDArray constant;
    private final INDArray parameters;
    private final double decay;
    private final List<INDArray> asked = new ArrayList<>();

    Field(GoldenFile file, double[] start, double decay, DataType type) {
      int n = start.length;
      matrix = Nd4j.createFromArray(file.numbers("M")).reshape('c', n, n).castTo(type);
      constant = Nd4j.createFromArray(file.numbers("q")).castTo(type);
      parameters = Nd4j.createFromArray(start).castTo(type);
      this.decay = decay;
    }

    INDArray value(INDArray point) {
      return matrix.mmul(point).addi(constant);
    }

    @Override
    public INDArray parameters() {
      return parameters;
    }

    @Override
    public double lossAndGradient(INDArray point, INDArray gradientOut) {
      asked.add(point.dup());
      // The references' weight decay belongs to the gradient, wherever that is taken.
      gradientOut.assign(value(point).addi(point.mul(decay)));
      return 0;
    }
  }

  /** Leaves the gradient as it is. */
  private static final class Plain extends GradientListener {

    @Override
    protected void transform(GradientTurn turn) {
      // Nothing to replace.
    }
  }
}
