package org.dl4jplus.integration.golden;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.privacy.DiceSgd;
import org.dl4jplus.privacy.Diff2;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpMechanism;
import org.dl4jplus.privacy.DpPlan;
import org.dl4jplus.privacy.DpStep;
import org.dl4jplus.privacy.PrivateSpiderBoost;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.gradient.GradientEngine;
import org.dl4jplus.privacy.gradient.ModelGradients;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.dl4jplus.privacy.sampling.PoissonSampler;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.JsonNode;

/** Mechanisms step by step on a network that is logistic regression, always in double precision. */
final class MechanismAdapter implements GoldenAdapter {

  private interface Replay {
    void run(JsonNode one, Deviation deviation);
  }

  private final Replay replay;

  private MechanismAdapter(Replay replay) {
    this.replay = replay;
  }

  static void register(Map<String, GoldenAdapter> adapters) {
    adapters.put("DiceSgd", new MechanismAdapter(MechanismAdapter::dice));
    adapters.put("Diff2", new MechanismAdapter(MechanismAdapter::diff2));
    adapters.put("PrivateSpiderBoost", new MechanismAdapter(MechanismAdapter::spider));
  }

  @Override
  public void run(GoldenFile file, DataType type, Deviation deviation) {
    file.json().get("cases").forEach(one -> replay.run(one, deviation));
  }

  private static double[] array(JsonNode node) {
    return GoldenFile.numbers(node.get("data"));
  }

  private static void dice(JsonNode one, Deviation deviation) {
    Run run = new Run(new double[][] {array(one.get("X"))}, new double[][] {array(one.get("y"))});
    double clip = one.get("clipNorm").asDouble();
    double errorClip = one.get("errorClipNorm").asDouble();
    int size = one.get("batches").get(0).size();
    DiceSgd mechanism =
        DiceSgd.builder().errorClipNorm(errorClip).analysis(DiceSgd.Analysis.PAPER).build();
    DpConfig.DpConfigBuilder config = DpConfig.builder().clipNorm(clip);
    run.begin(mechanism, config.expectedBatchSize((double) size), one);
    // The file's noise is that of the mean.
    double sum = Math.sqrt(clip * clip + 2 * errorClip * errorClip * size * size);
    double multiplier = one.get("noiseStd").asDouble() * size / sum;
    double rate = one.get("learningRate").asDouble();
    for (int t = 0; t < one.get("batches").size(); t++) {
      int[] drawn =
          Arrays.stream(GoldenFile.numbers(one.get("batches").get(t)))
              .mapToInt(i -> (int) i)
              .toArray();
      run.step(drawn, size, multiplier, rate, one.get("z").get(t));
      deviation.compare("params " + t, array(one.get("expectedParams").get(t)), run.parameters());
    }
  }

  private static void diff2(JsonNode one, Deviation deviation) {
    JsonNode given = one.get("config");
    int clients = one.get("X").size();
    double[][] x = new double[clients][];
    double[][] y = new double[clients][];
    for (int p = 0; p < clients; p++) {
      x[p] = array(one.get("X").get(p));
      y[p] = array(one.get("y").get(p));
    }
    Run run = new Run(x, y);
    Diff2 mechanism =
        Diff2.builder()
            .clientSizes(Arrays.stream(y).mapToInt(part -> part.length).toArray())
            .differenceClip(given.get("differenceClip").asDouble())
            .restartEvery(given.get("restartEvery").asInt())
            .sigma1(given.get("sigma1").asDouble())
            .sigma2(given.get("sigma2").asDouble())
            .build();
    DpConfig.DpConfigBuilder config =
        DpConfig.builder()
            .clipNorm(given.get("clipNorm").asDouble())
            .neighbours(Neighbours.REPLACE_ZERO)
            .samplingRate(1.0);
    run.begin(mechanism, config, one);
    for (int t = 0; t < one.get("steps").size(); t++) {
      JsonNode expected = one.get("steps").get(t);
      double[] v =
          run.step(
              IntStream.range(0, run.count).toArray(),
              run.count,
              1,
              given.get("learningRate").asDouble(),
              expected.get("z"));
      deviation.compare("v " + t, array(expected.get("v")), v);
      deviation.compare("params " + t, array(expected.get("params")), run.parameters());
    }
  }

