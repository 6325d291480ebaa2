package org.dl4jplus.integration.headline;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.arbiter.ComputationGraphSpace;
import org.deeplearning4j.arbiter.DL4JConfiguration;
import org.deeplearning4j.arbiter.GraphConfiguration;
import org.deeplearning4j.arbiter.MultiLayerSpace;
import org.deeplearning4j.arbiter.conf.updater.AdamSpace;
import org.deeplearning4j.arbiter.layers.ConvolutionLayerSpace;
import org.deeplearning4j.arbiter.layers.DenseLayerSpace;
import org.deeplearning4j.arbiter.layers.GlobalPoolingLayerSpace;
import org.deeplearning4j.arbiter.layers.LSTMLayerSpace;
import org.deeplearning4j.arbiter.layers.OutputLayerSpace;
import org.deeplearning4j.arbiter.layers.SubsamplingLayerSpace;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.deeplearning4j.arbiter.optimize.distribution.LogUniformDistribution;
import org.deeplearning4j.arbiter.optimize.parameter.FixedValue;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.RisingBanditGenerator;
import org.dl4jplus.bilevel.search.SobolGenerator;
import org.dl4jplus.bilevel.search.Trial;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Four families of networks for digits, 400 images to learn from and 400 to score: which of them
 * gets the candidates of a search.
 */
final class RisingBanditHeadline implements Headline {

  private static final int SEEDS = 6;
  private static final int EXAMPLES = 400;
  private static final int PULLS = 48;
  private static final int EPOCHS = 15;
  private static final int BATCH = 32;
  private static final int SIDE = 8;

  /** More than there are pulls: no family ever goes. */
  private static final int NEVER = 1000;

  @Override
  public String name() {
    return "rising-bandits";
  }

