package org.dl4jplus.integration.headline;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.zeroth.QZO;
import org.dl4jplus.optim.zeroth.ZerothOrder;
import org.dl4jplus.optim.zeroth.layers.QuantizedDenseLayer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * What a quantized layer takes, and what QZO makes of one by moving its scales alone. Two bits lose
 * accuracy, of which QZO has to regain half. Four bits lose none on this task, so there the task
 * changes: the network was trained on images that were not moved, and is to read images that are
 * moved to the right by a pixel.
 */
final class QzoHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int STEPS = 4000;
  private static final int BATCH = 256;
  private static final int EPOCHS = 30;
  private static final int SIDE = 8;

  @Override
  public String name() {
    return "qzo";
  }

  @Override
  public List<Row> measure() {
    double[] two = new double[3];
    double[] coarse = new double[3];
    double[] four = new double[3];
    for (int seed = 1; seed <= SEEDS; seed++) {
      Digits digits = Digits.of(1400, seed);
      MultiLayerNetwork small = trained(digits, seed, 16);
      add(two, small, digits, digits, 2, 8, method(3e-3, 1e-2, seed));
      add(coarse, small, digits, digits, 2, 64, method(3e-3, 1e-2, seed));
      Digits moved = new Digits(moved(digits.train()), moved(digits.test()));
      add(four, trained(digits, seed, 64), digits, moved, 4, 8, method(1e-3, 1e-3, seed));
    }
    String steps = ", mean of %d seeds, %d steps".formatted(SEEDS, STEPS);
    MultiLayerNetwork large = large();
    MultiLayerNetwork packed = QuantizedDenseLayer.quantize(large, 4, 64);
    return List.of(
        Row.ratio(
            "bytes of a 784-512-512-10 network, hidden layers in 4 bits, groups of 64",
            "float32",
            bytes(large),
            "integers, scales, biases",
            bytes(packed),
            Bar.atMost(0.2)),
        Row.ratio(
            "bytes of the saved model of the same network",
            "float32",
            saved(large),
            "integers, scales, biases",
            saved(packed),
            Bar.NONE),
        Row.ratio(
            "accuracy lost by 2 bits, groups of 8, and regained; digits 64-16-10, float %.3f"
                    .formatted(two[0])
                + steps,
            "lost: to %.3f".formatted(two[1]),
            two[0] - two[1],
            "regained: to %.3f".formatted(two[2]),
            two[2] - two[1],
            Bar.atLeast(0.5)),
        Row.ratio(
            "the same with one scale for 64 inputs, float %.3f".formatted(coarse[0]) + steps,
            "lost: to %.3f".formatted(coarse[1]),
            coarse[0] - coarse[1],
            "regained: to %.3f".formatted(coarse[2]),
            coarse[2] - coarse[1],
            Bar.NONE),
        Row.difference(
            "accuracy on images moved by a pixel, digits 64-64-10 in 4 bits, groups of 8" + steps,
            "as trained on images that were not, %.3f there".formatted(four[0]),
            four[1],
            "QZO",
            four[2],
            Bar.atLeast(0.2)));
  }

  private static QZO method(double rate, double epsilon, long seed) {
    return QZO.builder().learningRate(rate).epsilon(epsilon).seed(seed).build();
  }

  private static MultiLayerNetwork trained(Digits digits, int seed, int width) {
    MultiLayerNetwork network = Digits.network(seed, new Adam(0.01), 0, width);
    Random random = new Random(seed);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      digits.batches(128, random).forEach(network::fit);
    }
    return network;
  }

  /** Adds the accuracy of the network as trained, then on a task quantized, then tuned. */
  private static void add(
      double[] sums,
      MultiLayerNetwork network,
      Digits digits,
      Digits task,
      int bits,
      int groupSize,
      QZO method) {
    MultiLayerNetwork quantized = QuantizedDenseLayer.quantize(network, bits, groupSize);
    sums[0] += digits.accuracy(network) / SEEDS;
    sums[1] += task.accuracy(quantized) / SEEDS;
    ZerothOrder.attach(quantized, method);
    Random random = new Random(method.getSeed());
    for (int step = 0; step < STEPS; ) {
      for (DataSet batch : task.batches(BATCH, random)) {
        if (step++ < STEPS) {
          quantized.fit(batch);
        }
      }
    }
    sums[2] += task.accuracy(quantized) / SEEDS;
  }

  /** To the right by a pixel; the leftmost column gets empty. */
  private static DataSet moved(DataSet data) {
    INDArray from = data.getFeatures();
    INDArray to = Nd4j.zeros(from.dataType(), from.shape());
    for (int pixel = 0; pixel < Digits.PIXELS; pixel++) {
      if (pixel % SIDE > 0) {
        to.putColumn(pixel, from.getColumn(pixel - 1));
      }
    }
    return new DataSet(to, data.getLabels());
  }

  private static MultiLayerNetwork large() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(DataType.FLOAT)
                .updater(new Sgd(0.1))
                .list()
                .layer(new DenseLayer.Builder().nIn(784).nOut(512).build())
                .layer(new DenseLayer.Builder().nIn(512).nOut(512).build())
                .layer(new OutputLayer.Builder().nIn(512).nOut(10).build())
                .build());
    network.init();
    return network;
  }

  /** Parameters, and the integers that are none. */
  private static long bytes(MultiLayerNetwork network) {
    long bytes = network.params().length() * network.params().dataType().width();
    for (Layer layer : network.getLayers()) {
      if (layer.conf().getLayer() instanceof QuantizedDenseLayer quantized) {
        bytes += quantized.getPacked().length;
      }
    }
    return bytes;
  }

  private static long saved(MultiLayerNetwork network) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ModelSerializer.writeModel(network, bytes, false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.size();
  }
}