  private static void spider(JsonNode one, Deviation deviation) {
    JsonNode given = one.get("config");
    Run run = new Run(new double[][] {array(one.get("X"))}, new double[][] {array(one.get("y"))});
    double anchorBatch = given.get("anchorBatch").asDouble();
    double variationBatch = given.get("variationBatch").asDouble();
    PrivateSpiderBoost mechanism =
        PrivateSpiderBoost.builder()
            .smoothness(given.get("smoothness").asDouble())
            .anchorBatch(anchorBatch)
            .variationBatch(variationBatch)
            .phaseLength(given.get("phaseLength").asInt())
            .sigma1(given.get("sigma1").asDouble())
            .sigma2(given.get("sigma2").asDouble())
            .sigma2Hat(given.get("sigma2Hat").asDouble())
            .build();
    DpConfig.DpConfigBuilder config =
        DpConfig.builder().clipNorm(given.get("lipschitz").asDouble()).samplingRate(1.0);
    run.begin(mechanism, config, one);
    for (int t = 0; t < one.get("steps").size(); t++) {
      JsonNode expected = one.get("steps").get(t);
      boolean anchor = expected.get("kind").asText().equals("anchor");
      double[] v =
          run.step(
              Arrays.stream(GoldenFile.numbers(expected.get("members")))
                  .mapToInt(i -> (int) i)
                  .toArray(),
              anchor ? anchorBatch : variationBatch,
              1,
              given.get("learningRate").asDouble(),
              expected.get("z"));
      deviation.compare("estimate " + t, array(expected.get("gradientEstimate")), v);
      deviation.compare("params " + t, array(expected.get("params")), run.parameters());
    }
  }

  /** One mechanism at work. */
  private static final class Run {

    private final PrivateRecords records;
    private final int count;
    private final int features;
    private final MultiLayerNetwork network;
    private final ModelGradients gradients;
    private DpMechanism mechanism;
    private DpPlan plan;
    private int steps;

    Run(double[][] x, double[][] y) {
      count = Arrays.stream(y).mapToInt(part -> part.length).sum();
      features = Arrays.stream(x).mapToInt(part -> part.length).sum() / count;
      double[] allX = Arrays.stream(x).flatMapToDouble(Arrays::stream).toArray();
      double[] allY = Arrays.stream(y).flatMapToDouble(Arrays::stream).toArray();
      records =
          PrivateRecords.of(
              new DataSet(
                  Nd4j.create(allX, new long[] {count, features}, 'c'),
                  Nd4j.create(allY, new long[] {count, 1}, 'c')));
      network =
          new MultiLayerNetwork(
              new NeuralNetConfiguration.Builder()
                  .dataType(DataType.DOUBLE)
                  .updater(new Sgd(1))
                  .list()
                  .layer(
                      new OutputLayer.Builder(LossFunction.XENT)
                          .nIn(features)
                          .nOut(1)
                          .hasBias(false)
                          .activation(Activation.SIGMOID)
                          .build())
                  .build());
      network.init();
      gradients = new ModelGradients(new ModelOracle(network), records, GradientEngine.AUTO, 256);
    }

    void begin(DpMechanism mechanism, DpConfig.DpConfigBuilder config, JsonNode one) {
      this.mechanism = mechanism;
      DpConfig built = config.noiseMultiplier(1.0).build();
      plan = new DpPlan(built, new PoissonSampler(count, built.rate(count)), count, features);
      network.params().assign(Nd4j.createFromArray(array(one.get("initial"))));
      mechanism.begin(plan);
    }

    /** Makes a step by the recorded noise and returns what was released. */
    double[] step(int[] drawn, double size, double multiplier, double rate, JsonNode z) {
      Iterator<JsonNode> noise = (z.isArray() ? z : List.of(z)).iterator();
      double[] direction = new double[features];
      INDArray parameters = network.params();
      mechanism.step(
          plan,
          new DpStep(
              steps++,
              gradients.of(drawn),
              size,
              parameters,
              multiplier,
              (values, std) -> {
                double[] normal = array(noise.next());
                for (int i = 0; i < values.length; i++) {
                  values[i] += std * normal[i];
                }
              },
              direction));
      parameters.subi(Nd4j.createFromArray(direction).muli(rate));
      return direction;
    }

    double[] parameters() {
      return network.params().toDoubleVector();
    }
  }
}
