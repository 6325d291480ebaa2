package org.dl4jplus.optim.first;

import org.dl4jplus.optim.first.batchsize.GradientSpread;
import org.dl4jplus.optim.first.batchsize.TestBounds;

/**
 * How many examples a batch needs so that its gradient can be trusted. g is the batch's mean
 * gradient, g_i an example's, Var_i the variance over the examples.
 *
 * <p>The smaller a bound, the larger the batches; eta/2 asks for four times the examples. The tests
 * do not depend on the scale of the loss. Bounds of 0.1 to 0.5 are the paper's; on small data they
 * jump to the largest size within tens of steps, and 1 to 2 are sensible there.
 */
public enum BatchSizeTest {

  /** sum_j Var_i(g_ij) / (eta^2 ||g||^2). */
  NORM {
    @Override
    double examples(GradientSpread spread, TestBounds bounds) {
      return spread.variance() / (square(bounds.eta()) * spread.gradNormSquared());
    }
  },

  /**
   * Var_i(&lt;g_i,g&gt;) / (theta^2 ||g||^4): only as much as makes most steps go downhill. Over
   * the whole parameter vector, where the authors' program adds up the parts of single tensors.
   */
  INNER_PRODUCT {
    @Override
    double examples(GradientSpread spread, TestBounds bounds) {
      double g = spread.gradNormSquared();
      return spread.innerProductVariance() / (square(bounds.theta()) * g * g);
    }
  },

  /**
   * The larger of INNER_PRODUCT and sum_j Var_i(g_i - &lt;g_i,g&gt; g/||g||^2)_j / (nu^2 ||g||^2),
   * which also bounds how far a step goes sideways.
   */
  AUGMENTED {
    @Override
    double examples(GradientSpread spread, TestBounds bounds) {
      return Math.max(
          INNER_PRODUCT.examples(spread, bounds),
          spread.orthogonalVariance() / (square(bounds.nu()) * spread.gradNormSquared()));
    }
  },

  /**
   * The largest Var_i(g_ij) / (eta^2 g_j^2) over the coordinates with g_j != 0, or a quantile of
   * them: the theory's form for AdaGrad. With the largest the size explodes; quantiles of 0.5 to
   * 0.9 are usable.
   */
  COORDINATEWISE {
    @Override
    double examples(GradientSpread spread, TestBounds bounds) {
      return spread.coordinateRatio(bounds.coordinateQuantile()) / square(bounds.eta());
    }
  };

  abstract double examples(GradientSpread spread, TestBounds bounds);

  private static double square(double x) {
    return x * x;
  }

  /**
   * The size of the next batch. It never shrinks, and stays where it is if the batch's gradient is
   * zero, something is not finite or there are too few gradients for a variance.
   *
   * @param spread gradients of the current batch
   * @param bounds the test's bounds
   * @param batchSize current size, at least 1
   * @param maxBatchSize largest size allowed
   * @return a size from {@code batchSize} to {@code maxBatchSize}
   */
  public int nextBatchSize(
      GradientSpread spread, TestBounds bounds, int batchSize, int maxBatchSize) {
    double needed = spread.gradNormSquared() == 0 ? 0 : Math.ceil(examples(spread, bounds));
    // Both comparisons are false for NaN; infinity comes from norms that vanish in single
    // precision.
    if (needed > batchSize && needed < Double.POSITIVE_INFINITY) {
      return (int) Math.max(batchSize, Math.min(needed, maxBatchSize));
    }
    return batchSize;
  }
}
