package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.privacy.accounting.Releases.ADD_REMOVE;
import static org.dl4jplus.privacy.accounting.Releases.gaussian;
import static org.dl4jplus.privacy.accounting.Releases.poisson;
import static org.dl4jplus.privacy.accounting.Releases.subset;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.Random;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Laplace;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PureDp;
import org.dl4jplus.privacy.accounting.PrivacyEvent.RdpCurve;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Tree;
import org.dl4jplus.privacy.accounting.PrivacyEvent.ZCdp;
import org.junit.jupiter.api.Test;

class RenyiDivergenceTest {

  @Test
  void edgesOfThePoissonSample() {
    for (double order : new double[] {1.1, 2, 7.3, 64}) {
      assertEquals(0, RenyiDivergence.of(poisson(0, 1), order));
      assertEquals(Double.POSITIVE_INFINITY, RenyiDivergence.of(poisson(0.1, 0), order));
      assertEquals(order / 8, RenyiDivergence.of(poisson(1, 2), order), 1e-15);
      assertEquals(order / 8, RenyiDivergence.of(poisson(1 - 1e-13, 2), order), 1e-9);
      assertEquals(order / 8, RenyiDivergence.of(gaussian(2), order), 1e-15);
    }
  }

  /** Worked out with mpmath, 40 digits. */
  @Test
  void keepsItsDigitsWhereTheDivergenceIsSmallOrTheSeriesDiverges() {
    double[][] known = KnownDivergences.POISSON;
    for (double[] k : known) {
      assertEquals(k[3], RenyiDivergence.of(poisson(k[0], k[1]), k[2]), 1e-12 * k[3]);
    }
  }

  /** Whole orders are a sum and the others an integral. */
  @Test
  void growsWithTheOrderRateAndShrinksWithTheNoise() {
    Random random = new Random(1);
    double[] orders = RdpAccountant.defaultOrders();
    for (int k = 0; k < 20; k++) {
      double rate = Math.pow(10, -5 * random.nextDouble());
      double sigma = 0.3 * Math.pow(100, random.nextDouble());
      double[] values = RenyiDivergence.of(poisson(rate, sigma), orders);
      for (int i = 1; i < values.length; i++) {
        assertTrue(values[i] >= values[i - 1], rate + " " + sigma + " at " + orders[i]);
      }
      double order = 1.01 + 20 * random.nextDouble();
      double value = RenyiDivergence.of(poisson(rate, sigma), order);
      assertTrue(RenyiDivergence.of(poisson(Math.min(1, 1.1 * rate), sigma), order) > value);
      assertTrue(RenyiDivergence.of(poisson(rate, 1.1 * sigma), order) < value);
    }
  }

  @Test
  void littleNoiseIsBoundedByTheNeighbouringOrders() {
    double below = RenyiDivergence.of(poisson(0.01, 1e-3), 2);
    double above = RenyiDivergence.of(poisson(0.01, 1e-3), 3);
    assertEquals((below + 2 * above) / 3, RenyiDivergence.of(poisson(0.01, 1e-3), 2.5), 1e-6);
  }

  @Test
  void pureReleasesApproachTheirEpsilon() {
    for (double epsilon : new double[] {1e-6, 0.1, 1, 20, 1000}) {
      double last = 0;
      for (double order : new double[] {1.01, 1.5, 2, 8, 64, 1e6, 1e12}) {
        double laplace = RenyiDivergence.of(new Laplace(1 / epsilon, ADD_REMOVE), order);
        double response = RenyiDivergence.of(new PureDp(epsilon, ADD_REMOVE), order);
        assertTrue(laplace <= response && response <= epsilon, epsilon + " at " + order);
        assertTrue(response >= last);
        last = response;
      }
      assertEquals(epsilon, last, 1e-6 * epsilon);
    }
    // By hand, at order 2: log(p^2/(1-p) + (1-p)^2/p).
    double p = Math.E / (1 + Math.E);
    assertEquals(
        Math.log(p * p / (1 - p) + (1 - p) * (1 - p) / p),
        RenyiDivergence.of(new PureDp(1, ADD_REMOVE), 2),
        1e-14);
    assertEquals(
        Math.log(2.0 / 3 * Math.E + Math.exp(-2) / 3),
        RenyiDivergence.of(new Laplace(1, ADD_REMOVE), 2),
        1e-14);
  }

  @Test
  void curvesInOtherEvents() {
    assertEquals(0.6, RenyiDivergence.of(new ZCdp(0.2, ADD_REMOVE), 3), 1e-15);
    Tree tree = new Tree(5, 100, EnumSet.of(Neighbours.REPLACE_ZERO));
    assertEquals(7 * 3 / 50.0, RenyiDivergence.of(tree, 3), 1e-15);
    assertEquals(1, new Tree(1, 1, EnumSet.of(Neighbours.REPLACE_ZERO)).levels());
    assertEquals(2, new Tree(1, 3, EnumSet.of(Neighbours.REPLACE_ZERO)).levels());
    assertEquals(3, new Tree(1, 4, EnumSet.of(Neighbours.REPLACE_ZERO)).levels());
  }

  @Test
  void aCurveIsBoundedBetweenItsOrders() {
    double[] orders = {1.5, 2, 4, 16};
    double[] values = RenyiDivergence.of(poisson(0.1, 1), orders);
    RdpCurve curve = new RdpCurve(orders, values, ADD_REMOVE);
    for (double order = 1.05; order < 16; order += 0.1) {
      double exact = RenyiDivergence.of(poisson(0.1, 1), order);
      assertTrue(RenyiDivergence.of(curve, order) >= exact * (1 - 1e-12), "at " + order);
    }
    assertEquals(values[2], RenyiDivergence.of(curve, 4));
    assertEquals(values[0], RenyiDivergence.of(curve, 1.2));
    assertEquals(Double.POSITIVE_INFINITY, RenyiDivergence.of(curve, 17));
  }

  @Test
  void subsets() {
    for (double[] k : KnownDivergences.SUBSETS) {
      assertEquals(k[2], RenyiDivergence.of(subset(100, 2, k[0]), k[1]), 1e-12 * k[2]);
    }
    assertEquals(0, RenyiDivergence.of(subset(100, 0, 1), 3));
    assertEquals(1.5, RenyiDivergence.of(subset(100, 100, 1), 3), 1e-15);
    // Linear in the logarithm of the expectation.
    double two = RenyiDivergence.of(subset(100, 2, 1), 2);
    double three = 2 * RenyiDivergence.of(subset(100, 2, 1), 3);
    assertEquals((two + three) / 2 / 1.5, RenyiDivergence.of(subset(100, 2, 1), 2.5), 1e-15);
    assertEquals(two / 2 / 0.5, RenyiDivergence.of(subset(100, 2, 1), 1.5), 1e-15);
  }

  @Test
  void badOrders() {
    for (double order : new double[] {1, 0, -2, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(
          IllegalArgumentException.class, () -> RenyiDivergence.of(poisson(0.1, 1), order));
    }
  }
}
