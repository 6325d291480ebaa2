package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Set;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.projection.Stiefel;
import org.dl4jplus.ot.projection.VectorProjection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class ConstraintTest {

  /** Rounding of a sum of a dozen floats of size 1. */
  private static final double ROUNDING = 1e-6;

  private static MultiLayerNetwork convolutional(LayerConstraint constraint) {
    MultiLayerNetwork net =
        new MultiLayerNetwork(
            builder()
                .layer(
                    new ConvolutionLayer.Builder(2, 2)
                        .nOut(3)
                        .activation(Activation.TANH)
                        .constrainWeights(constraint)
                        .build())
                .layer(new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(4, 4, 2))
                .build());
    net.init();
    net.fit(new DataSet(Nd4j.rand(DataType.FLOAT, 2, 2, 4, 4), Nd4j.eye(2)));
    return net;
  }

  private static NeuralNetConfiguration.ListBuilder builder() {
    return new NeuralNetConfiguration.Builder().seed(3).updater(new Sgd(0)).list();
  }

  private static MultiLayerNetwork dense(DenseLayer.Builder layer) {
    MultiLayerConfiguration conf =
        builder()
            .layer(layer.nIn(4).nOut(3).activation(Activation.TANH).build())
            .layer(new OutputLayer.Builder().nIn(3).nOut(2).activation(Activation.SOFTMAX).build())
            .build();
    MultiLayerNetwork net = new MultiLayerNetwork(conf);
    net.init();
    net.getLayer(0).getParam("b").addi(0.3);
    return net;
  }

  private static void step(MultiLayerNetwork net) {
    net.fit(new DataSet(Nd4j.rand(DataType.FLOAT, 2, 4), Nd4j.eye(2)));
  }

  @ParameterizedTest
  @CsvSource({"OUT, 0", "IN, 1", "ALL, -1"})
  void vectorsOfDenseWeights(VectorConstraint.Axis axis, int dimension) {
    SimplexConstraint constraint = new SimplexConstraint(2);
    constraint.setAxis(axis);
    MultiLayerNetwork net = dense(new DenseLayer.Builder().constrainWeights(constraint));
    step(net);
    INDArray w = net.getLayer(0).getParam("W");
    assertSums(2, dimension < 0 ? w.sum() : w.sum(dimension));
    assertTrue(w.minNumber().doubleValue() >= 0);
    assertArrayEquals(
        new float[] {0.3f, 0.3f, 0.3f}, net.getLayer(0).getParam("b").toFloatVector(), "the bias");
  }

  @ParameterizedTest
  @CsvSource({"OUT, 1 2 3", "IN, 0 2 3", "ALL, 0 1 2 3"})
  void vectorsOfKernels(VectorConstraint.Axis axis, String dimensions) {
    SimplexConstraint constraint = new SimplexConstraint(2);
    constraint.setAxis(axis);
    INDArray w = convolutional(constraint).getLayer(0).getParam("W");
    int[] summed = Arrays.stream(dimensions.split(" ")).mapToInt(Integer::parseInt).toArray();
    assertSums(2, w.sum(summed));
  }

  private static void assertSums(double expected, INDArray sums) {
    for (double sum : sums.ravel().toDoubleVector()) {
      assertEquals(expected, sum, ROUNDING);
    }
  }

  @Test
  void kernelsAreMatricesWithARowForEachUnit() {
    INDArray w = convolutional(new StiefelConstraint()).getLayer(0).getParam("W");
    INDArray rows = w.dup('c').reshape(3, 8);
    assertTrue(rows.mmul(rows.transpose()).equalsWithEps(Nd4j.eye(3), ROUNDING));
  }

  @Test
  void biasesAreOneVector() {
    MultiLayerNetwork net =
        dense(new DenseLayer.Builder().constrainAllParameters(new SimplexConstraint(3)));
    step(net);
    INDArray b = net.getLayer(0).getParam("b");
    assertEquals(3, b.sumNumber().doubleValue(), ROUNDING);
    assertEquals(1, b.getDouble(0), ROUNDING);
  }

  /** DL4J's own base class projects twice. */
  @Test
  void isAppliedOnceAStep() {
    MultiLayerNetwork net = dense(new DenseLayer.Builder().constrainWeights(new Halving()));
    INDArray before = net.getLayer(0).getParam("W").dup();
    step(net);
    assertEquals(before.mul(0.5), net.getLayer(0).getParam("W"));
    step(net);
    assertEquals(before.mul(0.25), net.getLayer(0).getParam("W"));
  }

  /** Not a projection: every application shows. */
  static final class Halving extends VectorConstraint {

    private static final long serialVersionUID = 1L;

    @Override
    protected VectorProjection projection() {
      return v -> Arrays.setAll(v, i -> v[i] / 2);
    }
  }

  @Test
  void withoutNamesAllWeightsAreMeant() {
    MultiLayerNetwork net = dense(new DenseLayer.Builder());
    new BoxConstraint(2, 3).applyConstraint(net.getLayer(0), 0, 0);
    assertEquals(2, net.getLayer(0).getParam("W").minNumber().doubleValue());
    assertEquals(0.3f, net.getLayer(0).getParam("b").getFloat(0));
  }

  @Test
  void namesChooseParameters() {
    MultiLayerNetwork net = dense(new DenseLayer.Builder());
    BoxConstraint constraint = new BoxConstraint(2, 3);
    constraint.setParams(Set.of("b", "not there"));
    constraint.applyConstraint(net.getLayer(0), 0, 0);
    assertEquals(2, net.getLayer(0).getParam("b").minNumber().doubleValue());
    assertTrue(net.getLayer(0).getParam("W").minNumber().doubleValue() < 2);
    constraint.setParams(null);
    assertEquals(Set.of(), constraint.getParams());
  }

  @Test
  void settingsSurviveJsonAndCloning() {
    SparseSimplexConstraint vector = new SparseSimplexConstraint(2, 3);
    vector.setAxis(VectorConstraint.Axis.IN);
    for (ProjectionConstraint constraint :
        new ProjectionConstraint[] {
          vector,
          new StiefelConstraint(Stiefel.Retraction.QR),
          new BoxConstraint(Double.NEGATIVE_INFINITY, 2)
        }) {
      MultiLayerConfiguration conf =
          dense(new DenseLayer.Builder().constrainWeights(constraint)).getLayerWiseConfigurations();
      MultiLayerConfiguration copy = MultiLayerConfiguration.fromJson(conf.toJson());
      assertEquals(conf, copy);
      LayerConstraint read = copy.getConf(0).getLayer().getConstraints().get(0);
      assertEquals(Set.of("W"), read.getParams());
      assertNotEquals(constraint, read, "the names");
      read.setParams(Set.of());
      assertEquals(constraint, read);
      LayerConstraint clone = constraint.clone();
      assertEquals(constraint, clone);
      clone.getParams().add("b");
      assertEquals(Set.of(), constraint.getParams());
    }
  }

  @Test
  void whatIsNotFiniteIsNamed() {
    MultiLayerNetwork net = dense(new DenseLayer.Builder().name("hidden"));
    net.getLayer(0).getParam("W").putScalar(1, Double.NaN);
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () -> new L2BallConstraint(1).applyConstraint(net.getLayer(0), 0, 0));
    assertTrue(e.getMessage().contains("parameter W of layer hidden"), e.getMessage());
  }

  @Test
  void shapesWithoutMeaningAreNamed() {
    MultiLayerNetwork net = dense(new DenseLayer.Builder().name("hidden"));
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new BirkhoffConstraint().applyConstraint(net.getLayer(0), 0, 0));
    assertTrue(e.getMessage().contains("parameter W of layer hidden"), e.getMessage());
    assertTrue(e.getCause().getMessage().contains("[4, 3]"), e.getCause().getMessage());
  }

  /** Scaling rows and columns keeps the cross ratios. */
  @Test
  void doublyStochasticByScaling() {
    double[] x = {1, 2, -1, 3, 4, 5, 2, -3, 1};
    DoublyStochasticConstraint constraint = new DoublyStochasticConstraint();
    constraint.project(x, new long[] {3, 3}, false);
    for (int i = 0; i < 3; i++) {
      assertEquals(1, x[3 * i] + x[3 * i + 1] + x[3 * i + 2], 1e-9);
      assertEquals(1, x[i] + x[3 + i] + x[6 + i], 1e-9);
    }
    assertEquals(1.0 * 4 / 2 / 3, x[0] * x[4] / x[1] / x[3], 1e-9);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> constraint.project(new double[6], new long[] {2, 3}, false));
    assertTrue(e.getMessage().contains("[2, 3]"), e.getMessage());
  }

  @Test
  void badSettingsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new SimplexConstraint(0));
    assertThrows(IllegalArgumentException.class, () -> new SparseSimplexConstraint(0, 1));
    assertThrows(IllegalArgumentException.class, () -> new SparseSimplexConstraint(1, 0));
    assertThrows(IllegalArgumentException.class, () -> new L0Constraint(0));
    assertThrows(IllegalArgumentException.class, () -> new L1BallConstraint(-1));
    assertThrows(IllegalArgumentException.class, () -> new L2BallConstraint(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> new BoxConstraint(2, 1));
    assertThrows(IllegalArgumentException.class, () -> new SpectralNormConstraint(0));
    assertThrows(IllegalArgumentException.class, () -> new NuclearNormBallConstraint(0));
    assertThrows(IllegalArgumentException.class, () -> new StiefelConstraint(null));
    assertThrows(IllegalArgumentException.class, () -> new SimplexConstraint().setAxis(null));
  }
}
