package org.dl4jplus.optim.first.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.apache.commons.lang3.SerializationUtils;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.Networks;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** When and how passes are recorded. */
class RecordingTest {

  /** Sees the tape of each step and leaves the gradient alone. */
  static final class Seen extends GradientListener {
    private static final long serialVersionUID = 1L;
    private final transient List<double[]> norms = new ArrayList<>();
    private final boolean evaluates;

    Seen(boolean evaluates) {
      this.evaluates = evaluates;
    }

    @Override
    protected boolean recordsLayers() {
      return true;
    }

    @Override
    protected void transform(GradientTurn turn) {
      if (turn.tape() == null) {
        norms.add(null);
        return;
      }
      INDArray moved = turn.parameters().add(0.1);
      if (evaluates) {
        turn.evaluate(moved, turn.scratch(0));
        turn.oracle().record(moved, null, turn.scratch(0));
      }
      TapeTest.close(turn.tape().gradients().mean(0), turn.gradient(), 1e-12);
      norms.add(turn.tape().squaredNorms());
    }

    @Override
    protected boolean changesParameters() {
      return true;
    }
  }

  @Test
  void aListenerHasTheTapeOfItsStep() {
    for (boolean evaluates : new boolean[] {false, true}) {
      Seen seen = new Seen(evaluates);
      var network = Networks.network(Networks.dense(new Sgd(0.1)));
      network.setListeners(seen);
      network.fit(Networks.data());
      network.fit(Networks.data().sample(5));
      assertEquals(12, seen.norms.get(0).length);
      assertEquals(5, seen.norms.get(1).length);
      TapeTest.unwrapped(network);
      seen.norms.clear();
      ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.1)));
      graph.init();
      graph.setListeners(seen);
      graph.fit(Networks.data());
      assertEquals(12, seen.norms.get(0).length);
    }
  }

  @Test
  void plainFunctionsHaveNone() {
    Seen seen = new Seen(false);
    INDArray parameters = Nd4j.createFromArray(1.0, 2);
    new OracleOptimizer(
            seen,
            new Sgd(0.1),
            new GradientOracle() {
              @Override
              public INDArray parameters() {
                return parameters;
              }

              @Override
              public double lossAndGradient(INDArray point, INDArray gradientOut) {
                gradientOut.assign(point);
                return 1;
              }
            })
        .step();
    assertNull(seen.norms.get(0));
  }

  @Test
  void layersThatAreNotKnownAreNamed() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            TapeTest.builder()
                .layer(new DenseLayer.Builder().nIn(4).nOut(4).build())
                .layer(new BatchNormalization.Builder().lockGammaBeta(true).build())
                .layer(new PReLULayer.Builder().inputShape(4).build())
                .layer(new Bidirectional(new LSTM.Builder().nOut(2).build()))
                .layer(TapeTest.rnnOutput())
                .inputPreProcessor(3, new FeedForwardToRnnPreProcessor())
                .setInputType(InputType.feedForward(4))
                .build());
    network.init();
    INDArray x = TapeTest.normal(1, 3, 4);
    ModelOracle oracle = TapeTest.oracle(network, new DataSet(x, TapeTest.steps(3, 1)));
    INDArray gradient = oracle.parameters().ulike();
    Tape tape = oracle.record(oracle.parameters().dup(), null, gradient);
    oracle.restore();
    assertEquals(
        List.of("layer2 (PReLULayer)", "layer3 (Bidirectional)", "layer1 (BatchNormalization)"),
        tape.unsupported());
    assertEquals(2, tape.layers().size());
    assertTrue(
        assertThrows(UnsupportedOperationException.class, tape::squaredNorms)
            .getMessage()
            .contains("layer2 (PReLULayer)"));
  }

  /** Another thread may write or copy the configuration in the middle of a recorded pass. */
  @Test
  void aWrappedConfigurationIsWrittenAsTheUsers() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            TapeTest.builder()
                .layer(new DenseLayer.Builder().nIn(4).nOut(4).build())
                .layer(new LSTM.Builder().nIn(4).nOut(2).build())
                .layer(TapeTest.rnnOutput())
                .inputPreProcessor(1, new FeedForwardToRnnPreProcessor())
                .setInputType(InputType.feedForward(4))
                .build());
    network.init();
    String before = network.getLayerWiseConfigurations().toJson();
    LayerRecorder recorder = new LayerRecorder();
    recorder.begin(network, null);
    try {
      assertInstanceOf(
          RecordingActivation.class,
          network.getLayer(0).conf().getLayer() instanceof DenseLayer d
              ? d.getActivationFn()
              : null);
      assertEquals(before, network.getLayerWiseConfigurations().toJson());
    } finally {
      recorder.abandon();
    }
    assertEquals(before, network.getLayerWiseConfigurations().toJson());
  }

  @Test
  void frozenLayersAreNoPart() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            TapeTest.builder()
                .layer(new FrozenLayerWithBackprop(new DenseLayer.Builder().nIn(4).nOut(5).build()))
                .layer(new DenseLayer.Builder().nIn(5).nOut(4).biasUpdater(new NoOp()).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE).nIn(4).nOut(3).build())
                .build());
    network.init();
    ModelOracle oracle = TapeTest.oracle(network, Networks.data());
    INDArray gradient = oracle.parameters().ulike();
    Tape tape = oracle.record(oracle.parameters().dup(), null, gradient);
    oracle.restore();
    assertEquals(List.of(), tape.unsupported());
    assertEquals(2, tape.layers().size());
    assertFalse(tape.layers().get(0).hasBias());
    TapeTest.close(tape.gradients().mean(0), gradient, 1e-12);
  }

  @Test
  void aGraphWithTwoOutputs() {
    ComputationGraph graph =
        new ComputationGraph(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .activation(Activation.TANH)
                .graphBuilder()
                .addInputs("a", "b")
                .addLayer("da", new DenseLayer.Builder().nIn(4).nOut(5).build(), "a")
                .addLayer("db", new DenseLayer.Builder().nIn(3).nOut(5).build(), "b")
                .addVertex("stack", new StackVertex(), "da", "db")
                .addLayer("shared", new DenseLayer.Builder().nIn(5).nOut(4).build(), "stack")
                .addVertex("first", new UnstackVertex(0, 2), "shared")
                .addVertex("second", new UnstackVertex(1, 2), "shared")
                .addLayer("x", output(4, 3), "first")
                .addLayer("y", output(4, 2), "second")
                .setOutputs("x", "y")
                .build());
    graph.init();
    INDArray a = TapeTest.normal(1, 5, 4);
    INDArray b = TapeTest.normal(2, 5, 3);
    INDArray x = TapeTest.normal(3, 5, 3);
    INDArray y = TapeTest.normal(4, 5, 2);
    graph.setInputs(a, b);
    graph.setLabels(x, y);
    ModelOracle oracle = new ModelOracle(graph);
    INDArray point = oracle.parameters().dup();
    INDArray gradient = point.ulike();
    Tape tape = oracle.record(point, null, gradient);
    INDArray rows = tape.gradients();
    TapeTest.close(rows.mean(0), gradient, 1e-12);
    assertEquals(2, tape.layers().get(2).positions());
    TapeTest.consistent(tape, rows);
    for (int i = 0; i < 5; i++) {
      oracle.exampleLossAndGradient(i, point, gradient);
      TapeTest.close(rows.getRow(i), gradient, 1e-10);
    }
    // Jacobians: the errors of one output are ones, those of the other are zero.
    Tape ones =
        oracle.record(
            point,
            (output, loss, labels, z, activation, mask) ->
                output == 1 ? Nd4j.ones(z.dataType(), z.shape()) : z.mul(0),
            gradient);
    INDArray before = ones.preOutput(1).dup();
    INDArray moved = point.dup();
    GradientTurn.axpy(point, 1e-6, gradient, moved);
    INDArray change = oracle.record(moved, null, gradient.ulike()).preOutput(1).sub(before);
    oracle.restore();
    INDArray products = Nd4j.createFromArray(ones.products(gradient));
    TapeTest.close(change.sum(1).divi(1e-6), products, 1e-5);
    assertEquals(5, oracle.labelCount());
  }

  private static OutputLayer output(int inputs, int outputs) {
    return new OutputLayer.Builder(LossFunction.MSE)
        .nIn(inputs)
        .nOut(outputs)
        .activation(Activation.IDENTITY)
        .build();
  }

  @Test
  void copiesOfTheNetworkHaveNoWrappers() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    String json = network.getLayerWiseConfigurations().toJson();
    Seen seen = new Seen(false);
    network.setListeners(seen);
    network.fit(Networks.data());
    String after = network.getLayerWiseConfigurations().toJson();
    assertEquals(withoutCounters(json), withoutCounters(after));
    TapeTest.unwrapped(network.clone());
    // Even in the midst of a pass that has failed, Java's serialization sees the originals.
    LayerRecorder recorder = new LayerRecorder();
    recorder.begin(network, null);
    BaseLayer layer = (BaseLayer) network.getLayer(0).conf().getLayer();
    assertTrue(layer.getActivationFn() instanceof RecordingActivation);
    BaseLayer copy = SerializationUtils.clone(layer);
    assertTrue(copy.getActivationFn() instanceof ActivationTanH);
    // The next pass takes off what was left.
    network.fit(Networks.data());
    TapeTest.unwrapped(network);
  }

  private static String withoutCounters(String json) {
    return json.replaceAll("\"(iteration|epoch)Count\" *: *\\d+", "");
  }

  @Test
  void failedPassesLeaveNothing() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    ModelOracle oracle = TapeTest.oracle(network, Networks.data());
    INDArray point = oracle.parameters().dup();
    assertThrows(
        IllegalArgumentException.class,
        () ->
            oracle.record(
                point, (o, loss, labels, z, activation, mask) -> Nd4j.ones(1, 1), point.ulike()));
    TapeTest.unwrapped(network);
    oracle.restore();
    assertEquals(point, network.params());
  }

  @Test
  void otherThreadsAreNotHeard() throws Exception {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.1)));
    MultiLayerNetwork twin = new MultiLayerNetwork(network.getLayerWiseConfigurations());
    twin.init();
    TapeTest.oracle(network, Networks.data());
    LayerRecorder recorder = new LayerRecorder();
    recorder.begin(network, null);
    Thread thread = new Thread(() -> twin.fit(Networks.data().sample(5)));
    thread.start();
    thread.join();
    network.computeGradientAndScore();
    assertEquals(12, recorder.end(network).layers().get(0).errorRows().size(0));
  }

  @Test
  void truncatedSequencesAreRefused() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            TapeTest.builder()
                .layer(new LSTM.Builder().nIn(4).nOut(3).build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MSE).nIn(3).nOut(3).build())
                .backpropType(BackpropType.TruncatedBPTT)
                .tBPTTLength(3)
                .build());
    network.init();
    network.setListeners(new Seen(false));
    DataSet data = new DataSet(TapeTest.normal(1, 2, 4, 6), TapeTest.steps(2, 6));
    assertThrows(IllegalStateException.class, () -> network.fit(data));
    TapeTest.unwrapped(network);
  }
}
