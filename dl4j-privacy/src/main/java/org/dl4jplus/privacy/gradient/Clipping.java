package org.dl4jplus.privacy.gradient;

/**
 * How the gradient of a record is made short enough that no record weighs more than the clip norm
 * C. With n the Euclidean norm of the record's gradient, it is multiplied by:
 */
public enum Clipping {
  /**
   * min(1, C / n); 1 for n = 0 (Martin Abadi et al., "Deep Learning with Differential Privacy",
   * arXiv 1607.00133, 2016).
   */
  FLAT,
  /**
   * C / (n + gamma) (Zhiqi Bu et al., "Automatic Clipping: Differentially Private Deep Learning
   * Made Easier and Stronger", arXiv 2206.07136, 2022).
   */
  AUTO_S,
  /** C / n; 0 for n = 0 (the same paper). */
  AUTO_V,
  /** 1 where n is at most C, 0 elsewhere. */
  GLOBAL,
  /**
   * For each layer l by itself min(1, C_l / n_l), where the squares of the C_l add up to that of C;
   * C / sqrt(number of layers) by default.
   */
  PER_LAYER
}
