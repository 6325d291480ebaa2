package org.dl4jplus.optim.first.oracle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.HeavyBall;
import org.dl4jplus.optim.first.Networks;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class ModelOracleTest {

  /** Looks at another point, and hands on the gradient it was given. */
  private static final class Bystander extends GradientListener {
    private double there;

    @Override
    protected void transform(GradientTurn turn) {
      INDArray point = turn.scratch(0).assign(turn.parameters()).addi(0.1);
      there = turn.evaluate(point, turn.scratch(1));
    }
  }

  /** Gives the updater half the gradient. */
  private static final class Half extends GradientListener {
    @Override
    protected void transform(GradientTurn turn) {
      turn.gradient().muli(0.5);
    }
  }

  /** Returns what is not finite. */
  private static final class Broken extends GradientListener {
    @Override
    protected void transform(GradientTurn turn) {
      turn.gradient().assign(Double.NaN);
    }
  }

  @Test
  void leavesARunWithDropoutAndNormalizationAsItWas() {
    MultiLayerNetwork plain = run(Networks.network(Networks.normalized(new Sgd(0.1), 0.5)));
    Bystander bystander = new Bystander();
    MultiLayerNetwork watched = Networks.network(Networks.normalized(new Sgd(0.1), 0.5));
    watched.setListeners(bystander);
    run(watched);
    assertArrayEquals(plain.params().toDoubleVector(), watched.params().toDoubleVector());
    assertEquals(plain.score(), watched.score());
    assertTrue(bystander.there > 0 && bystander.there != watched.score());
  }

  @Test
  void leavesNormalizationStatisticsOut() {
    MultiLayerNetwork network = Networks.network(Networks.normalized(new Sgd(0.1), 1));
    ModelOracle oracle = new ModelOracle(network);
    // Mean and variance of six units.
    assertEquals(network.numParams() - 12, oracle.size());
    assertEquals(oracle.size(), oracle.variables().stream().mapToLong(VariableShape::length).sum());
    assertEquals(List.of(6L, 4L), dimensions(oracle.variables().get(0)));
  }

  @Test
  void aSmallerGradientIsASmallerRate() {
    MultiLayerNetwork plain = run(Networks.network(Networks.normalized(new Sgd(0.05), 1)));
    MultiLayerNetwork halved = Networks.network(Networks.normalized(new Sgd(0.1), 1));
    halved.setListeners(new Half());
    run(halved);
    assertTrue(plain.params().equalsWithEps(halved.params(), 1e-12));
  }

  @Test
  void aMethodThatBreaksStandsAside() {
    MultiLayerNetwork plain = run(Networks.network(Networks.dense(new Sgd(0.1))));
    MultiLayerNetwork broken = Networks.network(Networks.dense(new Sgd(0.1)));
    Broken listener = new Broken();
    broken.setListeners(listener);
    run(broken);
    assertArrayEquals(plain.params().toDoubleVector(), broken.params().toDoubleVector());
    assertEquals(5, listener.plainSteps());
  }

  @Test
  void refusesASecondOne() {
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.1)));
    graph.init();
    graph.setListeners(new Half(), new Bystander());
    String message =
        assertThrows(IllegalStateException.class, () -> graph.fit(Networks.data())).getMessage();
    assertTrue(message.contains("Half") && message.contains("Bystander"), message);
  }

  @Test
  void givesTheGradientOfTheMeanLoss() {
    DataSet data = Networks.data();
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    network.setInput(data.getFeatures());
    network.setLabels(data.getLabels());
    ModelOracle oracle = new ModelOracle(network);
    INDArray point = oracle.parameters().dup();
    INDArray gradient = point.ulike();
    INDArray scratch = point.ulike();
    oracle.lossAndGradient(point, gradient);
    double step = 1e-5;
    for (int i = 0; i < 5; i++) {
      INDArray direction = Nd4j.zeros(point.dataType(), point.length());
      direction.putScalar(i, step);
      double up = oracle.lossAndGradient(point.add(direction), scratch);
      double down = oracle.lossAndGradient(point.sub(direction), scratch);
      // Central differences are good to step^2.
      assertEquals((up - down) / (2 * step), gradient.getDouble(i), 1e-8);
    }
    oracle.restore();
    assertEquals(point, ModelAccess.of(network).parameters());
  }

  @Test
  void aPlainFunctionTakesThePlainStep() {
    INDArray w = Nd4j.createFromArray(1.0, -2.0, 3.0);
    INDArray start = w.dup();
    OracleOptimizer optimizer =
        new OracleOptimizer(
            new Bystander(),
            new HeavyBall(0.1),
            new GradientOracle() {
              @Override
              public INDArray parameters() {
                return w;
              }

              @Override
              public double lossAndGradient(INDArray point, INDArray gradientOut) {
                gradientOut.assign(point);
                return point.mul(point).sumNumber().doubleValue() / 2;
              }
            });
    assertEquals(7, optimizer.step(), 1e-12);
    assertTrue(start.mul(0.9).equalsWithEps(w, 1e-12));
  }

  private static List<Long> dimensions(VariableShape shape) {
    return java.util.Arrays.stream(shape.getDimensions()).boxed().toList();
  }

  private static MultiLayerNetwork run(MultiLayerNetwork network) {
    Nd4j.getRandom().setSeed(7);
    DataSet data = Networks.data();
    for (int i = 0; i < 5; i++) {
      network.fit(data);
    }
    return network;
  }
}
