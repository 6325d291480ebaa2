package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.pooling.GeneralizedSumPooling;
import org.dl4jplus.ot.pooling.KCenter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;

class GeneralizedSumPoolingTest {

  private static final GeneralizedSumPooling.Reduction MEAN = GeneralizedSumPooling.Reduction.MEAN;

  private final Random random = new Random(2);

  private static DataSet data(long... shape) {
    Nd4j.getRandom().setSeed(8);
    return new DataSet(
        Nd4j.randn(DataType.FLOAT, shape),
        Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {0, 1}}));
  }

  private static NetworkChecks maps(GeneralizedSumPoolingLayer.Builder pooling) {
    return new NetworkChecks(
        InputType.convolutional(4, 4, 1),
        new ConvolutionLayer.Builder(2, 2).nOut(2).activation(Activation.TANH).build(),
        pooling.numPrototypes(3).build(),
        new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build());
  }

  private double[] gaussian(int length) {
    return random.doubles(length).map(u -> random.nextGaussian()).toArray();
  }

  @ParameterizedTest
  @CsvSource({"0.3, true", "0.6, false", "1, true", "1, false"})
  void networksOfMaps(double ratio, boolean attributes) {
    maps(new GeneralizedSumPoolingLayer.Builder()
            .transportRatio(ratio)
            .outputAttributes(attributes))
        .gradients(data(3, 1, 4, 4))
        .persistence(data(3, 1, 4, 4));
  }

  @Test
  void networksOfSequencesWithMasks() {
    NetworkChecks checks =
        new NetworkChecks(
            InputType.recurrent(2),
            new Convolution1DLayer.Builder(1).nOut(3).activation(Activation.TANH).build(),
            new GeneralizedSumPoolingLayer.Builder()
                .numPrototypes(2)
                .outputAttributes(true)
                .build(),
            new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build());
    DataSet data = data(3, 2, 5);
    checks.gradients(data).persistence(data);
    data.setFeaturesMaskArray(
        Nd4j.createFromArray(new float[][] {{1, 1, 0, 1, 0}, {1, 0, 0, 0, 0}, {1, 1, 1, 1, 1}}));
    checks.gradients(data).persistence(data);
  }

  /** All of the pooling's derivatives, with features and prototypes on both sides of length 1. */
  @ParameterizedTest
  @CsvSource({"0.3, MEAN", "0.3, MAX", "1, MEAN"})
  void derivatives(double ratio, GeneralizedSumPooling.Reduction reduction) {
    double[] features = gaussian(3 * 7);
    double[] prototypes = gaussian(4 * 3);
    double[] g = gaussian(3);
    double[] h = gaussian(4);
    double[] ofPrototypes = new double[12];
    double[] ofFeatures =
        new GeneralizedSumPooling(prototypes, 3, ratio, 5, reduction)
            .pool(features)
            .backward(g, h, ofPrototypes);
    for (double[] x : new double[][] {features, prototypes}) {
      double[] gradient = x == features ? ofFeatures : ofPrototypes;
      for (int k = 0; k < x.length; k++) {
        double before = x[k];
        x[k] = before + 1e-6;
        double up = value(features, prototypes, ratio, reduction, g, h);
        x[k] = before - 1e-6;
        double down = value(features, prototypes, ratio, reduction, g, h);
        x[k] = before;
        assertEquals((up - down) / 2e-6, gradient[k], 1e-7);
      }
    }
  }

  private static double value(
      double[] features,
      double[] prototypes,
      double ratio,
      GeneralizedSumPooling.Reduction reduction,
      double[] g,
      double[] h) {
    GeneralizedSumPooling.Pooled pooled =
        new GeneralizedSumPooling(prototypes, 3, ratio, 5, reduction).pool(features);
    double sum = 0;
    for (int c = 0; c < g.length; c++) {
      sum += g[c] * pooled.pooled()[c];
    }
    for (int k = 0; k < h.length; k++) {
      sum += h[k] * pooled.attributes()[k];
    }
    return sum;
  }

  @Test
  void ratioOneIsTheAverage() {
    double[] features = gaussian(2 * 9);
    double[] prototypes = gaussian(6);
    double[] near =
        new GeneralizedSumPooling(prototypes, 2, 1 - 1e-9, 5, MEAN).pool(features).pooled();
    double[] at = new GeneralizedSumPooling(prototypes, 2, 1, 5, MEAN).pool(features).pooled();
    for (int c = 0; c < 2; c++) {
      double mean = Arrays.stream(features, 9 * c, 9 * c + 9).average().orElseThrow();
      assertEquals(mean, at[c], 1e-14);
      assertEquals(mean, near[c], 1e-8);
    }
  }

  @Test
  void orderOfLocationsDoesNotMatter() {
    double[] features = gaussian(2 * 5);
    double[] reversed = new double[10];
    Arrays.setAll(reversed, k -> features[k / 5 * 5 + 4 - k % 5]);
    GeneralizedSumPooling pooling = new GeneralizedSumPooling(gaussian(6), 2, 0.4, 5, MEAN);
    assertArrayEquals(pooling.pool(features).pooled(), pooling.pool(reversed).pooled(), 1e-13);
  }

  /** Of nine background locations and one at a prototype only the latter is pooled. */
  @Test
  void backgroundIsLeftOut() {
    double[] features = new double[2 * 10];
    Arrays.fill(features, 0, 10, -1);
    features[3] = 1;
    double[] pooled =
        new GeneralizedSumPooling(new double[] {1, 0}, 2, 0.1, 50, MEAN).pool(features).pooled();
    assertArrayEquals(new double[] {1, 0}, pooled, 1e-9);
  }

  @Test
  void maskedStepsDoNotCount() {
    MultiLayerNetwork net =
        new NetworkChecks(
                InputType.recurrent(2),
                new GeneralizedSumPoolingLayer.Builder().numPrototypes(2).build(),
                new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build())
            .network(DataType.DOUBLE, new Sgd(1));
    INDArray x = data(2, 2, 4).getFeatures().castTo(DataType.DOUBLE);
    net.setLayerMaskArrays(Nd4j.createFromArray(new double[][] {{1, 1, 1, 0}, {0, 0, 0, 0}}), null);
    INDArray masked = net.feedForward(x).get(1).dup();
    net.clearLayerMaskArrays();
    INDArray shorter =
        x.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(0, 3)).dup();
    assertTrue(masked.getRow(0).equalsWithEps(net.feedForward(shorter).get(1).getRow(0), 1e-14));
    assertEquals(Nd4j.zeros(DataType.DOUBLE, 2), masked.getRow(1));
  }

  @Test
  void centersAreFarFromEachOther() {
    double[][] points = {{0}, {1}, {10}, {-10}, {4}};
    assertArrayEquals(new int[] {0, 2, 3, 4}, KCenter.choose(points, 4));
    assertThrows(IllegalArgumentException.class, () -> KCenter.choose(points, 6));
    assertThrows(IllegalArgumentException.class, () -> KCenter.choose(points, 0));
  }

  /** The prototypes come from the averages of the examples, once the memory is full. */
  @Test
  void prototypesStartAmongTheData() {
    NetworkChecks checks =
        new NetworkChecks(
            InputType.recurrent(2),
            new GeneralizedSumPoolingLayer.Builder().numPrototypes(2).build(),
            new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build());
    DataSet data = data(3, 2, 4);
    data.setFeaturesMaskArray(
        Nd4j.createFromArray(new float[][] {{1, 1, 0, 0}, {1, 1, 1, 1}, {1, 0, 0, 0}}));
    INDArray x = data.getFeatures().castTo(DataType.DOUBLE);
    double[][] points = new double[6][2];
    int[] steps = {2, 4, 1};
    for (int e = 0; e < 6; e++) {
      for (int c = 0; c < 2; c++) {
        for (int t = 0; t < steps[e % 3]; t++) {
          points[e][c] += x.getDouble(e % 3, c, t) / steps[e % 3];
        }
      }
      double length = Math.max(1, Math.hypot(points[e][0], points[e][1]));
      points[e][0] /= length;
      points[e][1] /= length;
    }
    int[] chosen = KCenter.choose(points, 2);
    MultiLayerNetwork net = checks.network(DataType.FLOAT, new Sgd(0.1));
    ComputationGraph graph = checks.graph(DataType.FLOAT, new Sgd(0.1));
    net.setListeners(new GspPrototypeInitListener(6));
    graph.setListeners(new GspPrototypeInitListener(6));
    for (int step = 0; step < 3; step++) {
      INDArray before = net.getParam("0_P").dup();
      net.fit(data);
      graph.fit(data);
      double away = before.sub(net.getParam("0_P")).norm2Number().doubleValue();
      assertEquals(step == 1, away > 0.1, "step " + step + " moved them by " + away);
      if (step == 1) {
        for (Model model : new Model[] {net, graph}) {
          INDArray prototypes = model.paramTable().values().iterator().next();
          for (int k = 0; k < 2; k++) {
            assertEquals(points[chosen[k]][0], prototypes.getDouble(k, 0), 1e-6);
            assertEquals(points[chosen[k]][1], prototypes.getDouble(k, 1), 1e-6);
          }
        }
      }
    }
    assertThrows(IllegalArgumentException.class, () -> new GspPrototypeInitListener(0));
  }

  @Test
  void badArgumentsAreNamed() {
    assertNamed(
        "transportRatio", () -> new GeneralizedSumPoolingLayer.Builder().transportRatio(0).build());
    assertNamed(
        "transportRatio",
        () -> new GeneralizedSumPoolingLayer.Builder().transportRatio(1.1).build());
    assertNamed(
        "entropyWeight", () -> new GeneralizedSumPoolingLayer.Builder().entropyWeight(0).build());
    assertNamed(
        "numPrototypes", () -> new GeneralizedSumPoolingLayer.Builder().numPrototypes(0).build());
    assertNamed(
        "reduction", () -> new GeneralizedSumPoolingLayer.Builder().reduction(null).build());
    MultiLayerNetwork net =
        maps(new GeneralizedSumPoolingLayer.Builder()).network(DataType.FLOAT, new Sgd(1));
    assertNamed(
        "height, width",
        () ->
            ((ExplicitLayer) net.getLayer(1).conf().getLayer())
                .forward(Nd4j.ones(2, 2), null, net.getLayer(1).paramTable(), false));
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
