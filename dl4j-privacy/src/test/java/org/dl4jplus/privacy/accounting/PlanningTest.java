package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.privacy.accounting.Releases.ADD_REMOVE;
import static org.dl4jplus.privacy.accounting.Releases.gaussian;
import static org.dl4jplus.privacy.accounting.Releases.poisson;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.dl4jplus.privacy.accounting.PrivacyEvent.Laplace;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PureDp;
import org.junit.jupiter.api.Test;

/** Closed forms and calibration. */
class PlanningTest {

  private static PrivacyLedger none() {
    return new PrivacyLedger(Neighbours.ADD_REMOVE);
  }

  @Test
  void gaussianMechanism() {
    for (double sigma : new double[] {1e-3, 0.3, 1, 7, 1e3, 1e7}) {
      for (double delta : new double[] {1e-300, 1e-12, 1e-5, 0.1}) {
        double epsilon = GaussianMechanism.epsilon(sigma, delta);
        if (epsilon > 0) {
          assertEquals(delta, GaussianMechanism.delta(sigma, epsilon), 1e-6 * delta);
          assertEquals(sigma, GaussianMechanism.sigma(epsilon, delta), 1e-6 * sigma);
          assertTrue(GaussianMechanism.delta(sigma, epsilon) <= delta * (1 + 1e-9));
        } else {
          assertTrue(GaussianMechanism.delta(sigma, 0) <= delta * (1 + 1e-9));
        }
      }
    }
    assertEquals(Double.POSITIVE_INFINITY, GaussianMechanism.epsilon(1, 0));
    assertEquals(Double.POSITIVE_INFINITY, GaussianMechanism.epsilon(0, 0.5));
    assertEquals(1, GaussianMechanism.delta(0, 3));
    assertThrows(IllegalArgumentException.class, () -> GaussianMechanism.delta(-1, 1));
    assertThrows(IllegalArgumentException.class, () -> GaussianMechanism.delta(1, -1));
    assertThrows(IllegalArgumentException.class, () -> GaussianMechanism.epsilon(1, 1));
    assertThrows(IllegalArgumentException.class, () -> GaussianMechanism.sigma(1, 0));
  }

  /** Much noise: delta at 0 is the total variation, 1/(sigma sqrt(2 pi)). */
  @Test
  void muchNoiseKeepsItsDigits() {
    for (double sigma : new double[] {1e6, 1e12, 1e17}) {
      double expected = 1 / (sigma * Math.sqrt(2 * Math.PI));
      assertEquals(expected, GaussianMechanism.delta(sigma, 0), 1e-9 * expected);
      assertEquals(sigma, GaussianMechanism.sigma(0, expected), 1e-9 * sigma);
    }
  }

  @Test
  void zcdp() {
    assertEquals(0.125, Zcdp.rho(2), 1e-15);
    assertEquals(1.9142388320035977, Zcdp.epsilon(0.1, 1e-5), 1e-9);
    assertEquals(0, Zcdp.epsilon(0, 0));
    assertEquals(Double.POSITIVE_INFINITY, Zcdp.epsilon(0.1, 0));
    assertEquals(0, Zcdp.rhoFor(1, 0));
    for (double epsilon : new double[] {1e-3, 0.1, 1, 30}) {
      double rho = Zcdp.rhoFor(epsilon, 1e-6);
      assertTrue(Zcdp.epsilon(rho, 1e-6) <= epsilon);
      assertTrue(Zcdp.epsilon(rho * 1.0001, 1e-6) > epsilon);
      assertTrue(Zcdp.epsilon(rho, 1e-6) <= Zcdp.roughEpsilon(rho, 1e-6));
    }
    // A bound of the exact Gaussian.
    assertTrue(Zcdp.epsilon(Zcdp.rho(3), 1e-5) >= GaussianMechanism.epsilon(3, 1e-5));
    assertThrows(IllegalArgumentException.class, () -> Zcdp.rho(0));
    assertThrows(IllegalArgumentException.class, () -> Zcdp.epsilon(-1, 0.1));
    assertThrows(IllegalArgumentException.class, () -> Zcdp.epsilon(1, 1));
    assertThrows(IllegalArgumentException.class, () -> Zcdp.roughEpsilon(1, 0));
    assertThrows(IllegalArgumentException.class, () -> Zcdp.rhoFor(-1, 0.1));
  }

  @Test
  void centralLimit() {
    GdpAccountant accountant = new GdpAccountant(Neighbours.ADD_REMOVE);
    assertEquals(0, accountant.epsilon(1e-5));
    assertTrue(accountant.approximate());
    accountant.compose(poisson(0.001, 0.7), 20_000);
    assertEquals(1.409, accountant.epsilon(1e-5), 1e-3);
    assertEquals(1e-5, accountant.delta(accountant.epsilon(1e-5)), 1e-12);
    GdpAccountant whole = new GdpAccountant(Neighbours.ADD_REMOVE);
    whole.compose(gaussian(4), 9).compose(poisson(1, 4), 7);
    assertEquals(1, whole.mu(), 1e-15);
    assertEquals(GaussianMechanism.epsilon(1, 1e-5), whole.epsilon(1e-5), 1e-12);
    assertThrows(
        IllegalArgumentException.class, () -> whole.compose(new Laplace(1, ADD_REMOVE), 1));
    assertEquals(2, whole.ledger().entries().size());
  }

