package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.zeroth.estimate.CoordinateGradient;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;

class ZerothOrderGradientListenerTest {

  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(DataType.DOUBLE)
                .l2(0.1)
                .updater(new Adam(0.05))
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(5).activation(Activation.TANH).build())
                .layer(new OutputLayer.Builder().nIn(5).nOut(3).build())
                .build());
    network.init();
    return network;
  }

  @Test
  void centralCoordinatesTrainAsTheBackwardPassDoes() {
    DataSet data = MeZOTest.data(DataType.DOUBLE);
    MultiLayerNetwork plain = network();
    MultiLayerNetwork estimated = network();
    ComputationGraph graph = network().toComputationGraph();
    estimated.setListeners(listener());
    graph.setListeners(listener());
    for (int i = 0; i < 5; i++) {
      plain.fit(data);
      estimated.fit(data);
      graph.fit(data);
    }
    double[] expected = plain.params().toDoubleVector();
    assertArrayEquals(expected, estimated.params().toDoubleVector(), 1e-5);
    assertArrayEquals(expected, graph.params().toDoubleVector(), 1e-5);
    assertEquals(plain.score(), estimated.score(), 1e-5);
  }

  private static ZerothOrderGradientListener listener() {
    return new ZerothOrderGradientListener(CoordinateGradient.builder().build(), 0);
  }

  @Test
  void anEstimatorIsNeeded() {
    assertThrows(IllegalArgumentException.class, () -> new ZerothOrderGradientListener(null, 0));
  }
}
