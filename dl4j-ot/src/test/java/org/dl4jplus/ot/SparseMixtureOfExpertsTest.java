package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.SparseMixtureOfExperts.Routing;
import org.dl4jplus.ot.SparseMixtureOfExperts.Unmatched;
import org.dl4jplus.ot.experts.ExpertMixture;
import org.dl4jplus.ot.experts.Gates;
import org.dl4jplus.ot.experts.Router;
import org.dl4jplus.ot.experts.SoftmaxRouter;
import org.dl4jplus.ot.experts.TransportRouter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;

class SparseMixtureOfExpertsTest {

  private static final int BATCH = 6;

  private final Random random = new Random(5);

  private double[] gaussian(int length) {
    return random.doubles(length).map(u -> random.nextGaussian()).toArray();
  }

  private static SparseMixtureOfExperts.Builder experts() {
    return new SparseMixtureOfExperts.Builder()
        .nOut(3)
        .numExperts(3)
        .capacity(2)
        .expertHidden(2)
        .activation(Activation.TANH);
  }

  private static DataSet data(long... shape) {
    Nd4j.getRandom().setSeed(8);
    INDArray labels = Nd4j.zeros(DataType.FLOAT, shape[0], 2);
    for (int i = 0; i < shape[0]; i++) {
      labels.putScalar(i, i % 2, 1);
    }
    return new DataSet(Nd4j.randn(DataType.FLOAT, shape), labels);
  }

  private static NetworkChecks vectors(SparseMixtureOfExperts experts) {
    return new NetworkChecks(
        InputType.feedForward(3),
        new DenseLayer.Builder().nOut(3).activation(Activation.TANH).build(),
        experts,
        new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build());
  }

  /** Where no potentials are held every derivative is exact, the router's too. */
  @ParameterizedTest
  @CsvSource({"TRANSPORT, ZERO, 0.3", "TRANSPORT, IDENTITY, 1", "SOFTMAX, ZERO, 1"})
  void networks(Routing routing, Unmatched unmatched, double gamma) {
    vectors(
            experts()
                .routing(routing)
                .unmatched(unmatched)
                .gamma(gamma)
                .routingIterations(0)
                .expertsPerToken(2)
                .build())
        .gradients(data(BATCH, 3))
        .persistence(data(BATCH, 3));
  }

  /** With the potentials held it is so for all but the router, which stands at the bottom here. */
  @Test
  void networksWithTransport() {
    new NetworkChecks(
            InputType.feedForward(3),
            experts().build(),
            new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build())
        .gradients(data(BATCH, 3), Set.of("0_R", "layer0_R"))
        .persistence(data(BATCH, 3));
  }

  @Test
  void networksOfSequencesWithMasks() {
    NetworkChecks checks =
        new NetworkChecks(
            InputType.recurrent(3),
            experts().routingIterations(0).capacity(4).gamma(3).build(),
            new GlobalPoolingLayer.Builder().build(),
            new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build());
    DataSet data = data(3, 3, 4);
    checks.gradients(data).persistence(data);
    data.setFeaturesMaskArray(
        Nd4j.createFromArray(new float[][] {{1, 1, 0, 1}, {1, 0, 0, 0}, {1, 1, 1, 1}}));
    checks.gradients(data).persistence(data);
  }

  /** A router that gives what it was given once. */
  private record Held(Gates gates) implements Router {
    @Override
    public Gates route(double[] scores, int tokens, int experts) {
      return gates;
    }

    @Override
    public double[] backward(double[] scores, Gates of, double[] gradient) {
      return new double[gradient.length];
    }
  }

  @Test
  void expertsAloneHaveExactDerivatives() {
    ExpertMixture mixture = new ExpertMixture(2, 3, 2, 3, new ActivationTanH(), true);
    double[] x = gaussian(10);
    ExpertMixture.Weights weights = weights();
    Gates gates = new Gates(5, 3, new double[] {1, 0, 0, .5, 0, .5, 0, 0, 0, 0, 2, 0, 0, 1, 1});
    double[] upstream = gaussian(10);
    ExpertMixture.Weights sums =
        new ExpertMixture.Weights(
            new double[6], new double[18], new double[9], new double[18], new double[6]);
    double[] below = mixture.run(x, weights, new Held(gates)).backward(upstream, sums);
    double[][] at = {x, weights.first(), weights.firstBias(), weights.second()};
    double[][] gradients = {below, sums.first(), sums.firstBias(), sums.second()};
    for (int a = 0; a < at.length; a++) {
      for (int k = 0; k < at[a].length; k++) {
        double before = at[a][k];
        at[a][k] = before + 1e-5;
        double up = dot(upstream, mixture.run(x, weights, new Held(gates)).output());
        at[a][k] = before - 1e-5;
        double down = dot(upstream, mixture.run(x, weights, new Held(gates)).output());
        at[a][k] = before;
        assertEquals((up - down) / 2e-5, gradients[a][k], 1e-7);
      }
    }
  }

