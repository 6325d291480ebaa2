package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;
import static org.dl4jplus.optim.first.updater.Require.rate;

import lombok.Builder;

/**
 * What the learning rate becomes when the batch size changes.
 *
 * <p>Rules: {@link Rule#LINEAR} for SGD, {@link Rule#SQRT} for Adam and its like, {@link
 * Rule#CAPPED} for SGD where the curvature is known: linear up to the largest stable rate.
 *
 * <p>D. Granziol, S. Zohren, S. Roberts: "Learning Rates as a Function of Batch Size: A Random
 * Matrix Theory Approach to Neural Network Training", arXiv 2006.09092 (2020).
 */
public final class BatchScaling {

  /** How the rate follows the batch size. */
  public enum Rule {
    /** lr * bNew/bOld. */
    LINEAR,
    /** lr * sqrt(bNew/bOld). */
    SQRT,
    /** The smaller of lr * bNew/bOld and {@link Curvature#maxLearningRate} of bNew. */
    CAPPED
  }

  /**
   * The loss's curvature and its noise: the Hessian of a batch is that of the full data plus a
   * random symmetric matrix, and its largest eigenvalue is
   *
   * <pre>{@code
   * lambda1 + P*variance/(b*lambda1)    where lambda1 > sqrt(P*variance/b)
   * 2*sqrt(P*variance/b)                else: the noise hides the data's eigenvalue
   * }</pre>
   *
   * with b/(1-b/N) in the place of b for N examples in all. {@code lambda1} can be measured by a
   * Lanczos run on a large batch, {@code variance} by one on a small batch, solved for it.
   *
   * @param lambda1 largest eigenvalue of the full data's Hessian, above 0
   * @param parameters P, number of parameters, at least 1
   * @param variance variance of an entry of one example's Hessian, at least 0
   * @param examples N, number of examples; null: infinitely many
   */
  @Builder
  public record Curvature(double lambda1, long parameters, double variance, Long examples) {

    /**
     * Checks the values.
     *
     * @param lambda1 largest eigenvalue
     * @param parameters number of parameters
     * @param variance variance of an entry
     * @param examples number of examples, or null
     */
    public Curvature {
      positive("lambda1", lambda1, 0);
      check(parameters >= 1, "parameters", parameters, "at least 1");
      nonNegative("variance", variance, 0);
      if (examples != null) {
        check(examples >= 1, "examples", examples, "at least 1");
      }
    }

    /**
     * Largest eigenvalue of a batch's Hessian.
     *
     * @param batch batch size, at least 1 and at most N
     * @return the eigenvalue
     */
    public double largestEigenvalue(double batch) {
      atLeastOne("batch", batch);
      double perBatch = 1 / batch;
      if (examples != null) {
        check(batch <= examples, "batch", batch, "at most examples = " + examples);
        perBatch -= 1.0 / examples;
      }
      double noise = parameters * variance * perBatch;
      double edge = Math.sqrt(noise);
      return lambda1 > edge ? lambda1 + noise / lambda1 : 2 * edge;
    }

    /**
     * The largest rate at which plain gradient steps on a batch are stable.
     *
     * @param batch batch size, at least 1 and at most N
     * @return 2 / largest eigenvalue
     */
    public double maxLearningRate(double batch) {
      return 2 / largestEigenvalue(batch);
    }
  }

  private BatchScaling() {}

  /**
   * The rate for a new batch size by one of the rules that need no curvature.
   *
   * @param learningRate rate at the old batch size, at least 0
   * @param oldBatch old batch size, at least 1
   * @param newBatch new batch size, at least 1
   * @param rule LINEAR or SQRT
   * @return the new rate
   */
  public static double scale(double learningRate, double oldBatch, double newBatch, Rule rule) {
    return scale(learningRate, oldBatch, newBatch, rule, null);
  }

  /**
   * The rate for a new batch size.
   *
   * @param learningRate rate at the old batch size, at least 0
   * @param oldBatch old batch size, at least 1
   * @param newBatch new batch size, at least 1
   * @param rule the rule
   * @param curvature needed by CAPPED, not used by the others
   * @return the new rate
   */
  public static double scale(
      double learningRate, double oldBatch, double newBatch, Rule rule, Curvature curvature) {
    rate("learningRate", learningRate, 0);
    double ratio = atLeastOne("newBatch", newBatch) / atLeastOne("oldBatch", oldBatch);
    return switch (rule) {
      case LINEAR -> learningRate * ratio;
      case SQRT -> learningRate * Math.sqrt(ratio);
      case CAPPED -> {
        if (curvature == null) {
          throw new IllegalArgumentException("curvature must be given for the rule CAPPED");
        }
        yield Math.min(learningRate * ratio, curvature.maxLearningRate(newBatch));
      }
    };
  }

  private static double atLeastOne(String field, double batch) {
    return check(batch >= 1 && batch < Double.POSITIVE_INFINITY, field, batch, "at least 1");
  }
}
