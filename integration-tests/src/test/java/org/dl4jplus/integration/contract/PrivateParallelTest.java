package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Collections;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.solvers.accumulation.encoding.threshold.FixedThresholdAlgorithm;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** ParallelWrapper's workers cannot train a network that is under differential privacy. */
class PrivateParallelTest {

  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.FLOAT)
                .updater(new Sgd(0.1))
                .list()
                .layer(
                    new OutputLayer.Builder().nIn(4).nOut(2).activation(Activation.SOFTMAX).build())
                .build());
    network.init();
    return network;
  }

  @ParameterizedTest
  @EnumSource(
      value = ParallelWrapper.TrainingMode.class,
      names = {"AVERAGING", "SHARED_GRADIENTS"})
  void workersAreStopped(ParallelWrapper.TrainingMode mode) {
    DataSet data =
        new DataSet(
            Nd4j.ones(DataType.FLOAT, 6, 4), Nd4j.eye(2).castTo(DataType.FLOAT).repeat(0, 3));
    MultiLayerNetwork network = network();
    PrintStream before = System.err;
    // A worker's exception is printed by its thread at some time.
    System.setErr(new PrintStream(OutputStream.nullOutputStream()));
    try (DpTrainer trainer =
        DpTrainer.attach(
            network, DpConfig.builder().noiseMultiplier(1.0).samplingRate(0.5).build(), data)) {
      INDArray parameters = network.params().dup();
      ParallelWrapper.Builder<MultiLayerNetwork> builder = new ParallelWrapper.Builder<>(network);
      builder.workers(2).prefetchBuffer(0).trainingMode(mode);
      if (mode == ParallelWrapper.TrainingMode.SHARED_GRADIENTS) {
        builder.thresholdAlgorithm(new FixedThresholdAlgorithm(1e-3));
      }
      ParallelWrapper wrapper = builder.build();
      try {
        Throwable failure =
            assertThrows(
                RuntimeException.class,
                () ->
                    Console.quietly(
                        () ->
                            wrapper.fit(
                                new ExistingDataSetIterator(Collections.nCopies(4, data)))));
        while (failure.getCause() != null) {
          failure = failure.getCause();
        }
        assertTrue(failure.getMessage().contains("differential privacy"), failure.toString());
      } finally {
        wrapper.shutdown();
      }
      assertEquals(parameters, network.params());
      assertEquals(0, trainer.steps());
    } finally {
      System.setErr(before);
    }
  }
}
