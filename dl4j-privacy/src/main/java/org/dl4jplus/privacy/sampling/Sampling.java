package org.dl4jplus.privacy.sampling;

/** How a step's records are chosen; each goes with certain relations of neighbours. */
public enum Sampling {
  /** Each record by itself with probability q: ADD_REMOVE, REPLACE_ZERO. Amplified. */
  POISSON,
  /** A fresh uniform subset of fixed size: REPLACE_ONE. Amplified; RDP accountant only. */
  WITHOUT_REPLACEMENT,
  /** Disjoint batches of an epoch that is shuffled anew: REPLACE_ZERO, REPLACE_ONE. */
  SHUFFLED_NO_AMPLIFICATION,
  /**
   * Disjoint batches, the same ones in each epoch: REPLACE_ZERO, REPLACE_ONE. What correlated noise
   * needs.
   */
  FIXED_EPOCH
}
