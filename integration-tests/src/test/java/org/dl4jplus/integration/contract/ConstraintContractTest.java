package org.dl4jplus.integration.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.integration.classpath.ClassPath;
import org.dl4jplus.optim.second.PruningMaskConstraint;
import org.dl4jplus.ot.SimplexConstraint;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Every constraint, with its defaults, on a square dense weight in both kinds of networks. */
class ConstraintContractTest {

  private static final int SIZE = 5;

  /** What a second application may change: the rounding to float. */
  private static final float AGAIN = 1e-6f;

  /** Made for one layer's parameters, which it names itself; its own test has all this. */
  private static final Set<Class<?>> MADE_FOR_A_LAYER = Set.of(PruningMaskConstraint.class);

  static List<Named<LayerConstraint>> constraints() {
    return ClassPath.concrete(LayerConstraint.class).stream()
        .filter(type -> !MADE_FOR_A_LAYER.contains(type))
        .map(type -> Named.of(type.getSimpleName(), create(type)))
        .toList();
  }

  private static LayerConstraint create(Class<? extends LayerConstraint> type) {
    try {
      return type.getConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(type + ": no public constructor without arguments", e);
    }
  }

  @Test
  void constraintsAreFound() {
    assertTrue(ClassPath.concrete(LayerConstraint.class).contains(SimplexConstraint.class));
  }

  private static NeuralNetConfiguration.Builder base() {
    return new NeuralNetConfiguration.Builder().seed(5).updater(new Adam(0.05));
  }

  private static DenseLayer dense(LayerConstraint... constraint) {
    return new DenseLayer.Builder()
        .nIn(SIZE)
        .nOut(SIZE)
        .activation(Activation.TANH)
        .constrainWeights(constraint)
        .build();
  }

  private static OutputLayer output() {
    return new OutputLayer.Builder().nIn(SIZE).nOut(2).activation(Activation.SOFTMAX).build();
  }

  private static MultiLayerConfiguration layers(LayerConstraint... constraint) {
    return base().list().layer(dense(constraint)).layer(output()).build();
  }

  private static ComputationGraphConfiguration graph(LayerConstraint... constraint) {
    return base()
        .graphBuilder()
        .addInputs("in")
        .addLayer("hidden", dense(constraint), "in")
        .addLayer("out", output(), "hidden")
        .setOutputs("out")
        .build();
  }

  private static MultiLayerNetwork network(LayerConstraint... constraint) {
    MultiLayerNetwork net = new MultiLayerNetwork(layers(constraint));
    net.init();
    return net;
  }

  private static DataSet data() {
    INDArray features = Nd4j.linspace(DataType.FLOAT, -1, 0.17, 2 * SIZE).reshape(2, SIZE);
    return new DataSet(features, Nd4j.eye(2));
  }

  @ParameterizedTest
  @MethodSource("constraints")
  void jsonKeepsIt(LayerConstraint constraint) {
    MultiLayerConfiguration layers = layers(constraint);
    MultiLayerConfiguration readLayers = MultiLayerConfiguration.fromJson(layers.toJson());
    assertEquals(layers, readLayers);
    assertEquals(layers.hashCode(), readLayers.hashCode());
    LayerConstraint read = readLayers.getConf(0).getLayer().getConstraints().get(0);
    assertEquals(constraint.getClass(), read.getClass());
    assertEquals(Set.of("W"), read.getParams());
    ComputationGraphConfiguration graph = graph(constraint);
    assertEquals(graph, ComputationGraphConfiguration.fromJson(graph.toJson()));
    assertEquals(layers, layers.clone());
    assertNotEquals(layers, layers(), "a network without it");
  }

  @ParameterizedTest
  @MethodSource("constraints")
  void cloneAndSerializationKeepIt(LayerConstraint constraint)
      throws IOException, ClassNotFoundException {
    LayerConstraint original = constraint.clone();
    original.setParams(new HashSet<>(Set.of("W")));
    LayerConstraint clone = original.clone();
    assertNotSame(original, clone);
    assertEquals(original, clone);
    clone.setParams(new HashSet<>(Set.of("b")));
    assertEquals(Set.of("W"), original.getParams());
    assertNotEquals(original, clone);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(original);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertEquals(original, in.readObject());
    }
  }

  /** The step is that of the plain network, then the constraint acts once on the weight alone. */
  @ParameterizedTest
  @MethodSource("constraints")
  void actsOnceAfterTheStep(LayerConstraint constraint) {
    MultiLayerNetwork plain = network();
    plain.fit(data());
    INDArray moved = plain.getLayer(0).getParam("W").dup();
    constraint.applyConstraint(plain.getLayer(0), 0, 0);
    assertNotEquals(moved, plain.getLayer(0).getParam("W"), "the constraint does nothing");
    MultiLayerNetwork constrained = network(constraint);
    constrained.fit(data());
    assertEquals(plain.params(), constrained.params());
    ComputationGraph graph = new ComputationGraph(graph(constraint));
    graph.init();
    graph.setParams(network().params());
    graph.fit(data());
    assertEquals(plain.params(), graph.params());
  }

  @ParameterizedTest
  @MethodSource("constraints")
  void actingAgainChangesNothing(LayerConstraint constraint) {
    MultiLayerNetwork net = network(constraint);
    net.fit(data());
    float[] once = net.params().toFloatVector();
    net.applyConstraints(1, 0);
    assertArrayEquals(once, net.params().toFloatVector(), AGAIN);
  }

  @ParameterizedTest
  @MethodSource("constraints")
  void goesOnAfterSaving(LayerConstraint constraint) throws IOException {
    MultiLayerNetwork net = network(constraint);
    net.fit(data());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ModelSerializer.writeModel(net, bytes, true);
    MultiLayerNetwork read =
        ModelSerializer.restoreMultiLayerNetwork(
            new ByteArrayInputStream(bytes.toByteArray()), true);
    net.fit(data());
    read.fit(data());
    assertEquals(net.params(), read.params());
  }

  @ParameterizedTest
  @MethodSource("constraints")
  void whatIsNotANumberIsRefused(LayerConstraint constraint) {
    MultiLayerNetwork net = network(constraint);
    net.getLayer(0).getParam("W").putScalar(0, Float.NaN);
    IllegalStateException e =
        assertThrows(IllegalStateException.class, () -> net.applyConstraints(0, 0));
    assertTrue(e.getMessage().contains("W"), e.getMessage());
  }
}
