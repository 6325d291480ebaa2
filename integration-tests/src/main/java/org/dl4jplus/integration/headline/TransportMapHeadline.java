package org.dl4jplus.integration.headline;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.LossMongeMap;
import org.dl4jplus.ot.solver.MongeGap;
import org.dl4jplus.ot.solver.SinkhornDivergence;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Networks that carry a Gaussian to a shifted one, fitted with and without the Monge gap. */
final class TransportMapHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int STEPS = 600;
  private static final int BATCH = 64;
  private static final int TEST = 256;
  private static final double SHIFT = 3;

  @Override
  public String name() {
    return "transport-map";
  }

  private record Figures(double gap, double divergence) {}

  @Override
  public List<Row> measure() {
    Figures plain = mean(0);
    Figures regularized = mean(1);
    return List.of(
        Row.ratio(
            "Monge gap of a map from a Gaussian to a shifted one, 256 new points",
            "fitting alone",
            plain.gap(),
            "with the Monge gap",
            regularized.gap(),
            Bar.atMost(0.5)),
        Row.difference(
            "Sinkhorn divergence of the images from new targets",
            "fitting alone",
            plain.divergence(),
            "with the Monge gap",
            regularized.divergence(),
            Bar.NONE));
  }

  private static Figures mean(double lambda) {
    double gap = 0;
    double divergence = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      Figures figures = train(lambda, seed);
      gap += figures.gap() / SEEDS;
      divergence += figures.divergence() / SEEDS;
    }
    return new Figures(gap, divergence);
  }

  private static Figures train(double lambda, int seed) {
    Random random = new Random(seed);
    MultiLayerNetwork net =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(seed)
                .dataType(DataType.DOUBLE)
                .updater(new Adam(0.005))
                .activation(Activation.TANH)
                .list()
                .layer(new DenseLayer.Builder().nIn(2).nOut(32).build())
                .layer(new DenseLayer.Builder().nIn(32).nOut(32).build())
                .layer(
                    new OutputLayer.Builder(LossMongeMap.builder().lambda(lambda).build())
                        .nIn(32)
                        .nOut(2)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    net.init();
    for (int step = 0; step < STEPS; step++) {
      net.fit(LossMongeMap.data(points(random, BATCH, 0), points(random, BATCH, SHIFT)));
    }
    INDArray x = points(random, TEST, 0);
    double[][] images = net.output(x).toDoubleMatrix();
    double[][] targets = points(random, TEST, SHIFT).toDoubleMatrix();
    return new Figures(
        MongeGap.builder().epsilon(0.02).build().evaluate(x.toDoubleMatrix(), images).value(),
        SinkhornDivergence.builder()
            .epsilon(0.1)
            .build()
            .solve(images, targets, null, null)
            .value());
  }

  private static INDArray points(Random random, int rows, double shift) {
    double[][] points = new double[rows][];
    Arrays.setAll(points, i -> new double[] {shift + random.nextGaussian(), random.nextGaussian()});
    return Nd4j.createFromArray(points);
  }
}
