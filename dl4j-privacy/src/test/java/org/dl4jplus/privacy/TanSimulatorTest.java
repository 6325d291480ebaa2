package org.dl4jplus.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.accounting.RdpAccountant;
import org.dl4jplus.privacy.sampling.Sampling;
import org.junit.jupiter.api.Test;

class TanSimulatorTest {

  private static final DpConfig CONFIG =
      DpConfig.builder()
          .expectedBatchSize(800.0)
          .noiseMultiplier(20.0)
          .steps(200)
          .clipNorm(0.7)
          .targetEpsilon(3.0)
          .targetDelta(1e-4)
          .build();

  private static double epsilon(double batch, double sigma) {
    PrivacyLedger ledger = new PrivacyLedger(Neighbours.ADD_REMOVE);
    ledger.add(
        new PrivacyEvent.PoissonGaussian(batch / 50_000, sigma, EnumSet.of(Neighbours.ADD_REMOVE)),
        2500);
    return new RdpAccountant(ledger).epsilon(1e-5);
  }

  @Test
  void batchOverNoiseDecidesEpsilonUnlessThereIsLittleNoise() {
    for (double sigma : new double[] {2.5, 3, 5}) {
      double one = epsilon(512 * sigma, sigma);
      assertEquals(one, epsilon(1024 * sigma, 2 * sigma), 0.05 * one);
      TanSimulator tan = new TanSimulator(CONFIG, 512 * sigma, sigma, 2500, 50_000);
      assertEquals(one, tan.plannedEpsilon(1e-5), 0.15 * one);
    }
    assertTrue(epsilon(512 * 0.6, 0.6) > 2 * epsilon(512 * 6, 6));
  }

  @Test
  void aSimulationHasTheSameRatioAndIsMarked() {
    TanSimulator tan = TanSimulator.of(CONFIG, 1400);
    assertEquals(40, tan.signalToNoise(), 1e-12);
    DpConfig simulated = tan.simulateAt(100);
    assertEquals(2.5, simulated.getNoiseMultiplier(), 1e-12);
    assertEquals(100, simulated.getExpectedBatchSize());
    assertEquals(200, simulated.getSteps());
    assertEquals(0.7, simulated.getClipNorm());
    assertNull(simulated.getTargetEpsilon());
    assertTrue(simulated.isSimulation());
    assertEquals(15, tan.epochsAt(100));
    assertThrows(
        IllegalArgumentException.class,
        () -> simulated.toBuilder().targetEpsilon(1.0).targetDelta(1e-3).build());
  }

  @Test
  void aTargetGivesTheNoise() {
    DpConfig config = CONFIG.toBuilder().noiseMultiplier(null).accountant(Accounting.RDP).build();
    TanSimulator tan = TanSimulator.of(config, 1400);
    double sigma = 800 / tan.signalToNoise();
    PrivacyLedger ledger = new PrivacyLedger(Neighbours.ADD_REMOVE);
    ledger.add(
        new PrivacyEvent.PoissonGaussian(800.0 / 1400, sigma, EnumSet.of(Neighbours.ADD_REMOVE)),
        200);
    assertEquals(3, new RdpAccountant(ledger).epsilon(1e-4), 1e-3);
  }

  @Test
  void theSearchPutsTheBestFirst() {
    List<TanSearch.Trial<Double>> trials =
        TanSearch.search(
            TanSimulator.of(CONFIG, 1400),
            8,
            List.of(0.0, 1.0, 3.0, 2.0),
            (rate, config) -> {
              assertTrue(config.isSimulation());
              return rate == 0 ? Double.NaN : -Math.abs(rate - 2);
            });
    assertEquals(
        List.of(2.0, 1.0, 3.0, 0.0), trials.stream().map(TanSearch.Trial::candidate).toList());
    assertThrows(
        IllegalArgumentException.class,
        () -> TanSearch.search(TanSimulator.of(CONFIG, 1400), 8, List.of(), (a, b) -> 0));
  }

  @Test
  void badPlansAreRefused() {
    TanSimulator tan = TanSimulator.of(CONFIG, 1400);
    assertThrows(IllegalArgumentException.class, () -> tan.simulateAt(801));
    assertThrows(IllegalArgumentException.class, () -> tan.simulateAt(0.5));
    assertThrows(IllegalArgumentException.class, () -> tan.epochsAt(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> tan.plannedEpsilon(0));
    assertThrows(IllegalArgumentException.class, () -> new TanSimulator(CONFIG, 10, 1, 0, 1400));
    assertThrows(IllegalArgumentException.class, () -> new TanSimulator(CONFIG, 10, 0, 5, 1400));
    assertThrows(IllegalArgumentException.class, () -> new TanSimulator(CONFIG, 1401, 1, 5, 1400));
    DpConfig shuffled =
        DpConfig.builder()
            .samplingRate(0.1)
            .noiseMultiplier(1.0)
            .steps(4)
            .sampling(Sampling.SHUFFLED_NO_AMPLIFICATION)
            .build();
    assertThrows(IllegalArgumentException.class, () -> TanSimulator.of(shuffled, 100));
    DpConfig open = DpConfig.builder().samplingRate(0.1).noiseMultiplier(1.0).build();
    assertThrows(IllegalArgumentException.class, () -> TanSimulator.of(open, 100));
  }
}
