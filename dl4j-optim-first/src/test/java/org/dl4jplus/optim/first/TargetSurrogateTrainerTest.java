package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.TargetSurrogateTrainer.EtaSchedule;
import org.dl4jplus.optim.first.TargetSurrogateTrainer.Inner;
import org.dl4jplus.optim.first.TargetSurrogateTrainer.TargetSurrogateTrainerBuilder;
import org.dl4jplus.optim.first.surrogate.SurrogateDescent;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.inverse.InvertMatrix;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

class TargetSurrogateTrainerTest {

  private static DataSetIterator batches(int size) {
    return new ExistingDataSetIterator(Networks.data().batchBy(size));
  }

  private static TargetSurrogateTrainerBuilder fixed(double step, int innerSteps) {
    return TargetSurrogateTrainer.builder()
        .inner(Inner.FIXED)
        .innerStep(step)
        .innerSteps(innerSteps);
  }

  @Test
  void oneFixedStepIsSgd() {
    MultiLayerNetwork sgd = Networks.network(Networks.dense(new Sgd(0.3)));
    MultiLayerNetwork network = Networks.network(Networks.dense(new Adam(0.1)));
    sgd.fit(batches(4), 3);
    fixed(0.3, 1).eta(17.0).build().fit(network, batches(4), 3);
    assertArrayEquals(sgd.params().toDoubleVector(), network.params().toDoubleVector(), 1e-13);
    assertEquals(sgd.getIterationCount(), network.getIterationCount());
  }

  @Test
  void oneFixedStepIsSgdWithNormalization() {
    // The running statistics too are what the platform's own step makes them.
    MultiLayerNetwork sgd = Networks.network(Networks.normalized(new Sgd(0.3), 1));
    MultiLayerNetwork network = Networks.network(Networks.normalized(new Sgd(0.3), 1));
    sgd.fit(batches(4), 2);
    fixed(0.3, 1).build().fit(network, batches(4), 2);
    assertArrayEquals(sgd.params().toDoubleVector(), network.params().toDoubleVector(), 1e-12);
  }

