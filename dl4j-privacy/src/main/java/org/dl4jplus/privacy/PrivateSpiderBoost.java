package org.dl4jplus.privacy;

import java.util.Map;
import lombok.Builder;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.gradient.ClipRule;
import org.dl4jplus.privacy.gradient.Clipping;
import org.dl4jplus.privacy.sampling.BatchSampler;
import org.dl4jplus.privacy.sampling.PoissonSampler;
import org.dl4jplus.privacy.sampling.Sampling;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Private SpiderBoost: phases that start with the gradient of a large Poisson batch and go on with
 * differences of gradients on small ones. With L0 the configuration's clipNorm, d = ||w_t -
 * w_{t-1}||, b1 and b2 the expected batch sizes and z ~ N(0, I):
 *
 * <pre>{@code
 * t mod phaseLength = 0:  v <- (1/b1) sum clip(g_i, L0) + s1 z
 * otherwise:              v <- v + (1/b2) sum clip(g_i(w_t) - g_i(w_{t-1}), min(L1 d, 2 L0))
 *                                + min(s2 d, s2Hat) z
 * direction = v
 * }</pre>
 *
 * The network's updater Sgd(rate) makes the method's step, with 1 / (2 L1) as the usual rate.
 * Anchors cost a Poisson sample with rate b1 / N and noise multiplier s1 b1 / L0, variations one
 * with rate b2 / N and min(s2 b2 / L1, s2Hat b2 / (2 L0)), whatever d is.
 *
 * <ul>
 *   <li>smoothness: L1, above 0; default 1
 *   <li>anchorBatch, variationBatch: b1 and b2 in (0, N]; default N / 4 and N / 16
 *   <li>phaseLength: at least 1; default 8
 *   <li>anchorShare: share of the zero-concentrated budget that anchors get, without sampling taken
 *       into account, in (0, 1); default 0.5. From the configuration's noise multiplier sigma over
 *       T planned steps with R anchors, theirs is sigma sqrt(R / (share T)) and that of variations
 *       sigma sqrt((T - R) / ((1 - share) T)); sigma for both where no steps are planned. It was
 *       chosen here: with one multiplier for all, anchors are as noisy as any step of DP-SGD and
 *       nothing is gained
 *   <li>sigma1, sigma2, sigma2Hat: s1, s2 and s2Hat themselves, all or none
 * </ul>
 *
 * <p>Records pass a network of FLOAT one by one for differences, slowly: take DOUBLE. Differences
 * are clipped to 2 L0 at most, which the cap s2Hat needs to be enough. The last iterate is the
 * result; the theory is about a random one. The paper's tree of differences and its methods for
 * convex losses are not there. Source: Raman Arora, Raef Bassily, Tomas Gonzalez, Cristobal Guzman,
 * Michael Menart, Enayat Ullah, "Faster Rates of Convergence to Stationary Points in Differentially
 * Private Optimization", arXiv 2206.00846, 2023.
 */
public final class PrivateSpiderBoost extends DpMechanism {

  @JsonProperty private final double smoothness;
  @JsonProperty private final Double anchorBatch;
  @JsonProperty private final Double variationBatch;
  @JsonProperty private final int phaseLength;
  @JsonProperty private final double anchorShare;
  @JsonProperty private final Double sigma1;
  @JsonProperty private final Double sigma2;
  @JsonProperty private final Double sigma2Hat;

  private final DifferenceEstimator estimator = new DifferenceEstimator();

