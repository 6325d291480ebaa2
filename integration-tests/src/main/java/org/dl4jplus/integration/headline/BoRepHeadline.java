package org.dl4jplus.integration.headline;

import java.util.ArrayList;
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
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Wrong labels in front of an LSTM that reads digits row by row: lower steps in every other step.
 */
final class BoRepHeadline implements Headline {

  private static final int SEEDS = 2;
  private static final int TRAIN = 300;
  private static final int VALIDATION = 150;
  private static final int SIDE = 8;
  private static final int BATCH = 100;
  private static final int STEPS = 60;
  private static final int LOWER_STEPS = 20;
  private static final int START = 1000;

  @Override
  public String name() {
    return "bo-rep";
  }

  @Override
  public List<Row> measure() {
    double[] calls = new double[2];
    double[] losses = new double[2];
    for (int seed = 1; seed <= SEEDS; seed++) {
      Flipped flipped = Flipped.of(TRAIN, VALIDATION, 0.3, seed);
      for (int period = 1; period <= 2; period++) {
        DataHyperCleaning task =
            new DataHyperCleaning(
                lstm(), batches(flipped.noisy()), batches(flipped.validation()), 1e-4, seed);
        BoRep method =
            BoRep.builder()
                .learningRate(0.5)
                .lowerLearningRate(0.5)
                .lowerSteps(LOWER_STEPS)
                .initSteps(START)
                .period(period)
                .nu(0.1)
                .build();
        BilevelTrainer trainer =
            new BilevelTrainer(task, method, task.startX().addi(1), task.start(), seed);
        trainer.fit(STEPS);
        calls[period - 1] += (double) (trainer.calls().lower() - START) / SEEDS;
        losses[period - 1] += task.upper(null, trainer.y(), BilevelProblem.ALL, null, null) / SEEDS;
      }
    }
    return List.of(
        Row.ratio(
            "gradients of the training loss after the start, second derivatives included",
            "lower steps every time",
            calls[0],
            "BO-REP, every other time",
            calls[1],
            Bar.NONE),
        Row.ratio(
            "validation loss of an LSTM, 30% of the training labels wrong",
            "lower steps every time",
            losses[0],
            "BO-REP, every other time",
            losses[1],
            Bar.atMost(1.05)));
  }

  private static List<MultiDataSet> batches(DataSet data) {
    List<MultiDataSet> batches = new ArrayList<>();
    for (int from = 0; from < data.numExamples(); from += BATCH) {
      int to = Math.min(from + BATCH, data.numExamples());
      INDArray rows =
          data.getFeatures().get(NDArrayIndex.interval(from, to), NDArrayIndex.all()).dup('c');
      // [images, rows of pixels, pixels] becomes [images, pixels, time].
      INDArray sequences =
          rows.reshape('c', new long[] {to - from, SIDE, SIDE}).permute(0, 2, 1).dup();
      INDArray labels =
          data.getLabels().get(NDArrayIndex.interval(from, to), NDArrayIndex.all()).dup();
      batches.add(new DataSet(sequences, labels).toMultiDataSet());
    }
    return batches;
  }

  private static MultiLayerNetwork lstm() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(new LastTimeStep(new LSTM.Builder().nIn(SIDE).nOut(16).build()))
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
