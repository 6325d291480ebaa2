package org.dl4jplus.privacy;

import java.util.Arrays;
import java.util.EnumSet;
import lombok.Builder;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.RdpAccountant;
import org.dl4jplus.privacy.accounting.RenyiDivergence;
import org.dl4jplus.privacy.gradient.ClipRule;
import org.dl4jplus.privacy.gradient.Clipping;
import org.dl4jplus.privacy.sampling.Sampling;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * DiceSGD: what clipping cuts off is kept and handed in later, so that clipped training has no
 * constant bias. With e = 0 at first, C1 the clip norm, L the expected batch size:
 *
 * <pre>{@code
 * v         = (1/L) sum of clip(g_i, C1) + clip(e, C2)
 * direction = v + s z,  z ~ N(0, I),  s = (sigma / L) sqrt(C1^2 + 2 (C2 L)^2)
 * e        <- e + (1/L) sum of g_i - v
 * }</pre>
 *
 * <p>The error e holds gradients without noise: it never leaves the process, a resumed run starts
 * with e = 0.
 *
 * <p>The same noise is worth very different epsilons in the two analyses. CONSERVATIVE assumes
 * nothing: the noise is thought of as two parts of variances sa^2 + sb^2 = s^2, and an order a of
 * the Renyi divergence costs at most that of a Poisson sample with noise multiplier sa L / C1 plus
 * 2 a C2^2 / sb^2, since the other participations of a record move clip(e, C2) by at most 2 C2; the
 * best split is taken for each order. It wants a small C2. PAPER takes sigma as the multiplier of
 * the plain mechanism; that rests on the paper's theorem, which assumes bounded gradients and lets
 * sampling amplify the error's part, too: it was not derived again here, and keeps a budget only
 * with acceptAssumptions.
 *
 * <ul>
 *   <li>errorClipNorm: C2, at least 0, on the scale of the mean gradient; default C1 / L under
 *       CONSERVATIVE, where the error moves like one record, and C1 under PAPER
 *   <li>analysis: default CONSERVATIVE
 *   <li>errorShrink: the published code's rule, which keeps the error small: e is first multiplied
 *       by min(f, 1 - min(f, 1)) with f = C2 / ||e|| in the place of 1 - min(f, 1); default false
 * </ul>
 *
 * <p>The published code takes s = (sigma / L) C1 sqrt(1 + 2 r) for C2 = r C1 / L, which is too
 * small for r above 1, and sets e without using it in the first step; here the paper is followed.
 * Source: Xinwei Zhang, Zhiqi Bu, Zhiwei Steven Wu, Mingyi Hong, "Differentially Private SGD
 * Without Clipping Bias: An Error-Feedback Approach", arXiv 2311.14632, 2024.
 */
public final class DiceSgd extends DpMechanism {

  /** How epsilon is derived. */
  public enum Analysis {
    /** Without assumptions on the gradients. */
    CONSERVATIVE,
    /** As in the paper. */
    PAPER
  }

  /** Shares of the variance that are tried for the error's part. */
  private static final int SPLITS = 50;

  @JsonProperty private final Double errorClipNorm;
  @JsonProperty private final Analysis analysis;
  @JsonProperty private final boolean errorShrink;

  private double[] error;
  private PrivacyEvent later;
  private double laterMultiplier;

  /** With the defaults. */
  public DiceSgd() {
    this(null, null, null);
  }

  @Builder
  @JsonCreator
  private DiceSgd(
      @JsonProperty("errorClipNorm") Double errorClipNorm,
      @JsonProperty("analysis") Analysis analysis,
      @JsonProperty("errorShrink") Boolean errorShrink) {
    this.errorClipNorm =
        errorClipNorm == null ? null : Require.nonNegative("errorClipNorm", errorClipNorm, 0);
    this.analysis = analysis == null ? Analysis.CONSERVATIVE : analysis;
    this.errorShrink = Boolean.TRUE.equals(errorShrink);
  }

