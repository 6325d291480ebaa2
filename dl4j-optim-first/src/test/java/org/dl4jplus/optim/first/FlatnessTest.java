package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.Supplier;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** GAM and FAD. */
class FlatnessTest {

  private static final INDArray A =
      Nd4j.createFromArray(new double[][] {{3, 1, 0}, {1, 2, -1}, {0, -1, 1}});

  private static INDArray gradient(GradientListener method, INDArray a) {
    INDArray start = Nd4j.createFromArray(1.0, -2, 0.5);
    OracleOptimizer optimizer =
        new OracleOptimizer(method, new Sgd(0.1), Functions.quadratic(a, 1, start));
    optimizer.step();
    return optimizer.gradient();
  }

  @Test
  void gamWithOneTermIsSam() {
    GradientListener gam =
        GradientNormAwareMinimization.builder().rho(0.3).beta0(1.0).beta1(1.0).gamma(0.0).build();
    Numbers.assertClose(gradient(new SharpnessAwareMinimization(0.3), A), gradient(gam, A), 1e-14);
  }

  @Test
  void fadWithTheFirstTermIsSam() {
    GradientListener fad =
        FlatnessAwareMinimization.builder().rho(0.3).alpha(1.0).beta(1.0).build();
    assertEquals(gradient(new SharpnessAwareMinimization(0.3), A), gradient(fad, A));
    GradientListener near =
        FlatnessAwareMinimization.builder().rho(0.3).alpha(1.0).beta(1 - 1e-12).build();
    Numbers.assertClose(gradient(fad, A), gradient(near, A), 1e-11);
  }

  @Test
  void withoutWeightOrReachTheStepIsPlain() {
    assertEquals(trained(null), trained(FlatnessAwareMinimization.builder().alpha(0.0).build()));
    assertEquals(trained(null), trained(FlatnessAwareMinimization.builder().rho(0.0).build()));
    assertEquals(trained(null), trained(GradientNormAwareMinimization.builder().rho(0.0).build()));
  }

  private static INDArray trained(GradientListener listener) {
    MultiLayerNetwork network = Networks.network(Networks.normalized(new Sgd(0.1), 0.8));
    Nd4j.getRandom().setSeed(4);
    if (listener != null) {
      network.addListeners(listener);
    }
    for (int i = 0; i < 3; i++) {
      network.fit(Networks.data());
    }
    return network.params();
  }

  @Test
  void aFlatGradientIsNoDivisionByZero() {
    INDArray zero = Nd4j.zeros(A.dataType(), 3, 3);
    List<Supplier<GradientListener>> methods =
        List.of(
            () -> GradientNormAwareMinimization.builder().perturbEpsilon(0.0).build(),
            () -> FlatnessAwareMinimization.builder().perturbEpsilon(0.0).build());
    for (Supplier<GradientListener> method : methods) {
      Numbers.assertClose(Nd4j.zeros(A.dataType(), 3), gradient(method.get(), zero), 0);
    }
  }

  @Test
  void bothKindsOfNetworkTrain() {
    for (GradientListener method :
        List.of(
            new GradientNormAwareMinimization(),
            GradientNormAwareMinimization.builder().adaptive(true).build(),
            new FlatnessAwareMinimization())) {
      DataSet data = Networks.data();
      MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
      ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.5)));
      graph.init();
      double before = network.score(data);
      network.addListeners(method);
      graph.addListeners(method);
      for (int i = 0; i < 15; i++) {
        network.fit(data);
        graph.fit(data);
      }
      assertTrue(network.score(data) < 0.7 * before);
      Numbers.assertClose(network.params(), graph.params(), 1e-11);
    }
  }

  @Test
  void badConfigurationsAreRefused() {
    assertThrows(
        IllegalArgumentException.class, GradientNormAwareMinimization.builder().rho(-1.0)::build);
    assertThrows(
        IllegalArgumentException.class,
        GradientNormAwareMinimization.builder().rhoNorm(Double.NaN)::build);
    assertThrows(
        IllegalArgumentException.class, FlatnessAwareMinimization.builder().beta(1.5)::build);
    assertThrows(
        IllegalArgumentException.class, FlatnessAwareMinimization.builder().alpha(-1.0)::build);
  }
}
