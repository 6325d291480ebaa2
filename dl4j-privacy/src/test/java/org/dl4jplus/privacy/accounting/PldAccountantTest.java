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
import org.dl4jplus.privacy.accounting.PrivacyEvent.Gaussian;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Laplace;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PureDp;
import org.dl4jplus.privacy.accounting.PrivacyEvent.RdpCurve;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Tree;
import org.dl4jplus.privacy.accounting.PrivacyEvent.ZCdp;
import org.junit.jupiter.api.Test;

class PldAccountantTest {

  private static PldAccountant accountant() {
    return new PldAccountant(Neighbours.ADD_REMOVE);
  }

  private static PldAccountant accountant(double step) {
    return PldAccountant.builder()
        .ledger(new PrivacyLedger(Neighbours.ADD_REMOVE))
        .step(step)
        .build();
  }

  @Test
  void epsilonsOfTheSpecification() {
    assertEquals(1.8282436, accountant().compose(poisson(0.01, 1), 1000).epsilon(1e-5), 1e-6);
    assertEquals(1.649, accountant().compose(poisson(0.001, 0.7), 20000).epsilon(1e-5), 1e-3);
    assertEquals(1.739, accountant().compose(poisson(0.05, 3), 500).epsilon(1e-6), 1e-3);
    PrivacyEvent narrow = poisson(1e-3, 50);
    assertEquals(0.0353, accountant(1e-4).compose(narrow, 100_000).epsilon(1e-5), 1e-4);
    assertEquals(0.0167, accountant(1e-5).compose(narrow, 100_000).epsilon(1e-5), 1e-4);
    assertTrue(accountant().compose(narrow, 100_000).epsilon(1e-5) < 0.0165);
  }

  @Test
  void oneReleaseIsExact() {
    for (PrivacyEvent event :
        new PrivacyEvent[] {
          poisson(0.01, 1), poisson(0.7, 0.5), poisson(1e-4, 0.3), new Laplace(2, ADD_REMOVE)
        }) {
      PldAccountant accountant = accountant().compose(event, 1);
      for (double epsilon : new double[] {0.01, 0.1, 0.3, 0.49, 1, 4}) {
        double exact =
            Math.max(HockeyStick.remove(event, epsilon), HockeyStick.add(event, epsilon));
        double delta = accountant.delta(epsilon);
        assertTrue(delta >= exact, event + " at " + epsilon);
        // 1e-13 is the least that it answers.
        assertEquals(exact, delta, 1e-6 * exact + 1.1e-13);
        if (delta > 1e-11) {
          assertEquals(epsilon, accountant.epsilon(delta), 1e-6 * epsilon);
        }
      }
    }
  }

  @Test
  void gaussianReleasesAreOne() {
    PldAccountant exact = accountant().compose(gaussian(20), 64).compose(poisson(1, 2.5), 1);
    double sigma = 1 / Math.sqrt(64 / 400.0 + 1 / 6.25);
    for (double delta : new double[] {1e-3, 1e-9, 1e-40}) {
      assertEquals(GaussianMechanism.epsilon(sigma, delta), exact.epsilon(delta), 1e-12);
    }
    assertEquals(GaussianMechanism.delta(sigma, 1), exact.delta(1), 1e-15);
    // The same through the grid.
    PldAccountant grid = accountant().compose(poisson(1 - 1e-12, 40), 400);
    double expected = GaussianMechanism.epsilon(2, 1e-6);
    assertEquals(expected, grid.epsilon(1e-6), 1e-3 * expected);
    assertTrue(grid.epsilon(1e-6) >= expected);
  }

  @Test
  void treesAreGaussian() {
    EnumSet<Neighbours> relation = EnumSet.of(Neighbours.REPLACE_ZERO);
    PldAccountant accountant = new PldAccountant(Neighbours.REPLACE_ZERO);
    accountant.compose(new Tree(10, 3, relation), 1).compose(new Gaussian(10, relation), 2);
    assertEquals(GaussianMechanism.epsilon(5, 1e-5), accountant.epsilon(1e-5), 1e-12);
  }