  @Override
  public void begin(DpPlan plan) {
    DpConfig config = plan.config();
    if (config.getSampling() != Sampling.POISSON
        || config.getNeighbours() != Neighbours.ADD_REMOVE) {
      throw new IllegalArgumentException(
          "DiceSgd needs sampling = POISSON and neighbours = ADD_REMOVE");
    }
    if (config.getClipping() != Clipping.FLAT) {
      throw new IllegalArgumentException("DiceSgd needs clipping = FLAT");
    }
    if (analysis == Analysis.CONSERVATIVE && config.getAccountant() != Accounting.RDP) {
      throw new IllegalArgumentException(
          "DiceSgd's analysis CONSERVATIVE gives Renyi divergences: it needs accountant = RDP");
    }
    if (analysis == Analysis.PAPER
        && config.getTargetEpsilon() != null
        && config.getOnBudgetExhausted() == DpConfig.BudgetRule.STOP
        && !config.isAcceptAssumptions()) {
      throw new IllegalArgumentException(
          "DiceSgd's analysis PAPER assumes bounded gradients: to keep a budget by it needs"
              + " acceptAssumptions(true)");
    }
    error = new double[plan.coordinates()];
    later = null;
  }

  private double errorClip(DpPlan plan) {
    if (errorClipNorm != null) {
      return errorClipNorm;
    }
    double clip = plan.config().getClipNorm();
    return analysis == Analysis.PAPER ? clip : clip / plan.sampler().expectedSize();
  }

  /** Standard deviation of the noise on the sum of gradients. */
  private double deviation(DpPlan plan, double noiseMultiplier) {
    double clip = plan.config().getClipNorm();
    double errorClip = errorClip(plan) * plan.sampler().expectedSize();
    return noiseMultiplier * Math.sqrt(clip * clip + 2 * errorClip * errorClip);
  }

  @Override
  public PrivacyEvent event(DpPlan plan, int step, double noiseMultiplier) {
    if (analysis == Analysis.PAPER) {
      return plan.sampler().gaussian(step, noiseMultiplier);
    }
    double deviation = deviation(plan, noiseMultiplier);
    double errorClip = errorClip(plan) * plan.sampler().expectedSize();
    if (step == 0 || errorClip == 0) {
      return plan.sampler().gaussian(step, deviation / plan.config().getClipNorm());
    }
    if (later == null || laterMultiplier != noiseMultiplier) {
      later = curve(plan, step, deviation, errorClip);
      laterMultiplier = noiseMultiplier;
    }
    return later;
  }

  private static PrivacyEvent curve(DpPlan plan, int step, double deviation, double errorClip) {
    double[] orders = RdpAccountant.defaultOrders();
    double[] best = new double[orders.length];
    Arrays.fill(best, Double.POSITIVE_INFINITY);
    for (int k = 1; k < SPLITS; k++) {
      double share = (double) k / SPLITS;
      double sampled = Math.sqrt(1 - share) * deviation / plan.config().getClipNorm();
      double fed = share * deviation * deviation;
      double[] curve = RenyiDivergence.of(plan.sampler().gaussian(step, sampled), orders);
      for (int i = 0; i < orders.length; i++) {
        best[i] = Math.min(best[i], curve[i] + 2 * orders[i] * errorClip * errorClip / fed);
      }
    }
    return new PrivacyEvent.RdpCurve(orders, best, EnumSet.of(Neighbours.ADD_REMOVE));
  }

  @Override
  public void step(DpPlan plan, DpStep step) {
    int n = plan.coordinates();
    double[] direction = step.direction();
    double[] plain = new double[n];
    step.records()
        .clippedAndPlainSum(
            step.parameters(), ClipRule.flat(plan.config().getClipNorm()), direction, plain);
    double squares = 0;
    for (double entry : error) {
      squares += entry * entry;
    }
    double f = squares == 0 ? 1 : errorClip(plan) / Math.sqrt(squares);
    double handed = Math.min(1, f);
    double kept = errorShrink ? Math.min(f, 1 - handed) : 1 - handed;
    double size = step.expectedSize();
    for (int i = 0; i < n; i++) {
      double clipped = direction[i] / size;
      direction[i] = clipped + handed * error[i];
      error[i] = kept * error[i] + plain[i] / size - clipped;
    }
    step.noise().add(direction, deviation(plan, step.noiseMultiplier()) / size);
  }

  @Override
  public String assumption() {
    return analysis == Analysis.PAPER
        ? "gradients of single records differ from their mean by a bounded amount (DiceSGD's theorem)"
        : null;
  }

  /**
   * What was cut off and not yet handed in. It is private and without noise: for tests.
   *
   * @return a copy
   */
  double[] error() {
    return error.clone();
  }
}
