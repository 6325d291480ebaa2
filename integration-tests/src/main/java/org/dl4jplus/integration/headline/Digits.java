package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.dl4jplus.integration.data.BundledData;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The experiments' common task: UCI digits in double precision and small networks on them.
 *
 * @param train what is learnt from
 * @param test what it is tested on
 */
record Digits(DataSet train, DataSet test) {

  static final int PIXELS = 64;
  static final int CLASSES = 10;

  /** A random choice of training images; all others are for the test. */
  static Digits of(int trainSize, long seed) {
    DataSet all = BundledData.digits();
    List<Integer> order = shuffled(all.numExamples(), new Random(seed));
    return new Digits(
        rows(all, order.subList(0, trainSize)), rows(all, order.subList(trainSize, order.size())));
  }

  /** The same images, with a share of the training labels redrawn uniformly. */
  Digits withLabelNoise(double share, long seed) {
    Random random = new Random(seed);
    INDArray labels = train.getLabels().dup();
    int count = (int) labels.size(0);
    for (int i : shuffled(count, random).subList(0, (int) (share * count))) {
      labels.getRow(i).assign(0);
      labels.putScalar(i, random.nextInt(CLASSES), 1);
    }
    return new Digits(new DataSet(train.getFeatures(), labels), test);
  }

  /** One epoch of full batches in a random order. */
  List<DataSet> batches(int size, Random random) {
    List<Integer> order = shuffled(train.numExamples(), random);
    return IntStream.range(0, order.size() / size)
        .mapToObj(b -> rows(train, order.subList(b * size, (b + 1) * size)))
        .toList();
  }

  double accuracy(MultiLayerNetwork network) {
    INDArray answers = network.output(test.getFeatures()).argMax(1);
    return answers
        .eq(test.getLabels().argMax(1))
        .castTo(DataType.DOUBLE)
        .meanNumber()
        .doubleValue();
  }

  /** ReLU layers of the given widths (none: softmax regression) and a softmax output. */
  static MultiLayerNetwork network(int seed, IUpdater updater, double l2, int... widths) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .dataType(DataType.DOUBLE)
            .updater(updater)
            .l2(l2)
            .weightInit(widths.length == 0 ? WeightInit.ZERO : WeightInit.RELU)
            .list();
    int in = PIXELS;
    for (int width : widths) {
      list.layer(new DenseLayer.Builder().nIn(in).nOut(width).activation(Activation.RELU).build());
      in = width;
    }
    list.layer(
        new OutputLayer.Builder(LossFunction.MCXENT)
            .nIn(in)
            .nOut(CLASSES)
            .activation(Activation.SOFTMAX)
            .build());
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    return network;
  }

  /** One-hot labels for a batch whose images mean nothing. */
  static INDArray anyLabels(int batch) {
    INDArray labels = Nd4j.zeros(DataType.FLOAT, batch, CLASSES);
    for (int i = 0; i < batch; i++) {
      labels.putScalar(i, i % CLASSES, 1);
    }
    return labels;
  }

  /** The lowest of a figure over a grid; a run that diverges counts as infinitely bad. */
  static double lowest(DoubleFunction<Double> figure, double... grid) {
    return DoubleStream.of(grid)
        .map(figure::apply)
        .map(x -> Double.isFinite(x) ? x : Double.POSITIVE_INFINITY)
        .min()
        .orElseThrow();
  }

  /** The mean of a figure over seeds 1, 2, .. */
  static double mean(int seeds, ToDoubleFunction<Integer> figure) {
    return IntStream.rangeClosed(1, seeds)
        .mapToDouble(figure::applyAsDouble)
        .average()
        .orElseThrow();
  }

  static List<Integer> shuffled(int count, Random random) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    Collections.shuffle(order, random);
    return order;
  }

  static DataSet rows(DataSet data, List<Integer> indices) {
    int[] rows = indices.stream().mapToInt(Integer::intValue).toArray();
    return new DataSet(
        Nd4j.pullRows(data.getFeatures(), 1, rows).castTo(DataType.DOUBLE),
        Nd4j.pullRows(data.getLabels(), 1, rows).castTo(DataType.DOUBLE));
  }
}
