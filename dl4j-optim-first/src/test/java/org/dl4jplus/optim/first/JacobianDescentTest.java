package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.multiobjective.Aggregator;
import org.dl4jplus.optim.first.multiobjective.Constant;
import org.dl4jplus.optim.first.multiobjective.Mean;
import org.dl4jplus.optim.first.multiobjective.NashMtl;
import org.dl4jplus.optim.first.multiobjective.Objectives;
import org.dl4jplus.optim.first.multiobjective.Sum;
import org.dl4jplus.optim.first.multiobjective.TrimmedMean;
import org.dl4jplus.optim.first.multiobjective.UPGrad;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.distribution.impl.NormalDistribution;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class JacobianDescentTest {

  private static final DataSet DATA = Networks.data();

  @Test
  void theMeanOverExamplesIsPlainDescent() {
    assertPlain(Objectives.perExample(), new Mean());
  }

  @Test
  void onePassDoesWhatAPassForEachExampleDoes() {
    INDArray features = Nd4j.rand(new NormalDistribution(), 5, 4, 6).castTo(DataType.DOUBLE);
    INDArray mask = Nd4j.ones(DataType.DOUBLE, 5, 6);
    mask.putScalar(1, 5, 0);
    mask.putScalar(3, 4, 0);
    mask.putScalar(3, 5, 0);
    DataSet sequences =
        new DataSet(
            features,
            Nd4j.rand(new NormalDistribution(), 5, 3, 6).castTo(DataType.DOUBLE),
            mask,
            mask.dup());
    MultiLayerConfiguration recurrent =
        new NeuralNetConfiguration.Builder()
            .seed(5)
            .dataType(DataType.DOUBLE)
            .updater(new Sgd(0.1))
            .list()
            .layer(new LSTM.Builder().nIn(4).nOut(4).build())
            .layer(
                new RnnOutputLayer.Builder(LossFunction.MSE)
                    .activation(Activation.IDENTITY)
                    .nIn(4)
                    .nOut(3)
                    .build())
            .build();
    for (Aggregator aggregator : List.of(new UPGrad(), new Mean(), new TrimmedMean(1))) {
      assertSame(Networks.dense(new Sgd(0.1)), DATA, aggregator);
      assertSame(recurrent, sequences, aggregator);
    }
  }

  private static void assertSame(
      MultiLayerConfiguration configuration, DataSet data, Aggregator aggregator) {
    Objectives examples = Objectives.perExample();
    List<double[]> results = new ArrayList<>();
    for (Objectives objectives : List.<Objectives>of(examples, turn -> examples.of(turn))) {
      MultiLayerNetwork network = Networks.network(configuration.clone());
      network.setListeners(new JacobianDescent(objectives, aggregator));
      for (int k = 0; k < 3; k++) {
        network.fit(data);
      }
      results.add(network.params().toDoubleVector());
    }
    assertArrayEquals(results.get(1), results.get(0), 1e-10);
  }

  @Test
  void theMeanOverEvenClassesIsPlainDescent() {
    assertPlain(Objectives.perClass(), new Mean());
  }

  @Test
  void unevenGroupsHaveMeanLosses() {
    // Groups of 3 and 9 examples: the batch's mean is 1/4 and 3/4 of theirs.
    assertPlain(
        Objectives.perGroup((inputs, labels) -> new int[] {5, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7, 7}),
        new Constant(0.25, 0.75));
  }

  @Test
  void setsOfLabels() {
    // The softmax's gradient is linear in the labels, whose mean over the sets is the batch's.
    assertPlain(
        Objectives.relabeled(
            labels -> new INDArray[] {labels[0].mul(0).addi(1.0 / 3)},
            labels -> new INDArray[] {labels[0].mul(2).subi(1.0 / 3)}),
        new Mean());
  }

  private static void assertPlain(Objectives objectives, Aggregator aggregator) {
    MultiLayerNetwork plain = Networks.network(Networks.dense(new Adam(0.01)));
    MultiLayerNetwork descent = Networks.network(Networks.dense(new Adam(0.01)));
    descent.addListeners(new JacobianDescent(objectives, aggregator));
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Adam(0.01)));
    graph.init();
    graph.setParams(plain.params().dup());
    graph.addListeners(new JacobianDescent(objectives, aggregator));
    for (int k = 0; k < 5; k++) {
      plain.fit(DATA);
      descent.fit(DATA);
      graph.fit(DATA);
      assertEquals(plain.score(), descent.score(), 1e-12);
    }
    double[] expected = plain.params().toDoubleVector();
    assertArrayEquals(expected, descent.params().toDoubleVector(), 1e-10);
    assertArrayEquals(expected, graph.params().toDoubleVector(), 1e-10);
  }

  private static JacobianDescent rareBargains(Objectives objectives) {
    return new JacobianDescent(objectives, NashMtl.builder().updateWeightsEvery(3).build());
  }

  static List<Objectives> classesAndExamples() {
    return List.of(Objectives.perClass(), Objectives.perExample());
  }

  /** What the aggregator remembers belongs to a network, and is saved with its state. */
  @ParameterizedTest
  @MethodSource("classesAndExamples")
  void anAggregatorServesSeveralNetworksAndGoesOn(Objectives objectives) {
    JacobianDescent shared = rareBargains(objectives);
    MultiLayerNetwork first = Networks.network(Networks.dense(new Sgd(0.1)));
    MultiLayerNetwork second = Networks.network(Networks.dense(new Sgd(0.5)));
    MultiLayerNetwork alone = Networks.network(Networks.dense(new Sgd(0.5)));
    first.addListeners(shared);
    second.addListeners(shared);
    alone.addListeners(rareBargains(objectives));
    first.fit(DATA);
    for (int k = 0; k < 4; k++) {
      first.fit(DATA);
      second.fit(DATA);
      alone.fit(DATA);
    }
    assertArrayEquals(alone.params().toDoubleVector(), second.params().toDoubleVector());
    MultiLayerNetwork copy = second.clone();
    JacobianDescent resumed = rareBargains(objectives);
    copy.setListeners(resumed);
    resumed.restoreState(copy, shared.state(second));
    for (int k = 0; k < 4; k++) {
      second.fit(DATA);
      copy.fit(DATA);
    }
    assertArrayEquals(second.params().toDoubleVector(), copy.params().toDoubleVector());
  }

  @Test
  void theOutputsOfAGraph() {
    ComputationGraph plain = twoOutputs();
    ComputationGraph descent = twoOutputs();
    descent.addListeners(new JacobianDescent(Objectives.perOutput(), new Sum()));
    ComputationGraph second = twoOutputs();
    second.addListeners(new JacobianDescent(Objectives.perOutput(), new Constant(0, 1)));
    MultiDataSet data =
        new MultiDataSet(
            new INDArray[] {DATA.getFeatures()},
            new INDArray[] {DATA.getLabels(), DATA.getFeatures()});
    INDArray first = second.getParam("class_W").dup();
    for (int k = 0; k < 5; k++) {
      plain.fit(data);
      descent.fit(data);
      second.fit(data);
    }
    assertArrayEquals(plain.params().toDoubleVector(), descent.params().toDoubleVector(), 1e-12);
    assertEquals(first, second.getParam("class_W"));
  }

  private static ComputationGraph twoOutputs() {
    ComputationGraph graph =
        new ComputationGraph(
            new NeuralNetConfiguration.Builder()
                .seed(4)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .graphBuilder()
                .addInputs("in")
                .addLayer(
                    "dense",
                    new DenseLayer.Builder().nIn(4).nOut(6).activation(Activation.TANH).build(),
                    "in")
                .addLayer(
                    "class",
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(6)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build(),
                    "dense")
                .addLayer(
                    "copy",
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(6)
                        .nOut(4)
                        .activation(Activation.IDENTITY)
                        .build(),
                    "dense")
                .setOutputs("class", "copy")
                .build());
    graph.init();
    return graph;
  }

  @Test
  void masksOfSequencesGoWithTheirExamples() {
    MultiLayerNetwork plain = sequences();
    MultiLayerNetwork descent = sequences();
    descent.addListeners(new JacobianDescent(Objectives.perExample(), new Mean()));
    INDArray x = Nd4j.rand(DataType.DOUBLE, 4, 2, 5);
    INDArray y = Nd4j.rand(DataType.DOUBLE, 4, 1, 5);
    INDArray mask = Nd4j.ones(DataType.DOUBLE, 4, 5);
    mask.putScalar(1, 4, 0);
    mask.putScalar(3, 4, 0);
    mask.putScalar(3, 3, 0);
    for (int k = 0; k < 3; k++) {
      plain.fit(new DataSet(x, y, mask, mask));
      descent.fit(new DataSet(x, y, mask, mask));
    }
    assertArrayEquals(plain.params().toDoubleVector(), descent.params().toDoubleVector(), 1e-12);
  }

  private static MultiLayerNetwork sequences() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(4)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(new LSTM.Builder().nIn(2).nOut(3).activation(Activation.TANH).build())
                .layer(
                    new RnnOutputLayer.Builder(LossFunction.MSE)
                        .nIn(3)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    network.init();
    return network;
  }

  @Test
  void batchNormalizationKeepsItsStatistics() {
    MultiLayerNetwork plain = Networks.network(Networks.normalized(new Sgd(0), 1));
    MultiLayerNetwork descent = Networks.network(Networks.normalized(new Sgd(0), 1));
    descent.addListeners(new JacobianDescent(Objectives.perClass()));
    plain.fit(DATA);
    descent.fit(DATA);
    assertArrayEquals(plain.params().toDoubleVector(), descent.params().toDoubleVector());
    descent.setListeners(new JacobianDescent(Objectives.perExample()));
    assertThrows(IllegalStateException.class, () -> descent.fit(DATA));
  }

  @Test
  void upGradTrainsBothKindsOfNetwork() {
    MultiLayerNetwork layers = Networks.network(Networks.dense(new Sgd(0.5)));
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.5)));
    graph.init();
    for (Model model : List.of(layers, graph)) {
      model.addListeners(new JacobianDescent(Objectives.perExample()));
    }
    double before = layers.score(DATA);
    for (int k = 0; k < 30; k++) {
      layers.fit(DATA);
      graph.fit(DATA);
    }
    assertTrue(layers.score(DATA) < 0.5 * before);
    assertTrue(graph.score(DATA) < 0.5 * before);
  }

  @Test
  void aRowThatIsNotFiniteMakesThePlainStep() {
    MultiLayerNetwork plain = Networks.network(Networks.dense(new Sgd(0.1)));
    MultiLayerNetwork descent = Networks.network(Networks.dense(new Sgd(0.1)));
    JacobianDescent method = new JacobianDescent(turn -> List.of(out -> out.assign(Double.NaN)));
    descent.addListeners(method);
    plain.fit(DATA);
    descent.fit(DATA);
    assertArrayEquals(plain.params().toDoubleVector(), descent.params().toDoubleVector());
    assertEquals(1, method.plainSteps());
  }

  @Test
  void momentumConFIGTrainsAndGoesOn() {
    MultiLayerNetwork through = Networks.network(Networks.dense(new Sgd(0.02)));
    through.addListeners(momentum());
    double before = through.score(DATA);
    for (int k = 0; k < 20; k++) {
      through.fit(DATA);
    }
    MultiLayerNetwork resumed = through.clone();
    MomentumConFIG from = (MomentumConFIG) through.getListeners().iterator().next();
    MomentumConFIG to = momentum();
    resumed.setListeners(to);
    to.restoreState(resumed, from.state(through));
    for (int k = 0; k < 40; k++) {
      through.fit(DATA);
      resumed.fit(DATA);
    }
    assertArrayEquals(through.params().toDoubleVector(), resumed.params().toDoubleVector());
    assertTrue(through.score(DATA) < 0.5 * before);
  }

  private static MomentumConFIG momentum() {
    return MomentumConFIG.builder().numObjectives(3).objectives(Objectives.perClass()).build();
  }

  @Test
  void momentumConFIGWantsSgd() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Adam(0.02)));
    network.addListeners(momentum());
    assertThrows(IllegalStateException.class, () -> network.fit(DATA));
    assertThrows(IllegalArgumentException.class, () -> MomentumConFIG.builder().build());
    assertThrows(
        IllegalArgumentException.class,
        () -> MomentumConFIG.builder().numObjectives(2).beta1(1.0).build());
    assertThrows(IllegalArgumentException.class, () -> new JacobianDescent(null));
  }
}
