package org.dl4jplus.bilevel.selftuning;

import java.io.Serializable;
import org.dl4jplus.bilevel.problem.HyperTransform;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A hyperparameter that tunes itself.
 *
 * @param name its name: of the dropouts of that name, or of an augmentation of its own
 * @param bounds where its values lie
 * @param start its value at the start, strictly within the bounds
 * @param discrete whether its values are the whole numbers below
 * @param augmentation what it does to a training batch; null for dropout
 */
public record SelfTuned(
    String name, HyperTransform bounds, double start, boolean discrete, Augmentation augmentation) {

  /** What a hyperparameter does to the inputs of a training batch. */
  @FunctionalInterface
  public interface Augmentation extends Serializable {

    /**
     * Changes a batch.
     *
     * @param features a copy of the batch's inputs, to be changed in place
     * @param values the hyperparameter's value for each example
     * @param seed of what is random in it; another one in each step
     */
    void apply(INDArray features, double[] values, long seed);
  }

  /**
   * Checks the hyperparameter.
   *
   * @param name its name: of the dropouts of that name, or of an augmentation of its own
   * @param bounds where its values lie
   * @param start its value at the start, strictly within the bounds
   * @param discrete whether its values are the whole numbers below
   * @param augmentation what it does to a training batch; null for dropout
   * @throws IllegalArgumentException for a start at or beyond a bound, or no name
   */
  public SelfTuned {
    if (name == null || name.isEmpty()) {
      throw new IllegalArgumentException("name must be given");
    }
    try {
      bounds.inverse(start);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("start of " + name + ": " + e.getMessage(), e);
    }
  }

  /**
   * The rate of the dropouts of a name, in (0, 0.9).
   *
   * @param name that of the {@link SelfTuningDropout}s
   * @param start rate at the start, 0.05 in the paper
   * @return the hyperparameter
   */
  public static SelfTuned dropout(String name, double start) {
    return new SelfTuned(name, new HyperTransform(0, 0.9), start, false, null);
  }

  /**
   * The strength of an augmentation.
   *
   * @param name its name
   * @param min lower bound
   * @param max upper bound
   * @param start strength at the start
   * @param augmentation what it does to a training batch
   * @return the hyperparameter
   */
  public static SelfTuned augmentation(
      String name, double min, double max, double start, Augmentation augmentation) {
    return new SelfTuned(name, new HyperTransform(min, max), start, false, augmentation);
  }

  /** The value at an unconstrained number. */
  double value(double u) {
    double value = bounds.value(u);
    return discrete ? Math.floor(value) : value;
  }
}
