package org.dl4jplus.integration.quickstart;

/**
 * One training run.
 *
 * @param losses mean loss over all training examples before the first epoch and after each
 * @param accuracy share of the test examples that are classified correctly at the end
 * @param seconds time that the training steps of each epoch took
 */
record Run(double[] losses, double accuracy, double[] seconds) {

  /** First epoch after which the loss is at most the target; 0 if there is none. */
  int epochsTo(double target) {
    for (int epoch = 1; epoch < losses.length; epoch++) {
      if (losses[epoch] <= target) {
        return epoch;
      }
    }
    return 0;
  }
}
