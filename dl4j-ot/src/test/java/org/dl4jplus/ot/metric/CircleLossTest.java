package org.dl4jplus.ot.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CircleLossTest {

  private static final int[] LABELS = {0, 1, 0, 2, 1, -1};

  /** Central differences of a function of size 30 with third derivatives of about gamma^3. */
  private static final double DIFFERENCES = 1e-4;

  private final Random random = new Random(4);
  private final double[][] embeddings = new double[6][3];

  CircleLossTest() {
    for (double[] row : embeddings) {
      Arrays.setAll(row, k -> random.nextGaussian());
    }
  }

  @Test
  void gradientOfTheDifferentiableLoss() {
    CircleLoss loss = CircleLoss.builder().gamma(4.0).constantWeights(false).build();
    double[][] gradient = loss.pairs(embeddings, LABELS).gradient();
    for (double[] row : embeddings) {
      for (int k = 0; k < row.length; k++) {
        double x = row[k];
        row[k] = x + 1e-5;
        double up = loss.pairs(embeddings, LABELS).loss();
        row[k] = x - 1e-5;
        double down = loss.pairs(embeddings, LABELS).loss();
        row[k] = x;
        assertEquals(
            (up - down) / 2e-5, gradient[Arrays.asList(embeddings).indexOf(row)][k], DIFFERENCES);
      }
    }
    assertArrayEquals(new double[3], gradient[5], "an example that takes no part");
  }

  /** With constant weights it is the gradient of a loss that has them frozen. */
  @Test
  void constantWeightsAreNotDifferentiated() {
    double m = 0.25;
    double gamma = 8;
    CircleLoss loss = CircleLoss.builder().margin(m).gamma(gamma).build();
    double[] cosines = {0.3, -0.1, 0.7};
    double[] gradient = new double[3];
    loss.classes(cosines, 2, gradient);
    double[] weights = {0.3 + m, -0.1 + m, 1 + m - 0.7};
    for (int k = 0; k < 3; k++) {
      double[] up = cosines.clone();
      up[k] += 1e-5;
      double[] down = cosines.clone();
      down[k] -= 1e-5;
      double slope = (frozen(up, weights, m, gamma) - frozen(down, weights, m, gamma)) / 2e-5;
      assertEquals(slope, gradient[k], 1e-7);
    }
    assertEquals(
        frozen(cosines, weights, m, gamma), loss.classes(cosines, 2, new double[3]), 1e-12);
  }

  private static double frozen(double[] c, double[] weights, double m, double gamma) {
    double[] z = {
      gamma * weights[0] * (c[0] - m),
      gamma * weights[1] * (c[1] - m),
      gamma * weights[2] * (c[2] - 1 + m)
    };
    return Math.log(Arrays.stream(z).map(Math::exp).sum()) - z[2];
  }

  @Test
  void withoutPairsThereIsNoLoss() {
    CircleLoss loss = CircleLoss.builder().build();
    for (int[] labels : new int[][] {{0, 0, 0, 0, 0, 0}, {0, 1, 2, 3, 4, 5}, new int[6]}) {
      CircleLoss.Pairs pairs = loss.pairs(embeddings, labels);
      assertEquals(0, pairs.loss());
      assertArrayEquals(new double[6][3], pairs.gradient());
    }
    assertEquals(0, loss.pairs(new double[0][], new int[0]).loss());
  }

  @Test
  void zeroEmbeddingsGiveFiniteNumbers() {
    Arrays.fill(embeddings[0], 0);
    CircleLoss.Pairs pairs = CircleLoss.builder().gamma(256.0).build().pairs(embeddings, LABELS);
    assertTrue(Double.isFinite(pairs.loss()));
    for (double[] row : pairs.gradient()) {
      assertTrue(Arrays.stream(row).allMatch(Double::isFinite));
    }
  }

  @Test
  void lengthsDoNotMatter() {
    CircleLoss loss = CircleLoss.builder().build();
    double before = loss.pairs(embeddings, LABELS).loss();
    for (int k = 0; k < 3; k++) {
      embeddings[2][k] *= 7;
    }
    assertEquals(before, loss.pairs(embeddings, LABELS).loss(), 1e-11);
  }

  @Test
  void badArgumentsAreNamed() {
    assertNamed("margin", () -> CircleLoss.builder().margin(-0.1).build());
    assertNamed("margin", () -> CircleLoss.builder().margin(1.5).build());
    assertNamed("gamma", () -> CircleLoss.builder().gamma(0.0).build());
    assertNamed("gamma", () -> CircleLoss.builder().gamma(Double.POSITIVE_INFINITY).build());
    CircleLoss loss = CircleLoss.builder().build();
    assertNamed("labels", () -> loss.pairs(embeddings, new int[2]));
    assertNamed("label", () -> loss.classes(new double[2], 2, new double[2]));
  }

  private static void assertNamed(String name, Runnable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action::run);
    assertTrue(e.getMessage().contains(name), e.getMessage());
  }
}
