package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.exception.DL4JInvalidConfigException;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.binding.BoundBatchNormalization;
import org.dl4jplus.optim.first.updater.Binding;
import org.dl4jplus.optim.first.updater.ParameterTap;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class OptimTest {

  private static BaseLayer layer(MultiLayerConfiguration configuration, int index) {
    return (BaseLayer) configuration.getConf(index).getLayer();
  }

  @Test
  void shapesAreThoseOfTheMemory() {
    MultiLayerConfiguration bound = Optim.bind(Networks.dense(new LDoG()));
    Binding hidden = ((LDoG) layer(bound, 0).getIUpdater()).getBinding();
    assertEquals(
        List.of(
            List.of(
                new VariableShape("layer0_W", new long[] {6, 4}, Kind.WEIGHT),
                new VariableShape("layer0_b", new long[] {6}, Kind.VECTOR))),
        hidden.getRuns());
    Binding output = ((LDoG) layer(bound, 1).getIUpdater()).getBinding();
    assertEquals(Kind.OUTPUT, output.getRuns().get(0).get(0).getKind());
    assertNotEquals(hidden, output);
  }

  @Test
  void anLstmIsOneBlockOfThreeVariables() {
    MultiLayerConfiguration bound =
        Optim.bind(
            new NeuralNetConfiguration.Builder()
                .updater(new LDoG())
                .list()
                .layer(new LSTM.Builder().nIn(5).nOut(5).build())
                .layer(new RnnOutputLayer.Builder().nIn(5).nOut(2).build())
                .build());
    List<List<VariableShape>> runs = ((LDoG) layer(bound, 0).getIUpdater()).getBinding().getRuns();
    assertEquals(1, runs.size());
    assertEquals(3, runs.get(0).size());
    assertEquals(20, runs.get(0).get(0).rows());
    assertEquals(5, runs.get(0).get(1).columns());
  }

  @Test
  void bindingIsIdempotentAndSurvivesJson() {
    MultiLayerConfiguration once = Optim.bind(Networks.normalized(new LDoG(), 1));
    assertEquals(once, Optim.bind(once));
    assertEquals(once, MultiLayerConfiguration.fromJson(once.toJson()));
    assertInstanceOf(BoundBatchNormalization.class, layer(once, 1));
    assertEquals(List.of(new ParameterTap()), layer(once, 1).getRegularizationBias());
  }

  @Test
  void theOriginalIsNotTouched() {
    MultiLayerConfiguration original = Networks.normalized(new DoG(), 1);
    String before = original.toJson();
    Optim.bind(original);
    assertEquals(before, original.toJson());
  }

  @Test
  void doubledRegularizationIsRemoved() {
    MultiLayerConfiguration conf =
        new NeuralNetConfiguration.Builder()
            .updater(new Adam(1e-3))
            .weightDecay(0.1)
            .list()
            .layer(new DenseLayer.Builder().nIn(2).nOut(2).build())
            .layer(new OutputLayer.Builder().nIn(2).nOut(2).build())
            .build();
    assertEquals(
        List.of(new WeightDecay(0.1, true)), layer(Optim.bind(conf), 0).getRegularization());
  }

  /**
   * Fails the day the platform stops applying a global weight decay twice; then binding need not
   * repair it.
   */
  @Test
  void thePlatformStillDoublesGlobalWeightDecay() {
    MultiLayerConfiguration conf =
        new NeuralNetConfiguration.Builder()
            .updater(new Sgd(1))
            .weightDecay(0.1)
            .list()
            .layer(new DenseLayer.Builder().nIn(2).nOut(2).build())
            .layer(new OutputLayer.Builder().nIn(2).nOut(2).build())
            .build();
    assertEquals(2, layer(conf, 0).getRegularization().size());
  }

  @Test
  void anUnboundUpdaterSaysWhatToCall() {
    MultiLayerNetwork network = new MultiLayerNetwork(Networks.dense(new DoG()));
    network.init();
    String message =
        assertThrows(IllegalStateException.class, () -> network.fit(Networks.data())).getMessage();
    assertTrue(message.contains("Optim.bind"), message);
  }

  @Test
  void otherPrecisionsAreNamed() {
    INDArray gradient = Nd4j.zeros(DataType.FLOAT16, 3);
    Adan updater = new Adan();
    INDArray state = Nd4j.zeros(DataType.FLOAT16, updater.stateSize(3));
    String message =
        assertThrows(
                IllegalStateException.class,
                () -> updater.instantiate(state, true).applyUpdater(gradient, 0, 0))
            .getMessage();
    assertTrue(message.contains("HALF"), message);
  }

  @Test
  void layersInsideWrappersAreBound() {
    MultiLayerConfiguration bound =
        Optim.bind(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .updater(LDoG.layerwiseBuilder().repsRel(0.1).build())
                .list()
                .layer(new TimeDistributed(new BatchNormalization.Builder().nOut(3).build()))
                .layer(new MaskZeroLayer(new LSTM.Builder().nIn(3).nOut(2).build(), 0))
                .layer(new LastTimeStep(new SimpleRnn.Builder().nIn(2).nOut(4).build()))
                .layer(new OutputLayer.Builder().nIn(4).nOut(2).build())
                .build());
    MultiLayerNetwork network = new MultiLayerNetwork(bound);
    network.init();
    List<INDArray> before = Arrays.stream(network.getLayers()).map(l -> l.params().dup()).toList();
    network.fit(Nd4j.rand(5, 3, 4), Nd4j.rand(5, 2));
    for (int i = 0; i < 4; i++) {
      assertNotEquals(before.get(i), network.getLayer(i).params(), "layer " + i);
    }
    assertEquals(bound, Optim.bind(bound));
    BaseLayer lstm = (BaseLayer) ((BaseWrapperLayer) bound.getConf(1).getLayer()).getUnderlying();
    List<VariableShape> run = ((LDoG) lstm.getIUpdater()).getBinding().getRuns().get(0);
    assertEquals(new VariableShape("layer1_W", new long[] {8, 3}, Kind.WEIGHT), run.get(0));
  }

  @Test
  void layersWithoutParametersAreLeftAlone() {
    MultiLayerConfiguration bound =
        Optim.bind(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .updater(new Muon())
                .list()
                .layer(new DenseLayer.Builder().nIn(3).nOut(2).build())
                .layer(new ActivationLayer(Activation.TANH))
                .layer(new DropoutLayer(0.5))
                .layer(new LossLayer.Builder(LossFunction.MSE).build())
                .build());
    Binding binding = ((Muon) layer(bound, 0).getIUpdater()).getBinding();
    assertEquals(Kind.OUTPUT, binding.getRuns().get(0).get(0).getKind());
    MultiLayerNetwork network = new MultiLayerNetwork(bound);
    network.init();
    network.fit(Nd4j.rand(5, 3), Nd4j.rand(5, 2));
  }

  /** The platform runs their updaters on zero gradients, and with them their weight decay. */
  @Test
  void frozenLayersThatPropagateBackStay() {
    Layer frozen =
        new DenseLayer.Builder().nIn(3).nOut(3).updater(new Adafactor()).weightDecay(0.1).build();
    MultiLayerConfiguration bound =
        Optim.bind(
            new NeuralNetConfiguration.Builder()
                .seed(5)
                .updater(new Adafactor())
                .list()
                .layer(new DenseLayer.Builder().nIn(3).nOut(3).build())
                .layer(new FrozenLayerWithBackprop(frozen))
                .layer(new OutputLayer.Builder().nIn(3).nOut(2).build())
                .build());
    MultiLayerNetwork network = new MultiLayerNetwork(bound);
    network.init();
    INDArray inside = network.getLayer(1).params().dup();
    INDArray below = network.getLayer(0).params().dup();
    network.fit(Nd4j.rand(5, 3), Nd4j.rand(5, 2));
    assertArrayEquals(
        inside.toFloatVector(), network.getLayer(1).params().toFloatVector(), "not even rounding");
    assertNotEquals(below, network.getLayer(0).params());
  }

  @Test
  void unknownSizesAreNamed() {
    MultiLayerConfiguration conf =
        new NeuralNetConfiguration.Builder()
            .updater(new LDoG())
            .list()
            .layer(new DenseLayer.Builder().name("first").nOut(2).build())
            .layer(new OutputLayer.Builder().nIn(2).nOut(2).build())
            .build();
    String message =
        assertThrows(DL4JInvalidConfigException.class, () -> Optim.bind(conf)).getMessage();
    assertTrue(message.contains("'first'"), message);
  }

  @Test
  void arraysMustFitTheGradients() {
    ArrayOptimizer optimizer =
        new ArrayOptimizer(new Adan(), List.of(), Nd4j.zeros(2, 3), Nd4j.zeros(4));
    assertThrows(IllegalArgumentException.class, () -> optimizer.step(Nd4j.zeros(2, 3)));
    assertThrows(
        IllegalArgumentException.class, () -> optimizer.step(Nd4j.zeros(3, 2), Nd4j.zeros(4)));
    assertThrows(IllegalArgumentException.class, () -> new ArrayOptimizer(new Adan(), List.of()));
  }
}