  private ExpertMixture.Weights weights() {
    return new ExpertMixture.Weights(
        gaussian(6), gaussian(18), gaussian(9), gaussian(18), gaussian(6));
  }

  private static double dot(double[] p, double[] q) {
    double sum = 0;
    for (int k = 0; k < p.length; k++) {
      sum += p[k] * q[k];
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 30})
  void noExpertHasMoreThanItsCapacity(int iterations) {
    double[] scores = gaussian(40 * 4);
    for (int i = 0; i < 40; i++) {
      // Everyone's favourite.
      scores[i * 4] += 3;
    }
    Gates gates = new TransportRouter(12, 1, iterations).route(scores, 40, 4);
    for (int load : gates.loads()) {
      assertTrue(load >= 1 && load <= 12, Arrays.toString(gates.loads()));
    }
    assertTrue(gates.loadRatio() <= 1.2);
    for (int e = 0; e < 4; e++) {
      double sum = 0;
      for (int i = 0; i < 40; i++) {
        sum += gates.weights()[i * 4 + e];
      }
      assertEquals(10, sum, 1e-12);
    }
    assertTrue(new SoftmaxRouter(1, true).route(scores, 40, 4).loadRatio() > 2);
  }

  @Test
  void wideTransportMatchesEveryToken() {
    Gates gates = new TransportRouter(20, 50, 200).route(gaussian(20 * 4), 20, 4);
    assertEquals(0, gates.unmatched());
    for (int i = 0; i < 20; i++) {
      assertEquals(1, Arrays.stream(gates.weights(), i * 4, i * 4 + 4).sum(), 1e-6);
    }
  }

  @Test
  void routersDerivatives() {
    double[] scores = gaussian(5 * 3);
    double[] g = gaussian(5 * 3);
    for (Router router :
        new Router[] {
          new TransportRouter(3, 0.7, 0), new TransportRouter(5, 5, 0), new SoftmaxRouter(2, true)
        }) {
      double[] gradient = router.backward(scores, router.route(scores, 5, 3), g);
      for (int k = 0; k < scores.length; k++) {
        double before = scores[k];
        scores[k] = before + 1e-6;
        double up = dot(g, router.route(scores, 5, 3).weights());
        scores[k] = before - 1e-6;
        double down = dot(g, router.route(scores, 5, 3).weights());
        scores[k] = before;
        assertEquals((up - down) / 2e-6, gradient[k], 1e-7, router.toString());
      }
    }
  }

  @Test
  void tokenWithoutExpertIsZeroOrItself() {
    INDArray x = data(BATCH, 3).getFeatures().castTo(DataType.DOUBLE);
    for (Unmatched unmatched : Unmatched.values()) {
      MultiLayerNetwork net =
          new NetworkChecks(
                  InputType.feedForward(3),
                  experts().capacity(1).unmatched(unmatched).build(),
                  new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build())
              .network(DataType.DOUBLE, new Sgd(1));
      Gates gates = SparseMixtureOfExperts.gates(net.getLayer(0), x, true);
      assertTrue(gates.unmatched() >= BATCH - 3);
      INDArray y = net.feedForward(x, true).get(1);
      for (int i = 0; i < BATCH; i++) {
        if (Arrays.stream(gates.weights(), 3 * i, 3 * i + 3).sum() == 0) {
          INDArray expected = unmatched == Unmatched.ZERO ? x.getRow(i).mul(0) : x.getRow(i);
          assertEquals(expected, y.getRow(i));
        }
      }
    }
  }

