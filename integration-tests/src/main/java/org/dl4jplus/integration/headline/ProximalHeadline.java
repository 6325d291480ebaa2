package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.LearnedProximalLayer;
import org.dl4jplus.ot.LossProximalMatching;
import org.dl4jplus.ot.ProximalMatchingSchedule;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/**
 * Denoisers of Laplacian numbers: proximal matching comes closer to the proximal operator of the
 * prior, a soft threshold, than the squared error does.
 */
final class ProximalHeadline implements Headline {

  private static final int PRETRAIN = 3000;
  private static final int MATCHING = 6000;
  private static final int BATCH = 512;

  @Override
  public String name() {
    return "learned-prox";
  }

  @Override
  public List<Row> measure() {
    return List.of(
        Row.ratio(
            "error of a learned proximal network on [-4, 4] to the soft threshold at 1",
            "squared error",
            error(new LossMSE(), false),
            "proximal matching",
            error(new LossProximalMatching(0), true),
            Bar.atMost(0.75)));
  }

  private static double error(ILossFunction loss, boolean staged) {
    MultiLayerNetwork net =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(DataType.DOUBLE)
                .updater(
                    new Adam(
                        new MapSchedule(ScheduleType.ITERATION, Map.of(0, 3e-3, PRETRAIN, 1e-3))))
                .list()
                .layer(new LearnedProximalLayer.Builder().nIn(1).hidden(32).beta(10).build())
                .layer(new LossLayer.Builder(loss).activation(Activation.IDENTITY).build())
                .build());
    net.init();
    if (staged) {
      net.setListeners(
          ProximalMatchingSchedule.builder()
              .gammaMin(0.4)
              .factor(Math.cbrt(2.5))
              .pretrainSteps(PRETRAIN)
              .matchingSteps(MATCHING)
              .build());
    }
    Random random = new Random(1);
    for (int step = 0; step < PRETRAIN + MATCHING; step++) {
      net.fit(batch(random));
    }
    INDArray grid = Nd4j.linspace(DataType.DOUBLE, -4, 0.1, 81).reshape(new long[] {81, 1});
    INDArray output = net.output(grid);
    double squares = 0;
    for (int i = 0; i < 81; i++) {
      double x = grid.getDouble(i, 0);
      double threshold = Math.signum(x) * Math.max(Math.abs(x) - 1, 0);
      squares += Math.pow(output.getDouble(i, 0) - threshold, 2) / 81;
    }
    return Math.sqrt(squares);
  }

  /** Laplacian numbers with unit noise. */
  private static DataSet batch(Random random) {
    double[][] clean = new double[BATCH][1];
    double[][] noisy = new double[BATCH][1];
    for (int i = 0; i < BATCH; i++) {
      double size = -Math.log(1 - random.nextDouble());
      clean[i][0] = random.nextBoolean() ? size : -size;
      noisy[i][0] = clean[i][0] + random.nextGaussian();
    }
    return new DataSet(Nd4j.createFromArray(noisy), Nd4j.createFromArray(clean));
  }
}
