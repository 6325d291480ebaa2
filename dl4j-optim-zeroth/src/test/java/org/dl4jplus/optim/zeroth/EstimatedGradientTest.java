package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.estimate.CoordinateGradient;
import org.dl4jplus.optim.zeroth.estimate.GradientEstimator;
import org.dl4jplus.optim.zeroth.estimate.OnePointGradient;
import org.dl4jplus.optim.zeroth.estimate.RandomizedGradient;
import org.dl4jplus.optim.zeroth.estimate.VarianceReducedGradient;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class EstimatedGradientTest {

  private static EstimatedGradient adam(GradientEstimator estimator) {
    return EstimatedGradient.builder().estimator(estimator).updater(new Adam(0.02)).build();
  }

  @Test
  void plainFitTrainsByAnyUpdaterAndGoesOnToTheSameBits() throws Exception {
    GradientEstimator[] estimators = {
      RandomizedGradient.builder().queries(8).build(),
      CoordinateGradient.builder().build(),
      VarianceReducedGradient.builder().build()
    };
    DataSet data = MeZOTest.data(DataType.FLOAT);
    for (GradientEstimator estimator : estimators) {
      MultiLayerNetwork network = MeZOTest.network(DataType.FLOAT);
      MultiLayerNetwork other = MeZOTest.network(DataType.FLOAT);
      double before = network.score(data);
      ZerothOrder.attach(network, adam(estimator));
      ZerothOrder.attach(other, adam(estimator));
      for (int i = 0; i < 60; i++) {
        network.fit(data);
        other.fit(data);
        if (i == 24) {
          GradientState state = ZerothOrder.of(other).state();
          other = other.clone();
          ZerothOrder.attach(other, adam(estimator));
          ZerothOrder.of(other).restoreState(state);
        }
      }
      assertTrue(network.score(data) < before - 0.05, estimator + ": " + network.score(data));
      assertNull(network.getFlattenedGradients());
      assertArrayEquals(network.params().toDoubleVector(), other.params().toDoubleVector());
    }
    ObjectMapper json = new ObjectMapper();
    EstimatedGradient method = adam(estimators[2]);
    assertEquals(method, json.readValue(json.writeValueAsString(method), ZerothOrderMethod.class));
  }

  @Test
  void coordinatesWithSgdAreGradientDescent() {
    EstimatedGradient descent =
        EstimatedGradient.builder()
            .estimator(CoordinateGradient.builder().build())
            .updater(new Sgd(0.1))
            .build();
    INDArray x = Nd4j.createFromArray(1.0, -2.0);
    descent.minimize(p -> p.mul(p).sumNumber().doubleValue(), x, 3);
    assertEquals(0.512, x.getDouble(0), 1e-8);
    assertEquals(-1.024, x.getDouble(1), 1e-8);
  }

  @Test
  void badValuesLeaveTheParameters() {
    INDArray x = Nd4j.createFromArray(1f, -2f);
    int[] calls = new int[1];
    EstimatedGradient method = adam(CoordinateGradient.builder().build());
    assertEquals(Double.NaN, method.minimize(p -> calls[0]++ == 2 ? Double.NaN : 1, x, 1));
    assertEquals(Nd4j.createFromArray(1f, -2f), x);
    assertThrows(
        IllegalStateException.class,
        () ->
            method.minimize(
                p -> {
                  throw new IllegalStateException("no");
                },
                x,
                1));
    assertEquals(Nd4j.createFromArray(1f, -2f), x);
    assertThrows(IllegalArgumentException.class, () -> EstimatedGradient.builder().mu(0.0).build());
    assertTrue(Double.isFinite(adam(OnePointGradient.builder().build()).minimize(p -> 1, x, 2)));
  }
}