  /** k times randomised response is a binomial distribution of losses. */
  @Test
  void pureReleases() {
    double epsilon = 0.1;
    int times = 100;
    double p = 1 / (1 + Math.exp(-epsilon));
    PldAccountant accountant = accountant().compose(new PureDp(epsilon, ADD_REMOVE), times);
    for (double total : new double[] {1, 3, 5}) {
      double expected = 0;
      double logBinomial = 0;
      for (int i = 0; i <= times; i++) {
        double loss = epsilon * (2 * i - times);
        double mass = Math.exp(logBinomial + i * Math.log(p) + (times - i) * Math.log1p(-p));
        expected += loss > total ? -Math.expm1(total - loss) * mass : 0;
        logBinomial += Math.log((times - i) / (i + 1.0));
      }
      assertEquals(expected, accountant.delta(total), 1e-7 * expected + 1e-13);
      assertTrue(accountant.delta(total) >= expected * (1 - 1e-9));
    }
    assertEquals(10, accountant.epsilon(0), 1e-12);
    assertEquals(0, accountant.delta(10.001));
  }

  @Test
  void isNotAboveTheRenyiAccountant() {
    Random random = new Random(7);
    for (int k = 0; k < 8; k++) {
      PrivacyLedger ledger = new PrivacyLedger(Neighbours.ADD_REMOVE);
      for (int parts = random.nextInt(2); parts >= 0; parts--) {
        double rate = Math.pow(10, -5 * random.nextDouble());
        double sigma = 0.3 * Math.pow(150, random.nextDouble());
        ledger.add(poisson(rate, sigma), 1 + random.nextInt(10_000));
      }
      double renyi = new RdpAccountant(ledger).epsilon(1e-5);
      assertTrue(
          new PldAccountant(ledger).epsilon(1e-5) <= renyi * (1 + 1e-9), ledger.entries() + "");
    }
  }

  @Test
  void differentReleasesAddUpInAnyOrder() {
    PldAccountant forth = accountant().compose(poisson(0.01, 1), 300);
    forth.compose(new Laplace(10, ADD_REMOVE), 2).compose(gaussian(8), 3);
    forth.compose(poisson(0.02, 2), 200).compose(poisson(0.01, 1), 100);
    PldAccountant back = accountant().compose(gaussian(8), 1).compose(poisson(0.02, 2), 200);
    back.compose(poisson(0.01, 1), 400).compose(gaussian(8), 2);
    double without = back.epsilon(1e-5);
    back.compose(new Laplace(10, ADD_REMOVE), 2);
    assertEquals(forth.epsilon(1e-5), back.epsilon(1e-5), 1e-9);
    assertTrue(back.epsilon(1e-5) > without);
    assertTrue(back.epsilon(1e-5) < without + 0.2 + 1e-6);
    assertEquals(forth.delta(2), back.delta(2), 1e-9 * forth.delta(2));
    assertEquals(1e-5, back.delta(back.epsilon(1e-5)), 1e-9);
  }

  /** A noise that changes all the time: as if it were constant, nearly. */
  @Test
  void manyDifferentReleases() {
    PldAccountant changing = accountant();
    for (int k = 0; k < 64; k++) {
      changing.compose(poisson(0.01, 1 + 1e-5 * k), 10);
    }
    double constant = accountant().compose(poisson(0.01, 1), 640).epsilon(1e-5);
    double changed = changing.epsilon(1e-5);
    assertEquals(constant, changed, 2e-3 * constant);
    assertTrue(changed >= accountant().compose(poisson(0.01, 1.001), 640).epsilon(1e-5) - 1e-6);
  }

  @Test
  void growsWithSteps() {
    double last = 0;
    for (long steps : new long[] {1, 10, 100, 1000, 100_000, 10_000_000, 1_000_000_000}) {
      double epsilon = accountant().compose(poisson(1e-4, 1), steps).epsilon(1e-6);
      assertTrue(epsilon > last);
      last = epsilon;
    }
  }

