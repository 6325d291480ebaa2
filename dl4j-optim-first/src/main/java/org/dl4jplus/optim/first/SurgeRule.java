package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.positive;
import static org.dl4jplus.optim.first.updater.Require.rate;

/**
 * The best learning rate for a batch size, once the noise scale of the gradients is known ({@link
 * NoiseScaleListener} measures it).
 *
 * <pre>{@code
 * Adam, sign-like:  lrMax / ( ( sqrt(noiseBatch/batch) + sqrt(batch/noiseBatch) ) / 2 )
 * SGD:              lrMax / ( 1 + noiseBatch/batch )
 * }</pre>
 *
 * <p>For Adam the rate rises like the root of the batch size, is largest (lrMax) where the batch
 * size is the noise scale, and <em>falls</em> beyond it; for SGD it rises linearly and then stays.
 * In practice: find a good rate at one batch size, read the noise scale after the first part of the
 * run, solve for lrMax, and use the rule for other batch sizes. The noise scale grows during
 * training, so the peak moves to larger batches.
 *
 * <p>S. Li and others: "Surge Phenomenon in Optimal Learning Rate and Batch Size Scaling", arXiv
 * 2405.14578 (2024).
 */
public final class SurgeRule {

  private SurgeRule() {}

  /**
   * The rate for Adam and other methods whose step has the gradient's sign.
   *
   * @param maxLearningRate rate at the noise scale, at least 0
   * @param noiseBatch the noise scale, in examples, above 0
   * @param batch batch size, above 0
   * @return the rate
   */
  public static double adam(double maxLearningRate, double noiseBatch, double batch) {
    double root = Math.sqrt(ratio(noiseBatch, batch));
    return rate("maxLearningRate", maxLearningRate, 0) / (0.5 * (root + 1 / root));
  }

  /**
   * The rate for SGD.
   *
   * @param maxLearningRate rate for very large batches, at least 0
   * @param noiseBatch the noise scale, in examples, above 0
   * @param batch batch size, above 0
   * @return the rate
   */
  public static double sgd(double maxLearningRate, double noiseBatch, double batch) {
    return rate("maxLearningRate", maxLearningRate, 0) / (1 + ratio(noiseBatch, batch));
  }

  private static double ratio(double noiseBatch, double batch) {
    return positive("noiseBatch", noiseBatch, 0) / positive("batch", batch, 0);
  }
}
