package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.prox.ConvexPotential;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

class LearnedProximalTest {

  private static final IActivation IDENTITY = Activation.IDENTITY.getActivationFunction();
  private static final double RADIUS = 1e-5;

  private static LearnedProximalLayer.Builder layer() {
    return new LearnedProximalLayer.Builder().hidden(3).layers(2).beta(3).alpha(0.1).initMean(-1);
  }

  private static NetworkChecks checks(double gamma) {
    return new NetworkChecks(
        InputType.feedForward(2),
        layer().build(),
        new LossLayer.Builder(new LossProximalMatching(gamma))
            .activation(Activation.IDENTITY)
            .build());
  }

  private static DataSet data() {
    Nd4j.getRandom().setSeed(4);
    return new DataSet(
        Nd4j.randn(DataType.FLOAT, 6, 2).muli(1.5), Nd4j.randn(DataType.FLOAT, 6, 2));
  }

  private static ConvexPotential.Point at(MultiLayerNetwork net, INDArray x) {
    LearnedProximalLayer layer = (LearnedProximalLayer) net.getLayer(0).conf().getLayer();
    return layer.potential(x, net.getLayer(0).paramTable());
  }

  @Test
  void networks() {
    DataSet masked = data();
    masked.setLabelsMaskArray(
        Nd4j.createFromArray(new float[][] {{1}, {0}, {1}, {0.5f}, {1}, {1}}));
    checks(2).gradients(masked).persistence(data());
    checks(0).gradients(data());
  }

  /** Central differences of 1e-5 are off by their square and by 1e-16/1e-5. */
  @Test
  void theOutputIsTheGradientOfThePotential() {
    MultiLayerNetwork net = checks(1).network(DataType.DOUBLE, new Sgd(1));
    INDArray x = data().getFeatures().castTo(DataType.DOUBLE);
    INDArray f = net.output(x);
    for (int k = 0; k < 2; k++) {
      INDArray step = Nd4j.zeros(DataType.DOUBLE, 1, 2).putScalar(0, k, RADIUS);
      INDArray slope =
          at(net, x.addRowVector(step))
              .value()
              .sub(at(net, x.subRowVector(step)).value())
              .divi(2 * RADIUS);
      assertArrayEquals(
          f.getColumn(k).dup().toDoubleVector(), slope.getColumn(0).dup().toDoubleVector(), 1e-8);
    }
  }

  @Test
  void theJacobianIsSymmetricAndPositive() {
    MultiLayerNetwork net = checks(1).network(DataType.DOUBLE, new Sgd(1));
    INDArray x = data().getFeatures().castTo(DataType.DOUBLE);
    INDArray first = column(net, x, 0);
    INDArray second = column(net, x, 1);
    for (int e = 0; e < x.size(0); e++) {
      double mixed = first.getDouble(e, 1);
      assertEquals(mixed, second.getDouble(e, 0), 1e-8);
      double determinant = first.getDouble(e, 0) * second.getDouble(e, 1) - mixed * mixed;
      // Strong convexity keeps the eigenvalues at 2 alpha and above.
      assertTrue(first.getDouble(e, 0) >= 0.2 - 1e-8);
      assertTrue(determinant >= 0.04 - 1e-7);
    }
  }

  private static INDArray column(MultiLayerNetwork net, INDArray x, int k) {
    INDArray step = Nd4j.zeros(DataType.DOUBLE, 1, 2).putScalar(0, k, RADIUS);
    INDArray up = net.output(x.addRowVector(step)).dup();
    return up.sub(net.output(x.subRowVector(step))).divi(2 * RADIUS);
  }

  /** prox_R(x) is where R(u) + |u - x|^2/2 is least, among all values the operator takes. */
  @Test
  void theOutputIsTheProximalOperatorOfThePrior() {
    MultiLayerNetwork net = checks(1).network(DataType.DOUBLE, new Sgd(1));
    INDArray x = data().getFeatures().castTo(DataType.DOUBLE);
    ConvexPotential.Point point = at(net, x);
    INDArray prior = point.prior();
    for (int e = 0; e < x.size(0); e++) {
      double own = energy(point, prior, x, e, e);
      for (int other = 0; other < x.size(0); other++) {
        assertTrue(own <= energy(point, prior, x, e, other) + 1e-12);
      }
    }
  }

  private static double energy(
      ConvexPotential.Point point, INDArray prior, INDArray x, int example, int value) {
    double distance = 0;
    for (int k = 0; k < 2; k++) {
      double difference = point.gradient().getDouble(value, k) - x.getDouble(example, k);
      distance += difference * difference;
    }
    return prior.getDouble(value, 0) + distance / 2;
  }

