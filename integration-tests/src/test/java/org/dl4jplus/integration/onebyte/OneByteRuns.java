package org.dl4jplus.integration.onebyte;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.onebyte.OneByteFederation;
import org.dl4jplus.optim.zeroth.onebyte.OneByteReport;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What the tests of one-byte training on Spark have in common. */
final class OneByteRuns {

  private OneByteRuns() {}

  /** Few rounds, but snapshots, checks and scores among them. */
  static OneByte.OneByteBuilder config(int rounds) {
    return OneByte.builder()
        .runSeed(11L)
        .rounds(rounds)
        .samplesPerRound(3)
        .learningRate(5e-3)
        .distribution(Distribution.RADEMACHER)
        .batchSize(16)
        .snapshotEvery(4)
        .hashEvery(2)
        .scoreEvery(3);
  }

  /** Digits, as single examples. */
  static List<DataSet> examples(DataType type, int count) {
    DataSet digits = BundledData.digits();
    DataSet typed = new DataSet(digits.getFeatures().castTo(type), digits.getLabels().castTo(type));
    return typed.asList().subList(0, count);
  }

  static MultiLayerNetwork layers(DataType type, IActivation hidden) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(type)
                .updater(new Sgd(0.1))
                .l2(1e-4)
                .list()
                .layer(new DenseLayer.Builder().nIn(64).nOut(16).activation(hidden).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(16)
                        .nOut(10)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    return network;
  }

  static MultiLayerNetwork layers(DataType type) {
    return layers(type, Activation.TANH.getActivationFunction());
  }

  static ComputationGraph graph(DataType type) {
    ComputationGraph graph =
        new ComputationGraph(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(type)
                .updater(new Sgd(0.1))
                .graphBuilder()
                .addInputs("in")
                .addLayer(
                    "hidden",
                    new DenseLayer.Builder().nIn(64).nOut(16).activation(Activation.TANH).build(),
                    "in")
                .addLayer(
                    "out",
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(16)
                        .nOut(10)
                        .activation(Activation.SOFTMAX)
                        .build(),
                    "hidden")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  /** The run in this process, on the same partitions. */
  static OneByteFederation reference(OneByte config, Model network, JavaRDD<DataSet> data) {
    OneByteFederation federation = new OneByteFederation(config, network);
    List<List<DataSet>> partitions = data.glom().collect();
    for (int m = 0; m < partitions.size(); m++) {
      if (!partitions.get(m).isEmpty()) {
        federation.join(m, partitions.get(m));
      }
    }
    return federation;
  }

  static void assertSame(OneByteFederation reference, Model network, OneByteReport report) {
    assertSame(reference.network(), network);
    assertEquals(reference.report(), report);
  }

  static void assertSame(Model expected, Model actual) {
    assertArrayEquals(expected.params().toDoubleVector(), actual.params().toDoubleVector());
    assertEquals(expected.score(), actual.score());
  }

  /** One byte for each direction, and the report counts all else. */
  static void assertOneByteEach(OneByte config, OneByteReport report, int rounds, int machines) {
    long answers = (long) rounds * machines;
    assertEquals(rounds, report.rounds());
    assertEquals(answers, report.answers());
    assertEquals(answers * config.getSamplesPerRound(), report.codes());
    assertEquals(config.getSamplesPerRound(), report.bytesPerMachineAndRound());
    assertEquals(answers * 14, report.headers());
    assertEquals(0, report.failed());
    assertEquals(0, report.repaired());
  }
}
