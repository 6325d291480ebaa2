package org.dl4jplus.optim.second;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.dl4jplus.optim.second.linalg.InverseFisher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class MfacPrunerTest {

  private static final int M = 7;
  private static final int D = 11;
  private static final double DAMPING = 0.05;

  @TempDir Path directory;

  private static INDArray normal(long seed, long... shape) {
    Random random = new Random(seed);
    int length = 1;
    for (long s : shape) {
      length *= (int) s;
    }
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] = random.nextGaussian();
    }
    return Nd4j.createFromArray(values).reshape('c', shape);
  }

  private static double[] unit(int k) {
    double[] unit = new double[D];
    unit[k] = 1;
    return unit;
  }

  /** F^-1 by solving with the dense matrix; blocks of the given size. */
  private static double[][] dense(INDArray gradients, int blockSize) {
    double[][] g = gradients.toDoubleMatrix();
    double[][] inverse = new double[D][];
    for (int column = 0; column < D; column++) {
      double[][] fisher = new double[D][D];
      for (int i = 0; i < D; i++) {
        for (int j = 0; j < D; j++) {
          for (int k = 0; k < M && i / blockSize == j / blockSize; k++) {
            fisher[i][j] += g[k][i] * g[k][j] / M;
          }
        }
        fisher[i][i] += DAMPING;
      }
      inverse[column] = unit(column);
      Cholesky.solve(fisher, inverse[column]);
    }
    return inverse;
  }

  @Test
  void productsAndDiagonalAreThoseOfTheDenseInverse() {
    INDArray gradients = normal(1, M, D);
    for (int blockSize : new int[] {D, 4, 1}) {
      double[][] dense = dense(gradients, blockSize);
      InverseFisher inverse = new InverseFisher(gradients, DAMPING, blockSize == D ? 0 : blockSize);
      double[] diagonal = inverse.diagonal();
      for (int k = 0; k < D; k++) {
        double[] column = inverse.product(Nd4j.createFromArray(unit(k))).toDoubleVector();
        assertArrayEquals(dense[k], column, 1e-10);
        assertEquals(column[k], diagonal[k], 1e-10);
      }
    }
  }

  @Test
  void theJointUpdateSolvesForAllRemovedWeights() {
    INDArray gradients = normal(2, M, D);
    for (int blockSize : new int[] {D, 4}) {
      double[][] dense = dense(gradients, blockSize);
      INDArray weights = normal(3, D);
      double[] before = weights.toDoubleVector();
      MfacPruner pruner =
          MfacPruner.builder().damping(DAMPING).blockSize(blockSize).jointUpdate(true).build();
      boolean[] removed = pruner.prune(weights, gradients, null, 0.5);
      int[] s = java.util.stream.IntStream.range(0, D).filter(k -> removed[k]).toArray();
      assertEquals(6, s.length);
      double[][] system = new double[s.length][s.length];
      double[] u = new double[s.length];
      for (int i = 0; i < s.length; i++) {
        for (int j = 0; j < s.length; j++) {
          system[i][j] = dense[s[i]][s[j]];
        }
        u[i] = before[s[i]];
      }
      Cholesky.solve(system, u);
      for (int k = 0; k < D; k++) {
        double expected = before[k];
        for (int i = 0; i < s.length; i++) {
          expected -= dense[k][s[i]] * u[i];
        }
        assertEquals(removed[k] ? 0 : expected, weights.getDouble(k), removed[k] ? 0 : 1e-9);
      }
    }
  }

  @Test
  void removesTheLeastSalientCandidates() {
    INDArray gradients = normal(4, M, D);
    INDArray weights = normal(5, D);
    MfacPruner pruner = MfacPruner.builder().damping(DAMPING).build();
    double[] saliency =
        MfacPruner.saliency(weights.toDoubleVector(), pruner.inverse(gradients).diagonal());
    boolean[] candidates = new boolean[D];
    java.util.Arrays.fill(candidates, 3, D, true);
    boolean[] removed = pruner.prune(weights, gradients, candidates, 0.25);
    double most = 0;
    double least = Double.POSITIVE_INFINITY;
    int count = 0;
    for (int k = 0; k < D; k++) {
      assertFalse(removed[k] && !candidates[k]);
      if (removed[k]) {
        most = Math.max(most, saliency[k]);
        assertEquals(0, weights.getDouble(k), 0);
        count++;
      } else if (candidates[k]) {
        least = Math.min(least, saliency[k]);
      }
    }
    assertEquals(2, count);
    assertTrue(most <= least);
  }

  @Test
  void nothingToRemoveChangesNothing() {
    INDArray weights = normal(6, D);
    INDArray before = weights.dup();
    for (boolean joint : new boolean[] {false, true}) {
      MfacPruner.builder().jointUpdate(joint).build().prune(weights, normal(7, M, D), null, 0);
      assertEquals(before, weights);
    }
  }

  @Test
  void badValuesAreNamed() {
    assertThrows(IllegalArgumentException.class, () -> MfacPruner.builder().damping(0.0).build());
    assertThrows(IllegalArgumentException.class, () -> MfacPruner.builder().blockSize(-1).build());
    assertTrue(
        assertThrows(
                IllegalArgumentException.class,
                () -> new MfacPruner().prune(normal(1, D), normal(2, M, D), null, 1.5))
            .getMessage()
            .contains("sparsity"));
    // The damping is lost in rounding.
    INDArray huge = Nd4j.ones(DataType.DOUBLE, M, D).muli(1e9);
    assertThrows(ArithmeticException.class, () -> new MfacPruner().inverse(huge));
  }

  private static DataSetIterator data(boolean images, boolean series) {
    double[][] y = new double[24][3];
    for (int i = 0; i < y.length; i++) {
      y[i][i % 3] = 1;
    }
    INDArray labels = Nd4j.createFromArray(y);
    INDArray features =
        images ? normal(8, 24, 1, 6, 6) : series ? normal(8, 24, 4, 5) : normal(8, 24, 4);
    features.addi(
        labels
            .mmul(Nd4j.createFromArray(new double[][] {{0}, {1}, {2}}))
            .reshape(
                'c',
                images
                    ? new long[] {24, 1, 1, 1}
                    : series ? new long[] {24, 1, 1} : new long[] {24, 1})
            .broadcast(features.shape()));
    DataSet all =
        new DataSet(features, series ? labels.reshape(24, 3, 1).broadcast(24, 3, 5) : labels);
    if (series) {
      INDArray mask = Nd4j.ones(DataType.DOUBLE, 24, 5);
      mask.putScalar(0, 4, 0);
      all.setFeaturesMaskArray(mask);
      all.setLabelsMaskArray(mask);
    }
    return new ListDataSetIterator<>(all.batchBy(2), 2);
  }

  private static NeuralNetConfiguration.Builder builder() {
    return new NeuralNetConfiguration.Builder()
        .seed(5)
        .dataType(DataType.DOUBLE)
        .activation(Activation.TANH)
        .updater(new Adam(0.01));
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  private static MultiLayerNetwork dense() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder()
                .list()
                .layer(new DenseLayer.Builder().nOut(6).biasInit(0.1).build())
                .layer(output())
                .setInputType(InputType.feedForward(4))
                .build());
    network.init();
    return network;
  }

  private static long zeros(INDArray array) {
    return array.length() - array.neq(0).castTo(DataType.INT64).sumNumber().longValue();
  }

  @Test
  void aPrunedNetworkStaysPruned() throws IOException {
    DataSetIterator data = data(false, false);
    MultiLayerNetwork network = dense();
    network.fit(data, 5);
    INDArray bias = network.getParam("0_b").dup();
    data.reset();
    double first = network.score(data.next());
    // 24 and 18 weights.
    assertEquals(21, MfacPruner.builder().jointUpdate(true).build().prune(network, data, 0.5));
    assertEquals(21, zeros(network.params()));
    assertFalse(bias.equals(network.getParam("0_b")), "biases make up for what is gone");
    network.fit(data, 5);
    assertEquals(21, zeros(network.params()));
    data.reset();
    assertTrue(network.score(data.next()) < first);
    File file = directory.resolve("net.zip").toFile();
    network.save(file, true);
    MultiLayerNetwork loaded = MultiLayerNetwork.load(file, true);
    assertEquals(
        network.getLayerWiseConfigurations().toJson(),
        loaded.getLayerWiseConfigurations().toJson());
    data.reset();
    network.fit(data, 2);
    data.reset();
    loaded.fit(data, 2);
    assertArrayEquals(network.params().toDoubleVector(), loaded.params().toDoubleVector());
    assertEquals(21, zeros(loaded.params()));
    // Higher, on top of what is zero.
    assertEquals(32, new MfacPruner().prune(loaded, data, 0.75));
    assertEquals(32, zeros(loaded.params()));
    loaded.fit(data, 1);
    assertEquals(32, zeros(loaded.params()));
  }

  @Test
  void kernelsInAGraph() {
    ComputationGraph network =
        new ComputationGraph(
            builder()
                .graphBuilder()
                .addInputs("in")
                .addLayer("conv", new ConvolutionLayer.Builder(3, 3).nOut(2).build(), "in")
                .addLayer("out", output(), "conv")
                .setOutputs("out")
                .setInputTypes(InputType.convolutional(6, 6, 1))
                .build());
    network.init();
    DataSetIterator data = data(true, false);
    network.fit(data, 3);
    long weights = 2 * 9 + 32 * 3;
    assertEquals(
        Math.round(0.6 * weights),
        MfacPruner.builder().numGradients(8).blockSize(50).build().prune(network, data, 0.6));
    INDArray kernel = network.getParam("conv_W").neq(0);
    assertTrue(zeros(network.getParam("conv_W")) > 0);
    network.fit(data, 3);
    assertEquals(kernel, network.getParam("conv_W").neq(0));
    assertEquals(Math.round(0.6 * weights), zeros(network.params()));
  }

  @Test
  void bothDirectionsOfARecurrentLayer() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder()
                .list()
                .layer(new Bidirectional(new LSTM.Builder().nOut(3).build()))
                .layer(
                    new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.recurrent(4))
                .build());
    network.init();
    DataSetIterator data = data(false, true);
    network.fit(data, 2);
    long before = zeros(network.params());
    long removed = new MfacPruner().prune(network, data, 0.5);
    assertEquals(before + removed, zeros(network.params()));
    assertTrue(zeros(network.getParam("0_fRW")) > 0 && zeros(network.getParam("0_bRW")) > 0);
    network.fit(data, 2);
    assertEquals(removed, zeros(network.params()));
  }

  @Test
  void withoutAFiniteGradientItSaysSo() {
    MultiLayerNetwork network = dense();
    network.params().putScalar(0, Double.NaN);
    assertThrows(
        IllegalStateException.class,
        () -> new MfacPruner().prune(network, data(false, false), 0.5));
  }
}
