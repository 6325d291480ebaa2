package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.DeepSetsEquivariantLayer;
import org.dl4jplus.ot.sets.EquivariantMap;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The sum of a set of digit images, learnt from sets of 2 to 8 and asked of sets of 16. */
final class DeepSetsHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int STEPS = 1500;
  private static final int BATCH = 32;
  private static final int LONGEST = 8;
  private static final int TESTS = 400;
  private static final int WIDTH = 32;

  @Override
  public String name() {
    return "deep-sets";
  }

  /** Mean absolute error, and the largest change of an answer under a permutation. */
  private record Figures(double error, double change) {}

  @Override
  public List<Row> measure() {
    List<Figures> lstm = new ArrayList<>();
    List<Figures> sets = new ArrayList<>();
    for (int seed = 1; seed <= SEEDS; seed++) {
      lstm.add(
          run(
              seed,
              new LSTM.Builder().nIn(Digits.PIXELS).nOut(WIDTH).activation(Activation.TANH).build(),
              null));
      sets.add(run(seed, layer(Digits.PIXELS), layer(WIDTH)));
    }
    return List.of(
        Row.ratio(
            "mean error of the sum of 16 digit images, after sets of 2 to 8",
            "LSTM",
            lstm.stream().mapToDouble(Figures::error).average().orElseThrow(),
            "Deep Sets",
            sets.stream().mapToDouble(Figures::error).average().orElseThrow(),
            Bar.atMost(0.5)),
        Row.ratio(
            "largest change of such a sum when the set is permuted",
            "LSTM",
            lstm.stream().mapToDouble(Figures::change).max().orElseThrow(),
            "Deep Sets",
            sets.stream().mapToDouble(Figures::change).max().orElseThrow(),
            Bar.atMost(1e-12)));
  }

  private static Layer layer(int in) {
    return new DeepSetsEquivariantLayer.Builder()
        .nIn(in)
        .nOut(WIDTH)
        .pool(EquivariantMap.Pool.MEAN)
        .activation(Activation.ELU)
        .build();
  }

  private static Figures run(int seed, Layer first, Layer second) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .dataType(DataType.DOUBLE)
            .updater(new Adam(2e-3))
            .list();
    if (second == null) {
      list.layer(new LastTimeStep(first));
    } else {
      list.layer(first).layer(second).layer(new GlobalPoolingLayer(PoolingType.SUM));
    }
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            list.layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(WIDTH)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    network.init();
    Digits digits = Digits.of(1200, seed);
    Random random = new Random(seed);
    for (int step = 0; step < STEPS; step++) {
      network.fit(sets(digits.train(), BATCH, 2 + random.nextInt(LONGEST - 1), random));
    }
    DataSet test = sets(digits.test(), TESTS, 2 * LONGEST, random);
    INDArray answers = network.output(test.getFeatures()).dup();
    List<Integer> order = Digits.shuffled(2 * LONGEST, random);
    INDArray permuted = Nd4j.create(DataType.DOUBLE, test.getFeatures().shape());
    for (int t = 0; t < order.size(); t++) {
      element(permuted, t).assign(element(test.getFeatures(), order.get(t)));
    }
    return new Figures(
        answers.distance1(test.getLabels()) / TESTS,
        network.output(permuted).sub(answers).amaxNumber().doubleValue());
  }

  private static INDArray element(INDArray sets, int element) {
    return sets.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(element));
  }

  /** Sets of images drawn with replacement, with the sums of their digits. */
  private static DataSet sets(DataSet digits, int count, int size, Random random) {
    INDArray features = Nd4j.create(DataType.DOUBLE, count, Digits.PIXELS, size);
    INDArray sums = Nd4j.create(DataType.DOUBLE, count, 1);
    INDArray values = digits.getLabels().argMax(1);
    for (int t = 0; t < size; t++) {
      int[] chosen = random.ints(count, 0, digits.numExamples()).toArray();
      element(features, t).assign(Nd4j.pullRows(digits.getFeatures(), 1, chosen));
      for (int e = 0; e < count; e++) {
        sums.putScalar(e, 0, sums.getDouble(e, 0) + values.getDouble(chosen[e]));
      }
    }
    return new DataSet(features, sums);
  }
}