  @Test
  void trainingKeepsTheWeightsNonNegative() {
    MultiLayerNetwork net = checks(0).network(DataType.DOUBLE, new Adam(0.1));
    for (int step = 0; step < 20; step++) {
      net.fit(data());
    }
    boolean clipped = false;
    for (int l = 1; l <= 3; l++) {
      double least = net.getLayer(0).paramTable().get("lin" + l).minNumber().doubleValue();
      assertTrue(least >= 0, "lin" + l + " has " + least);
      clipped |= least == 0;
    }
    assertTrue(clipped, "nothing came to the bound");
    assertTrue(net.getLayer(0).paramTable().get("lin0").minNumber().doubleValue() < 0);
  }

  @Test
  void nonNegativeWeightsStartAsExponentials() {
    NetworkChecks checks =
        new NetworkChecks(
            InputType.feedForward(2),
            new LearnedProximalLayer.Builder().hidden(5).build(),
            new LossLayer.Builder(new LossProximalMatching(1)).build());
    INDArray w = checks.network(DataType.DOUBLE, new Sgd(1)).getLayer(0).paramTable().get("lin1");
    // 25 normal numbers stay within 5 standard deviations.
    assertTrue(w.minNumber().doubleValue() > Math.exp(-10.5));
    assertTrue(w.maxNumber().doubleValue() < Math.exp(-9.5));
  }

  @Test
  void aLargeBetaDoesNotOverflow() {
    NetworkChecks checks =
        new NetworkChecks(
            InputType.feedForward(2),
            layer().beta(1e6).build(),
            new LossLayer.Builder(new LossProximalMatching(1)).build());
    MultiLayerNetwork net = checks.network(DataType.FLOAT, new Sgd(1));
    INDArray x = data().getFeatures().mul(1e4);
    assertTrue(Double.isFinite(at(net, x).value().sumNumber().doubleValue()));
    assertTrue(Double.isFinite(net.output(x).sumNumber().doubleValue()));
  }

  @Test
  void scoresOfTheLoss() {
    INDArray f = Nd4j.createFromArray(new double[][] {{1, 2}, {0, 0}});
    INDArray x = Nd4j.createFromArray(new double[][] {{1, 1}, {3, 4}});
    assertArrayEquals(
        new double[] {1 - Math.exp(-0.25), 1 - Math.exp(-6.25)},
        new LossProximalMatching(2).computeScoreArray(x, f, IDENTITY, null).toDoubleVector(),
        1e-15);
    assertEquals(2, new LossProximalMatching(0).computeScore(x, f, IDENTITY, null, true), 1e-15);
  }

  @Test
  void theScheduleSetsGammaInBothKindsOfNetworks() {
    ProximalMatchingSchedule schedule =
        ProximalMatchingSchedule.builder()
            .gammaMin(0.5)
            .pretrainSteps(2)
            .matchingSteps(4)
            .stages(2)
            .build();
    double[] expected = {0, 0, 1, 1, 0.5, 0.5, 0.5};
    MultiLayerNetwork net = checks(3).network(DataType.DOUBLE, new Adam(0.01));
    net.setListeners(schedule);
    var graph = checks(3).graph(DataType.DOUBLE, new Adam(0.01));
    graph.setListeners(schedule);
    for (int step = 0; step < expected.length; step++) {
      assertEquals(expected[step], schedule.gamma(step));
      net.fit(data());
      graph.fit(data());
      assertEquals(expected[step], gamma(net.getLayer(1)));
      assertEquals(expected[step], gamma(graph.getLayer(1)));
    }
  }

  private static double gamma(org.deeplearning4j.nn.api.Layer layer) {
    LossLayer own = (LossLayer) layer.conf().getLayer();
    return ((LossProximalMatching) own.getLossFn()).getGamma();
  }

  @Test
  void badInputIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> layer().beta(0).build());
    assertThrows(IllegalArgumentException.class, () -> layer().alpha(-1).build());
    assertThrows(IllegalArgumentException.class, () -> layer().layers(0).build());
    assertThrows(IllegalArgumentException.class, () -> layer().hidden(0).build());
    assertThrows(IllegalArgumentException.class, () -> layer().initStd(-1).build());
    assertThrows(IllegalArgumentException.class, () -> new LossProximalMatching(-1));
    assertThrows(
        IllegalArgumentException.class,
        () -> ProximalMatchingSchedule.builder().matchingSteps(3).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> ProximalMatchingSchedule.builder().gammaMin(1.0).matchingSteps(0).build());
    MultiLayerNetwork net = checks(1).network(DataType.DOUBLE, new Sgd(1));
    assertThrows(IllegalArgumentException.class, () -> at(net, Nd4j.zeros(DataType.DOUBLE, 2, 3)));
  }
}
