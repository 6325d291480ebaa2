package org.dl4jplus.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.UnaryOperator;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.gradient.Clipping;
import org.dl4jplus.privacy.sampling.Sampling;
import org.junit.jupiter.api.Test;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class DpConfigTest {

  private static DpConfig.DpConfigBuilder fine() {
    return DpConfig.builder().noiseMultiplier(1.0).samplingRate(0.1);
  }

  private static void refused(String field, UnaryOperator<DpConfig.DpConfigBuilder> change) {
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> change.apply(fine()).build(), field);
    assertTrue(e.getMessage().contains(field), e.getMessage());
  }

  @Test
  void numbersOutsideTheirRangesAreRefused() {
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      refused("clipNorm", c -> c.clipNorm(bad));
      refused("autoGamma", c -> c.clipping(Clipping.AUTO_S).autoGamma(bad));
      refused("targetEpsilon", c -> c.targetEpsilon(bad).targetDelta(1e-3));
      refused("samplingRate", c -> c.samplingRate(bad));
      refused("expectedBatchSize", c -> c.samplingRate(null).expectedBatchSize(bad));
      refused("targetDelta", c -> c.targetDelta(bad));
    }
    refused("samplingRate", c -> c.samplingRate(1.01));
    refused("targetDelta", c -> c.targetDelta(1.0));
    refused("steps", c -> c.steps(0));
    refused("maxPhysicalBatch", c -> c.maxPhysicalBatch(0));
    refused("noiseSummands", c -> c.noiseSummands(0));
    for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      refused("noiseMultiplier", c -> c.noiseMultiplier(bad));
    }
  }

  @Test
  void noNoiseMustBeAskedFor() {
    refused("nonPrivate", c -> c.noiseMultiplier(0.0));
    assertEquals(0, fine().noiseMultiplier(0.0).nonPrivate(true).build().getNoiseMultiplier());
  }

  @Test
  void whatIsMissingIsNamed() {
    refused("noiseMultiplier", c -> c.noiseMultiplier(null));
    refused("targetDelta", c -> c.targetEpsilon(1.0));
    refused("samplingRate", c -> c.samplingRate(null));
    refused("samplingRate", c -> c.expectedBatchSize(3.0));
    assertThrows(
        IllegalArgumentException.class,
        () -> fine().samplingRate(null).expectedBatchSize(11.0).build().rate(10));
  }

  @Test
  void onlySomeRelationsGoWithASampling() {
    for (Sampling sampling : Sampling.values()) {
      for (Neighbours neighbours : Neighbours.values()) {
        boolean holds =
            switch (sampling) {
              case POISSON -> neighbours != Neighbours.REPLACE_ONE;
              case WITHOUT_REPLACEMENT -> neighbours == Neighbours.REPLACE_ONE;
              default -> neighbours != Neighbours.ADD_REMOVE;
            };
        if (holds) {
          DpConfig config = fine().sampling(sampling).neighbours(neighbours).build();
          assertEquals(neighbours == Neighbours.REPLACE_ONE ? 2 : 1, config.sensitivityFactor());
        } else {
          refused("neighbours", c -> c.sampling(sampling).neighbours(neighbours));
        }
      }
    }
    refused("accountant", c -> c.sampling(Sampling.WITHOUT_REPLACEMENT).accountant(Accounting.PLD));
    refused(
        "acceptApproximate",
        c -> c.accountant(Accounting.GDP).targetEpsilon(1.0).targetDelta(1e-3));
  }

  @Test
  void correlatedBatchesAreNotForIndependentNoise() {
    DpConfig config = fine().sampling(Sampling.FIXED_EPOCH).build();
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new DpSgd().begin(new DpPlan(config, null, 10, 5)));
    assertTrue(e.getMessage().contains("SHUFFLED_NO_AMPLIFICATION"), e.getMessage());
  }

  @Test
  void batchesAreWholeNumbers() {
    assertEquals(256, fine().samplingRate(null).expectedBatchSize(256.0).build().batch(60_001));
    assertEquals(1, fine().samplingRate(1e-9).build().batch(10));
    assertEquals(10, fine().samplingRate(1.0).build().batch(10));
  }

  @Test
  void jsonKeepsEverything() throws JsonProcessingException {
    ObjectMapper json = new ObjectMapper();
    DpConfig config =
        fine()
            .clipping(Clipping.PER_LAYER)
            .layerClipNorms(new double[] {0.6, 0.8})
            .targetEpsilon(2.0)
            .targetDelta(1e-5)
            .steps(7)
            .ledgerFile("ledger.jsonl")
            .testSeed(3L)
            .lossesPerExample(true)
            .build();
    assertEquals(config, json.readValue(json.writeValueAsString(config), DpConfig.class));
    DpConfig simulation = fine().simulation(true).build();
    assertEquals(simulation, json.readValue(json.writeValueAsString(simulation), DpConfig.class));
  }
}
