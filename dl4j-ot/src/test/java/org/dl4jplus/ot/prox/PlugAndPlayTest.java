package org.dl4jplus.ot.prox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.LearnedProximalLayer;
import org.dl4jplus.ot.LossProximalMatching;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PlugAndPlayTest {

  private static final double STEP = 0.5;

  private final INDArray matrix =
      Nd4j.createFromArray(new double[][] {{1, 0.2, 0}, {0.1, 0.9, 0.3}});
  private final INDArray y = Nd4j.createFromArray(new double[][] {{3, -2}, {0.1, 0.1}});

  /** The proximal operator of the l1 norm times 0.2. */
  private static INDArray shrunk(INDArray v) {
    INDArray result = v.dup();
    for (long k = 0; k < v.length(); k++) {
      double x = v.getDouble(k);
      result.putScalar(k, Math.signum(x) * Math.max(Math.abs(x) - 0.2, 0));
    }
    return result;
  }

  /**
   * At a minimum the gradient of the squares is a subgradient of the norm, with the sign turned.
   */
  @ParameterizedTest
  @EnumSource
  void solvesTheLasso(PlugAndPlay.Method method) {
    PlugAndPlay.Solution solution =
        PlugAndPlay.builder()
            .method(method)
            .step(STEP)
            .tolerance(1e-12)
            .iterations(10000)
            .build()
            .solve(matrix, y, PlugAndPlayTest::shrunk);
    assertTrue(solution.converged());
    INDArray x = solution.x();
    INDArray gradient = x.mmul(matrix.transpose()).subi(y).mmul(matrix).muli(STEP);
    int zeros = 0;
    for (long k = 0; k < x.length(); k++) {
      if (x.getDouble(k) == 0) {
        zeros++;
        assertTrue(Math.abs(gradient.getDouble(k)) <= 0.2 + 1e-9);
      } else {
        assertEquals(-0.2 * Math.signum(x.getDouble(k)), gradient.getDouble(k), 1e-9);
      }
    }
    assertTrue(zeros > 0 && zeros < x.length());
  }

  /** With a learned proximal network the objective, whose prior the network knows, only falls. */
  @Test
  void objectiveOfALearnedPriorFalls() {
    MultiLayerNetwork net =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.DOUBLE)
                .list()
                .layer(
                    new LearnedProximalLayer.Builder()
                        .nIn(3)
                        .hidden(6)
                        .beta(3)
                        .initMean(-2)
                        .alpha(0.1)
                        .build())
                .layer(
                    new LossLayer.Builder(new LossProximalMatching(0))
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    net.init();
    LearnedProximalLayer layer = (LearnedProximalLayer) net.getLayer(0).conf().getLayer();
    double[] before = {Double.POSITIVE_INFINITY};
    int[] calls = {0};
    UnaryOperator<INDArray> prox =
        v -> {
          ConvexPotential.Point point = layer.potential(v, net.getLayer(0).paramTable());
          INDArray x = net.output(v);
          INDArray residual = x.mmul(matrix.transpose()).subi(y);
          double objective =
              STEP / 2 * residual.mul(residual).sumNumber().doubleValue()
                  + point.prior().sumNumber().doubleValue();
          assertTrue(objective <= before[0] + 1e-12, objective + " after " + before[0]);
          before[0] = objective;
          calls[0]++;
          return x;
        };
    PlugAndPlay.builder().step(STEP).iterations(50).build().solve(matrix, y, prox);
    assertTrue(calls[0] > 3);
  }

  @Test
  void badArgumentsAreNamed() {
    assertNamed("step", () -> PlugAndPlay.builder().step(0.0).build());
    assertNamed("iterations", () -> PlugAndPlay.builder().iterations(0).build());
    assertNamed("tolerance", () -> PlugAndPlay.builder().tolerance(-1.0).build());
    PlugAndPlay solver = PlugAndPlay.builder().iterations(1).build();
    assertNamed("matrix", () -> solver.solve(matrix, matrix, v -> v));
    assertFalse(solver.solve(matrix, y, v -> v).converged());
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
