package org.dl4jplus.bilevel.problem;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

class NetworkProblemTest {

  /** The weight of example i of a batch is exp(x[i]). */
  private static final class Weighted extends NetworkProblem {
    private INDArray losses;

    Weighted(Model network, List<MultiDataSet> lower, List<MultiDataSet> upper) {
      super(network, lower, upper, 5);
    }

    @Override
    public long dimX() {
      return 6;
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      return trainingLoss(
          y, batch, number -> Transforms.exp(x, true), (number, l) -> losses = l, gradientY);
    }
  }

  private static NeuralNetConfiguration.Builder builder(DataType type) {
    return new NeuralNetConfiguration.Builder()
        .seed(3)
        .dataType(type)
        .activation(Activation.TANH)
        .updater(new Sgd(0.1));
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nIn(5)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  private static MultiLayerNetwork network(double keep, DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder(type)
                .list(new DenseLayer.Builder().nIn(4).nOut(5).dropOut(keep).build(), output())
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
                .addLayer("dense", new DenseLayer.Builder().nIn(4).nOut(5).build(), "in")
                .addLayer("out", output(), "dense")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  private static MultiDataSet data(int seed, DataType type) {
    Nd4j.getRandom().setSeed(seed);
    INDArray labels = Nd4j.zeros(type, 6, 3);
    for (int i = 0; i < 6; i++) {
      labels.putScalar(i, (i * seed) % 3, 1);
    }
    return new DataSet(Nd4j.randn(type, 6, 4), labels).toMultiDataSet();
  }

  private static Weighted problem(Model network) {
    DataType type =
        network instanceof MultiLayerNetwork net
            ? net.params().dataType()
            : ((ComputationGraph) network).params().dataType();
    return new Weighted(
        network, List.of(data(1, type), data(2, type)), List.of(data(4, type), data(5, type)));
  }

  @Test
  void gradientsOfBothLossesAreThoseOfDifferences() {
    for (Model network : List.<Model>of(network(0, DataType.DOUBLE), graph())) {
      Weighted problem = problem(network);
      INDArray y = problem.start();
      INDArray x = Nd4j.createFromArray(0.3, -1, 0.5, 0, 1, -0.2);
      INDArray lower = y.ulike();
      INDArray upper = y.ulike();
      for (int batch : new int[] {0, 1, BilevelProblem.ALL}) {
        problem.lower(x, y, batch, null, lower);
        problem.upper(x, y, batch, null, upper);
        for (int i = 0; i < y.length(); i += 7) {
          INDArray up = y.dup().putScalar(i, y.getDouble(i) + 1e-5);
          INDArray down = y.dup().putScalar(i, y.getDouble(i) - 1e-5);
          assertEquals(
              (problem.lower(x, up, batch, null, null) - problem.lower(x, down, batch, null, null))
                  / 2e-5,
              lower.getDouble(i),
              1e-7);
          assertEquals(
              (problem.upper(x, up, batch, null, null) - problem.upper(x, down, batch, null, null))
                  / 2e-5,
              upper.getDouble(i),
              1e-7);
        }
      }
    }
  }

  @Test
  void theWeightedLossIsTheSumOfItsExamples() {
    Weighted problem = problem(network(0, DataType.DOUBLE));
    INDArray x = Nd4j.createFromArray(0.3, -1, 0.5, 0, 1, -0.2);
    double loss = problem.lower(x, problem.start(), 1, null, null);
    assertEquals(
        problem.losses.mul(Transforms.exp(x, true)).sumNumber().doubleValue() / 6, loss, 1e-12);
    double plain = problem.lower(x.mul(0), problem.start(), 1, null, null);
    assertEquals(problem.losses.meanNumber().doubleValue(), plain, 1e-12);
  }

  @Test
  void dropoutMasksStayWithinAnOuterStepAndAreOffInTheUpperLoss() {
    Weighted problem = problem(network(0.5, DataType.DOUBLE));
    INDArray x = Nd4j.zeros(DataType.DOUBLE, 6);
    INDArray y = problem.start();
    Nd4j.getRandom().setSeed(9);
    double next = Nd4j.rand(1).getDouble(0);
    Nd4j.getRandom().setSeed(9);
    double first = problem.lower(x, y, 0, null, null);
    assertEquals(next, Nd4j.rand(1).getDouble(0));
    assertEquals(first, problem.lower(x, y, 0, null, null));
    problem.accept(x, y, 1);
    assertNotEquals(first, problem.lower(x, y, 0, null, null));
    MultiLayerNetwork plain = network(0, DataType.DOUBLE);
    plain.setParams(y);
    assertEquals(problem(plain).upper(x, y, 0, null, null), problem.upper(x, y, 0, null, null), 0);
  }

  @Test
  void productsWithSecondDerivativesAreThoseOfTheLoss() {
    for (DataType type : new DataType[] {DataType.DOUBLE, DataType.FLOAT}) {
      double tolerance = type == DataType.DOUBLE ? 1e-6 : 5e-3;
      Weighted problem = problem(network(0, type));
      INDArray x = Nd4j.createFromArray(0.3, -1, 0.5, 0, 1, -0.2).castTo(type);
      INDArray y = problem.start();
      INDArray v = Nd4j.linspace(-1, 1, y.length(), type);
      INDArray w = Transforms.sin(v.mul(9), true);
      INDArray hv = y.ulike();
      INDArray hw = y.ulike();
      problem.lowerHessianVector(x, y, 0, v, hv);
      problem.lowerHessianVector(x, y, 0, w, hw);
      double one = Nd4j.getBlasWrapper().dot(w, hv);
      assertEquals(one, Nd4j.getBlasWrapper().dot(v, hw), tolerance * Math.max(1, Math.abs(one)));
      assertTrue(hv.norm2Number().doubleValue() > 0.1);
    }
  }

  @Test
  void theNetworkTakesTheNewPoint() {
    MultiLayerNetwork network = network(0, DataType.DOUBLE);
    Weighted problem = problem(network);
    INDArray y = problem.start().addi(0.25);
    problem.accept(Nd4j.zeros(6), y, 1);
    assertEquals(y, network.params());
  }

  @Test
  void whatCannotBePartOfAProblemIsNamed() {
    List<MultiDataSet> some = List.of(data(1, DataType.DOUBLE));
    MultiLayerNetwork decayed =
        new MultiLayerNetwork(
            builder(DataType.DOUBLE)
                .l2(0.1)
                .list(new DenseLayer.Builder().nIn(4).nOut(5).build(), output())
                .build());
    decayed.init();
    assertThrows(IllegalArgumentException.class, () -> problem(decayed));
    MultiLayerNetwork normalized =
        new MultiLayerNetwork(
            builder(DataType.DOUBLE)
                .list(
                    new DenseLayer.Builder().nIn(4).nOut(5).build(),
                    new BatchNormalization.Builder().nIn(5).nOut(5).build(),
                    output())
                .build());
    normalized.init();
    assertThrows(IllegalArgumentException.class, () -> problem(normalized));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Weighted(network(0, DataType.DOUBLE), some, List.of()));
  }
}
