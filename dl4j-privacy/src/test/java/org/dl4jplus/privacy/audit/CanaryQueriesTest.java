package org.dl4jplus.privacy.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

class CanaryQueriesTest {

  /** Against central differences of (z_y - 3)^2 through the log-probabilities' differences. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void inputGradientIsThatOfTheLogit(boolean graph) {
    Model model = graph ? Nets.graph(4, DataType.DOUBLE) : Nets.network(4, DataType.DOUBLE);
    Classifier classifier = new Classifier(model);
    DataSet data = Nets.data(5, DataType.DOUBLE);
    INDArray x = data.getFeatures();
    int[] classes = ShadowModels.classes(data);
    INDArray parameters = model.params().dup();
    INDArray gradient = classifier.inputGradient(x, classes, (i, z) -> 2 * (z - 3));
    double h = 1e-5;
    for (int i = 0; i < 5; i++) {
      for (int k = 0; k < Nets.WIDTH; k++) {
        double difference =
            (loss(classifier, x, classes, i, k, h) - loss(classifier, x, classes, i, k, -h))
                / (2 * h);
        assertEquals(difference, gradient.getDouble(i, k), 1e-7);
      }
    }
    assertEquals(parameters, model.params());
    // The network is as it was: it answers and trains.
    assertEquals(5, classifier.probabilities(x).length);
  }

  private static double loss(
      Classifier classifier, INDArray x, int[] classes, int row, int feature, double h) {
    INDArray moved = x.dup();
    moved.putScalar(row, feature, moved.getDouble(row, feature) + h);
    double[] logit = new double[1];
    classifier.inputGradient(
        moved,
        classes,
        (i, z) -> {
          if (i == row) {
            logit[0] = z;
          }
          return 0;
        });
    return (logit[0] - 3) * (logit[0] - 3);
  }

  private static double meanLoss(ShadowModels shadows, List<DataSet> queries, boolean offline) {
    double sum = 0;
    for (DataSet query : queries) {
      int[] classes = ShadowModels.classes(query);
      for (int s = 0; s < shadows.models().size(); s++) {
        boolean[] in = shadows.membership()[s];
        double[] found = new double[1];
        new Classifier(shadows.models().get(s))
            .inputGradient(
                query.getFeatures(),
                classes,
                (i, z) -> {
                  double target = in[i] ? 10 : 0;
                  found[0] += offline && in[i] ? 0 : (z - target) * (z - target);
                  return 0;
                });
        sum += found[0];
      }
    }
    return sum / queries.size();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void searchLowersTheLossInsideItsBounds(boolean offline) {
    DataSet data = Nets.data(12, DataType.DOUBLE);
    ShadowModels shadows = Nets.shadows(data, 4, 3, offline);
    CanaryQueries canary =
        CanaryQueries.builder()
            .queries(2)
            .iterations(10)
            .epsilon(0.5)
            .upper(1.5)
            .offline(offline)
            .stopLoss(0.01)
            .build();
    List<DataSet> queries = canary.generate(shadows);
    assertEquals(2, queries.size());
    assertNotEquals(queries.get(0).getFeatures(), queries.get(1).getFeatures());
    double low = data.getFeatures().minNumber().doubleValue();
    for (DataSet query : queries) {
      assertEquals(data.getLabels(), query.getLabels());
      INDArray x = query.getFeatures();
      INDArray distance = Transforms.abs(x.sub(data.getFeatures()));
      // Records above the upper end are cut to it.
      for (int i = 0; i < x.length(); i++) {
        double record = data.getFeatures().getDouble(i);
        assertTrue(x.getDouble(i) <= 1.5 && x.getDouble(i) >= low);
        assertTrue(distance.getDouble(i) <= Math.max(0.5, record - 1.5) + 1e-12);
      }
    }
    double before = meanLoss(shadows, List.of(data), offline);
    double after = meanLoss(shadows, queries, offline);
    assertTrue(after < 0.9 * before, before + " to " + after);
    assertEquals(
        queries.get(1).getFeatures(), canary.generate(shadows).get(1).getFeatures(), "same seed");
  }

  @Test
  void noIterationsLeaveTheRecordItself() {
    DataSet data = Nets.data(5, DataType.FLOAT);
    ShadowModels shadows = Nets.shadows(data, 4, 3, false);
    List<DataSet> queries =
        CanaryQueries.builder().queries(2).iterations(0).build().generate(shadows);
    assertEquals(data.getFeatures(), queries.get(0).getFeatures());
    List<DataSet> noise =
        CanaryQueries.builder()
            .queries(1)
            .iterations(0)
            .epsilon(Double.POSITIVE_INFINITY)
            .start(CanaryQueries.Start.NOISE)
            .build()
            .generate(shadows);
    assertNotEquals(data.getFeatures(), noise.get(0).getFeatures());
  }

  /** With a stop at any loss nothing moves. */
  @Test
  void offlineStopsAtTheLoss() {
    DataSet data = Nets.data(5, DataType.DOUBLE);
    ShadowModels shadows = Nets.shadows(data, 4, 3, false);
    CanaryQueries canary = CanaryQueries.builder().queries(1).offline(true).stopLoss(1e9).build();
    assertEquals(data.getFeatures(), canary.generate(shadows).get(0).getFeatures());
  }

