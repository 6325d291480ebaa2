package org.dl4jplus.bilevel;

/** Hears of every outer step of a {@link BilevelTrainer}. */
@FunctionalInterface
public interface BilevelListener {

  /**
   * After an outer step.
   *
   * @param trainer with the new point
   * @param iteration number of the step, from 0
   * @param report its loss and the size of its hypergradient
   */
  void onOuterStep(BilevelTrainer trainer, long iteration, BilevelAlgorithm.Report report);
}
