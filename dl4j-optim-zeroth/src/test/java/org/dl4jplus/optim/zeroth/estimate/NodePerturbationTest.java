package org.dl4jplus.optim.zeroth.estimate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.EstimatedGradient;
import org.dl4jplus.optim.zeroth.ZerothOrder;
import org.dl4jplus.optim.zeroth.ZerothOrderGradientListener;
import org.dl4jplus.optim.zeroth.estimate.GradientEstimator.Estimate;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class NodePerturbationTest {

  private static final Directions NOISE = Directions.of(Distribution.GAUSSIAN_TABLE, 3, 0);

  private static MultiLayerNetwork network(int width, LossFunction loss, Activation last) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(DataType.DOUBLE)
                .l2(0.1)
                .l1(0.02)
                .updater(new Sgd(0.1))
                .list()
                .layer(
                    new DenseLayer.Builder().nIn(4).nOut(width).activation(Activation.TANH).build())
                .layer(new OutputLayer.Builder(loss).nIn(width).nOut(3).activation(last).build())
                .build());
    network.init();
    return network;
  }

  private static DataSet data() {
    INDArray x = Nd4j.create(DataType.DOUBLE, 12, 4);
    INDArray y = Nd4j.zeros(DataType.DOUBLE, 12, 3);
    for (int i = 0; i < 12; i++) {
      for (int j = 0; j < 4; j++) {
        x.putScalar(i, j, Math.sin(1.7 * (4 * i + j)));
      }
      y.putScalar(i, i % 3, 1);
    }
    return new DataSet(x, y);
  }

  /** Of the loss with its L1 and L2 terms. */
  private static double[] exact(MultiLayerNetwork network) {
    ModelObjective objective = objective(network);
    network.computeGradientAndScore();
    double[] gradient =
        network.getFlattenedGradients().div(objective.batch().examples()).toDoubleVector();
    objective.addPenaltyGradient(gradient);
    return gradient;
  }

  private static ModelObjective objective(Model network) {
    ModelObjective objective = new ModelObjective(network);
    objective.use(
        new org.nd4j.linalg.dataset.MultiDataSet(data().getFeatures(), data().getLabels()));
    return objective;
  }

  private static double cosine(double[] a, double[] b) {
    INDArray x = Nd4j.createFromArray(a);
    INDArray y = Nd4j.createFromArray(b);
    return Nd4j.getBlasWrapper().dot(x, y)
        / (x.norm2Number().doubleValue() * y.norm2Number().doubleValue());
  }

  private static double distance(double[] a, double[] b) {
    return Nd4j.createFromArray(a).distance2(Nd4j.createFromArray(b))
        / Nd4j.createFromArray(b).norm2Number().doubleValue();
  }

  /** An estimate's variance is about units times the gradient's square, over queries: 1 in 50. */
  @ParameterizedTest
  @EnumSource
  void theMeanIsTheGradient(Difference difference) {
    MultiLayerNetwork network =
        difference == Difference.FORWARD
            ? network(5, LossFunction.MCXENT, Activation.SOFTMAX)
            : network(5, LossFunction.MSE, Activation.IDENTITY);
    double[] exact = exact(network);
    NodePerturbation estimator =
        NodePerturbation.builder().difference(difference).queries(250).build();
    ModelObjective objective = objective(network);
    INDArray before = network.params().dup();
    Estimate estimate = estimator.estimate(objective, true, NOISE, 1e-4, 0);
    assertTrue(
        distance(estimate.gradient(), exact) < 0.4,
        "off by " + distance(estimate.gradient(), exact));
    assertEquals(network.score(data()), estimate.value(), 1e-3);
    assertEquals(difference == Difference.CENTRAL ? 501 : 252, estimate.evaluations());
    assertEquals(estimate.evaluations(), objective.evaluations());
    assertEquals(before, network.params());

    ModelObjective graph = objective(network.toComputationGraph());
    NodePerturbation few = NodePerturbation.builder().difference(difference).queries(3).build();
    assertArrayEquals(
        few.estimate(objective, true, NOISE, 1e-4, 1).gradient(),
        few.estimate(graph, true, NOISE, 1e-4, 1).gradient(),
        1e-9);
  }

  @Test
  void itIsNearerThanDirectionsOfTheWeightsOfAWideLayer() {
    MultiLayerNetwork network = network(60, LossFunction.MCXENT, Activation.SOFTMAX);
    double[] exact = exact(network);
    ModelObjective objective = objective(network);
    double[] nodes =
        NodePerturbation.builder()
            .queries(40)
            .build()
            .estimate(objective, true, NOISE, 1e-4, 0)
            .gradient();
    double[] weights =
        RandomizedGradient.builder()
            .queries(40)
            .build()
            .estimate(objective, network.params().dup(), NOISE, 1e-4)
            .gradient();
    assertTrue(
        cosine(nodes, exact) > 1.2 * cosine(weights, exact),
        cosine(nodes, exact) + " against " + cosine(weights, exact));
  }

  @Test
  void itTrainsNetworksAndGraphsAndServesTheListener() {
    EstimatedGradient method =
        EstimatedGradient.builder()
            .estimator(NodePerturbation.builder().queries(4).build())
            .updater(new Adam(0.03))
            .build();
    MultiLayerNetwork network = network(8, LossFunction.MCXENT, Activation.SOFTMAX);
    ComputationGraph graph = network.toComputationGraph();
    MultiLayerNetwork listened = network.clone();
    ZerothOrder.attach(network, method);
    ZerothOrder.attach(graph, method);
    listened.setListeners(
        new ZerothOrderGradientListener(NodePerturbation.builder().queries(4).build(), 0));
    DataSet data = data();
    double before = network.score(data);
    for (int i = 0; i < 30; i++) {
      network.fit(data);
      graph.fit(data);
      listened.fit(data);
    }
    assertTrue(network.score(data) < before - 0.1, before + " to " + network.score(data));
    assertTrue(listened.score(data) < before - 0.1, before + " to " + listened.score(data));
    assertEquals(0, network.params().distance2(graph.params()), 1e-6);
    assertEquals(30 * 9, ZerothOrder.of(network).evaluations());
  }

  @Test
  void layersWithoutUnitsItKnowsGetThePenaltyAlone() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build())
                .layer(new BatchNormalization())
                .layer(new OutputLayer.Builder().nOut(3).build())
                .setInputType(InputType.feedForward(4))
                .build());
    network.init();
    double[] gradient =
        NodePerturbation.builder()
            .build()
            .estimate(objective(network), true, NOISE, 1e-3, 0)
            .gradient();
    int trained =
        ModelAccess.of(network).trainableVariables().stream().mapToInt(v -> (int) v.length()).sum();
    assertEquals(trained, gradient.length);
    for (int i = 0; i < trained; i++) {
      boolean normalization = i >= 25 && i < 35;
      assertEquals(normalization, gradient[i] == 0, "entry " + i);
    }
  }

  /** The steps of a sequence are the rows of a dense layer. */
  @Test
  void sequencesShareTheLossOfTheirExample() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.1))
                .list()
                .layer(new DenseLayer.Builder().nIn(2).nOut(2).activation(Activation.TANH).build())
                .layer(new GlobalPoolingLayer(PoolingType.AVG))
                .layer(
                    new LossLayer.Builder(LossFunction.MSE).activation(Activation.IDENTITY).build())
                .inputPreProcessor(0, new RnnToFeedForwardPreProcessor())
                .inputPreProcessor(1, new FeedForwardToRnnPreProcessor())
                .build());
    network.init();
    INDArray x = Nd4j.create(DataType.DOUBLE, 3, 2, 4);
    for (int i = 0; i < 24; i++) {
      x.putScalar(new int[] {i / 8, i / 4 % 2, i % 4}, Math.sin(1.7 * i));
    }
    INDArray y = Nd4j.createFromArray(new double[][] {{1, 0}, {0, 1}, {1, 0}});
    ModelObjective objective = new ModelObjective(network);
    objective.use(new org.nd4j.linalg.dataset.MultiDataSet(x, y));
    double[] gradient =
        NodePerturbation.builder()
            .queries(300)
            .build()
            .estimate(objective, true, NOISE, 1e-4, 0)
            .gradient();
    network.setInput(x);
    network.setLabels(y);
    network.computeGradientAndScore();
    double[] exact = network.getFlattenedGradients().div(3).toDoubleVector();
    assertTrue(distance(gradient, exact) < 0.4, "off by " + distance(gradient, exact));
  }

  @Test
  void whatItCannotDoIsNamed() throws IOException {
    NodePerturbation estimator = NodePerturbation.builder().queries(2).build();
    ObjectMapper json = new ObjectMapper();
    assertEquals(
        estimator, json.readValue(json.writeValueAsString(estimator), GradientEstimator.class));
    named("queries", () -> NodePerturbation.builder().queries(0).build());
    named(
        "plain function",
        () -> estimator.estimate(x -> 0, Nd4j.zeros(DataType.DOUBLE, 2), NOISE, 1));
    EstimatedGradient method = EstimatedGradient.builder().estimator(estimator).build();
    named("plain function", () -> method.minimize(x -> 0, Nd4j.zeros(DataType.DOUBLE, 2), 1));
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(new LSTM.Builder().nIn(2).nOut(3).build())
                .layer(new RnnOutputLayer.Builder().nIn(3).nOut(2).build())
                .build());
    network.init();
    ZerothOrder.attach(network, method);
    DataSet sequences =
        new DataSet(Nd4j.zeros(DataType.FLOAT, 2, 2, 4), Nd4j.zeros(DataType.FLOAT, 2, 2, 4));
    named("no dense or output layer", () -> network.fit(sequences));
    MultiLayerNetwork masked = network(5, LossFunction.MCXENT, Activation.SOFTMAX);
    ZerothOrder.attach(masked, method);
    DataSet data = data();
    data.setLabelsMaskArray(Nd4j.ones(DataType.DOUBLE, 12, 1));
    named("masks", () -> masked.fit(data));

    MultiLayerNetwork bad = network(5, LossFunction.MCXENT, Activation.SOFTMAX);
    ZerothOrder.attach(bad, method);
    INDArray before = bad.params().dup();
    DataSet spoilt = data();
    spoilt.getFeatures().putScalar(0, Double.NaN);
    bad.fit(spoilt);
    assertEquals(1, ZerothOrder.of(bad).skippedSteps());
    assertEquals(before, bad.params());
  }

  private static void named(String what, org.junit.jupiter.api.function.Executable run) {
    Exception e = assertThrows(IllegalArgumentException.class, run);
    assertTrue(e.getMessage().contains(what), e.getMessage());
  }
}
