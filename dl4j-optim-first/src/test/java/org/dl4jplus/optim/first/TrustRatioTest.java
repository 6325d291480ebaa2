package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

class TrustRatioTest {

  /** What some steps with given gradients, scaled, lead to. */
  private static INDArray run(AbstractUpdater updater, double scale, INDArray start, int steps) {
    INDArray p = start.dup();
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    Random random = new Random(3);
    for (int i = 0; i < steps; i++) {
      optimizer.step(Numbers.normal(random, p.shape()).muli(scale));
    }
    return p;
  }

  private static INDArray start() {
    return Numbers.normal(new Random(2), 6, 5);
  }

  @Test
  void theFirstStepOfLarsHasTheLengthOfTheParameters() {
    for (double decay : new double[] {0, 0.3}) {
      Lars lars =
          Lars.builder().learningRate(2.0).trustCoefficient(0.01).weightDecay(decay).build();
      INDArray p = start();
      double expected = 2 * 0.01 * Numbers.norm(p);
      assertEquals(expected, Numbers.norm(p.sub(run(lars, 1, p, 1))), 1e-13);
    }
  }

  @Test
  void theFirstStepOfLambHasTheLengthOfTheParameters() {
    Lamb lamb = Lamb.builder().learningRate(0.03).weightDecay(0.3).build();
    INDArray p = start();
    assertEquals(0.03 * Numbers.norm(p), Numbers.norm(p.sub(run(lamb, 1, p, 1))), 1e-13);
  }

  @Test
  void theScaleOfTheGradientDoesNotMatter() {
    INDArray p = start();
    Lars lars = new Lars(1.0);
    Numbers.assertClose(run(lars, 1, p, 5), run(lars, 1000, p, 5), 1e-13);
    Lamb lamb = Lamb.builder().learningRate(0.01).epsilon(0.0).build();
    Numbers.assertClose(run(lamb, 1, p, 5), run(lamb, 1000, p, 5), 1e-12);
  }

  @Test
  void theRatioOfLambIsBounded() {
    INDArray p = start().muli(100);
    Lamb bounded = Lamb.builder().learningRate(0.01).maxTrustRatio(2.0).build();
    // At the first step Adam's direction is the sign of the gradient.
    double expected = 0.01 * 2 * Math.sqrt(p.length());
    assertEquals(expected, Numbers.norm(p.sub(run(bounded, 1, p, 1))), 1e-6);
  }

  @ParameterizedTest
  @ValueSource(strings = {"FLOAT", "DOUBLE"})
  void zeroNormsHaveRatioOne(DataType type) {
    INDArray zero = Nd4j.create(type, 2, 2);
    INDArray one = Nd4j.ones(type, 2, 2);
    for (AbstractUpdater updater : List.of(new Lars(0.5), new Lamb(0.5))) {
      INDArray p = one.dup();
      new ArrayOptimizer(updater, List.of(), p).step(zero);
      assertEquals(one, p);
      p = zero.dup();
      new ArrayOptimizer(updater, List.of(), p).step(one);
      assertEquals(-0.5, p.getDouble(1, 1), 1e-5);
    }
  }

  @Test
  void rateZeroLeavesParametersAlone() {
    INDArray p = start();
    assertEquals(p, run(Lamb.builder().learningRate(0.0).weightDecay(0.1).build(), 1, p, 3));
    assertEquals(p, run(Lars.builder().learningRate(0.0).weightDecay(0.1).build(), 1, p, 3));
  }

  @Test
  void vectorsAreSkippedWhereAStepSeesShapes() {
    INDArray g = Nd4j.ones(DataType.DOUBLE, 1, 4);
    INDArray p = Nd4j.valueArrayOf(new long[] {1, 4}, 3.0, DataType.DOUBLE);
    new Lars(1.0).steps(Kind.ANY).get(0).apply(p, g, 1, 0, 0);
    assertEquals(Nd4j.ones(DataType.DOUBLE, 1, 4), g);
    new Lars(1.0).steps(Kind.WEIGHT).get(0).apply(p, g, 1, 0, 0);
    assertEquals(3e-3, g.getDouble(0), 1e-15);
    assertTrue(new Lars(1.0).steps(Kind.VECTOR).isEmpty());
    assertTrue(new Lamb(1.0).steps(Kind.VECTOR).isEmpty());
  }

