package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.privacy.accounting.Releases.ADD_REMOVE;
import static org.dl4jplus.privacy.accounting.Releases.gaussian;
import static org.dl4jplus.privacy.accounting.Releases.poisson;
import static org.dl4jplus.privacy.accounting.Releases.subset;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Laplace;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PureDp;
import org.junit.jupiter.api.Test;

class RdpAccountantTest {

  private static RdpAccountant accountant() {
    return new RdpAccountant(Neighbours.ADD_REMOVE);
  }

  @Test
  void standardOrders() {
    double[] orders = RdpAccountant.defaultOrders();
    assertEquals(156, orders.length);
    assertEquals(1.1, orders[0]);
    assertEquals(10.9, orders[98]);
    assertEquals(11, orders[99]);
    assertEquals(63, orders[151]);
    assertEquals(1024, orders[155]);
  }

  @Test
  void epsilonOfTheSpecification() {
    RdpAccountant accountant = accountant().compose(poisson(0.01, 1), 1000);
    assertEquals(2.1013652716430564, accountant.epsilon(1e-5), 1e-6);
    assertEquals(7.8, accountant.optimalOrder(1e-5), 1e-12);
    assertEquals(2.307, accountant().compose(poisson(0.001, 0.7), 20000).epsilon(1e-5), 1e-3);
  }

  @Test
  void nothingReleasedCostsNothing() {
    for (RdpAccountant none :
        new RdpAccountant[] {
          accountant(),
          accountant().compose(poisson(0.1, 0), 0),
          accountant().compose(poisson(0, 0), 9)
        }) {
      assertEquals(0, none.epsilon(0));
      assertEquals(0, none.epsilon(1e-5));
      assertEquals(0, none.delta(0));
    }
  }

  @Test
  void withoutDeltaOnlyPureReleasesHaveAnEpsilon() {
    RdpAccountant pure =
        accountant().compose(new Laplace(4, ADD_REMOVE), 2).compose(new PureDp(0.1, ADD_REMOVE), 3);
    assertEquals(0.8, pure.epsilon(0), 1e-15);
    assertEquals(0, pure.delta(0.8 + 1e-12));
    assertTrue(pure.epsilon(1e-2) < 0.8);
    assertEquals(Double.POSITIVE_INFINITY, pure.compose(gaussian(100), 1).epsilon(0));
  }

  @Test
  void noNoiseIsNoGuarantee() {
    RdpAccountant accountant = accountant().compose(poisson(0.1, 0), 1);
    assertEquals(Double.POSITIVE_INFINITY, accountant.epsilon(1e-5));
    assertEquals(1, accountant.delta(10));
  }

  @Test
  void growsWithStepsAndRateAndShrinksWithNoise() {
    Random random = new Random(3);
    for (int k = 0; k < 10; k++) {
      double rate = Math.pow(10, -4 * random.nextDouble());
      double sigma = 0.5 + 5 * random.nextDouble();
      long steps = 100 + random.nextInt(10_000);
      double epsilon = accountant().compose(poisson(rate, sigma), steps).epsilon(1e-6);
      assertTrue(accountant().compose(poisson(rate, sigma), 2 * steps).epsilon(1e-6) >= epsilon);
      assertTrue(accountant().compose(poisson(rate / 2, sigma), steps).epsilon(1e-6) <= epsilon);
      assertTrue(accountant().compose(poisson(rate, 2 * sigma), steps).epsilon(1e-6) <= epsilon);
    }
  }

  @Test
  void deltaBelongsToEpsilon() {
    RdpAccountant accountant = accountant().compose(poisson(0.02, 0.9), 700);
    for (double delta : new double[] {1e-3, 1e-5, 1e-8}) {
      // Both are the best order's, of the same inequality.
      assertEquals(delta, accountant.delta(accountant.epsilon(delta)), 1e-9 * delta);
    }
  }

  @Test
  void goesOnFromALedger() {
    RdpAccountant first = accountant().compose(poisson(0.01, 1), 10).compose(gaussian(5), 2);
    RdpAccountant second = new RdpAccountant(first.ledger()).compose(poisson(0.01, 1), 5);
    RdpAccountant whole = accountant().compose(gaussian(5), 2).compose(poisson(0.01, 1), 15);
    assertEquals(whole.epsilon(1e-5), second.epsilon(1e-5), 1e-12);
    second.ledger().add(gaussian(1), 100);
    assertEquals(whole.epsilon(1e-5), second.epsilon(1e-5), 1e-12);
    assertFalse(first.approximate());
  }

  @Test
  void otherOrders() {
    RdpAccountant one = new RdpAccountant(new PrivacyLedger(Neighbours.ADD_REMOVE), 8);
    one.compose(gaussian(4), 1);
    double expected = 8 / 32.0 + Math.log(7 / 8.0) - Math.log(1e-5 * 8) / 7;
    assertEquals(expected, one.epsilon(1e-5), 1e-14);
    assertEquals(8 / 32.0 - Math.log(1e-5) / 7, one.classicEpsilon(1e-5), 1e-14);
    assertThrows(IllegalArgumentException.class, () -> one.classicEpsilon(0));
    PrivacyLedger none = new PrivacyLedger(Neighbours.ADD_REMOVE);
    for (double[] orders : new double[][] {{}, {1}, {3, 2}, {2, 2}, {Double.NaN}}) {
      assertThrows(IllegalArgumentException.class, () -> new RdpAccountant(none, orders));
    }
  }

  @Test
  void badInput() {
    RdpAccountant accountant = accountant();
    for (double delta : new double[] {-1e-9, 1, 2, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> accountant.epsilon(delta));
    }
    assertThrows(IllegalArgumentException.class, () -> accountant.delta(-1));
    assertThrows(IllegalArgumentException.class, () -> accountant.compose(gaussian(1), -1));
    assertThrows(IllegalArgumentException.class, () -> accountant.compose(subset(9, 3, 1), 1));
  }
}