  @Test
  void aLargeStepIsLooseButValid() {
    double fine = accountant().compose(poisson(0.05, 2), 100).epsilon(1e-5);
    double coarse = accountant(0.02).compose(poisson(0.05, 2), 100).epsilon(1e-5);
    assertTrue(coarse > fine && coarse < 1.5 * fine, coarse + " against " + fine);
  }

  @Test
  void deltasBelowTheRoundingAreRefused() {
    PldAccountant accountant = accountant().compose(poisson(0.01, 1), 100_000);
    assertThrows(IllegalArgumentException.class, () -> accountant.epsilon(9e-12));
    assertEquals(Double.POSITIVE_INFINITY, accountant.epsilon(0));
    PldAccountant tightest =
        PldAccountant.builder().ledger(accountant.ledger()).tightest(true).build();
    assertEquals(1e-11, accountant.delta(300), 1e-25);
    double renyi = new RdpAccountant(accountant.ledger()).epsilon(9e-12);
    assertEquals(renyi, tightest.epsilon(9e-12));
    assertTrue(tightest.epsilon(1e-5) < new RdpAccountant(accountant.ledger()).epsilon(1e-5));
  }

  @Test
  void tightestIsTheSmallerOne() {
    PldAccountant loose =
        PldAccountant.builder()
            .ledger(new PrivacyLedger(Neighbours.ADD_REMOVE))
            .step(1e-4)
            .tightest(true)
            .build();
    loose.compose(poisson(1e-3, 50), 100_000);
    assertEquals(new RdpAccountant(loose.ledger()).epsilon(1e-5), loose.epsilon(1e-5));
    double renyi = new RdpAccountant(loose.ledger()).delta(0.02);
    assertTrue(loose.delta(0.02) <= renyi);
  }

  @Test
  void nothingReleasedCostsNothing() {
    PldAccountant none = accountant().compose(poisson(0, 1), 5).compose(gaussian(1), 0);
    assertEquals(0, none.epsilon(0));
    assertEquals(0, none.epsilon(1e-30));
    assertEquals(0, none.delta(0));
    assertEquals(0, accountant().compose(poisson(1e-3, 5), 1).epsilon(0.1));
    assertEquals(0, accountant().compose(poisson(1e-300, 5), 1000).epsilon(1e-8));
  }

  @Test
  void noNoiseIsNoGuarantee() {
    for (PrivacyEvent event :
        new PrivacyEvent[] {poisson(0.1, 0), gaussian(0), new Laplace(0, ADD_REMOVE)}) {
      PldAccountant accountant = accountant().compose(event, 1).compose(poisson(0.1, 1), 1);
      assertEquals(Double.POSITIVE_INFINITY, accountant.epsilon(1e-5));
      assertEquals(1, accountant.delta(100));
    }
  }

  @Test
  void otherEventsAreRefused() {
    RdpCurve curve = new RdpCurve(new double[] {2}, new double[] {1}, ADD_REMOVE);
    for (PrivacyEvent event : new PrivacyEvent[] {new ZCdp(0.1, ADD_REMOVE), curve}) {
      PldAccountant accountant = accountant();
      assertThrows(IllegalArgumentException.class, () -> accountant.compose(event, 1));
      assertTrue(accountant.ledger().entries().isEmpty());
    }
    PldAccountant replace = new PldAccountant(Neighbours.REPLACE_ONE);
    assertThrows(IllegalArgumentException.class, () -> replace.compose(subset(9, 3, 1), 1));
    assertThrows(IllegalArgumentException.class, () -> replace.compose(poisson(0.1, 1), 1));
    assertThrows(IllegalArgumentException.class, () -> accountant(0));
    assertThrows(IllegalArgumentException.class, () -> accountant().epsilon(1));
    assertThrows(IllegalArgumentException.class, () -> accountant().delta(-0.1));
  }
}
