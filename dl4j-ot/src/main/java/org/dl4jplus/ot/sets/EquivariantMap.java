package org.dl4jplus.ot.sets;

/**
 * Linear map of the elements of a set that a permutation of the set permutes: every element sees
 * itself and what the set has in common.
 *
 * <pre>{@code
 * variant 1: y_t = (x_t - pool(x)) W + b
 * variant 2: y_t = x_t W + b - pool(x) L
 * }</pre>
 *
 * <p>where pool takes the maximum or the mean of each feature over the set. The derivative of a
 * maximum goes to the first of equal elements.
 *
 * <p>Matrices are row-major: x [elements, inputs], W and L [inputs, outputs].
 *
 * <p>M. Zaheer, S. Kottur, S. Ravanbakhsh, B. Poczos, R. Salakhutdinov, A. Smola, "Deep Sets",
 * arXiv:1703.06114, 2017.
 *
 * @param variant 1 or 2
 * @param pool maximum or mean
 * @param inputs features of an element, at least 1
 * @param outputs features of its image, at least 1
 */
public record EquivariantMap(int variant, Pool pool, int inputs, int outputs) {

  /** What a set has in common. */
  public enum Pool {
    /** The largest value of each feature. */
    MAX,
    /** The mean of each feature. */
    MEAN
  }

  /**
   * Makes the map.
   *
   * @param variant 1 or 2
   * @param pool maximum or mean
   * @param inputs features of an element, at least 1
   * @param outputs features of its image, at least 1
   * @throws IllegalArgumentException if a value is out of range
   */
  public EquivariantMap {
    if (variant != 1 && variant != 2) {
      throw new IllegalArgumentException("variant must be 1 or 2: " + variant);
    }
    if (pool == null) {
      throw new IllegalArgumentException("pool must be MAX or MEAN: null");
    }
    if (inputs < 1 || outputs < 1) {
      throw new IllegalArgumentException(
          "inputs and outputs must be >= 1: " + inputs + ", " + outputs);
    }
  }

  /**
   * Weights, or gradients with respect to them.
   *
   * @param w of [inputs, outputs]
   * @param l of [inputs, outputs], not used by variant 1
   * @param b of [outputs]
   */
  public record Weights(double[] w, double[] l, double[] b) {}

  /**
   * Maps a set.
   *
   * @param x elements, at least one
   * @param weights the weights
   * @return images of [elements, outputs]
   */
  public double[] map(double[] x, Weights weights) {
    int elements = x.length / inputs;
    double[] common = new double[outputs];
    double[] pooled = pooled(x, firstLargest(x));
    double[] l = variant == 1 ? weights.w : weights.l;
    for (int i = 0; i < inputs; i++) {
      for (int o = 0; o < outputs; o++) {
        common[o] += pooled[i] * l[i * outputs + o];
      }
    }
    double[] y = new double[elements * outputs];
    for (int t = 0; t < elements; t++) {
      for (int o = 0; o < outputs; o++) {
        y[t * outputs + o] = weights.b[o] - common[o];
      }
      for (int i = 0; i < inputs; i++) {
        double value = x[t * inputs + i];
        for (int o = 0; o < outputs; o++) {
          y[t * outputs + o] += value * weights.w[i * outputs + o];
        }
      }
    }
    return y;
  }

  /**
   * Vector-Jacobian product.
   *
   * @param x elements, at least one
   * @param weights the weights
   * @param upstream gradient with respect to the images
   * @param gradients the gradients of the weights are added to it
   * @return gradient with respect to the elements
   */
  public double[] backward(double[] x, Weights weights, double[] upstream, Weights gradients) {
    int elements = x.length / inputs;
    int[] largest = firstLargest(x);
    double[] pooled = pooled(x, largest);
    double[] total = new double[outputs];
    double[] gradient = new double[x.length];
    for (int t = 0; t < elements; t++) {
      for (int o = 0; o < outputs; o++) {
        total[o] += upstream[t * outputs + o];
      }
      for (int i = 0; i < inputs; i++) {
        double sum = 0;
        for (int o = 0; o < outputs; o++) {
          double g = upstream[t * outputs + o];
          sum += g * weights.w[i * outputs + o];
          gradients.w[i * outputs + o] += x[t * inputs + i] * g;
        }
        gradient[t * inputs + i] = sum;
      }
    }
    double[] l = variant == 1 ? weights.w : weights.l;
    double[] toCommon = variant == 1 ? gradients.w : gradients.l;
    for (int o = 0; o < outputs; o++) {
      gradients.b[o] += total[o];
    }
    for (int i = 0; i < inputs; i++) {
      double sum = 0;
      for (int o = 0; o < outputs; o++) {
        sum += total[o] * l[i * outputs + o];
        toCommon[i * outputs + o] -= pooled[i] * total[o];
      }
      if (pool == Pool.MAX) {
        gradient[largest[i] * inputs + i] -= sum;
      } else {
        for (int t = 0; t < elements; t++) {
          gradient[t * inputs + i] -= sum / elements;
        }
      }
    }
    return gradient;
  }

  private int[] firstLargest(double[] x) {
    int[] largest = new int[inputs];
    for (int t = 1; t < x.length / inputs; t++) {
      for (int i = 0; i < inputs; i++) {
        if (x[t * inputs + i] > x[largest[i] * inputs + i]) {
          largest[i] = t;
        }
      }
    }
    return largest;
  }

  private double[] pooled(double[] x, int[] largest) {
    double[] pooled = new double[inputs];
    int elements = x.length / inputs;
    for (int i = 0; i < inputs; i++) {
      if (pool == Pool.MAX) {
        pooled[i] = x[largest[i] * inputs + i];
      } else {
        for (int t = 0; t < elements; t++) {
          pooled[i] += x[t * inputs + i] / elements;
        }
      }
    }
    return pooled;
  }
}
