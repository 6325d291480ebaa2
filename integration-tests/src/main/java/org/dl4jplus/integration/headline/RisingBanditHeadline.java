package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
import org.dl4jplus.bilevel.search.Trial;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Four families of networks for digits, 400 images to learn from and 400 to score: which of them
 * gets the candidates of a search. Inside a family the search is random. The right family is the
 * one with the best score where all are pulled in turn, as often as the larger search allows. Of 48
 * candidates it can get 33 with C = 4 and 24, no more than half, with C = 7.
 */
final class RisingBanditHeadline implements Headline {

  private static final int SEEDS = 6;
  private static final int EXAMPLES = 400;
  private static final int[] PULLS = {48, 96};
  private static final int[] WINDOWS = {4, 7};
  private static final int EPOCHS = 24;
  private static final int BATCH = 100;

  /** Two rows of pixels at a time. */
  private static final int STEPS = 4;

  /** More than there are pulls: no family ever goes. */
  private static final int NEVER = 1000;

  @Override
  public String name() {
    return "rising-bandits";
  }

  @Override
  public List<Row> measure() {
    double[][] share = new double[PULLS.length][WINDOWS.length];
    double[][] score = new double[PULLS.length][WINDOWS.length];
    double[] uniform = new double[PULLS.length];
    for (int seed = 1; seed <= SEEDS; seed++) {
      Task task = new Task(Digits.of(EXAMPLES, 200 + seed));
      Trial most = run(task, PULLS[1], NEVER, seed).best();
      String right = most.getData().get(RisingBanditGenerator.ARM).toString();
      for (int i = 0; i < PULLS.length; i++) {
        uniform[i] += run(task, PULLS[i], NEVER, seed).best().getScore() / SEEDS;
        for (int j = 0; j < WINDOWS.length; j++) {
          RisingBanditGenerator bandit = run(task, PULLS[i], WINDOWS[j], seed);
          double pulls = bandit.arm(right).trials().size();
          share[i][j] += pulls / PULLS[i] / SEEDS;
          score[i][j] += bandit.best().getScore() / SEEDS;
          System.out.printf(
              "seed %d, %d candidates, C = %d: %.0f for %s; gone after %s%n",
              seed, PULLS[i], WINDOWS[j], pulls, right, bandit.gone());
        }
      }
    }
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < PULLS.length; i++) {
      String shares =
          "share of " + PULLS[i] + " candidates that go to the right one of four families, 6 seeds";
      String scores = "best validation accuracy of " + PULLS[i];
      for (int j = 0; j < WINDOWS.length; j++) {
        String ours = "rising bandits, C = " + WINDOWS[j];
        Bar half = j == 0 ? Bar.atLeast(2) : Bar.NONE;
        rows.add(Row.ratio(shares, "in turn", 0.25, ours, share[i][j], half));
        rows.add(Row.ratio(scores, "in turn", uniform[i], ours, score[i][j], Bar.atLeast(0.99)));
      }
    }
    return rows;
  }

  private static RisingBanditGenerator run(Task task, int pulls, int window, int seed) {
    RisingBanditGenerator generator =
        RisingBanditGenerator.builder()
            .minimize(false)
            .totalPulls(pulls)
            .window(window)
            .arm("softmax", new RandomArm(softmax()))
            .arm("dense", new RandomArm(dense()))
            .arm("recurrent", new RandomArm(recurrent()))
            .arm("convolutional", new RandomArm(convolutional()))
            .build();
    generator.setRngSeed(seed);
    while (generator.hasMoreCandidates()) {
      Candidate<?> candidate = generator.getCandidate();
      Searches.report(generator, candidate, task.score(candidate, generator.trials()), null);
    }
    return generator;
  }

  /** Random search. */
  private static final class RandomArm extends FeedbackGenerator {

    RandomArm(ParameterSpace<?> space) {
      super(space, null, false, false, null);
    }

    @Override
    protected Proposal propose(int index, SplittableRandom random) {
      return Proposal.of(random.doubles(space().size()).toArray());
    }
  }

  private static ParameterSpace<Double> log(double low, double high) {
    return new ContinuousParameterSpace(new LogUniformDistribution(low, high));
  }

  /** With Adam's own defaults: AdamSpace takes others where they are not given. */
  private static AdamSpace adam() {
    return new AdamSpace(
        log(1e-3, 1e-1), new FixedValue<>(0.9), new FixedValue<>(0.999), new FixedValue<>(1e-8));
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

  /** An image from the top to the bottom. */
  private static ParameterSpace<?> recurrent() {
    return new MultiLayerSpace.Builder()
        .seed(1)
        .updater(adam())
        .l2(log(1e-6, 1e-1))
        .addLayer(
            new LSTMLayerSpace.Builder()
                .nOut(new IntegerParameterSpace(8, 32))
                .activation(Activation.TANH)
                .build())
        .addLayer(new GlobalPoolingLayerSpace.Builder().poolingType(PoolingType.AVG).build())
        .addLayer(output())
        .setInputType(InputType.recurrent(Digits.PIXELS / STEPS, STEPS))
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
        .setInputType(InputType.convolutionalFlat(8, 8, 1))
        .build();
  }

  /** Trains candidates; what a family's n-th candidate is does not depend on the others. */
  private static final class Task {

    private final List<DataSet> flat;
    private final List<DataSet> rows;
    private final DataSet scored;
    private final Map<String, Double> scores = new HashMap<>();

    Task(Digits digits) {
      Random order = new Random(1);
      flat =
          Stream.generate(() -> digits.batches(BATCH, order))
              .limit(EPOCHS)
              .flatMap(List::stream)
              .map(batch -> new DataSet(single(batch.getFeatures()), single(batch.getLabels())))
              .toList();
      rows = flat.stream().map(b -> new DataSet(rows(b.getFeatures()), b.getLabels())).toList();
      scored = Digits.rows(digits.test(), IntStream.range(0, EXAMPLES).boxed().toList());
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

    private double train(Object configuration, boolean sequences) {
      INDArray images = single(scored.getFeatures());
      INDArray input = sequences ? rows(images) : images;
      List<DataSet> batches = sequences ? rows : flat;
      INDArray answers;
      if (configuration instanceof GraphConfiguration of) {
        ComputationGraph graph = new ComputationGraph(of.getConfiguration());
        graph.init();
        batches.forEach(graph::fit);
        answers = graph.outputSingle(input);
      } else {
        MultiLayerNetwork layers =
            new MultiLayerNetwork(((DL4JConfiguration) configuration).getMultiLayerConfiguration());
        layers.init();
        batches.forEach(layers::fit);
        answers = layers.output(input);
      }
      return answers
          .argMax(1)
          .eq(scored.getLabels().argMax(1))
          .castTo(DataType.DOUBLE)
          .meanNumber()
          .doubleValue();
    }

    private static INDArray single(INDArray values) {
      return values.castTo(DataType.FLOAT);
    }

    private static INDArray rows(INDArray images) {
      return images
          .reshape(new long[] {images.size(0), STEPS, Digits.PIXELS / STEPS})
          .permute(0, 2, 1)
          .dup('c');
    }
  }
}
