package org.dl4jplus.privacy;

import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A gradient estimate that is moved along by private gradient differences. All it remembers was
 * released: the estimate and the point at which it was last moved.
 */
final class DifferenceEstimator {

  private double[] estimate;
  private double[] previous;

  /**
   * Noise multiplier of a release, if full gradients get a share of the zero-concentrated budget
   * that a multiplier of sigma for every step would spend.
   *
   * @param full whether a full gradient is released
   * @param share of full gradients, in (0, 1)
   * @param sigma for every step
   * @param steps planned
   * @param period steps from one full gradient to the next
   */
  static double multiplier(boolean full, double share, double sigma, double steps, int period) {
    double count = Math.ceil(steps / period);
    if (count == steps) {
      // Nothing else is released.
      return sigma;
    }
    return sigma
        * Math.sqrt(full ? count / (share * steps) : (steps - count) / ((1 - share) * steps));
  }

  boolean started() {
    return estimate != null;
  }

  /** The last point, of the type of another one. */
  INDArray previous(INDArray like) {
    INDArray point = Nd4j.createFromArray(previous);
    return like.dataType() == DataType.DOUBLE ? point : point.castTo(like.dataType());
  }

  /** Distance from the last point, from the parameters as they were released. */
  double distance(INDArray parameters) {
    double[] now = parameters.toDoubleVector();
    double squares = 0;
    for (int i = 0; i < now.length; i++) {
      squares += (now[i] - previous[i]) * (now[i] - previous[i]);
    }
    return Math.sqrt(squares);
  }

  /** Starts anew, or moves on, by what was released at a point; the estimate is left in it. */
  void release(double[] released, boolean anew, INDArray parameters) {
    if (!anew) {
      for (int i = 0; i < released.length; i++) {
        released[i] += estimate[i];
      }
    }
    estimate = released.clone();
    previous = parameters.toDoubleVector();
  }

  Map<String, double[]> state() {
    Map<String, double[]> state = new HashMap<>();
    if (started()) {
      state.put("estimate", estimate.clone());
      state.put("previous", previous.clone());
    }
    return state;
  }

  void restore(Map<String, double[]> state) {
    estimate = state.get("estimate");
    previous = state.get("previous");
  }
}
