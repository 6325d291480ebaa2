package org.dl4jplus.optim.zeroth.onebyte;

import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;

/** The losses that one machine can evaluate: those of its own data. */
public interface LocalLosses {

  /**
   * Parameters, and the loss of the sample that was chosen last.
   *
   * @return always the same object
   */
  ZoProblem problem();

  /**
   * Chooses the batch of a sample.
   *
   * @param seed of the sample; what is chosen must be a function of it alone
   */
  void choose(long seed);

  /**
   * Losses without batches.
   *
   * @param problem the loss of every sample
   * @return the losses
   */
  static LocalLosses of(ZoProblem problem) {
    Require.given("problem", problem);
    return new LocalLosses() {
      @Override
      public ZoProblem problem() {
        return problem;
      }

      @Override
      public void choose(long seed) {
        // There is nothing to choose from.
      }
    };
  }
}
