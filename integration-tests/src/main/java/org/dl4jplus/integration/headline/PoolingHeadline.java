package org.dl4jplus.integration.headline;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.GeneralizedSumPoolingLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Generalised sum pooling and average pooling where little of an image matters: the direction of a
 * bar in noise, and digits to be found again among fragments of other digits.
 */
final class PoolingHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int BAR_SIDE = 8;
  private static final int BAR_STEPS = 55;
  private static final double[] RATES = {0.01, 0.05};
  private static final int PROTOTYPES = 16;
  private static final int CANVAS = 20;
  private static final int DIGIT = 8;
  private static final int FRAGMENT = 4;
  private static final int FRAGMENTS = 2;
  private static final int BATCH = 32;
  private static final int EPOCHS = 20;
  private static final int TRAIN = 600;

  @Override
  public String name() {
    return "pooling";
  }

  @Override
  public List<Row> measure() {
    Supplier<Layer> average = () -> new GlobalPoolingLayer(PoolingType.AVG);
    Supplier<Layer> ours =
        () -> new GeneralizedSumPoolingLayer.Builder().numPrototypes(PROTOTYPES).build();
    return List.of(
        Row.ratio(
            "test accuracy after 55 steps of Adam 0.01, direction of a 3-pixel bar on noisy 8x8",
            "average pooling",
            bars(average, RATES[0]),
            "generalised sum pooling",
            bars(ours, RATES[0]),
            Bar.atLeast(1.15)),
        Row.ratio(
            "the same, each at the better of Adam 0.01 and 0.05",
            "average pooling",
            best(average),
            "generalised sum pooling",
            best(ours),
            Bar.NONE),
        Row.ratio(
            "recall@1 of the pooled features, digits among fragments on noisy 20x20",
            "average pooling",
            Digits.mean(SEEDS, seed -> retrieval(average.get(), seed)),
            "generalised sum pooling",
            Digits.mean(SEEDS, seed -> retrieval(ours.get(), seed)),
            Bar.atLeast(1)));
  }

  private static MultiLayerNetwork network(
      int seed, double rate, int side, int classes, Layer... layers) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .dataType(DataType.DOUBLE)
            .updater(new Adam(rate))
            .list();
    for (Layer layer : layers) {
      list.layer(layer);
    }
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            list.layer(
                    new OutputLayer.Builder().nOut(classes).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(side, side, 1))
                .build());
    network.init();
    return network;
  }

  private static Layer convolution(int maps) {
    return new ConvolutionLayer.Builder(3, 3).nOut(maps).activation(Activation.TANH).build();
  }

  private static double best(Supplier<Layer> pooling) {
    return Arrays.stream(RATES).map(rate -> bars(pooling, rate)).max().orElseThrow();
  }

  private static double bars(Supplier<Layer> pooling, double rate) {
    return Digits.mean(SEEDS, seed -> bars(pooling.get(), rate, seed));
  }

  private static double bars(Layer pooling, double rate, int seed) {
    Random random = new Random(seed);
    MultiLayerNetwork network = network(seed, rate, BAR_SIDE, 2, convolution(16), pooling);
    DataSet train = barImages(64, random);
    for (int step = 0; step < BAR_STEPS; step++) {
      network.fit(train);
    }
    DataSet test = barImages(1000, random);
    INDArray answers = network.output(test.getFeatures()).argMax(1);
    return answers
        .eq(test.getLabels().argMax(1))
        .castTo(DataType.DOUBLE)
        .meanNumber()
        .doubleValue();
  }

  private static DataSet barImages(int count, Random random) {
    double[][][][] images = new double[count][1][][];
    double[][] labels = new double[count][2];
    for (int e = 0; e < count; e++) {
      double[][] image = noise(BAR_SIDE, random);
      int direction = random.nextInt(2);
      int along = random.nextInt(BAR_SIDE - 2);
      int across = random.nextInt(BAR_SIDE);
      for (int k = 0; k < 3; k++) {
        image[direction == 0 ? across : along + k][direction == 0 ? along + k : across] += 1;
      }
      images[e][0] = image;
      labels[e][direction] = 1;
    }
    return new DataSet(Nd4j.createFromArray(images), Nd4j.createFromArray(labels));
  }

  private static double[][] noise(int side, Random random) {
    double[][] image = new double[side][side];
    for (double[] row : image) {
      Arrays.setAll(row, j -> 0.2 * random.nextGaussian());
    }
    return image;
  }

  /** The share of test images whose nearest other one is of the same class. */
  private static double retrieval(Layer pooling, int seed) {
    Random random = new Random(seed);
    Digits digits = Digits.of(TRAIN, seed);
    MultiLayerNetwork network =
        network(
            seed,
            5e-3,
            CANVAS,
            Digits.CLASSES,
            convolution(8),
            new SubsamplingLayer.Builder().kernelSize(2, 2).stride(2, 2).build(),
            convolution(32),
            pooling);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      for (DataSet batch : digits.batches(BATCH, random)) {
        network.fit(canvases(batch, digits.train(), random));
      }
    }
    DataSet test = canvases(digits.test(), digits.train(), random);
    double[][] embeddings = network.feedForward(test.getFeatures()).get(4).toDoubleMatrix();
    int[] classes = test.getLabels().argMax(1).toIntVector();
    double found = 0;
    for (int e = 0; e < classes.length; e++) {
      found += classes[nearest(embeddings, e)] == classes[e] ? 1 : 0;
    }
    return found / classes.length;
  }

  /** The closest other vector by the cosine. */
  private static int nearest(double[][] vectors, int of) {
    int best = -1;
    double closest = Double.NEGATIVE_INFINITY;
    for (int e = 0; e < vectors.length; e++) {
      double product = 0;
      double squares = 0;
      for (int k = 0; k < vectors[e].length; k++) {
        product += vectors[e][k] * vectors[of][k];
        squares += vectors[e][k] * vectors[e][k];
      }
      double cosine = product / Math.sqrt(squares);
      if (e != of && cosine > closest) {
        closest = cosine;
        best = e;
      }
    }
    return best;
  }

  /** Each digit somewhere on a noisy canvas, with fragments of others around and below it. */
  private static DataSet canvases(DataSet digits, DataSet others, Random random) {
    double[][] pixels = digits.getFeatures().toDoubleMatrix();
    double[][] strange = others.getFeatures().toDoubleMatrix();
    double[][][][] images = new double[pixels.length][1][][];
    for (int e = 0; e < pixels.length; e++) {
      double[][] canvas = noise(CANVAS, random);
      for (int f = 0; f < FRAGMENTS; f++) {
        int row = random.nextInt(DIGIT - FRAGMENT + 1);
        int column = random.nextInt(DIGIT - FRAGMENT + 1);
        double[] image = strange[random.nextInt(strange.length)];
        paste(image, row * DIGIT + column, FRAGMENT, canvas, random);
      }
      paste(pixels[e], 0, DIGIT, canvas, random);
      images[e][0] = canvas;
    }
    return new DataSet(Nd4j.createFromArray(images), digits.getLabels());
  }

  private static void paste(double[] image, int from, int side, double[][] canvas, Random random) {
    int top = random.nextInt(CANVAS - side + 1);
    int left = random.nextInt(CANVAS - side + 1);
    for (int i = 0; i < side; i++) {
      for (int j = 0; j < side; j++) {
        canvas[top + i][left + j] = image[from + i * DIGIT + j];
      }
    }
  }
}