  /** With the defaults. */
  public PrivateSpiderBoost() {
    this(null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private PrivateSpiderBoost(
      @JsonProperty("smoothness") Double smoothness,
      @JsonProperty("anchorBatch") Double anchorBatch,
      @JsonProperty("variationBatch") Double variationBatch,
      @JsonProperty("phaseLength") Integer phaseLength,
      @JsonProperty("anchorShare") Double anchorShare,
      @JsonProperty("sigma1") Double sigma1,
      @JsonProperty("sigma2") Double sigma2,
      @JsonProperty("sigma2Hat") Double sigma2Hat) {
    this.smoothness = Require.positive("smoothness", smoothness, 1);
    this.anchorBatch = anchorBatch == null ? null : Require.positive("anchorBatch", anchorBatch, 1);
    this.variationBatch =
        variationBatch == null ? null : Require.positive("variationBatch", variationBatch, 1);
    this.phaseLength = Require.count("phaseLength", phaseLength, 8);
    this.anchorShare = anchorShare == null ? 0.5 : anchorShare;
    Require.check(
        this.anchorShare > 0 && this.anchorShare < 1, "anchorShare", this.anchorShare, "in (0, 1)");
    if (sigma1 == null != (sigma2 == null) || sigma1 == null != (sigma2Hat == null)) {
      throw new IllegalArgumentException("Give all of sigma1, sigma2 and sigma2Hat, or none");
    }
    this.sigma1 = sigma1 == null ? null : Require.nonNegative("sigma1", sigma1, 0);
    this.sigma2 = sigma2 == null ? null : Require.nonNegative("sigma2", sigma2, 0);
    this.sigma2Hat = sigma2Hat == null ? null : Require.nonNegative("sigma2Hat", sigma2Hat, 0);
  }

  @Override
  public void begin(DpPlan plan) {
    if (plan.config().getSampling() != Sampling.POISSON) {
      throw new IllegalArgumentException("PrivateSpiderBoost needs sampling = POISSON");
    }
    if (plan.config().getClipping() != Clipping.FLAT) {
      throw new IllegalArgumentException("PrivateSpiderBoost needs clipping = FLAT");
    }
    if (anchorBatch(plan) > plan.records() || variationBatch(plan) > plan.records()) {
      throw new IllegalArgumentException(
          "anchorBatch = "
              + anchorBatch(plan)
              + " and variationBatch = "
              + variationBatch(plan)
              + " must be at most N = "
              + plan.records());
    }
  }

  private boolean anchor(int step) {
    return step % phaseLength == 0;
  }

  private double anchorBatch(DpPlan plan) {
    return anchorBatch != null ? anchorBatch : plan.records() / 4.0;
  }

  private double variationBatch(DpPlan plan) {
    return variationBatch != null ? variationBatch : plan.records() / 16.0;
  }

  private double multiplier(DpPlan plan, boolean anchor, double noiseMultiplier) {
    Integer steps = plan.config().getSteps();
    return steps == null
        ? noiseMultiplier
        : DifferenceEstimator.multiplier(anchor, anchorShare, noiseMultiplier, steps, phaseLength);
  }

  private double sigma1(DpPlan plan, double noiseMultiplier) {
    return sigma1 != null
        ? sigma1
        : multiplier(plan, true, noiseMultiplier) * plan.config().getClipNorm() / anchorBatch(plan);
  }

  private double sigma2(DpPlan plan, double noiseMultiplier) {
    return sigma2 != null
        ? sigma2
        : multiplier(plan, false, noiseMultiplier) * smoothness / variationBatch(plan);
  }

  private double sigma2Hat(DpPlan plan, double noiseMultiplier) {
    return sigma2Hat != null
        ? sigma2Hat
        : multiplier(plan, false, noiseMultiplier)
            * 2
            * plan.config().getClipNorm()
            / variationBatch(plan);
  }

  @Override
  public BatchSampler sampler(DpPlan plan, int step) {
    double batch = anchor(step) ? anchorBatch(plan) : variationBatch(plan);
    return new PoissonSampler(plan.records(), batch / plan.records());
  }

  @Override
  public PrivacyEvent event(DpPlan plan, int step, double noiseMultiplier) {
    double clip = plan.config().getClipNorm();
    double multiplier =
        anchor(step)
            ? sigma1(plan, noiseMultiplier) * anchorBatch(plan) / clip
            : Math.min(
                sigma2(plan, noiseMultiplier) * variationBatch(plan) / smoothness,
                sigma2Hat(plan, noiseMultiplier) * variationBatch(plan) / (2 * clip));
    return sampler(plan, step).gaussian(step, multiplier);
  }

  @Override
  public void step(DpPlan plan, DpStep step) {
    double[] sum = step.direction();
    INDArray parameters = step.parameters();
    double clip = plan.config().getClipNorm();
    boolean anchor = anchor(step.index());
    double deviation;
    if (anchor) {
      step.records().clippedSum(parameters, ClipRule.flat(clip), sum);
      deviation = sigma1(plan, step.noiseMultiplier());
    } else {
      double distance = estimator.distance(parameters);
      step.records()
          .clippedDifferenceSum(
              parameters,
              estimator.previous(parameters),
              Math.min(smoothness * distance, 2 * clip),
              sum);
      deviation =
          Math.min(
              sigma2(plan, step.noiseMultiplier()) * distance,
              sigma2Hat(plan, step.noiseMultiplier()));
    }
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= step.expectedSize();
    }
    step.noise().add(sum, deviation);
    estimator.release(sum, anchor, parameters);
  }

  @Override
  public Map<String, double[]> state() {
    return estimator.state();
  }

  @Override
  public void restore(Map<String, double[]> state) {
    estimator.restore(state);
  }
}
