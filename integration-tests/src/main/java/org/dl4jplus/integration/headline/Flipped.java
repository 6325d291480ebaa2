package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.task.DataHyperCleaning;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * Hyper-cleaning of digits: training images of which a share has the label of another digit, a few
 * clean ones to validate on, and softmax regression.
 *
 * @param digits the test images among them
 * @param clean the training images with their own labels
 * @param noisy the same with wrong ones
 * @param validation clean images of their own
 * @param wrong which labels are wrong
 */
record Flipped(Digits digits, DataSet clean, DataSet noisy, DataSet validation, boolean[] wrong) {

  static final double DECAY = 0.001;

  static Flipped of(int train, int validation, double share, long seed) {
    Digits digits = Digits.of(train + validation, seed);
    List<Integer> order = Digits.shuffled(train + validation, new Random(seed));
    DataSet clean = Digits.rows(digits.train(), order.subList(0, train));
    DataSet held = Digits.rows(digits.train(), order.subList(train, order.size()));
    Random random = new Random(seed + 1000);
    INDArray labels = clean.getLabels().dup();
    INDArray own = labels.argMax(1);
    boolean[] wrong = new boolean[train];
    for (int i : Digits.shuffled(train, random).subList(0, (int) Math.round(share * train))) {
      int label = (own.getInt(i) + 1 + random.nextInt(Digits.CLASSES - 1)) % Digits.CLASSES;
      labels.getRow(i).assign(0);
      labels.putScalar(i, label, 1);
      wrong[i] = true;
    }
    return new Flipped(digits, clean, new DataSet(clean.getFeatures(), labels), held, wrong);
  }

  DataHyperCleaning task(DataSet train) {
    return new DataHyperCleaning(network(), data(train), data(validation), DECAY, 1);
  }

  static MultiLayerNetwork network() {
    return Digits.network(1, new Sgd(1), 0);
  }

  private static List<MultiDataSet> data(DataSet data) {
    return List.of(data.toMultiDataSet());
  }

  double accuracy(INDArray parameters) {
    MultiLayerNetwork network = network();
    network.setParams(parameters);
    return digits.accuracy(network);
  }

  /** Test accuracy of ordinary training: every example counts. */
  double trained(DataSet train, int steps) {
    DataHyperCleaning task = task(train);
    // A logit whose sigmoid is 1.
    INDArray all = task.startX().addi(50);
    INDArray y = task.start();
    INDArray gradient = y.ulike();
    for (int k = 0; k < steps; k++) {
      task.lower(all, y, 0, null, gradient);
      y.subi(gradient.muli(0.5));
    }
    return accuracy(y);
  }

  /** The probability that a right label weighs more than a wrong one. */
  double auc(INDArray weights) {
    double better = 0;
    long pairs = 0;
    for (int i = 0; i < wrong.length; i++) {
      for (int j = 0; j < wrong.length; j++) {
        if (!wrong[i] && wrong[j]) {
          double difference = weights.getDouble(i) - weights.getDouble(j);
          better += difference > 0 ? 1 : difference == 0 ? 0.5 : 0;
          pairs++;
        }
      }
    }
    return better / pairs;
  }
}
