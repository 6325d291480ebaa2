package org.dl4jplus.optim.zeroth.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.TreeSet;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.CBO;
import org.dl4jplus.optim.zeroth.CBO.Correction;
import org.dl4jplus.optim.zeroth.CBO.Noise;
import org.dl4jplus.optim.zeroth.ZerothOrder;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class ConsensusSearchTest {

  private static double[][] particles(int number, int dimension, long seed) {
    double[][] rows = new double[number][dimension];
    for (int i = 0; i < number; i++) {
      long stream = CounterNoise.deriveSeed(seed, i);
      CounterNoise.fill(Distribution.UNIFORM, stream, 0, rows[i], dimension);
      for (int j = 0; j < dimension; j++) {
        rows[i][j] = 6 * rows[i][j] - 3;
      }
    }
    return rows;
  }

  private static double rastrigin(double[] x) {
    return Arrays.stream(x).map(v -> v * v - 10 * Math.cos(2 * Math.PI * v) + 10).sum();
  }

  private static ConsensusSearch search(CBO method, double[][] start) {
    return method.search(Nd4j.createFromArray(start));
  }

  private static void run(ConsensusSearch search, int steps) {
    for (int t = 0; t < steps; t++) {
      boolean ended = false;
      while (!ended) {
        ended =
            search.tell(
                Arrays.stream(search.ask()).mapToDouble(ConsensusSearchTest::rastrigin).toArray());
      }
    }
  }

  @Test
  void weightsSumToOneAndDoNotSeeAConstant() {
    // Multiples of 2^-20, to which the constant is added without rounding.
    double[] values = {3 * 0x1p-20, 9 * 0x1p-20, 0x1p-18, 1, 3 * 0x1p-20};
    double[] shifted = Arrays.stream(values).map(v -> v + 1024).toArray();
    double[] weights = ConsensusSearch.weights(values, 1e5);
    assertEquals(1, Arrays.stream(weights).sum(), 1e-12);
    assertArrayEquals(weights, ConsensusSearch.weights(shifted, 1e5), 1e-12);
    assertEquals(weights[0], weights[4]);
    assertEquals(0, weights[3]);
    double infinite = Double.POSITIVE_INFINITY;
    assertArrayEquals(
        new double[] {1, 0}, ConsensusSearch.weights(new double[] {5, infinite}, 1e5));
    assertNull(ConsensusSearch.weights(new double[] {infinite, infinite}, 1));
  }

  @Test
  void withoutNoiseParticlesContractToTheConsensus() {
    CBO method = CBO.builder().sigma(0.0).dt(0.1).alpha(1e4).build();
    ConsensusSearch search = search(method, particles(20, 3, 1));
    double[][] before = search.particles();
    run(search, 1);
    double[][] after = search.particles();
    double[] c = search.consensus();
    for (int i = 0; i < 20; i++) {
      for (int j = 0; j < 3; j++) {
        assertEquals(0.9 * (before[i][j] - c[j]), after[i][j] - c[j], 1e-12);
      }
    }
    assertFalse(search.converged());
    run(search, 400);
    assertTrue(search.converged());
    double best = Arrays.stream(before).mapToDouble(ConsensusSearchTest::rastrigin).min().orElse(0);
    assertTrue(rastrigin(search.consensus()) <= best + 1e-9);
  }

  @Test
  void findsTheGlobalMinimum() {
    CBO method = CBO.builder().alpha(50.0).alphaFactor(1.0).sigma(7.0).build();
    ConsensusSearch search = search(method, particles(200, 2, 5));
    run(search, 1000);
    assertTrue(rastrigin(search.consensus()) < 0.1, Arrays.toString(search.consensus()));
  }

  @Test
  void correctionsKeepBetterParticles() {
    for (Correction correction :
        new Correction[] {Correction.HEAVISIDE, Correction.HEAVISIDE_REG}) {
      CBO method = CBO.builder().correction(correction).alpha(0.01).sigma(1.0).build();
      ConsensusSearch search = search(method, particles(30, 2, 3));
      double[][] before = search.particles();
      double[] values = Arrays.stream(before).mapToDouble(ConsensusSearchTest::rastrigin).toArray();
      assertFalse(search.tell(values));
      double[][] asked = search.ask();
      assertEquals(1, asked.length);
      assertArrayEquals(search.consensus(), asked[0]);
      double level = rastrigin(asked[0]);
      assertTrue(search.tell(level));
      double[][] after = search.particles();
      int stayed = 0;
      for (int i = 0; i < 30; i++) {
        if (values[i] <= level - 0.1) {
          assertArrayEquals(before[i], after[i], 1e-12);
          stayed++;
        } else if (values[i] > level) {
          assertFalse(Arrays.equals(before[i], after[i]));
        }
      }
      assertTrue(stayed > 0);
    }
  }

  @Test
  void batchesCoverAllParticlesBeforeTheyRepeat() {
    CBO method = CBO.builder().batchSize(4).sigma(0.5).build();
    ConsensusSearch search = search(method, particles(10, 2, 2));
    TreeSet<Double> seen = new TreeSet<>();
    double[][] before = search.particles();
    for (int t = 0; t < 2; t++) {
      double[][] batch = search.ask();
      assertEquals(4, batch.length);
      for (double[] point : batch) {
        assertTrue(seen.add(point[0]), "asked twice");
      }
      run(search, 1);
    }
    long moved = 0;
    for (int i = 0; i < 10; i++) {
      moved += Arrays.equals(before[i], search.particles()[i]) ? 0 : 1;
    }
    assertEquals(8, moved);
    CBO all = CBO.builder().batchSize(4).batchPartial(false).build();
    ConsensusSearch everyone = search(all, before);
    run(everyone, 1);
    for (int i = 0; i < 10; i++) {
      assertFalse(Arrays.equals(before[i], everyone.particles()[i]));
    }
  }

  @Test
  void goesOnToTheSameBits() throws IOException, ClassNotFoundException {
    CBO method = CBO.builder().batchSize(3).noise(Noise.ISOTROPIC).sigma(0.5).seed(-9L).build();
    ConsensusSearch whole = search(method, particles(10, 3, 8));
    ConsensusSearch first = search(method, particles(10, 3, 8));
    run(whole, 11);
    run(first, 5);
    GradientState state = new GradientState();
    first.save(state);
    ObjectMapper json = new ObjectMapper();
    CBO read = json.readValue(json.writeValueAsString(method), CBO.class);
    assertEquals(method, read);
    ConsensusSearch second = read.search(copy(state));
    run(second, 6);
    assertTrue(Arrays.deepEquals(whole.particles(), second.particles()));
    assertArrayEquals(whole.consensus(), second.consensus());
  }

  private static GradientState copy(GradientState state)
      throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(state);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (GradientState) in.readObject();
    }
  }

  @Test
  void valuesThatAreNotFiniteHaveNoWeight() {
    ConsensusSearch search = search(CBO.builder().alpha(1.0).build(), particles(3, 2, 4));
    double[][] before = search.particles();
    assertTrue(search.tell(Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY));
    assertTrue(Arrays.deepEquals(before, search.particles()));
    assertEquals(1, search.skippedSteps());
    search.tell(Double.NaN, 7, Double.POSITIVE_INFINITY);
    assertArrayEquals(before[1], search.consensus());
    assertEquals(7, search.loss());
  }

  @Test
  void minimizeWorksOnParameters() {
    CBO method = CBO.builder().particles(30).dt(0.1).sigma(1.5).alpha(10.0).build();
    for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
      INDArray x = Nd4j.createFromArray(1.0, -0.5).castTo(type);
      method.minimize(p -> p.squaredDistance(Nd4j.zeros(type, 2)), x, 80);
      assertEquals(0, x.norm2Number().doubleValue(), 0.5);
    }
    assertArrayEquals(
        new double[] {1, 1}, search(method, new double[][] {{1, 1}, {1, 1}}).minimize(p -> 0, 10));
  }

  @Test
  void aFunctionThatThrowsLeavesTheParameters() {
    CBO method = CBO.builder().particles(5).build();
    INDArray x = Nd4j.createFromArray(2.0, -1.5);
    int[] calls = {0};
    assertThrows(
        IllegalStateException.class,
        () ->
            method.minimize(
                p -> {
                  if (++calls[0] == 3) {
                    throw new IllegalStateException("no value");
                  }
                  return 1;
                },
                x,
                2));
    assertEquals(Nd4j.createFromArray(2.0, -1.5), x);
    assertTrue(Double.isNaN(method.minimize(p -> Double.NaN, x, 2)));
    assertEquals(Nd4j.createFromArray(2.0, -1.5), x);
  }

  @Test
  void trainsANetwork() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(4).activation(Activation.TANH).build())
                .layer(new OutputLayer.Builder().nIn(4).nOut(3).build())
                .build());
    network.init();
    INDArray features = Nd4j.create(12, 4);
    INDArray labels = Nd4j.create(12, 3);
    for (int i = 0; i < 12; i++) {
      features.putScalar(new int[] {i, i % 4}, 1);
      labels.putScalar(new int[] {i, i % 4 % 3}, 1);
    }
    DataSet data = new DataSet(features, labels);
    double before = network.score(data);
    CBO method =
        CBO.builder().particles(30).startDeviation(0.5).dt(0.1).sigma(1.5).alpha(100.0).build();
    ZerothOrder.attach(network, method);
    for (int i = 0; i < 35; i++) {
      network.fit(data);
    }
    assertTrue(network.score(data) < 0.8 * before, before + " to " + network.score(data));
    assertEquals(35 * 30, ZerothOrder.of(network).evaluations());
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThrows(IllegalArgumentException.class, () -> CBO.builder().dt(0.0).build());
    assertThrows(IllegalArgumentException.class, () -> CBO.builder().alphaFactor(0.9).build());
    assertThrows(IllegalArgumentException.class, () -> CBO.builder().sigma(Double.NaN).build());
    CBO blind =
        CBO.builder().batchPartial(false).batchSize(3).correction(Correction.HEAVISIDE).build();
    assertThrows(IllegalArgumentException.class, () -> search(blind, particles(4, 2, 1)));
    assertEquals(3, search(blind, particles(3, 2, 1)).ask().length);
    CBO large = CBO.builder().batchSize(4).build();
    assertThrows(IllegalArgumentException.class, () -> search(large, particles(3, 2, 1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> search(new CBO(), new double[][] {{1, Double.NaN}, {1, 2}}));
    ConsensusSearch search = search(new CBO(), particles(3, 2, 1));
    assertThrows(IllegalArgumentException.class, () -> search.tell(1, 2));
  }
}
