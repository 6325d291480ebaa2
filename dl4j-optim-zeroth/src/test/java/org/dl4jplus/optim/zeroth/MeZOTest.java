package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class MeZOTest {

  static MultiLayerNetwork network(DataType type) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(type)
                .updater(new Sgd(0.1))
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(6).activation(Activation.TANH).build())
                .layer(new OutputLayer.Builder().nIn(6).nOut(3).build())
                .build());
    network.init();
    return network;
  }

  static DataSet data(DataType type) {
    INDArray x = Nd4j.create(type, 12, 4);
    INDArray y = Nd4j.create(type, 12, 3);
    for (int i = 0; i < 12; i++) {
      x.putScalar(i, i % 4, 1);
      y.putScalar(i, i % 3, 1);
    }
    return new DataSet(x, y);
  }

  @Test
  void plainFitTrainsWithoutAGradient() {
    for (MeZO.UpdateRule rule : MeZO.UpdateRule.values()) {
      MultiLayerNetwork network = network(DataType.FLOAT);
      double rate = rule == MeZO.UpdateRule.SGD ? 0.05 : 0.005;
      ZerothOrder.attach(network, MeZO.builder().learningRate(rate).updateRule(rule).build());
      DataSet data = data(DataType.FLOAT);
      double before = network.score(data);
      for (int i = 0; i < 500; i++) {
        network.fit(data);
      }
      assertTrue(network.score(data) < before - 0.05, rule + ": " + network.score(data));
      assertNull(network.getFlattenedGradients());
      assertEquals(500, network.getIterationCount());
      assertEquals(1000, ZerothOrder.of(network).evaluations());
    }
  }
}
