package org.dl4jplus.integration.headline;

import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.SharpnessAwareMinimization;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Nesterovs;

/** What a step of SAM costs beside the plain step of the same network, in turns. */
final class SharpnessCostHeadline implements Headline {

  private static final int WARM_UP = 10;
  private static final int ROUNDS = 31;
  private static final int BATCH = 64;
  private static final double BAR = 2.15;

  @Override
  public String name() {
    return "sharpness-cost";
  }

  @Override
  public List<Row> measure() {
    INDArray images = Nd4j.rand(DataType.FLOAT, BATCH, 1, 28, 28);
    INDArray labels = Digits.anyLabels(BATCH);
    DataSet flat = new DataSet(images.reshape(BATCH, 784), labels);
    return List.of(
        row(
            "a dense network 784-512-512-10",
            () -> TimedNetworks.dense(new Nesterovs(0.01, 0.9), 784, 512, 512),
            flat),
        row(
            "a convolutional network on 28x28 images",
            () -> TimedNetworks.convolutional(new Nesterovs(0.01, 0.9), 28),
            new DataSet(images, labels)));
  }

  private interface Build {
    MultiLayerNetwork network();
  }

  private static Row row(String what, Build build, DataSet batch) {
    MultiLayerNetwork plain = build.network();
    MultiLayerNetwork sharp = build.network();
    sharp.setListeners(new SharpnessAwareMinimization(0.05));
    Turns turns = Turns.of(WARM_UP, ROUNDS, () -> plain.fit(batch), () -> sharp.fit(batch));
    return Row.ratio(
        "median seconds of a step, batch 64, " + what,
        "plain",
        turns.first(),
        "SAM",
        turns.second(),
        Bar.atMost(BAR));
  }
}