  @Test
  void stepsAreTheLastOnesWithinTheTarget() {
    PrivacyLedger spent = none();
    spent.add(poisson(0.02, 2), 50);
    long last = 0;
    for (Accounting accounting : List.of(Accounting.RDP, Accounting.PLD, Accounting.GDP)) {
      long steps = Calibration.steps(accounting, spent, poisson(0.01, 1), 1.5, 1e-5);
      PrivacyAccountant accountant = accounting.create(spent).compose(poisson(0.01, 1), steps);
      assertTrue(accountant.epsilon(1e-5) <= 1.5);
      assertTrue(accountant.compose(poisson(0.01, 1), 1).epsilon(1e-5) > 1.5);
      assertTrue(steps > last);
      last = steps;
    }
  }

  @Test
  void edgesOfSteps() {
    PrivacyLedger spent = none();
    assertEquals(Long.MAX_VALUE, Calibration.steps(Accounting.PLD, spent, poisson(0, 1), 1, 1e-5));
    assertEquals(0, Calibration.steps(Accounting.PLD, spent, poisson(0.5, 0.3), 3, 1e-5));
    assertEquals(0, Calibration.steps(Accounting.RDP, spent, gaussian(1), 5, 0));
    assertEquals(
        10, Calibration.steps(Accounting.RDP, spent, new PureDp(0.1, ADD_REMOVE), 1.0001, 0));
    assertEquals(
        10, Calibration.steps(Accounting.PLD, spent, new PureDp(0.1, ADD_REMOVE), 1.0001, 0));
    spent.add(gaussian(0.5), 1);
    assertEquals(0, Calibration.steps(Accounting.PLD, spent, poisson(0.01, 1), 1, 1e-5));
    assertEquals(0, Calibration.steps(Accounting.PLD, spent, poisson(0, 1), 1, 1e-5));
    assertThrows(
        IllegalArgumentException.class,
        () -> Calibration.steps(Accounting.RDP, none(), gaussian(1), 0, 1e-5));
    assertThrows(
        IllegalArgumentException.class,
        () -> Calibration.steps(Accounting.RDP, none(), gaussian(1), 1, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> Calibration.steps(Accounting.GDP, none(), new Laplace(1, ADD_REMOVE), 1, 1e-5));
  }

  @Test
  void noiseAndRateKeepTheTarget() {
    PrivacyLedger spent = none();
    spent.add(gaussian(20), 1);
    for (Accounting accounting : Accounting.values()) {
      double noise =
          Calibration.noiseMultiplier(
              accounting, spent, sigma -> poisson(0.02, sigma), 200, 1.2, 1e-5);
      assertTrue(epsilon(accounting, spent, 0.02, noise, 200) <= 1.2);
      assertTrue(epsilon(accounting, spent, 0.02, noise * 0.999, 200) > 1.2);
      double rate =
          Calibration.samplingRate(accounting, spent, q -> poisson(q, noise), 200, 1.2, 1e-5);
      assertTrue(epsilon(accounting, spent, rate, noise, 200) <= 1.2);
      assertEquals(0.02, rate, 1e-5);
    }
  }

  private static double epsilon(
      Accounting accounting, PrivacyLedger spent, double rate, double noise, long steps) {
    return accounting.create(spent).compose(poisson(rate, noise), steps).epsilon(1e-5);
  }

  @Test
  void edgesOfNoiseAndRate() {
    assertEquals(
        0.01,
        Calibration.noiseMultiplier(Accounting.RDP, none(), s -> poisson(0.1, s), 1, 1e9, 1e-5));
    assertEquals(
        1, Calibration.samplingRate(Accounting.PLD, none(), q -> poisson(q, 9), 1, 1, 1e-5));
    // The Gaussian mechanism's own calibration.
    assertEquals(
        GaussianMechanism.sigma(2, 1e-6),
        Calibration.noiseMultiplier(Accounting.PLD, none(), Releases::gaussian, 1, 2, 1e-6),
        1e-5);
    for (Accounting accounting : Accounting.values()) {
      assertThrows(
          IllegalArgumentException.class,
          () ->
              Calibration.noiseMultiplier(
                  accounting, none(), s -> poisson(0.9, s), 1_000_000, 0.01, 1e-6));
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> Calibration.samplingRate(Accounting.RDP, none(), q -> poisson(q, 0), 9, 1, 1e-5));
    assertThrows(
        IllegalArgumentException.class,
        () -> Calibration.noiseMultiplier(Accounting.RDP, none(), Releases::gaussian, 0, 1, 1e-5));
  }
}
