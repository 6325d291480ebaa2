package org.dl4jplus.privacy;

import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Calibration;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.sampling.PoissonSampler;
import org.dl4jplus.privacy.sampling.Sampling;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains at a fraction of the cost of a private run, to choose its hyperparameters. Training
 * depends on the batch size B and the noise multiplier sigma (almost) through B / sigma alone: with
 * the same number of steps S, learning rate and clip norm, a smaller batch with less noise behaves
 * as the run will.
 *
 * <pre>{@code
 * sigma(B') = sigma B' / B
 * eta       = (B / N) sqrt(S / 2) / sigma,  the total amount of noise's inverse
 * epsilon   = eta^2 + 2 eta sqrt(log(1 / delta)),  for planning only
 * }</pre>
 *
 * <p>A simulated network is <em>not</em> private at the run's epsilon: its own report has one that
 * is much larger. Candidates that are compared on private data release which one was best, which no
 * report counts: search on public data, or say that the final run's epsilon covers that run only.
 * Source: Tom Sander, Pierre Stock, Alexandre Sablayrolles, "TAN Without a Burn: Scaling Laws of
 * DP-SGD", arXiv 2210.03403, 2022.
 */
public final class TanSimulator {

  private static final Logger LOG = LoggerFactory.getLogger(TanSimulator.class);

  /** Below it epsilon grows fast. */
  private static final double LITTLE_NOISE = 0.5;

  private final DpConfig config;
  private final double batch;
  private final double noiseMultiplier;
  private final int steps;
  private final int records;

  /**
   * A planned run.
   *
   * @param config all its other settings, with sampling = POISSON
   * @param batch expected batch size B, in [1, N]
   * @param noiseMultiplier sigma, above 0
   * @param steps S, at least 1
   * @param records number of records N, public
   * @throws IllegalArgumentException outside the ranges
   */
  public TanSimulator(
      DpConfig config, double batch, double noiseMultiplier, int steps, int records) {
    Require.check(batch >= 1 && batch <= records, "batch", batch, "in [1, N = " + records + "]");
    this.noiseMultiplier = Require.positive("noiseMultiplier", noiseMultiplier, 1);
    this.steps = Require.count("steps", steps, 1);
    if (config.getSampling() != Sampling.POISSON) {
      throw new IllegalArgumentException(
          "TanSimulator needs sampling = POISSON, got " + config.getSampling());
    }
    this.config = config;
    this.batch = batch;
    this.records = records;
  }

  /**
   * A planned run.
   *
   * @param config with steps, and with noiseMultiplier or a target that gives one
   * @param records number of records N
   * @return its simulator
   * @throws IllegalArgumentException without steps
   */
  public static TanSimulator of(DpConfig config, int records) {
    if (config.getSteps() == null) {
      throw new IllegalArgumentException("config needs steps");
    }
    double rate = config.rate(records);
    double sigma =
        config.getNoiseMultiplier() != null
            ? config.getNoiseMultiplier()
            : Calibration.noiseMultiplier(
                config.getAccountant(),
                new PrivacyLedger(config.getNeighbours()),
                x -> new PoissonSampler(records, rate).gaussian(0, x),
                config.getSteps(),
                config.getTargetEpsilon(),
                config.getTargetDelta());
    return new TanSimulator(config, rate * records, sigma, config.getSteps(), records);
  }

  /**
   * The inverse of the total amount of noise.
   *
   * @return eta
   */
  public double eta() {
    return batch / records * Math.sqrt(steps / 2.0) / noiseMultiplier;
  }

  /**
   * What the planned run costs, roughly: some ten percent too much for noise multipliers above 2,
   * much too little below 1. Not a guarantee.
   *
   * @param delta in (0, 1)
   * @return epsilon for planning
   * @throws IllegalArgumentException outside the range
   */
  public double plannedEpsilon(double delta) {
    Require.check(delta > 0 && delta < 1, "delta", delta, "in (0, 1)");
    return eta() * eta() + 2 * eta() * Math.sqrt(Math.log(1 / delta));
  }

  /**
   * What a simulation keeps.
   *
   * @return B / sigma
   */
  public double signalToNoise() {
    return batch / noiseMultiplier;
  }

  /**
   * The noise of a simulation.
   *
   * @param smaller expected batch size B', in [1, B]
   * @return sigma B' / B
   * @throws IllegalArgumentException outside the range
   */
  public double noiseMultiplierAt(double smaller) {
    Require.check(smaller >= 1 && smaller <= batch, "batch", smaller, "in [1, B = " + batch + "]");
    return noiseMultiplier * smaller / batch;
  }

  /**
   * In how many epochs a simulation makes its S steps, the last of which ends early.
   *
   * @param smaller expected batch size B', in [1, B]
   * @return ceil(S B' / N)
   * @throws IllegalArgumentException outside the range
   */
  public long epochsAt(double smaller) {
    noiseMultiplierAt(smaller);
    return (long) Math.ceil(steps * smaller / records);
  }

  /**
   * A simulation.
   *
   * @param smaller expected batch size B', in [1, B]
   * @return the configuration with smaller batches and less noise, marked as a simulation and
   *     without a target
   * @throws IllegalArgumentException outside the range
   */
  public DpConfig simulateAt(double smaller) {
    double less = noiseMultiplierAt(smaller);
    if (less < LITTLE_NOISE) {
      LOG.warn(
          "The simulation's noiseMultiplier = {} hides little; only the real run is private", less);
    }
    return config.toBuilder()
        .samplingRate(null)
        .expectedBatchSize(smaller)
        .noiseMultiplier(less)
        .steps(steps)
        .targetEpsilon(null)
        .simulation(true)
        .build();
  }
}
