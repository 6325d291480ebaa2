package org.dl4jplus.integration.headline;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.BoRep;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.task.DataHyperCleaning;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Wrong labels in front of an LSTM that reads digits row by row: lower steps in every other step.
 *
 * <p>The network is first trained with the weights that the examples start with, until it has
 * learnt the wrong labels by heart and the validation loss rises again: before that, whoever trains
 * it longer wins, and the experiment would be about nothing else. Both methods go on from there.
 * The rates fall as in the official code, by a factor of five after each third of the run.
 */
final class BoRepHeadline implements Headline {

  private static final int SEEDS = 4;
  private static final int TRAIN = 200;
  private static final int VALIDATION = 150;
  private static final int SIDE = 8;
  private static final double DECAY = 3e-3;
  private static final int THIRD = 15;
  private static final int LOWER_STEPS = 40;
  private static final double LOWER_RATE = 0.2;
  private static final double FALL = 0.2;

  @Override
  public String name() {
    return "bo-rep";
  }

  @Override
  public List<Row> measure() {
    double[] calls = new double[2];
    double[] losses = new double[2];
    double fixed = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      Flipped flipped = Flipped.of(TRAIN, VALIDATION, 0.3, seed);
      DataHyperCleaning task =
          new DataHyperCleaning(
              lstm(seed), sequences(flipped.noisy()), sequences(flipped.validation()), DECAY, seed);
      INDArray x = task.startX().addi(1);
      INDArray y = task.start();
      descend(task, x, y, 800, 0.1, 0.9);
      descend(task, x, y, 200, LOWER_RATE, 0);
      for (int period = 1; period <= 2; period++) {
        BilevelTrainer trainer = new BilevelTrainer(task, method(period), x, y, seed);
        trainer.fit(3 * THIRD);
        calls[period - 1] += (double) trainer.calls().lower() / SEEDS;
        losses[period - 1] += validation(task, trainer.y()) / SEEDS;
      }
      for (int i = 0; i < 3; i++) {
        descend(task, x, y, THIRD * LOWER_STEPS / 2, LOWER_RATE * Math.pow(FALL, i), 0);
      }
      fixed += validation(task, y) / SEEDS;
    }
    String claim = "validation loss of an LSTM, 30% of the training labels wrong, mean of 4 seeds";
    String ours = "BO-REP, every other time";
    return List.of(
        Row.ratio(
            "gradients of the training loss, second derivatives included",
            "lower steps every time",
            calls[0],
            ours,
            calls[1],
            Bar.NONE),
        Row.ratio(claim, "lower steps every time", losses[0], ours, losses[1], Bar.atMost(1.05)),
        Row.ratio(
            claim,
            "as many lower steps, all examples count the same",
            fixed,
            ours,
            losses[1],
            Bar.NONE));
  }

  private static BoRep method(int period) {
    return BoRep.builder()
        .learningRate(1.5)
        .lowerLearningRate(LOWER_RATE)
        .lowerSteps(LOWER_STEPS)
        .initSteps(0)
        .period(period)
        .nu(0.05)
        .decayEvery(THIRD)
        .decayFactor(FALL)
        .build();
  }

  /** Trains y in place. */
  private static void descend(
      DataHyperCleaning task, INDArray x, INDArray y, int steps, double rate, double momentum) {
    INDArray gradient = y.ulike();
    INDArray velocity = y.ulike().assign(0);
    for (int k = 0; k < steps; k++) {
      task.lower(x, y, BilevelProblem.ALL, null, gradient);
      y.subi(velocity.muli(momentum).addi(gradient).mul(rate));
    }
  }

  private static double validation(DataHyperCleaning task, INDArray y) {
    return task.upper(null, y, BilevelProblem.ALL, null, null);
  }

  /** In one batch: [images, rows of pixels, pixels] becomes [images, pixels, time]. */
  private static List<MultiDataSet> sequences(DataSet data) {
    INDArray images =
        data.getFeatures().dup('c').reshape('c', new long[] {data.numExamples(), SIDE, SIDE});
    return List.of(new DataSet(images.permute(0, 2, 1).dup(), data.getLabels()).toMultiDataSet());
  }

  /** The platform's cells have the sigmoid as their activation unless told otherwise. */
  private static MultiLayerNetwork lstm(int seed) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(seed)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(
                    new LastTimeStep(
                        new LSTM.Builder().nIn(SIDE).nOut(16).activation(Activation.TANH).build()))
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(16)
                        .nOut(Digits.CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    return network;
  }
}
