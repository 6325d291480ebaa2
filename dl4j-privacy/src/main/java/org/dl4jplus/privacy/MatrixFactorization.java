package org.dl4jplus.privacy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.extern.slf4j.Slf4j;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.factorization.CorrelatedNoise;
import org.dl4jplus.privacy.factorization.Factorization;
import org.dl4jplus.privacy.factorization.FactorizationMethod;
import org.dl4jplus.privacy.factorization.NoiseSecret;
import org.dl4jplus.privacy.factorization.Participation;
import org.dl4jplus.privacy.factorization.Workload;
import org.dl4jplus.privacy.noise.GaussianNoise;
import org.dl4jplus.privacy.noise.NoiseGrid;
import org.dl4jplus.privacy.noise.NoiseKey;
import org.dl4jplus.privacy.sampling.BatchSampler;
import org.dl4jplus.privacy.sampling.FixedEpochSampler;
import org.dl4jplus.privacy.sampling.Sampling;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Matrix factorisation (DP-FTRL): noise that is correlated over the steps, so that most of it
 * cancels in the sum of all steps.
 *
 * <pre>{@code
 * A = B C                                        sums of gradients; C lower triangular
 * direction_t = (sum of clip(g_i) over batch t + sigma sens S (C^-1 Z)_t) / L,   rows of Z ~ N(0, I)
 * sens = sensitivity of C under the batches' order,   S = C_clip, or 2 C_clip under REPLACE_ONE
 * }</pre>
 *
 * <p>The batches are shuffled once and repeated in every epoch ({@link Sampling#FIXED_EPOCH}), with
 * no amplification by sampling; the planned number of steps is fixed. The run is ONE Gaussian
 * mechanism with noise multiplier sigma, charged at its first step: to stop early gives nothing
 * back. Any updater may follow.
 *
 * <p>Fields:
 *
 * <ul>
 *   <li>method: default {@link FactorizationMethod#BANDED_SQUARE_ROOT}
 *   <li>bands: of the banded ones, at most the batches of an epoch, which is the default. Each
 *       costs the memory of one gradient in double precision; methods without bands one for each
 *       step (TREE: for log2 of them)
 *   <li>learningRates, momentum: of the updater, for the optimal methods: they change which noise
 *       is best, never what is guaranteed; all 1 and 0 by default. One rate for each step
 *   <li>participation: what is assumed of the batches' order; by default what it is, {@code
 *       Participation.fixedEpoch(steps, epochs, batches)}
 *   <li>secretFile: where the noise's key and next step are kept, which a run needs to go on from a
 *       checkpoint; a new file, apart from the models. Without it the key is in memory alone
 * </ul>
 *
 * <p>The step is written to the secret file before it is released, so that its noise is never used
 * again. A run that goes on from a checkpoint behind the last released step gets a new key and a
 * new factorisation of the remaining steps, and pays for one Gaussian more for each key that its
 * ledger lacks (m of them with multiplier sigma are one with sigma / sqrt(m)).
 *
 * <p>Not the specification's: noise and the batches' order come from one key, HMAC-SHA256(key,
 * step) of each step's noise; and a rewound run goes on by itself, if the budget allows.
 *
 * <p>C. A. Choquette-Choo et al.: "Multi-Epoch Matrix Factorization Mechanisms for Private Machine
 * Learning", arXiv:2211.06530 (2023); P. Kairouz et al.: "Practical and Private (Deep) Learning
 * without Sampling or Shuffling", arXiv:2103.00039 (2021).
 */
@Slf4j
@Getter
@EqualsAndHashCode(callSuper = false)
public final class MatrixFactorization extends DpMechanism {

  /** Name of the state: keys charged, first step of the last one, its next step, N, n. */
  private static final String STATE = "correlatedNoise";

  /** The order of the batches; steps have the indexes from 0 on. */
  private static final long ORDER = -1;

  private final FactorizationMethod method;
  private final Integer bands;
  private final double[] learningRates;
  private final double momentum;
  private final Participation participation;
  private final String secretFile;

  @Getter(lombok.AccessLevel.NONE)
  private transient Run run;

  @Getter(lombok.AccessLevel.NONE)
  private transient Saved saved;

  @Builder
  @JsonCreator
  private MatrixFactorization(
      @JsonProperty("method") FactorizationMethod method,
      @JsonProperty("bands") Integer bands,
      @JsonProperty("learningRates") double[] learningRates,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("participation") Participation participation,
      @JsonProperty("secretFile") String secretFile) {
    this.method = method == null ? FactorizationMethod.BANDED_SQUARE_ROOT : method;
    this.bands = bands == null ? null : Require.count("bands", bands, 1);
    this.learningRates = learningRates == null ? null : learningRates.clone();
    this.momentum = Require.beta("momentum", momentum, 0);
    this.participation = participation;
    this.secretFile = secretFile;
  }

  /** What a checkpoint knows. */
  private record Saved(int keys, int start, int next, int records, int coordinates) {}

  /** All of one key's run; charged says for how many keys its first step pays. */
  private record Run(
      DpPlan plan,
      int start,
      int keys,
      int charged,
      NoiseKey key,
      FixedEpochSampler sampler,
      CorrelatedNoise noise,
      double sensitivity) {}

  /** {@inheritDoc} */
  @Override
  public void begin(DpPlan plan) {
    DpConfig config = plan.config();
    if (config.getSampling() != Sampling.FIXED_EPOCH) {
      throw new IllegalArgumentException(
          "sampling = "
              + config.getSampling()
              + " must be FIXED_EPOCH for MatrixFactorization: its sensitivity is that of batches"
              + " which stay the same");
    }
    if (config.getSteps() == null) {
      throw new IllegalArgumentException("steps must be given for MatrixFactorization");
    }
    if (saved != null
        && (saved.records() != plan.records() || saved.coordinates() != plan.coordinates())) {
      throw new IllegalArgumentException(
          "The run was saved with other numbers of records and parameters: "
              + saved.records()
              + " and "
              + saved.coordinates()
              + ", not "
              + plan.records()
              + " and "
              + plan.coordinates());
    }
    run = config.seeded() ? seeded(plan) : secureRun(plan);
  }

  private Run seeded(DpPlan plan) {
    int summands = plan.config().getNoiseSummands();
    NoiseKey key = NoiseKey.seeded(plan.config().getTestSeed(), summands);
    return saved == null
        ? run(plan, 0, 0, 1, 1, key)
        : run(plan, saved.start(), saved.next(), 1, 1, key);
  }

  private Run secureRun(DpPlan plan) {
    int summands = plan.config().getNoiseSummands();
    NoiseSecret secret = secret();
    if (saved == null || saved.keys() == 0 && (secret == null || !secret.exists())) {
      if (secret != null && secret.exists()) {
        throw new IllegalArgumentException(
            "secretFile = " + secretFile + " belongs to another run: name a new file");
      }
      return run(plan, 0, 0, 1, 1, NoiseKey.fresh(summands));
    }
    if (secret == null || !secret.exists()) {
      throw new IllegalArgumentException(
          "secretFile = "
              + secretFile
              + " is missing: a run goes on from a checkpoint only with the noise's key and step");
    }
    NoiseSecret.Content content = secret.read();
    if (content.keys() == saved.keys() && content.next() == saved.next()) {
      NoiseKey key = NoiseKey.of(content.key(), summands);
      return run(plan, saved.start(), saved.next(), saved.keys(), 1, key);
    }
    int unpaid = content.keys() + 1 - saved.keys();
    log.warn(
        "Steps after this checkpoint were released: the remaining ones get a new key and cost {}"
            + " Gaussian mechanism(s) more",
        unpaid);
    int start = saved.start() + saved.next();
    return run(plan, start, 0, content.keys() + 1, unpaid, NoiseKey.fresh(summands));
  }

  private Run run(DpPlan plan, int start, int next, int keys, int charged, NoiseKey key) {
    int steps = plan.config().getSteps() - start;
    double rate = plan.config().rate(plan.records());
    int batches = FixedEpochSampler.batches(plan.records(), rate);
    Participation records = participation(steps, batches);
    Factorization factorization =
        method.create(workload(plan.config().getSteps(), start), records, bands(batches, steps));
    CorrelatedNoise noise =
        factorization.noise((index, out) -> key.source(index).gaussian(out), plan.coordinates());
    noise.skip(next);
    return new Run(
        plan,
        start,
        keys,
        charged,
        key,
        new FixedEpochSampler(plan.records(), rate, key.source(ORDER)),
        noise,
        records.sensitivity(factorization));
  }

  private Integer bands(int batches, int steps) {
    if (bands != null && bands > batches) {
      throw new IllegalArgumentException(
          "bands = " + bands + " must be at most the batches of an epoch, " + batches);
    }
    return bands;
  }

  private Participation participation(int steps, int batches) {
    if (steps < 1) {
      throw new IllegalArgumentException("noise exhausted: all planned steps are released");
    }
    if (participation == null) {
      return Participation.fixedEpoch(steps, 1 + (steps - 1) / batches, batches);
    }
    Participation assumed =
        new Participation(
            participation.order(), steps, participation.times(), participation.separation());
    if (participation.steps() < steps || !assumed.coversFixedEpochs(steps, batches)) {
      throw new IllegalArgumentException(
          participation
              + " does not hold for "
              + steps
              + " steps with "
              + batches
              + " batches in each epoch");
    }
    return assumed;
  }

  private Workload workload(int planned, int start) {
    double[] rates = learningRates;
    if (rates == null) {
      rates = new double[planned];
      Arrays.fill(rates, 1);
    }
    Require.check(rates.length == planned, "learningRates.length", rates.length, "" + planned);
    return Workload.momentum(Arrays.copyOfRange(rates, start, planned), momentum);
  }

  private NoiseSecret secret() {
    return secretFile == null ? null : new NoiseSecret(Path.of(secretFile));
  }

  /** {@inheritDoc} */
  @Override
  public BatchSampler sampler(DpPlan plan, int step) {
    return run.sampler();
  }

  /** {@inheritDoc} All at the first step. */
  @Override
  public PrivacyEvent event(DpPlan plan, int step, double noiseMultiplier) {
    return step != run.start()
        ? null
        : new PrivacyEvent.Gaussian(
            noiseMultiplier / Math.sqrt(run.charged()),
            EnumSet.of(Neighbours.REPLACE_ZERO, Neighbours.REPLACE_ONE));
  }

  /** {@inheritDoc} */
  @Override
  public void step(DpPlan plan, DpStep step) {
    int t = step.index() - run.start();
    if (t != run.noise().step()) {
      throw new IllegalStateException(
          "The noise of step " + step.index() + " is not the next: a mechanism is for one run");
    }
    double[] sum = step.direction();
    step.records().clippedSum(step.parameters(), plan.config().clipRule(), sum);
    double[] noise = new double[plan.coordinates()];
    run.noise().next(noise);
    claim(plan, t);
    double margin = GaussianNoise.margin(step.parameters().dataType());
    double std = step.noiseMultiplier() * run.sensitivity() * plan.sensitivity() * margin;
    for (int i = 0; i < sum.length; i++) {
      sum[i] += std * noise[i];
    }
    NoiseGrid.round(sum, std);
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= step.expectedSize();
    }
  }

  private void claim(DpPlan plan, int t) {
    NoiseSecret secret = plan.config().seeded() ? null : secret();
    if (secret != null && t == 0) {
      secret.begin(run.keys(), run.key());
    } else if (secret != null) {
      secret.claim(run.keys(), t);
    }
  }

  /** {@inheritDoc} Neither the key nor the noise. */
  @Override
  public Map<String, double[]> state() {
    int next = run.noise().step();
    return Map.of(
        STATE,
        new double[] {
          next == 0 ? run.keys() - run.charged() : run.keys(),
          run.start(),
          next,
          run.plan().records(),
          run.plan().coordinates()
        });
  }

  /** {@inheritDoc} */
  @Override
  public void restore(Map<String, double[]> state) {
    double[] values = state.get(STATE);
    saved =
        new Saved(
            (int) values[0], (int) values[1], (int) values[2], (int) values[3], (int) values[4]);
  }
}
