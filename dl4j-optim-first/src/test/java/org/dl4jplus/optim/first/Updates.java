package org.dl4jplus.optim.first;

import java.util.Random;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;

/** What an updater makes of a series of gradients, in double precision. */
final class Updates {

  private Updates() {}

  /** A running updater with fresh state. */
  static GradientUpdater<?> start(IUpdater updater, long n) {
    long size = updater.stateSize(n);
    return updater.instantiate(size == 0 ? null : Nd4j.create(DataType.DOUBLE, size), true);
  }

  /** One step. */
  static double[] next(GradientUpdater<?> running, int iteration, double... gradient) {
    INDArray block = Nd4j.createFromArray(gradient);
    running.applyUpdater(block, iteration, 0);
    return block.toDoubleVector();
  }

  /** All updates from a fresh start. */
  static double[][] of(IUpdater updater, double[][] gradients) {
    GradientUpdater<?> running = start(updater, gradients[0].length);
    double[][] updates = new double[gradients.length][];
    for (int k = 0; k < gradients.length; k++) {
      updates[k] = next(running, k, gradients[k]);
    }
    return updates;
  }

  /** Normally distributed gradients. */
  static double[][] randomGradients(long seed, int steps, int n) {
    Random random = new Random(seed);
    double[][] gradients = new double[steps][n];
    for (double[] gradient : gradients) {
      for (int i = 0; i < n; i++) {
        gradient[i] = random.nextGaussian();
      }
    }
    return gradients;
  }
}
