package org.dl4jplus.privacy.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Mechanisms of the test's own, right and broken. */
class GaussianAuditTest {

  private static final double SIGMA = 1;
  private static final double CLIP = 0.7;

  /** Exact epsilons at delta 1e-5 of one Gaussian with sigma 1, and of two. */
  private static final double ONE_STEP = 4.3771;

  private static final double TWO_STEPS = 6.5730;

  private final SplittableRandom random = new SplittableRandom(20231);
  private final GaussianAudit audit = new GaussianAudit();

  private double noise() {
    return random.nextGaussian() * SIGMA * CLIP;
  }

  private double epsilon(Supplier<double[]> with, Supplier<double[]> without, double... canary) {
    return audit.run(with, without, canary).epsilon();
  }

  private double oneStep(double factor) {
    return epsilon(
        () -> new double[] {CLIP + factor * noise()}, () -> new double[] {factor * noise()}, CLIP);
  }

  /** Wrong with probability 0.01 at most at any seed, by the audit's own alpha. */
  @Test
  void correctMechanismPasses() {
    double found = oneStep(1);
    assertTrue(found <= ONE_STEP, "" + found);
    assertTrue(found > 3.8, "not for want of sharpness: " + found);
  }

  @Test
  void tooLittleNoiseIsCaught() {
    assertTrue(oneStep(0.9) > ONE_STEP);
    assertTrue(oneStep(0.5) > 2 * ONE_STEP);
    assertTrue(oneStep(0) > 2 * ONE_STEP);
  }

  /** Two steps are one release; the canary's gradients have opposite signs. */
  @Test
  void noiseOfTwoStepsIsToldFromNoiseUsedTwice() {
    double fresh =
        epsilon(
            () -> new double[] {CLIP + noise(), -CLIP + noise()},
            () -> new double[] {noise(), noise()},
            CLIP,
            -CLIP);
    assertTrue(fresh <= TWO_STEPS && fresh > 5.8, "" + fresh);
    double reused =
        epsilon(
            () -> {
              double z = noise();
              return new double[] {CLIP + z, -CLIP + z};
            },
            () -> {
              double z = noise();
              return new double[] {z, z};
            },
            CLIP,
            -CLIP);
    assertTrue(reused > 2 * TWO_STEPS, "" + reused);
    // Each step by itself looks as it should, and so does a canary of equal signs.
    double sum =
        epsilon(
            () -> {
              double z = noise();
              return new double[] {CLIP + z, CLIP + z};
            },
            () -> {
              double z = noise();
              return new double[] {z, z};
            },
            CLIP,
            CLIP);
    assertTrue(sum <= TWO_STEPS, "" + sum);
  }

  /** Ten silent records and a canary of norm 20 C: the mean is clipped, not the record. */
  @Test
  void clippingAfterAveragingIsCaught() {
    int batch = 10;
    double gradient = 20 * CLIP;
    double right =
        epsilon(
            () -> new double[] {(Math.min(CLIP, gradient) + noise()) / batch},
            () -> new double[] {noise() / batch},
            CLIP / batch);
    assertTrue(right <= ONE_STEP, "" + right);
    double broken =
        epsilon(
            () -> new double[] {Math.min(CLIP, gradient / batch) + noise() / batch},
            () -> new double[] {noise() / batch},
            CLIP);
    assertTrue(broken > 2 * ONE_STEP, "" + broken);
  }

  /** A factor C/norm of the batch's largest norm, instead of each record's own. */
  @Test
  void unclippedRecordIsCaught() {
    double found =
        epsilon(() -> new double[] {1.5 * CLIP + noise()}, () -> new double[] {noise()}, CLIP);
    assertTrue(found > ONE_STEP, "" + found);
  }

  @Test
  void otherCoordinatesDoNotMatter() {
    double found =
        epsilon(
            () -> new double[] {5, CLIP + noise(), noise()},
            () -> new double[] {5, noise(), noise()},
            0,
            CLIP,
            0);
    assertTrue(found <= ONE_STEP && found > 3.8, "" + found);
  }

  @Test
  void badInputIsNamed() {
    Supplier<double[]> zero = () -> new double[1];
    assertEquals(20_000, audit.getDraws());
    assertThrows(IllegalArgumentException.class, () -> audit.run(zero, zero, new double[1]));
    assertThrows(IllegalArgumentException.class, () -> audit.run(zero, zero, new double[] {1, 1}));
    assertThrows(
        IllegalArgumentException.class,
        () -> audit.run(() -> new double[] {Double.NaN}, zero, new double[] {1}));
    assertThrows(IllegalArgumentException.class, () -> GaussianAudit.builder().draws(0).build());
    assertThrows(IllegalArgumentException.class, () -> GaussianAudit.builder().alpha(1.0).build());
    assertThrows(IllegalArgumentException.class, () -> GaussianAudit.builder().delta(0.0).build());
  }
}
