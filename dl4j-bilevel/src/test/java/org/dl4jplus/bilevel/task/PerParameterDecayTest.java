package org.dl4jplus.bilevel.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.Hypergradient;
import org.dl4jplus.bilevel.ImplicitFunction;
import org.dl4jplus.bilevel.linear.ConjugateGradient;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.problem.NetworkProblem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class PerParameterDecayTest {

  private static final double RATE = 0.2;

  private static NeuralNetConfiguration.Builder builder(DataType type) {
    return new NeuralNetConfiguration.Builder()
        .seed(3)
        .dataType(type)
        .activation(Activation.TANH)
        .updater(new Sgd(RATE));
  }

  private static OutputLayer.Builder output(int nIn) {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nIn(nIn)
        .nOut(3)
        .activation(Activation.SOFTMAX);
  }

  private static MultiLayerNetwork network(DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(type)
                .list(new DenseLayer.Builder().nIn(4).nOut(5).build(), output(5).build())
                .build());
    network.init();
    return network;
  }

  private static ComputationGraph graph() {
    ComputationGraph graph =
        new ComputationGraph(
            builder(DataType.DOUBLE)
                .graphBuilder()
                .addInputs("in")
                .addLayer("left", new DenseLayer.Builder().nIn(4).nOut(3).build(), "in")
                .addLayer("right", new DenseLayer.Builder().nIn(4).nOut(2).build(), "in")
                .addVertex("both", new MergeVertex(), "left", "right")
                .addLayer("out", output(5).build(), "both")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  private static MultiLayerNetwork recurrent() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(DataType.DOUBLE)
                .list(
                    new Bidirectional(new LSTM.Builder().nOut(2).build()),
                    new RnnOutputLayer.Builder(LossFunction.MSE)
                        .nOut(2)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.recurrent(3, 4))
                .build());
    network.init();
    return network;
  }

  private static DataSet data(int seed, DataType type) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] features = new double[6][];
    double[][] labels = new double[6][3];
    for (int i = 0; i < 6; i++) {
      features[i] = random.doubles(4, -2, 2).toArray();
      labels[i][random.nextInt(3)] = 1;
    }
    return new DataSet(
        Nd4j.createFromArray(features).castTo(type), Nd4j.createFromArray(labels).castTo(type));
  }

  private static DataSetIterator iterator(DataType type, int... seeds) {
    return new ListDataSetIterator<>(
        Arrays.stream(seeds).mapToObj(seed -> data(seed, type)).toList(), 1);
  }

  private static PerParameterDecay.PerParameterDecayBuilder builder(Model network, DataType type) {
    return PerParameterDecay.builder()
        .network(network)
        .training(iterator(type, 1, 2))
        .validation(iterator(type, 4, 5))
        .lowerLearningRate(RATE);
  }

  private static INDArray spread(PerParameterDecay decay) {
    return Nd4j.linspace(-3, 1, decay.dimX(), DataType.DOUBLE).castTo(decay.dataType());
  }

  @Test
  void weightsDecayAndBiasesOnlyIfAsked() {
    assertEquals(4 * 5 + 5 * 3, builder(network(DataType.DOUBLE), DataType.DOUBLE).build().dimX());
    assertEquals(
        4 * 5 + 5 + 5 * 3 + 3,
        builder(network(DataType.DOUBLE), DataType.DOUBLE).biases(true).build().dimX());
  }

  @Test
  void derivativesAreThoseOfDifferences() {
    for (Model network : List.<Model>of(network(DataType.DOUBLE), graph())) {
      for (boolean biases : new boolean[] {false, true}) {
        PerParameterDecay decay = builder(network, DataType.DOUBLE).biases(biases).build();
        INDArray x = spread(decay);
        INDArray y = decay.start();
        INDArray gx = x.ulike();
        INDArray gy = y.ulike();
        decay.lower(x, y, 1, gx, gy);
        for (int i = 0; i < decay.dimX(); i += 11) {
          INDArray up = x.dup().putScalar(i, x.getDouble(i) + 1e-5);
          INDArray down = x.dup().putScalar(i, x.getDouble(i) - 1e-5);
          assertEquals(
              (decay.lower(up, y, 1, null, null) - decay.lower(down, y, 1, null, null)) / 2e-5,
              gx.getDouble(i),
              1e-8);
        }
        for (int i = 0; i < decay.dimY(); i += 11) {
          INDArray up = y.dup().putScalar(i, y.getDouble(i) + 1e-5);
          INDArray down = y.dup().putScalar(i, y.getDouble(i) - 1e-5);
          assertEquals(
              (decay.lower(x, up, 1, null, null) - decay.lower(x, down, 1, null, null)) / 2e-5,
              gy.getDouble(i),
              1e-8);
        }
        INDArray v = Nd4j.linspace(-1, 1, decay.dimY(), DataType.DOUBLE);
        INDArray mixed = x.ulike();
        INDArray differences = x.ulike();
        decay.lowerMixedProduct(x, y, 1, v, mixed);
        new Plain(decay).lowerMixedProduct(x, y, 1, v, differences);
        assertEquals(0, differences.distance2(mixed), 1e-7);
      }
    }
  }

  /** Without the closed form. */
  private record Plain(PerParameterDecay decay) implements BilevelProblem {
    @Override
    public long dimX() {
      return decay.dimX();
    }

    @Override
    public long dimY() {
      return decay.dimY();
    }

    @Override
    public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      return decay.upper(x, y, batch, gradientX, gradientY);
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      return decay.lower(x, y, batch, gradientX, gradientY);
    }
  }

  /** A step of fit is one step of descent on g, and the score is g. */
  @Test
  void regularizedNetworksDescendOnTheSameLoss(@TempDir Path folder) throws IOException {
    for (Model network : List.<Model>of(network(DataType.DOUBLE), graph())) {
      for (boolean biases : new boolean[] {false, true}) {
        PerParameterDecay decay = builder(network, DataType.DOUBLE).biases(biases).build();
        INDArray x = spread(decay);
        INDArray y = decay.start();
        INDArray gradient = y.ulike();
        double loss = decay.lower(x, y, 0, null, gradient);
        INDArray expected = y.sub(gradient.mul(RATE));
        Model other = copy(network);
        decay.regularize(other, decay.logDecays(3));
        decay.regularize(other, x);
        File file = folder.resolve("network").toFile();
        ModelSerializer.writeModel(other, file, true);
        for (Model model : List.of(other, restored(file, network))) {
          assertEquals(loss, fit(model, data(1, DataType.DOUBLE)), 1e-12);
          assertEquals(0, expected.distance2(model.params().reshape(y.length())), 1e-12);
        }
      }
    }
  }

  private static Model copy(Model network) {
    return network instanceof ComputationGraph graph
        ? graph.clone()
        : ((MultiLayerNetwork) network).clone();
  }

  private static Model restored(File file, Model like) throws IOException {
    return like instanceof ComputationGraph
        ? ModelSerializer.restoreComputationGraph(file)
        : ModelSerializer.restoreMultiLayerNetwork(file);
  }

  private static double fit(Model network, DataSet data) {
    if (network instanceof ComputationGraph graph) {
      graph.fit(data);
      return graph.score();
    }
    ((MultiLayerNetwork) network).fit(data);
    return network.score();
  }

  @Test
  void recurrentNetworksHaveSeveralWeightsInALayer() {
    MultiLayerNetwork network = recurrent();
    Nd4j.getRandom().setSeed(1);
    List<DataSet> data =
        List.of(
            new DataSet(
                Nd4j.randn(DataType.DOUBLE, 2, 3, 4), Nd4j.randn(DataType.DOUBLE, 2, 2, 4)));
    PerParameterDecay decay =
        PerParameterDecay.builder()
            .network(network)
            .training(new ListDataSetIterator<>(data, 1))
            .validation(new ListDataSetIterator<>(data, 1))
            .lowerLearningRate(RATE)
            .build();
    INDArray x = spread(decay);
    INDArray y = decay.start();
    INDArray gradient = y.ulike();
    decay.lower(x, y, 0, null, gradient);
    MultiLayerNetwork other = network.clone();
    decay.regularize(other, x);
    other.fit(data.get(0));
    assertEquals(0, y.sub(gradient.mul(RATE)).distance2(other.params().reshape(y.length())), 1e-10);
  }

  @Test
  void decaysStayWhereAStepDoesNotOvershoot() {
    PerParameterDecay decay = builder(network(DataType.FLOAT), DataType.FLOAT).build();
    INDArray x = decay.logDecays(9);
    decay.projectX(x);
    assertEquals(Math.log(1 / RATE), x.maxNumber().doubleValue(), 1e-6);
    INDArray low = decay.logDecays(-30);
    decay.projectX(low);
    assertEquals(-30, low.maxNumber().doubleValue());
  }

  private static ImplicitFunction method() {
    return ImplicitFunction.builder()
        .lowerUpdater(new Sgd(RATE))
        .upperUpdater(new Adam(0.1))
        .innerSteps(3)
        .build();
  }

  /** The network itself is at the trainer's point, too. */
  @Test
  void resumedRunsGoOnToTheSameBits(@TempDir Path folder) {
    for (List<Model> pair :
        List.<List<Model>>of(
            List.of(network(DataType.DOUBLE), network(DataType.DOUBLE)),
            List.of(network(DataType.FLOAT), network(DataType.FLOAT)),
            List.of(graph(), graph()))) {
      DataType type = pair.get(0).params().dataType();
      PerParameterDecay decay = builder(pair.get(0), type).build();
      BilevelTrainer trainer =
          new BilevelTrainer(decay, method(), decay.logDecays(-4), decay.start(), 5);
      trainer.fit(3);
      File file = folder.resolve("run").toFile();
      trainer.save(file);
      trainer.fit(2);
      assertEquals(trainer.y(), pair.get(0).params().reshape(trainer.y().length()));
      BilevelTrainer resumed = BilevelTrainer.resume(builder(pair.get(1), type).build(), file);
      resumed.fit(2);
      assertEquals(trainer.x(), resumed.x());
      assertArrayEquals(
          pair.get(0).params().toDoubleVector(), pair.get(1).params().toDoubleVector());
      assertNotEquals(decay.logDecays(-4), trainer.x());
    }
  }

  /** The validation loss of a trained network falls along the negative hypergradient. */
  @Test
  void theHypergradientPointsUphill() {
    PerParameterDecay decay = builder(network(DataType.DOUBLE), DataType.DOUBLE).build();
    INDArray x = decay.logDecays(-2);
    INDArray y = trained(decay, x, decay.start());
    Hypergradient hypergradient =
        Hypergradient.of(
            decay,
            x,
            y,
            BilevelProblem.ALL,
            BilevelProblem.ALL,
            ConjugateGradient.builder().maxIter(10).build(),
            null);
    assertTrue(hypergradient.gradientCalls() <= 1 + 2 * 10);
    INDArray down =
        x.sub(hypergradient.vector().mul(0.3 / hypergradient.vector().norm2Number().doubleValue()));
    double before = decay.upper(x, y, BilevelProblem.ALL, null, null);
    double after = decay.upper(down, trained(decay, down, y), BilevelProblem.ALL, null, null);
    assertTrue(after < before, after + " instead of " + before);
  }

  private static INDArray trained(PerParameterDecay decay, INDArray x, INDArray start) {
    INDArray y = start.dup();
    INDArray gradient = y.ulike();
    for (int k = 0; k < 100; k++) {
      decay.lower(x, y, 0, null, gradient);
      y.subi(gradient.mul(RATE));
    }
    return y;
  }

  @Test
  void badInputIsNamed() {
    MultiLayerNetwork network = network(DataType.DOUBLE);
    PerParameterDecay decay = builder(network, DataType.DOUBLE).build();
    assertThrows(
        IllegalArgumentException.class, () -> decay.regularize(network, decay.logDecays(0)));
    assertThrows(
        IllegalArgumentException.class, () -> decay.regularize(graph(), decay.logDecays(0)));
    assertThrows(
        IllegalArgumentException.class,
        () -> decay.regularize(network.clone(), Nd4j.zeros(DataType.DOUBLE, 3)));
    assertThrows(IllegalArgumentException.class, () -> decay.logDecays(Double.NaN));
    assertThrows(
        IllegalArgumentException.class,
        () -> builder(network, DataType.DOUBLE).lowerLearningRate(0.0).build());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            builder(network, DataType.DOUBLE)
                .trainingData(NetworkProblem.batches(iterator(DataType.DOUBLE, 1)))
                .build());
    assertThrows(
        IllegalArgumentException.class,
        () -> builder(network, DataType.DOUBLE).validation(null).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> new LearnedL2(new long[1], new double[][] {{Double.NaN}}));
    assertThrows(IllegalArgumentException.class, () -> new LearnedL2(new long[2], new double[1][]));
    LearnedL2 foreign = new LearnedL2(new long[1], new double[][] {{1, 2}});
    assertThrows(
        IllegalStateException.class, () -> foreign.score(Nd4j.zeros(DataType.DOUBLE, 3), 0, 0));
  }
}