  @Test
  void queriesAreForLira() {
    DataSet data = Nets.data(20, DataType.DOUBLE);
    ShadowModels shadows = Nets.shadows(data, 6, 3, false);
    CanaryQueries canary = CanaryQueries.builder().queries(2).iterations(3).epsilon(0.1).build();
    AttackResult result = new Lira().leaveOneOut(shadows, canary::generate);
    assertEquals(6 * 20, result.scores().length);
    assertTrue(result.auc() > 0.6, "" + result.auc());
  }

  @Test
  void networksWithoutInputGradientsAreRefused() {
    DataSet data = Nets.data(4, DataType.DOUBLE);
    OutputLayer output =
        new OutputLayer.Builder(LossFunction.MCXENT)
            .nIn(Nets.WIDTH)
            .nOut(Nets.CLASSES)
            .activation(Activation.SOFTMAX)
            .build();
    MultiLayerNetwork normalized =
        network(new BatchNormalization.Builder().nIn(Nets.WIDTH).nOut(Nets.WIDTH).build(), output);
    MultiLayerNetwork frozen =
        network(
            new FrozenLayer(new DenseLayer.Builder().nIn(Nets.WIDTH).nOut(Nets.WIDTH).build()),
            output);
    boolean[][] membership = {{true, true, false, false}, {false, false, true, true}};
    for (MultiLayerNetwork network : List.of(normalized, frozen)) {
      ShadowModels shadows = new ShadowModels(data, List.of(network, network), membership);
      assertThrows(IllegalArgumentException.class, () -> new CanaryQueries().generate(shadows));
    }
  }

  private static MultiLayerNetwork network(Layer... layers) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder().seed(1).dataType(DataType.DOUBLE).list();
    IntStream.range(0, layers.length).forEach(i -> list.layer(i, layers[i]));
    MultiLayerNetwork network = new MultiLayerNetwork(list.build());
    network.init();
    return network;
  }

  @Test
  void badConfigurationIsNamed() {
    assertThrows(IllegalArgumentException.class, () -> CanaryQueries.builder().queries(0).build());
    assertThrows(
        IllegalArgumentException.class, () -> CanaryQueries.builder().epsilon(0.0).build());
    assertThrows(
        IllegalArgumentException.class,
        () -> CanaryQueries.builder().lower(1.0).upper(0.0).build());
    assertThrows(
        IllegalArgumentException.class, () -> CanaryQueries.builder().stochasticK(0).build());
    DataSet data = Nets.data(3, DataType.DOUBLE);
    ShadowModels shadows =
        new ShadowModels(
            data,
            List.of(Nets.network(1, DataType.DOUBLE), Nets.network(2, DataType.DOUBLE)),
            new boolean[][] {{true, false, true}, {false, false, true}});
    String message =
        assertThrows(IllegalArgumentException.class, () -> new CanaryQueries().generate(shadows))
            .getMessage();
    assertTrue(message.startsWith("record 1 "), message);
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new ShadowModels(
                new DataSet(data.getFeatures(), Nd4j.zeros(3, 1)), List.of(), new boolean[0][]));
  }
}