  @Test
  void aBoundNetworkScalesItsWeightsAndNotItsBiases() {
    Lars lars = Lars.builder().learningRate(0.5).momentum(0.0).trustCoefficient(0.1).build();
    MultiLayerConfiguration conf =
        Optim.bind(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(DataType.DOUBLE)
                .updater(lars)
                .list()
                .layer(new DenseLayer.Builder().nIn(3).nOut(4).biasInit(0.5).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(4)
                        .nOut(2)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    MultiLayerNetwork net = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(conf.toJson()));
    net.init();
    Map<String, INDArray> before = new HashMap<>();
    net.paramTable().forEach((name, value) -> before.put(name, value.dup()));
    Random random = new Random(5);
    INDArray x = Numbers.normal(random, 6, 3);
    INDArray y = Numbers.normal(random, 6, 2);
    MultiLayerNetwork gradientOnly = net.clone();
    gradientOnly.setInput(x);
    gradientOnly.setLabels(y);
    gradientOnly.computeGradientAndScore();
    // The raw gradient is a sum over the minibatch.
    Map<String, INDArray> gradient = gradientOnly.gradient().gradientForVariable();
    net.fit(x, y);
    for (String name : before.keySet()) {
      INDArray moved = before.get(name).sub(net.getParam(name));
      if (name.endsWith("W")) {
        assertEquals(0.05 * Numbers.norm(before.get(name)), Numbers.norm(moved), 1e-12);
      } else {
        Numbers.assertClose(
            gradient.get(name).div(6).mul(0.5).reshape(moved.shape()), moved, 1e-12);
      }
    }
  }

  @Test
  void aBoundGraphScalesItsMatricesAndNotItsVectors() {
    SameDiff graph = SameDiff.create();
    INDArray w = Numbers.normal(new Random(1), 3, 2);
    INDArray b = Nd4j.createFromArray(new double[][] {{0.5, -0.5}});
    SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 3);
    SDVariable out = x.mmul(graph.var("w", w.dup())).add(graph.var("b", b.dup()));
    graph.setLossVariables(out.mul(out).sum("loss").name());
    graph.setTrainingConfig(
        Optim.bind(
            graph,
            TrainingConfig.builder()
                .updater(new Lamb(0.1))
                .dataSetFeatureMapping("x")
                .markLabelsUnused()
                .build()));
    graph.fit(new DataSet(Numbers.normal(new Random(2), 4, 3), null));
    assertEquals(
        0.1 * Numbers.norm(w), Numbers.norm(w.sub(graph.getVariable("w").getArr())), 1e-12);
    // At the first step Adam's direction is the sign of the gradient, up to epsilon.
    INDArray moved = b.sub(graph.getVariable("b").getArr());
    Numbers.assertClose(Nd4j.ones(DataType.DOUBLE, 1, 2).mul(0.1), Transforms.abs(moved), 1e-6);
  }

  @Test
  void aGradientThatIsNotFiniteStaysSo() {
    INDArray p = Nd4j.ones(DataType.DOUBLE, 3);
    INDArray g = Nd4j.createFromArray(1.0, Double.NaN, 2.0);
    new LarsTrustRatio(0, 1e-3, 0).apply(p, g, 1, 0, 0);
    assertEquals(1.0, g.getDouble(0));
    assertTrue(Double.isNaN(g.getDouble(1)));
  }

  @Test
  void larsNeedsARate() {
    Lars.LarsBuilder builder = Lars.builder();
    assertTrue(
        assertThrows(IllegalArgumentException.class, builder::build)
            .getMessage()
            .startsWith("learningRate must be"));
  }

  @Test
  void relativeStepScalesWithTheParameters() {
    INDArray p = Nd4j.createFromArray(3.0, 4.0);
    INDArray u = Nd4j.createFromArray(2.0, -2.0);
    new RelativeStep().apply(p, u, 1, 0, 0);
    double rms = Math.sqrt(12.5);
    Numbers.assertClose(Nd4j.createFromArray(2 * rms, -2 * rms), u, 1e-14);
    new RelativeStep().apply(p.mul(0), u, 1, 0, 0);
    Numbers.assertClose(Nd4j.createFromArray(2e-3 * rms, -2e-3 * rms), u, 1e-16);
  }
}
