package org.dl4jplus.privacy;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.gradient.ClipRule;
import org.dl4jplus.privacy.gradient.Clipping;
import org.dl4jplus.privacy.gradient.GradientEngine;
import org.dl4jplus.privacy.sampling.Sampling;
import org.dl4jplus.privacy.validation.Permissions;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * What a network is trained for under differential privacy. All numbers are public, and so is the
 * number of records.
 *
 * <ul>
 *   <li>clipNorm: C, what the norm of a record's gradient is clipped to; default 1
 *   <li>clipping: default {@link Clipping#FLAT}
 *   <li>autoGamma: gamma of {@link Clipping#AUTO_S}; default 0.01
 *   <li>layerClipNorms: of {@link Clipping#PER_LAYER}; equal ones by default
 *   <li>noiseMultiplier: sigma, the noise's standard deviation over the sensitivity (C, or 2 C
 *       under REPLACE_ONE). Where it is not given it is the smallest one that keeps targetEpsilon
 *       over steps; 0 only with nonPrivate
 *   <li>targetEpsilon, targetDelta: the guarantee; delta should be below 1 / N. targetEpsilon may
 *       be left out where noiseMultiplier is given, and then nothing stops the training
 *   <li>steps: how many steps are planned
 *   <li>samplingRate q or expectedBatchSize L = q N: give one of them
 *   <li>sampling: default {@link Sampling#POISSON}
 *   <li>neighbours: default ADD_REMOVE under POISSON, REPLACE_ONE under WITHOUT_REPLACEMENT,
 *       REPLACE_ZERO else
 *   <li>accountant: default PLD; RDP under WITHOUT_REPLACEMENT
 *   <li>gradientEngine: default {@link GradientEngine#AUTO}
 *   <li>maxPhysicalBatch: records that pass through the network at once at most; default 256
 *   <li>onBudgetExhausted: default STOP
 *   <li>noiseSummands: normal numbers of which one is made, so that its low bits say nothing;
 *       default 4
 *   <li>ledgerFile: where each charge is written before the records are drawn, beside the saved
 *       models: with it, runs that are started twice from one saved model count both. No file by
 *       default
 *   <li>testSeed: makes noise and sampling repeatable for tests, and epsilon infinite
 *   <li>freezeUnsupported: leaves layers that cannot be trained privately as they are; default
 *       false
 *   <li>nonPrivate: allows noiseMultiplier = 0, for comparisons; epsilon is infinite
 *   <li>simulation: marks a {@link TanSimulator}'s run, whose epsilon is not the planned run's;
 *       default false
 *   <li>statisticsArePublic: acknowledges that normalization statistics of the data are public;
 *       default false
 *   <li>lossesPerExample: declares that losses of the user's own look at each record by itself;
 *       default false
 *   <li>acceptApproximate, acceptAssumptions: allow the budget to be kept by an accountant that
 *       approximates, or by an analysis that rests on assumptions; default false
 * </ul>
 */
@Getter
@ToString
@EqualsAndHashCode
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
public final class DpConfig {

  /** What happens when the next step would exceed the target. */
  public enum BudgetRule {
    /** Training ends before the step. */
    STOP,
    /** Training goes on with a warning. */
    WARN
  }

  private final double clipNorm;
  private final Clipping clipping;
  private final double autoGamma;
  private final double[] layerClipNorms;
  private final Double noiseMultiplier;
  private final Double targetEpsilon;
  private final Double targetDelta;
  private final Integer steps;
  private final Double samplingRate;
  private final Double expectedBatchSize;
  private final Sampling sampling;
  private final Neighbours neighbours;
  private final Accounting accountant;
  private final GradientEngine gradientEngine;
  private final int maxPhysicalBatch;
  private final BudgetRule onBudgetExhausted;
  private final int noiseSummands;
  private final String ledgerFile;
  private final Long testSeed;
  private final boolean freezeUnsupported;
  private final boolean nonPrivate;
  private final boolean simulation;
  private final boolean statisticsArePublic;
  private final boolean lossesPerExample;
  private final boolean acceptApproximate;
  private final boolean acceptAssumptions;

  @Builder(toBuilder = true)
  @JsonCreator
  private DpConfig(
      @JsonProperty("clipNorm") Double clipNorm,
      @JsonProperty("clipping") Clipping clipping,
      @JsonProperty("autoGamma") Double autoGamma,
      @JsonProperty("layerClipNorms") double[] layerClipNorms,
      @JsonProperty("noiseMultiplier") Double noiseMultiplier,
      @JsonProperty("targetEpsilon") Double targetEpsilon,
      @JsonProperty("targetDelta") Double targetDelta,
      @JsonProperty("steps") Integer steps,
      @JsonProperty("samplingRate") Double samplingRate,
      @JsonProperty("expectedBatchSize") Double expectedBatchSize,
      @JsonProperty("sampling") Sampling sampling,
      @JsonProperty("neighbours") Neighbours neighbours,
      @JsonProperty("accountant") Accounting accountant,
      @JsonProperty("gradientEngine") GradientEngine gradientEngine,
      @JsonProperty("maxPhysicalBatch") Integer maxPhysicalBatch,
      @JsonProperty("onBudgetExhausted") BudgetRule onBudgetExhausted,
      @JsonProperty("noiseSummands") Integer noiseSummands,
      @JsonProperty("ledgerFile") String ledgerFile,
      @JsonProperty("testSeed") Long testSeed,
      @JsonProperty("freezeUnsupported") Boolean freezeUnsupported,
      @JsonProperty("nonPrivate") Boolean nonPrivate,
      @JsonProperty("simulation") Boolean simulation,
      @JsonProperty("statisticsArePublic") Boolean statisticsArePublic,
      @JsonProperty("lossesPerExample") Boolean lossesPerExample,
      @JsonProperty("acceptApproximate") Boolean acceptApproximate,
      @JsonProperty("acceptAssumptions") Boolean acceptAssumptions) {
    this.clipNorm = Require.positive("clipNorm", clipNorm, 1);
    this.clipping = clipping == null ? Clipping.FLAT : clipping;
    this.autoGamma = Require.positive("autoGamma", autoGamma, 0.01);
    this.layerClipNorms = layerClipNorms == null ? null : layerClipNorms.clone();
    this.noiseMultiplier = noiseMultiplier;
    this.targetEpsilon = targetEpsilon;
    this.targetDelta = targetDelta;
    this.steps = steps;
    this.samplingRate = samplingRate;
    this.expectedBatchSize = expectedBatchSize;
    this.sampling = sampling == null ? Sampling.POISSON : sampling;
    this.neighbours = neighbours == null ? usual(this.sampling) : neighbours;
    this.accountant =
        accountant != null
            ? accountant
            : this.sampling == Sampling.WITHOUT_REPLACEMENT ? Accounting.RDP : Accounting.PLD;
    this.gradientEngine = gradientEngine == null ? GradientEngine.AUTO : gradientEngine;
    this.maxPhysicalBatch = Require.count("maxPhysicalBatch", maxPhysicalBatch, 256);
    this.onBudgetExhausted = onBudgetExhausted == null ? BudgetRule.STOP : onBudgetExhausted;
    this.noiseSummands = Require.count("noiseSummands", noiseSummands, 4);
    this.ledgerFile = ledgerFile;
    this.testSeed = testSeed;
    this.freezeUnsupported = Boolean.TRUE.equals(freezeUnsupported);
    this.nonPrivate = Boolean.TRUE.equals(nonPrivate);
    this.simulation = Boolean.TRUE.equals(simulation);
    this.statisticsArePublic = Boolean.TRUE.equals(statisticsArePublic);
    this.lossesPerExample = Boolean.TRUE.equals(lossesPerExample);
    this.acceptApproximate = Boolean.TRUE.equals(acceptApproximate);
    this.acceptAssumptions = Boolean.TRUE.equals(acceptAssumptions);
    check();
  }

  private static Neighbours usual(Sampling sampling) {
    return switch (sampling) {
      case POISSON -> Neighbours.ADD_REMOVE;
      case WITHOUT_REPLACEMENT -> Neighbours.REPLACE_ONE;
      case SHUFFLED_NO_AMPLIFICATION, FIXED_EPOCH -> Neighbours.REPLACE_ZERO;
    };
  }

  private void check() {
    clipRule();
    if (layerClipNorms != null && clipping != Clipping.PER_LAYER) {
      throw new IllegalArgumentException("layerClipNorms need clipping = PER_LAYER");
    }
    if (noiseMultiplier != null) {
      Require.nonNegative("noiseMultiplier", noiseMultiplier, 0);
      if (noiseMultiplier == 0 && !nonPrivate) {
        throw new IllegalArgumentException(
            "noiseMultiplier = 0 hides nothing: it needs nonPrivate(true)");
      }
    } else if (targetEpsilon == null || targetDelta == null || steps == null) {
      throw new IllegalArgumentException(
          "Give noiseMultiplier, or targetEpsilon, targetDelta and steps");
    }
    if (targetEpsilon != null) {
      Require.positive("targetEpsilon", targetEpsilon, 1);
      if (simulation) {
        throw new IllegalArgumentException("A simulation keeps no targetEpsilon");
      }
      if (targetDelta == null) {
        throw new IllegalArgumentException("targetEpsilon needs targetDelta");
      }
    }
    if (targetDelta != null) {
      Require.check(targetDelta > 0 && targetDelta < 1, "targetDelta", targetDelta, "in (0, 1)");
    }
    if (steps != null) {
      Require.count("steps", steps, 1);
    }
    if ((samplingRate == null) == (expectedBatchSize == null)) {
      throw new IllegalArgumentException("Give one of samplingRate and expectedBatchSize");
    }
    if (samplingRate != null) {
      Require.check(
          samplingRate > 0 && samplingRate <= 1, "samplingRate", samplingRate, "in (0, 1]");
    } else {
      Require.positive("expectedBatchSize", expectedBatchSize, 1);
    }
    boolean holds =
        switch (sampling) {
          case POISSON -> neighbours != Neighbours.REPLACE_ONE;
          case WITHOUT_REPLACEMENT -> neighbours == Neighbours.REPLACE_ONE;
          case SHUFFLED_NO_AMPLIFICATION, FIXED_EPOCH -> neighbours != Neighbours.ADD_REMOVE;
        };
    if (!holds) {
      throw new IllegalArgumentException(
          "No bound is known for sampling = " + sampling + " with neighbours = " + neighbours);
    }
    if (sampling == Sampling.WITHOUT_REPLACEMENT && accountant != Accounting.RDP) {
      throw new IllegalArgumentException("sampling = WITHOUT_REPLACEMENT needs accountant = RDP");
    }
    if (accountant == Accounting.GDP
        && targetEpsilon != null
        && onBudgetExhausted == BudgetRule.STOP
        && !acceptApproximate) {
      throw new IllegalArgumentException(
          "accountant = GDP can report too small an epsilon: to keep a budget by it needs"
              + " acceptApproximate(true)");
    }
  }

  /**
   * The clipping with its numbers.
   *
   * @return the rule
   */
  public ClipRule clipRule() {
    return new ClipRule(clipping, clipNorm, autoGamma, layerClipNorms);
  }

  /**
   * The probability of a record, or the share of the records in a batch.
   *
   * @param records number of records N
   * @return q in (0, 1]
   * @throws IllegalArgumentException if expectedBatchSize is above N
   */
  public double rate(int records) {
    double rate = samplingRate != null ? samplingRate : expectedBatchSize / records;
    if (rate > 1) {
      throw new IllegalArgumentException(
          "expectedBatchSize = " + expectedBatchSize + " must be at most N = " + records);
    }
    return rate;
  }

  /**
   * The size of batches that all have the same one: q N, rounded to a whole number.
   *
   * @param records number of records N
   * @return in [1, N]
   * @throws IllegalArgumentException if expectedBatchSize is above N
   */
  public int batch(int records) {
    return (int) Math.max(1, Math.rint(rate(records) * records));
  }

  /**
   * How far neighbours move a sum of gradients that are clipped to 1.
   *
   * @return 2 under REPLACE_ONE, 1 else
   */
  public double sensitivityFactor() {
    return neighbours == Neighbours.REPLACE_ONE ? 2 : 1;
  }

  /**
   * Whether all random numbers come from a seed: then nothing is private.
   *
   * @return true if testSeed was given
   */
  public boolean seeded() {
    return testSeed != null;
  }

  /**
   * What the checks before training ask about.
   *
   * @return the fields that declare or allow something
   */
  public Permissions permissions() {
    return new Permissions(freezeUnsupported, lossesPerExample, statisticsArePublic, targetDelta);
  }
}