  /** A linear model and many steps: its outputs become the projection of Z - eta G. */
  @Test
  void manyStepsProjectTheTargets() {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(3)
            .dataType(DataType.DOUBLE)
            .updater(new Sgd(0.1))
            .list()
            .layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nIn(4)
                    .nOut(3)
                    .hasBias(false)
                    .activation(Activation.SOFTMAX)
                    .build())
            .build();
    MultiLayerNetwork network = Networks.network(configuration);
    DataSet data = Networks.data();
    INDArray x = data.getFeatures();
    INDArray z = x.mmul(network.getParam("0_W"));
    INDArray g = network.output(x).sub(data.getLabels());
    double eta = 0.01;
    INDArray aim = z.sub(g.mul(eta));
    INDArray gram = x.transpose().mmul(x);
    INDArray solution = InvertMatrix.invert(gram, false).mmul(x.transpose()).mmul(aim);
    TargetSurrogateTrainer.builder()
        .eta(eta)
        .innerSteps(300)
        .gradientTolerance(1e-11)
        .minStep(0.0)
        .maxBacktracks(1000)
        .build()
        .fit(network, batches(12));
    // Armijo's comparison of values ends where they differ by rounding: half the digits.
    assertArrayEquals(
        solution.toDoubleMatrix()[0], network.getParam("0_W").toDoubleMatrix()[0], 1e-6);
  }

  @Test
  void networksAndGraphsTrainFasterThanBySgd() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    MultiLayerNetwork sgd = Networks.network(Networks.dense(new Sgd(0.5)));
    ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.5)));
    graph.init();
    graph.setParams(network.params());
    TargetSurrogateTrainer trainer = new TargetSurrogateTrainer();
    trainer.fit(network, batches(12), 10);
    trainer.fit(graph, batches(12), 10);
    sgd.fit(batches(12), 10);
    double loss = network.score(Networks.data());
    assertTrue(loss < 0.5 * sgd.score(Networks.data()));
    assertEquals(loss, graph.score(Networks.data()), 1e-9);
  }

  @Test
  void dropoutMakesTheTargetsNoiseless() {
    // With targets under other noise than the outputs', a tiny eta would throw them far away.
    MultiLayerNetwork network = Networks.network(Networks.normalized(new Sgd(0.5), 0.5));
    INDArray before = network.params().dup();
    TargetSurrogateTrainer.builder().eta(1e-8).build().fit(network, batches(12));
    assertTrue(
        network
                .getParam("0_W")
                .sub(before.get(NDArrayIndex.interval(0, 24)).reshape('f', 4, 6))
                .norm2Number()
                .doubleValue()
            < 1e-4);
  }

  @Test
  void theNetworkKeepsItsLossAndListeners() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    int listeners = network.getListeners().size();
    new TargetSurrogateTrainer().fit(network, batches(4));
    BaseOutputLayer output = (BaseOutputLayer) network.getOutputLayer().conf().getLayer();
    assertInstanceOf(LossMCXENT.class, output.getLossFn());
    assertEquals(listeners, network.getListeners().size());
  }

  @Test
  void resumesToTheSameBits() {
    TargetSurrogateTrainer trainer =
        TargetSurrogateTrainer.builder().etaSchedule(EtaSchedule.SQRT).build();
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    trainer.fit(network, batches(4), 1);
    MultiLayerNetwork copy = network.clone();
    trainer.fit(network, batches(4), 2);
    trainer.fit(copy, batches(4), 1);
    trainer.fit(copy, batches(4), 1);
    assertArrayEquals(network.params().toDoubleVector(), copy.params().toDoubleVector());
  }

  @Test
  void aValueThatIsNotFiniteLeavesAPlainStep() {
    MultiLayerNetwork network = Networks.network(Networks.dense(new Sgd(0.5)));
    MultiLayerNetwork sgd = Networks.network(Networks.dense(new Sgd(0.5)));
    fixed(1e200, 10).build().fit(network, batches(12));
    sgd.fit(batches(12));
    assertArrayEquals(sgd.params().toDoubleVector(), network.params().toDoubleVector(), 1e-13);
  }

  /** Q(p) = p^2/2 from 1: Armijo with c = 1/2 takes a step s exactly if s <= 1. */
  @Test
  void theSearchOnAParabola() {
    SurrogateDescent descent =
        new SurrogateDescent(
            3, new SurrogateDescent.LineSearch(0.5, 0.5, 1.5, 100, 1e-6), 1.2, 1e-9);
    List<Double> steps = new ArrayList<>();
    INDArray point = Nd4j.createFromArray(1.0);
    SurrogateDescent.Memory memory =
        new SurrogateDescent.Memory(point.ulike(), point.ulike(), point.ulike());
    boolean finite =
        descent.descend(
            (at, gradient) -> {
              gradient.assign(at);
              return at.getDouble(0) * at.getDouble(0) / 2;
            },
            point,
            0.5,
            point.dup(),
            memory,
            (value, gradient, step, reached) -> steps.add(step));
    assertTrue(finite);
    assertEquals(3, steps.size());
    assertEquals(0.6, steps.get(0), 1e-15);
    assertEquals(0.9, steps.get(1), 1e-15);
    assertEquals(0.675, steps.get(2), 1e-15);
  }

  @Test
  void badConfigurationsAreRefused() {
    refused("innerSteps", TargetSurrogateTrainer.builder().innerSteps(0));
    refused("eta", TargetSurrogateTrainer.builder().eta(0.0));
    refused("innerStep", TargetSurrogateTrainer.builder().inner(Inner.FIXED));
    refused("innerStep", TargetSurrogateTrainer.builder().innerStep(1.0));
    refused("c ", TargetSurrogateTrainer.builder().c(1.0));
    refused("backtrack", TargetSurrogateTrainer.builder().backtrack(Double.NaN));
    refused("expand", TargetSurrogateTrainer.builder().expand(0.9));
    refused("minStep", TargetSurrogateTrainer.builder().minStep(-1.0));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new TargetSurrogateTrainer()
                .fit(Networks.network(Networks.dense(new Sgd(1))), batches(4), 0));
  }

  private static void refused(String field, TargetSurrogateTrainerBuilder builder) {
    String message = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    assertTrue(message.startsWith(field), message);
  }
}