  /** By tokens, an output does not depend on the rest of the batch; nor do large batches fail. */
  @Test
  void inference() {
    NetworkChecks checks = vectors(experts().inferenceRouting(Routing.TOKEN_TOP1).build());
    MultiLayerNetwork net = checks.network(DataType.DOUBLE, new Sgd(1));
    INDArray x = data(40, 3).getFeatures().castTo(DataType.DOUBLE);
    INDArray all = net.output(x).dup();
    INDArray some = net.output(x.get(NDArrayIndex.interval(0, 2), NDArrayIndex.all()));
    assertTrue(some.equalsWithEps(all.getRows(0, 1), 1e-14));
    assertEquals(0, SparseMixtureOfExperts.gates(net.getLayer(1), x, false).unmatched());
    MultiLayerNetwork transport = vectors(experts().build()).network(DataType.DOUBLE, new Sgd(1));
    int[] loads = SparseMixtureOfExperts.gates(transport.getLayer(1), x, false).loads();
    assertTrue(Arrays.stream(loads).max().orElseThrow() > 2);
    assertTrue(Arrays.stream(loads).max().orElseThrow() <= 14);
    loads = SparseMixtureOfExperts.gates(transport.getLayer(1), x, true).loads();
    assertArrayEquals(new int[] {2, 2, 2}, loads);
  }

  @Test
  void maskedStepsAreNotThere() {
    MultiLayerNetwork net =
        new NetworkChecks(
                InputType.recurrent(3),
                experts().build(),
                new GlobalPoolingLayer.Builder().build(),
                new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build())
            .network(DataType.DOUBLE, new Sgd(1));
    INDArray x = data(2, 3, 4).getFeatures().castTo(DataType.DOUBLE);
    net.setLayerMaskArrays(Nd4j.createFromArray(new double[][] {{1, 1, 0, 0}, {0, 0, 0, 0}}), null);
    INDArray masked = net.feedForward(x).get(1).dup();
    net.setLayerMaskArrays(Nd4j.zeros(DataType.DOUBLE, 2, 4), null);
    assertEquals(0, net.feedForward(x).get(1).amaxNumber().doubleValue());
    net.clearLayerMaskArrays();
    INDArray part =
        x.get(NDArrayIndex.interval(0, 1), NDArrayIndex.all(), NDArrayIndex.interval(0, 2)).dup();
    INDArray two = net.feedForward(part).get(1);
    for (int o = 0; o < 3; o++) {
      assertEquals(two.getDouble(0, o, 1), masked.getDouble(0, o, 1), 1e-14);
      assertEquals(0, masked.getDouble(0, o, 2));
      assertEquals(0, masked.getDouble(1, o, 0));
    }
  }

  @Test
  void badArgumentsAreNamed() {
    assertNamed("capacity", () -> experts().capacity(0).build());
    assertNamed("nOut", () -> experts().nOut(0).build());
    assertNamed("nIn", () -> experts().nIn(-1).build());
    assertNamed("numExperts", () -> experts().numExperts(0).build());
    assertNamed("expertHidden", () -> experts().expertHidden(0).build());
    assertNamed("gamma", () -> experts().gamma(0).build());
    assertNamed("routingIterations", () -> experts().routingIterations(-1).build());
    assertNamed("expertsPerToken", () -> experts().expertsPerToken(0).build());
    assertNamed("routing", () -> experts().routing(Routing.TOKEN_TOP1).build());
    assertNamed("unmatched", () -> experts().unmatched(null).build());
    assertNamed("IDENTITY", () -> experts().nIn(2).unmatched(Unmatched.IDENTITY).build());
    assertNamed("experts", () -> new ExpertMixture(1, 1, 1, 0, new ActivationTanH(), false));
    assertNamed("outputs", () -> new ExpertMixture(1, 1, 2, 1, new ActivationTanH(), true));
    assertNamed("finite", () -> new SoftmaxRouter(1, true).route(new double[] {Double.NaN}, 1, 1));
    assertThrows(
        IllegalStateException.class,
        () ->
            new NetworkChecks(
                    InputType.convolutional(2, 2, 1),
                    experts().build(),
                    new OutputLayer.Builder().nOut(2).build())
                .network(DataType.FLOAT, new Sgd(1)));
    MultiLayerNetwork net = vectors(experts().build()).network(DataType.FLOAT, new Sgd(1));
    INDArray wrong = Nd4j.ones(2, 5);
    assertNamed("layer", () -> SparseMixtureOfExperts.gates(net.getLayer(0), wrong, true));
    assertNamed("[batch, 3]", () -> SparseMixtureOfExperts.gates(net.getLayer(1), wrong, true));
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
