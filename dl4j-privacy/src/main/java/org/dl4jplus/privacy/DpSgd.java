package org.dl4jplus.privacy;

import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.sampling.Sampling;

/**
 * The Gaussian mechanism on clipped gradients:
 *
 * <pre>{@code
 * direction = (sum of clip(g_i) over the drawn records + sigma * S * z) / L,  z ~ N(0, I)
 * }</pre>
 *
 * with S = C, or 2 C under REPLACE_ONE, and L the expected batch size, whatever was drawn. With the
 * network's updater Sgd it is DP-SGD, with Adam DP-Adam, and so on: what an updater does is
 * post-processing. Sources: Martin Abadi, Andy Chu, Ian Goodfellow, H. Brendan McMahan, Ilya
 * Mironov, Kunal Talwar, Li Zhang, "Deep Learning with Differential Privacy", arXiv 1607.00133,
 * 2016.
 */
public final class DpSgd extends DpMechanism {

  @Override
  public void begin(DpPlan plan) {
    if (plan.config().getSampling() == Sampling.FIXED_EPOCH) {
      throw new IllegalArgumentException(
          "sampling = FIXED_EPOCH is what correlated noise needs; DpSgd takes"
              + " SHUFFLED_NO_AMPLIFICATION in its place");
    }
  }

  @Override
  public PrivacyEvent event(DpPlan plan, int step, double noiseMultiplier) {
    return plan.sampler().gaussian(step, noiseMultiplier);
  }

  @Override
  public void step(DpPlan plan, DpStep step) {
    double[] sum = step.direction();
    step.records().clippedSum(step.parameters(), plan.config().clipRule(), sum);
    step.noise().add(sum, step.noiseMultiplier() * plan.sensitivity());
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= step.expectedSize();
    }
  }
}
