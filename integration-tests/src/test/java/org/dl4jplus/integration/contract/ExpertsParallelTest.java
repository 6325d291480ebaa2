package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.dl4jplus.ot.SparseMixtureOfExperts;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** A mixture of experts under two workers. */
class ExpertsParallelTest {

  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .activation(Activation.TANH)
                .list()
                .layer(
                    new SparseMixtureOfExperts.Builder()
                        .nIn(4)
                        .nOut(3)
                        .numExperts(2)
                        .capacity(4)
                        .build())
                .layer(
                    new OutputLayer.Builder().nIn(3).nOut(2).activation(Activation.SOFTMAX).build())
                .build());
    network.init();
    return network;
  }

  private static DataSet data() {
    Nd4j.getRandom().setSeed(8);
    return new DataSet(
        Nd4j.randn(DataType.DOUBLE, 6, 4), Nd4j.eye(2).castTo(DataType.DOUBLE).repeat(0, 3));
  }

  @Test
  void trains() {
    DataSet data = data();
    MultiLayerNetwork together = network();
    double before = together.score(data);
    ParallelWrapper wrapper =
        new ParallelWrapper.Builder<>(together)
            .workers(2)
            .averagingFrequency(1)
            .prefetchBuffer(0)
            .build();
    try {
      wrapper.fit(new ExistingDataSetIterator(Collections.nCopies(40, data)));
    } finally {
      wrapper.shutdown();
    }
    assertTrue(together.score(data) < before);
    Numbers.assertFinite(together.params().toDoubleVector(), "parameters");
  }
}