  @Override
  public List<Row> measure() {
    int[] windows = {4, 7};
    double[] share = new double[windows.length];
    double[] score = new double[windows.length];
    double uniform = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      Digits digits = Digits.of(EXAMPLES, 200 + seed);
      Task task = new Task(digits);
      RisingBanditGenerator all = run(task, NEVER, seed);
      String right = all.best().getData().get(RisingBanditGenerator.ARM).toString();
      uniform += all.best().getScore() / SEEDS;
      for (int i = 0; i < windows.length; i++) {
        RisingBanditGenerator bandit = run(task, windows[i], seed);
        share[i] += bandit.arm(right).trials().size() / (double) PULLS / SEEDS;
        score[i] += bandit.best().getScore() / SEEDS;
      }
    }
    String shares = "share of 48 candidates that go to the best of four families, mean of 6 seeds";
    String scores = "best validation accuracy";
    return List.of(
        Row.ratio(shares, "in turn", 0.25, "rising bandits, C = 4", share[0], Bar.atLeast(2)),
        Row.ratio(scores, "in turn", uniform, "rising bandits, C = 4", score[0], Bar.atLeast(0.99)),
        Row.ratio(shares, "in turn", 0.25, "rising bandits, C = 7", share[1], Bar.NONE),
        Row.ratio(
            scores, "in turn", uniform, "rising bandits, C = 7", score[1], Bar.atLeast(0.99)));
  }

  private static RisingBanditGenerator run(Task task, int window, int seed) {
    RisingBanditGenerator generator =
        RisingBanditGenerator.builder()
            .minimize(false)
            .totalPulls(PULLS)
            .window(window)
            .arm("softmax", sobol(softmax()))
            .arm("dense", sobol(dense()))
            .arm("recurrent", sobol(recurrent()))
            .arm("convolutional", sobol(convolutional()))
            .build();
    generator.setRngSeed(seed);
    while (generator.hasMoreCandidates()) {
      Candidate<?> candidate = generator.getCandidate();
      NamedSpace.report(generator, candidate, task.score(candidate, generator.trials()), null);
    }
    return generator;
  }

  private static FeedbackGenerator sobol(ParameterSpace<?> space) {
    return SobolGenerator.builder().parameterSpace(space).minimize(false).build();
  }

  private static ParameterSpace<Double> log(double low, double high) {
    return new ContinuousParameterSpace(new LogUniformDistribution(low, high));
  }

  /** With Adam's own defaults: AdamSpace takes others where they are not given. */
  private static AdamSpace adam() {
    return new AdamSpace(
        log(1e-4, 1e-1), new FixedValue<>(0.9), new FixedValue<>(0.999), new FixedValue<>(1e-8));
  }

  private static OutputLayerSpace output() {
    return new OutputLayerSpace.Builder()
        .nOut(Digits.CLASSES)
        .activation(Activation.SOFTMAX)
        .lossFunction(LossFunction.MCXENT)
        .build();
  }

  private static ParameterSpace<?> softmax() {
    return new ComputationGraphSpace.Builder()
        .seed(1)
        .updater(adam())
        .l2(log(1e-6, 1e-1))
        .addInputs("in")
        .addLayer("out", output(), "in")
        .setOutputs("out")
        .setInputTypes(InputType.feedForward(Digits.PIXELS))
        .build();
  }

  private static ParameterSpace<?> dense() {
    return new MultiLayerSpace.Builder()
        .seed(1)
        .updater(adam())
        .l2(log(1e-6, 1e-1))
        .addLayer(
            new DenseLayerSpace.Builder()
                .nOut(new IntegerParameterSpace(8, 128))
                .activation(Activation.RELU)
                .build())
        .addLayer(output())
        .setInputType(InputType.feedForward(Digits.PIXELS))
        .build();
  }

  /** The rows of an image one after the other. */
  private static ParameterSpace<?> recurrent() {
    return new MultiLayerSpace.Builder()
        .seed(1)
        .updater(adam())
        .l2(log(1e-6, 1e-1))
        .addLayer(
            new LSTMLayerSpace.Builder()
                .nOut(new IntegerParameterSpace(8, 48))
                .activation(Activation.TANH)
                .build())
        .addLayer(new GlobalPoolingLayerSpace.Builder().poolingType(PoolingType.AVG).build())
        .addLayer(output())
        .setInputType(InputType.recurrent(SIDE, SIDE))
        .build();
  }

  private static ParameterSpace<?> convolutional() {
    return new MultiLayerSpace.Builder()
        .seed(1)
        .updater(adam())
        .l2(log(1e-6, 1e-1))
        .addLayer(
            new ConvolutionLayerSpace.Builder()
                .kernelSize(3, 3)
                .nOut(new IntegerParameterSpace(4, 24))
                .activation(Activation.RELU)
                .build())
        .addLayer(new SubsamplingLayerSpace.Builder().kernelSize(2, 2).stride(2, 2).build())
        .addLayer(output())
        .setInputType(InputType.convolutionalFlat(SIDE, SIDE, 1))
        .build();
  }

  /** Trains candidates; what a family's n-th candidate is does not depend on the others. */
  private static final class Task {

    private final Digits digits;
    private final Map<String, Double> scores = new HashMap<>();

    Task(Digits digits) {
      List<Integer> scored = IntStream.range(0, EXAMPLES).boxed().toList();
      this.digits = new Digits(digits.train(), Digits.rows(digits.test(), scored));
    }

    double score(Candidate<?> candidate, List<Trial> trials) {
      Object arm = candidate.getDataParameters().get(RisingBanditGenerator.ARM);
      long number =
          trials.stream()
              .filter(t -> t.getData().get(RisingBanditGenerator.ARM).equals(arm))
              .count();
      return scores.computeIfAbsent(
          arm + " " + number, n -> train(candidate.getValue(), arm.equals("recurrent")));
    }

    private double train(Object configuration, boolean rows) {
      MultiLayerNetwork layers = null;
      ComputationGraph graph = null;
      if (configuration instanceof GraphConfiguration of) {
        graph = new ComputationGraph(of.getConfiguration());
        graph.init();
      } else {
        layers =
            new MultiLayerNetwork(((DL4JConfiguration) configuration).getMultiLayerConfiguration());
        layers.init();
      }
      Random order = new Random(1);
      for (int i = 0; i < EPOCHS; i++) {
        for (DataSet batch : digits.batches(BATCH, order)) {
          DataSet set = new DataSet(input(batch.getFeatures(), rows), batch.getLabels());
          if (graph == null) {
            layers.fit(set);
          } else {
            graph.fit(set);
          }
        }
      }
      INDArray input = input(digits.test().getFeatures(), rows);
      INDArray answers = graph == null ? layers.output(input) : graph.outputSingle(input);
      return answers
          .argMax(1)
          .eq(digits.test().getLabels().argMax(1))
          .castTo(DataType.DOUBLE)
          .meanNumber()
          .doubleValue();
    }

    private static INDArray input(INDArray images, boolean rows) {
      INDArray single = images.castTo(DataType.FLOAT);
      return rows
          ? single.reshape(new long[] {images.size(0), SIDE, SIDE}).permute(0, 2, 1).dup('c')
          : single;
    }
  }
}
