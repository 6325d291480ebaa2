package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.selftuning.SelfTuned;
import org.dl4jplus.bilevel.selftuning.SelfTuningDenseLayer;
import org.dl4jplus.bilevel.selftuning.SelfTuningDropout;
import org.dl4jplus.bilevel.selftuning.SelfTuningTrainer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** One run of a self-tuning network against a grid of fixed dropout rates, on noisy digits. */
final class SelfTuningHeadline implements Headline {

  private static final int SEEDS = 2;
  private static final int EPOCHS = 60;
  private static final int HIDDEN = 128;
  private static final double[] RATES = {0.05, 0.2, 0.4, 0.6, 0.8};

  @Override
  public String name() {
    return "self-tuning";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>(rows(25, Bar.atMost(0.97), Bar.atMost(1.10)));
    // A quarter of the steps, for the network and for the rate.
    rows.addAll(rows(100, Bar.NONE, Bar.NONE));
    return rows;
  }

  private static List<Row> rows(int batch, Bar ofStart, Bar ofBest) {
    double start = 0;
    double best = 0;
    double tuned = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      Task task = new Task(seed, batch);
      double[] fixed = DoubleStream.of(RATES).map(task::fixed).toArray();
      start += fixed[0] / SEEDS;
      best += DoubleStream.of(fixed).min().orElseThrow() / SEEDS;
      tuned += task.tuned() / SEEDS;
    }
    String what =
        "test loss, 600 digits with 20% random labels, 64-128-10, 60 epochs in batches of "
            + batch
            + ", mean of 2 seeds";
    return List.of(
        Row.ratio(what, "dropout 0.05, the tuned rate's start", start, "one run", tuned, ofStart),
        Row.ratio(what, "best of five fixed rates, five runs", best, "one run", tuned, ofBest));
  }

  private static final class Task {
    private final int seed;
    private final int batch;
    private final Digits noisy;
    private final DataSet validation;
    private final DataSet test;

    Task(int seed, int batch) {
      this.seed = seed;
      this.batch = batch;
      Digits all = Digits.of(900, seed);
      List<Integer> rows = IntStream.range(0, 900).boxed().toList();
      validation = Digits.rows(all.train(), rows.subList(600, 900));
      test = all.test();
      noisy =
          new Digits(Digits.rows(all.train(), rows.subList(0, 600)), test)
              .withLabelNoise(0.2, seed);
    }

    private MultiLayerNetwork network(Layer hidden, Layer logits) {
      MultiLayerNetwork network =
          new MultiLayerNetwork(
              new NeuralNetConfiguration.Builder()
                  .seed(seed)
                  .dataType(DataType.DOUBLE)
                  .updater(new Nesterovs(0.05, 0.9))
                  .list(
                      hidden,
                      logits,
                      new LossLayer.Builder(LossFunction.MCXENT)
                          .activation(Activation.SOFTMAX)
                          .build())
                  .setInputType(InputType.feedForward(Digits.PIXELS))
                  .build());
      network.init();
      return network;
    }

    double fixed(double rate) {
      MultiLayerNetwork network =
          network(
              new DenseLayer.Builder().nOut(HIDDEN).activation(Activation.RELU).build(),
              new DenseLayer.Builder()
                  .nOut(Digits.CLASSES)
                  .activation(Activation.IDENTITY)
                  .dropOut(new Dropout(1 - rate))
                  .build());
      Random random = new Random(seed);
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        noisy.batches(batch, random).forEach(network::fit);
      }
      return network.score(test, false);
    }

    double tuned() {
      MultiLayerNetwork network =
          network(
              new SelfTuningDenseLayer.Builder()
                  .nOut(HIDDEN)
                  .hyperparameters(1)
                  .activation(Activation.RELU)
                  .build(),
              new SelfTuningDenseLayer.Builder()
                  .nOut(Digits.CLASSES)
                  .hyperparameters(1)
                  .activation(Activation.IDENTITY)
                  .dropOut(new SelfTuningDropout("rate"))
                  .build());
      SelfTuningTrainer trainer =
          SelfTuningTrainer.builder()
              .network(network)
              .hyperparameters(List.of(SelfTuned.dropout("rate", RATES[0])))
              .hyperUpdater(new Adam(0.03))
              .seed(seed)
              .build();
      Random random = new Random(seed);
      Digits held = new Digits(validation, test);
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        trainer.fit(
            new ListDataSetIterator<>(new ArrayList<>(noisy.batches(batch, random)), 1),
            new ListDataSetIterator<>(new ArrayList<>(held.batches(batch, random)), 1),
            1);
      }
      return network.score(test, false);
    }
  }
}
