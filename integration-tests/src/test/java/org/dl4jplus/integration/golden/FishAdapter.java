package org.dl4jplus.integration.golden;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.FishTrainer;
import org.dl4jplus.optim.first.HeavyBall;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Fish on the network that the file describes, with every step inside a meta-iteration. */
final class FishAdapter implements GoldenAdapter {

  private static final String[] VARIABLES = {"0_W", "0_b", "1_W", "1_b"};

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("Fish", new FishAdapter());
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    JsonNode config = file.json().get("config");
    JsonNode problem = file.json().get("problem");
    MultiLayerNetwork net = network(problem, updater(config.get("innerUpdater")), type);
    write(net, Nd4j.createFromArray(file.numbers("params")).castTo(type));
    List<DataSet> domains = domains(problem, file.json().path("domainRule").asText(), type);
    Recorder recorder = new Recorder();
    net.addListeners(recorder);
    JsonNode steps = file.json().get("steps");
    FishTrainer trainer =
        FishTrainer.builder()
            .metaSteps(config.path("metaSteps").asInt(steps.get(0).get("domains").size()))
            .metaLearningRate(config.get("metaLearningRate").asDouble())
            .divideMetaLearningRateBySteps(
                config.path("divideMetaLearningRateBySteps").asBoolean(true))
            .reloadInnerState(config.path("reloadInnerState").asBoolean(true))
            .build();
    for (int k = 0; k < steps.size(); k++) {
      JsonNode step = steps.get(k);
      List<DataSet> batches = new ArrayList<>();
      step.get("domains").forEach(domain -> batches.add(domains.get(domain.asInt())));
      recorder.evaluations.clear();
      trainer.metaIteration(net, batches);
      String in = "steps[" + k + "].";
      JsonNode inner = step.path("innerEvaluations");
      for (int i = 0; i < inner.size(); i++) {
        Evaluation made = recorder.evaluations.get(i);
        String at = in + "innerEvaluations[" + i + "].";
        deviation.compare(
            at + "point", GoldenFile.numbers(inner.get(i).get("point")), made.point());
        deviation.compare(
            at + "loss",
            new double[] {inner.get(i).get("loss").asDouble()},
            new double[] {made.loss()});
        deviation.compare(
            at + "gradient", GoldenFile.numbers(inner.get(i).get("gradient")), made.gradient());
      }
      if (step.has("innerFinal")) {
        deviation.compare(
            in + "innerFinal", GoldenFile.numbers(step.get("innerFinal")), recorder.last);
      }
      deviation.compare(
          in + "paramsAfter", GoldenFile.numbers(step.get("paramsAfter")), read(net.paramTable()));
    }
  }

  private static IUpdater updater(JsonNode config) {
    double rate = config.get("learningRate").asDouble();
    double momentum = config.path("momentum").asDouble();
    return switch (config.get("type").asText()) {
      case "Adam" ->
          new Adam(
              rate,
              config.path("beta1").asDouble(0.9),
              config.path("beta2").asDouble(0.999),
              config.path("epsilon").asDouble(1e-8));
      case "Sgd", "SgdMomentum" ->
          momentum == 0
              ? new Sgd(rate)
              : HeavyBall.builder().learningRate(rate).momentum(momentum).build();
      default -> throw new AssertionError("no updater for " + config);
    };
  }

  private static MultiLayerNetwork network(JsonNode problem, IUpdater updater, DataType type) {
    JsonNode sizes = problem.get("layers");
    MultiLayerNetwork net =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(type)
                .updater(updater)
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(sizes.get(0).asInt())
                        .nOut(sizes.get(1).asInt())
                        .activation(Activation.TANH)
                        .build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(sizes.get(1).asInt())
                        .nOut(sizes.get(2).asInt())
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    net.init();
    return net;
  }

  private static List<DataSet> domains(JsonNode problem, String rule, DataType type) {
    Matcher modulus = Pattern.compile("mod (\\d+)").matcher(rule);
    if (!modulus.find()) {
      throw new AssertionError("no domains by the rule: " + rule);
    }
    int count = Integer.parseInt(modulus.group(1));
    double[] labels = GoldenFile.numbers(problem.get("labels"));
    int classes = problem.get("layers").get(2).asInt();
    INDArray x =
        Nd4j.createFromArray(GoldenFile.numbers(problem.get("X")))
            .reshape('c', labels.length, problem.get("layers").get(0).asInt())
            .castTo(type);
    List<DataSet> domains = new ArrayList<>();
    for (int d = 0; d < count; d++) {
      int size = (labels.length - d + count - 1) / count;
      int[] rows = new int[size];
      INDArray y = Nd4j.zeros(type, size, classes);
      for (int i = 0; i < size; i++) {
        rows[i] = d + i * count;
        y.putScalar(i, (long) labels[rows[i]], 1);
      }
      domains.add(new DataSet(x.getRows(rows), y));
    }
    return domains;
  }

  /** The file's order: row after row, where a network's weights lie column after column. */
  private static void write(MultiLayerNetwork net, INDArray flat) {
    long at = 0;
    for (String name : VARIABLES) {
      INDArray variable = net.getParam(name);
      long end = at + variable.length();
      variable.assign(
          flat.get(NDArrayIndex.interval(at, end)).dup().reshape('c', variable.shape()));
      at = end;
    }
  }

  private static double[] read(Map<String, INDArray> variables) {
    INDArray[] rows = new INDArray[VARIABLES.length];
    for (int i = 0; i < rows.length; i++) {
      INDArray variable = variables.get(VARIABLES[i]);
      rows[i] = variable.dup('c').reshape('c', new long[] {variable.length()});
    }
    return Nd4j.concat(0, rows).toDoubleVector();
  }

  /** What a step inside a meta-iteration saw. */
  private record Evaluation(double[] point, double loss, double[] gradient) {}

  private static final class Recorder extends BaseTrainingListener {

    private final List<Evaluation> evaluations = new ArrayList<>();
    private double[] last;

    @Override
    public void onGradientCalculation(Model model) {
      INDArray[] gradients = new INDArray[VARIABLES.length];
      Map<String, INDArray> variables =
          ((MultiLayerNetwork) model).gradient().gradientForVariable();
      for (int i = 0; i < gradients.length; i++) {
        INDArray sum = variables.get(VARIABLES[i]);
        gradients[i] = sum.dup('c').reshape('c', new long[] {sum.length()}).divi(model.batchSize());
      }
      evaluations.add(
          new Evaluation(
              read(model.paramTable()), model.score(), Nd4j.concat(0, gradients).toDoubleVector()));
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      last = read(model.paramTable());
    }
  }
}
