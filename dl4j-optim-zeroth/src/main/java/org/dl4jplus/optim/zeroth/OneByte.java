package org.dl4jplus.optim.zeroth;

import java.io.Serializable;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Training by many machines that send one byte for each loss difference: everybody makes the
 * directions from shared seeds, so that the byte is all that the others need to make the same step.
 *
 * <pre>{@code
 * machine m, round t, sample s:  z = direction of the seed derive(runSeed, t, m, s)
 *   g = (L(x + eps z) - L(x - eps z)) / (2 eps)        on a batch that the seed chooses
 *   b = the byte nearest to g on a logarithmic scale   sent
 * everybody:  x <- x - c sum over machines and samples of value(b) z
 *   c = lr / sqrt(N) or lr / N, N = bytes that are results
 * }</pre>
 *
 * <p>This is the configuration of a run. {@code onebyte.OneByteFederation} makes the run in one
 * process, {@code spark.OneByteTrainingMaster} on a cluster, to the same bits.
 *
 * <ul>
 *   <li>runSeed: default 0. All directions and batches are functions of it, of the round, the
 *       machine and the sample
 *   <li>rounds: of one call of {@code fit}, at least 1; default 100
 *   <li>samplesPerRound: directions, and so bytes, of a machine in a round, from 1 to 32767;
 *       default 4
 *   <li>epsilon: eps, above 0; default 1e-3
 *   <li>learningRate: lr, at least 0; default 1e-3. learningRateSchedule takes its place
 *   <li>batchSize: examples of a loss where the data are single examples, at least 1; default 64.
 *       Data that come in minibatches are used as they are
 *   <li>distribution: of z; default GAUSSIAN as in the paper. RADEMACHER is several times cheaper
 *   <li>normalization: SQRT_N as the authors' program has it, or MEAN; default SQRT_N
 *   <li>levelsPerE: bytes for each factor of e, above 0, kept in single precision; default 16: a
 *       rounding error of at most 3.2 % over a range of 1:2630
 *   <li>maxMagnitude: the |g| of the largest byte in the first round, above 0; default 100
 *   <li>adaptiveScale: from then on it is twice the largest |value(b)| of the last 16 rounds, and
 *       changes by at most 10 times in a round; default true
 *   <li>snapshotEvery: rounds after which a new copy of the parameters takes the place of the log
 *       for who joins late, at least 1; default 64
 *   <li>hashEvery: rounds after which machines check their parameters against the driver's, at
 *       least 1; default 64
 *   <li>scoreEvery: rounds after which machines report their mean loss, for the driver's score; 8
 *       bytes then, which are counted apart; at least 0, 0 is never; default 64
 *   <li>nonFinitePolicy: SKIP leaves samples out whose loss is not finite, FAIL ends the run;
 *       default SKIP
 * </ul>
 *
 * <p>Source: Eric Zelikman, Qian Huang, Percy Liang, Nick Haber, Noah D. Goodman, "Just One Byte
 * (per gradient): A Note on Low-Bandwidth Decentralized Language Model Finetuning Using Shared
 * Randomness", arXiv 2306.10015, 2023. The authors' program sends floats in JSON, its byte is
 * computed and not sent; its learnt epsilon is left out. scoreEvery is an addition: bytes alone
 * tell the driver no loss.
 */
@Getter
@ToString
@EqualsAndHashCode
public final class OneByte implements Serializable {

  /** What the sum of the estimates is divided by. */
  public enum Normalization {
    /** The square root of their number. */
    SQRT_N,
    /** Their number. */
    MEAN
  }

  /** What is done about a loss that is not finite. */
  public enum NonFinitePolicy {
    /** The sample does not count. */
    SKIP,
    /** The run ends with an IllegalStateException, before the round changes anything. */
    FAIL
  }

  private final long runSeed;
  private final int rounds;
  private final int samplesPerRound;
  private final double epsilon;
  private final double learningRate;
  private final ISchedule learningRateSchedule;
  private final int batchSize;
  private final Distribution distribution;
  private final Normalization normalization;
  private final double levelsPerE;
  private final double maxMagnitude;
  private final boolean adaptiveScale;
  private final int snapshotEvery;
  private final int hashEvery;
  private final int scoreEvery;
  private final NonFinitePolicy nonFinitePolicy;

  @Builder
  @JsonCreator
  private OneByte(
      @JsonProperty("runSeed") Long runSeed,
      @JsonProperty("rounds") Integer rounds,
      @JsonProperty("samplesPerRound") Integer samplesPerRound,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("batchSize") Integer batchSize,
      @JsonProperty("distribution") Distribution distribution,
      @JsonProperty("normalization") Normalization normalization,
      @JsonProperty("levelsPerE") Double levelsPerE,
      @JsonProperty("maxMagnitude") Double maxMagnitude,
      @JsonProperty("adaptiveScale") Boolean adaptiveScale,
      @JsonProperty("snapshotEvery") Integer snapshotEvery,
      @JsonProperty("hashEvery") Integer hashEvery,
      @JsonProperty("scoreEvery") Integer scoreEvery,
      @JsonProperty("nonFinitePolicy") NonFinitePolicy nonFinitePolicy) {
    this.runSeed = runSeed == null ? 0 : runSeed;
    this.rounds = Require.count("rounds", rounds, 100);
    this.samplesPerRound = Require.count("samplesPerRound", samplesPerRound, 4);
    Require.check(
        this.samplesPerRound <= Short.MAX_VALUE,
        "samplesPerRound",
        this.samplesPerRound,
        "at most " + Short.MAX_VALUE);
    this.epsilon = Require.positive("epsilon", epsilon, 1e-3);
    this.learningRate = Require.rate("learningRate", learningRate, 1e-3);
    this.learningRateSchedule = learningRateSchedule;
    this.batchSize = Require.count("batchSize", batchSize, 64);
    this.distribution = distribution == null ? Distribution.GAUSSIAN : distribution;
    if (this.distribution == Distribution.UNIFORM) {
      throw new IllegalArgumentException(
          "distribution = UNIFORM has no mean of 0: choose another one");
    }
    this.normalization = normalization == null ? Normalization.SQRT_N : normalization;
    this.levelsPerE = (float) Require.positive("levelsPerE", levelsPerE, 16);
    Require.check(
        this.levelsPerE > 0 && this.levelsPerE <= Float.MAX_VALUE,
        "levelsPerE",
        this.levelsPerE,
        "finite and above 0 in single precision");
    this.maxMagnitude = Require.positive("maxMagnitude", maxMagnitude, 100);
    this.adaptiveScale = adaptiveScale == null || adaptiveScale;
    this.snapshotEvery = Require.count("snapshotEvery", snapshotEvery, 64);
    this.hashEvery = Require.count("hashEvery", hashEvery, 64);
    this.scoreEvery = Require.atLeast("scoreEvery", scoreEvery, 64, 0);
    this.nonFinitePolicy = nonFinitePolicy == null ? NonFinitePolicy.SKIP : nonFinitePolicy;
  }

  /**
   * The learning rate of a round.
   *
   * @param round number of the round
   * @param epoch number of the epoch
   * @return of the schedule, or the constant
   */
  public double learningRateAt(int round, int epoch) {
    return learningRateSchedule == null ? learningRate : learningRateSchedule.valueAt(round, epoch);
  }

  /**
   * Whether something that happens every so many rounds happens in this one.
   *
   * @param every the distance, 0 for never
   * @param round number of the round
   * @return true in rounds 0, every, 2 every, ..
   */
  public static boolean due(int every, int round) {
    return every > 0 && round % every == 0;
  }
}
