package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.File;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.estimate.GradientEstimator;
import org.dl4jplus.optim.zeroth.estimate.RandomizedGradient;
import org.dl4jplus.optim.zeroth.layers.QuantizedDenseLayer;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.objective.RankingOracle;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.dl4jplus.optim.zeroth.onebyte.LocalLosses;
import org.dl4jplus.optim.zeroth.onebyte.ModelLosses;
import org.dl4jplus.optim.zeroth.onebyte.OneByteFederation;
import org.dl4jplus.optim.zeroth.search.FeasibleSet;
import org.dl4jplus.optim.zeroth.spark.OneByteTrainingMaster;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** Arguments that are missing are named. */
class NullArgumentsTest {

  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(new OutputLayer.Builder().nIn(2).nOut(2).build())
                .build());
    network.init();
    return network;
  }

  private static Arguments of(String name, Executable call) {
    return Arguments.of(name, call);
  }

  static Stream<Arguments> offloaded() {
    ZO2 method = ZO2.builder().overlap(false).build();
    OffloadedNetwork network = OffloadedNetwork.from(network(), method);
    return Stream.of(
        of("data", () -> network.fit((org.nd4j.linalg.dataset.api.DataSet) null)),
        of("iterator", () -> network.fit((DataSetIterator) null)),
        of("iterator", () -> network.fit(null, 2)),
        of("iterator", () -> network.evaluate(null)),
        of("features", () -> network.output(null)),
        of("data", () -> network.score(null)),
        of("params", () -> network.setParams(null)),
        of("param 0_W", () -> network.setParam("0_W", null)),
        of("paramTable", () -> network.setParamTable((Map<String, INDArray>) null)),
        of("listeners", () -> network.setListeners((Collection<TrainingListener>) null)),
        of("listeners", () -> network.addListeners((TrainingListener[]) null)),
        of("file", () -> network.save(null)),
        of("file", () -> OffloadedNetwork.load(null)),
        of("configuration", () -> OffloadedNetwork.create((MultiLayerConfiguration) null, method)),
        of(
            "configuration",
            () -> OffloadedNetwork.create((ComputationGraphConfiguration) null, method)),
        of("method", () -> OffloadedNetwork.create(network().getLayerWiseConfigurations(), null)),
        of("network", () -> OffloadedNetwork.from((MultiLayerNetwork) null, method)),
        of("network", () -> OffloadedNetwork.from((ComputationGraph) null, method)),
        of("method", () -> OffloadedNetwork.from(network(), null)));
  }

  static Stream<Arguments> oneByte() {
    OneByte config = OneByte.builder().build();
    OneByteFederation federation = new OneByteFederation(config, network());
    return Stream.of(
        of("config", () -> new OneByteFederation(null, network())),
        of("parameters", () -> new OneByteFederation(config, (INDArray) null)),
        of("directory", () -> OneByteFederation.resume(null)),
        of("directory", () -> federation.journal(null)),
        of("losses", () -> federation.join(0, (LocalLosses) null)),
        of("examples", () -> federation.join(0, (List<DataSet>) null)),
        of("an example", () -> federation.join(0, Arrays.asList((DataSet) null))),
        of("function", () -> federation.join(0, (ZoObjective) null)),
        of("examples", () -> federation.joinMulti(0, null)),
        of("data", () -> new ModelLosses(network(), null, 1)),
        of("an example", () -> federation.joinMulti(0, Arrays.asList((MultiDataSet) null))),
        of("problem", () -> LocalLosses.of(null)),
        of("directory", () -> OneByteTrainingMaster.resume((File) null)));
  }

  static Stream<Arguments> methods() {
    MeZO mezo = MeZO.builder().build();
    INDArray start = Nd4j.ones(3);
    ZoObjective sum = x -> x.sumNumber().doubleValue();
    GradientEstimator estimator = RandomizedGradient.builder().build();
    Directions directions = mezo.directions();
    PolyStep polytope = new PolyStep();
    double[][] rows = {{1, 2}};
    UnrolledES unrolled = PersistentES.builder().build();
    return Stream.of(
        of("method", () -> ZerothOrder.attach(network(), null)),
        of("saved", () -> ZerothOrder.of(ZerothOrder.attach(network(), mezo)).restoreState(null)),
        of("objective", () -> mezo.minimize(null, start, 1)),
        of("parameters", () -> mezo.minimize(sum, null, 1)),
        of("stretches", () -> ZoProblem.of(sum, start, null)),
        of("data", () -> new ModelObjective(network()).use(null)),
        of("config", () -> new PolyStepES(null, rows)),
        of("rotations", () -> new PolyStepES(polytope, rows, null)),
        of("particles[0]", () -> new PolyStepES(polytope, new double[][] {null})),
        of("particles[1]", () -> new PolyStepES(polytope, new double[][] {{1}, null})),
        of("objective", () -> new PolyStepES(polytope, rows).minimize(null, 99)),
        of(
            "costs",
            () -> {
              PolyStepES search = new PolyStepES(polytope, rows);
              search.ask();
              search.tell(null);
            }),
        of("start", () -> new ZORankSGD().search((INDArray) null)),
        of("state", () -> new ZORankSGD().search((GradientState) null)),
        of("a run in state", () -> new ZORankSGD().search(new GradientState())),
        of("oracle", () -> new ZORankSGD().minimize((RankingOracle) null, start, 1)),
        of("parameters", () -> new ZORankSGD().minimize(RankingOracle.of(sum), null, 1)),
        of("objective", () -> RankingOracle.of(null)),
        of("start", () -> new CBO().search((INDArray) null)),
        of("state", () -> new CBO().search((GradientState) null)),
        of("a run in state", () -> new CBO().search(new GradientState())),
        of("objective", () -> new CBO().search(Nd4j.rand(100, 2)).minimize(null, 1)),
        of("problem", () -> unrolled.run(null)),
        of("theta", () -> unrolled.minimize(null, null, new Sgd(), 1)),
        of("updater", () -> unrolled.minimize(null, start, null, 1)),
        of("objective", () -> estimator.estimate((ZoObjective) null, start, directions, 1e-3)),
        of("x", () -> estimator.estimate(sum, null, directions, 1e-3)),
        of("directions", () -> estimator.estimate(sum, start, null, 1e-3)),
        of(
            "function",
            () ->
                estimator.estimate(
                    (ToDoubleFunction<double[]>) null,
                    new double[1],
                    directions,
                    1e-3,
                    0,
                    new GradientState())),
        of("estimator", () -> new ZerothOrderGradientListener(null, 1)),
        of("lower", () -> FeasibleSet.box(null, new double[1])),
        of("upper", () -> FeasibleSet.box(new double[1], null)),
        of("data", () -> DeepZero.builder().build().scoringBatch(null)),
        of("data", () -> DeepZero.builder().build().prune(network(), null)),
        of("layer", () -> QuantizedDenseLayer.from((FeedForwardLayer) null, 4, 1)),
        of("trained", () -> QuantizedDenseLayer.from((Layer) null, 4, 1)));
  }

  @ParameterizedTest
  @MethodSource({"offloaded", "oneByte", "methods"})
  void whatIsMissingIsNamed(String name, Executable call) {
    Exception e = assertThrows(IllegalArgumentException.class, call);
    assertEquals(name + " must be given", e.getMessage());
  }

  @ParameterizedTest
  @MethodSource("networks")
  void soIsANetwork(Executable call) {
    Exception e = assertThrows(IllegalArgumentException.class, call);
    assertEquals(
        "a MultiLayerNetwork or a ComputationGraph, got null",
        e.getMessage().replaceFirst("^(model|network) must be ", ""));
  }

  static Stream<Executable> networks() {
    return Stream.of(
        () -> ZerothOrder.attach(null, MeZO.builder().build()),
        () -> new OneByteFederation(OneByte.builder().build(), (Model) null),
        () -> QuantizedDenseLayer.quantize(null, 4, 1));
  }
}
