package org.dl4jplus.ot.pooling;

import java.util.Arrays;

/**
 * Generalised sum pooling: a weighted mean over the locations of a feature map that leaves out what
 * is far from all prototypes.
 *
 * <pre>{@code
 * u(v) = v / max(1, ||v||),  c_ki = ||u(p_k) - u(f_i)||
 * r, pi = the partial transport of these costs
 * w_i = (1 - n r_i) / mu,  pooled = (1/n) sum_i w_i f_i  or  max_i w_i f_i
 * attributes a_k = sum_i pi_ki / mu
 * }</pre>
 *
 * <p>With mu = 1 it is average pooling. Where a distance is below 1e-12 its derivative counts as 0.
 *
 * <p>Y. Z. Gurbuz, O. Sener, A. A. Alatan, "Generalized Sum Pooling for Metric Learning",
 * arXiv:2308.09228, 2023.
 *
 * @see PartialTransport
 */
public final class GeneralizedSumPooling {

  private static final double SMALLEST_DISTANCE = 1e-12;

  /** How the weighted features become one. */
  public enum Reduction {
    /** Their mean, as in the paper. */
    MEAN,
    /** Their maximum, as in the authors' PyTorch code. */
    MAX
  }

  private final int channels;
  private final int count;
  private final double ratio;
  private final double gamma;
  private final Reduction reduction;
  private final double[] prototypes;
  private final double[] units;

  /**
   * Makes the pooling.
   *
   * @param prototypes of [count, channels]
   * @param channels features of a location, at least 1
   * @param ratio share of the mass that is carried, in (0, 1]
   * @param gamma weight of the costs against the entropy, finite and &gt; 0
   * @param reduction mean or maximum
   * @throws IllegalArgumentException if a value is out of range
   */
  public GeneralizedSumPooling(
      double[] prototypes, int channels, double ratio, double gamma, Reduction reduction) {
    PartialTransport.checkRatio(ratio);
    PartialTransport.checkGamma(gamma);
    if (channels < 1 || prototypes.length == 0 || prototypes.length % channels != 0) {
      throw new IllegalArgumentException(
          "prototypes must be a matrix with a column for each channel: "
              + prototypes.length
              + " entries, "
              + channels
              + " channels");
    }
    if (reduction == null) {
      throw new IllegalArgumentException("reduction must be MEAN or MAX: null");
    }
    this.prototypes = prototypes;
    this.channels = channels;
    this.ratio = ratio;
    this.gamma = gamma;
    this.reduction = reduction;
    count = prototypes.length / channels;
    units = prototypes.clone();
    for (int k = 0; k < count; k++) {
      double length = Math.max(1, length(prototypes, k * channels, 1));
      for (int c = 0; c < channels; c++) {
        units[k * channels + c] /= length;
      }
    }
  }

  /** The length of a vector of channels. */
  private double length(double[] values, int from, int stride) {
    double squares = 0;
    for (int c = 0; c < channels; c++) {
      double v = values[from + c * stride];
      squares += v * v;
    }
    return Math.sqrt(squares);
  }

  /**
   * Pools one example.
   *
   * @param features of [channels, locations], with at least one location
   * @return the result, from which the derivatives can be had
   */
  public Pooled pool(double[] features) {
    return new Pooled(features);
  }

  /** One example's result. */
  public final class Pooled {

    private final double[] features;
    private final int locations;
    private final double[] lengths;
    private final double[] clipped;
    private final double[] cost;
    private final PartialTransport transport;
    private final double[] weights;

    private Pooled(double[] features) {
      this.features = features;
      locations = features.length / channels;
      lengths = new double[locations];
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < locations; i++) {
          double v = features[c * locations + i];
          lengths[i] += v * v;
        }
      }
      for (int i = 0; i < locations; i++) {
        lengths[i] = Math.max(1, Math.sqrt(lengths[i]));
      }
      clipped = features.clone();
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < locations; i++) {
          clipped[c * locations + i] /= lengths[i];
        }
      }
      cost = new double[count * locations];
      for (int k = 0; k < count; k++) {
        for (int c = 0; c < channels; c++) {
          double p = units[k * channels + c];
          for (int i = 0; i < locations; i++) {
            double d = p - clipped[c * locations + i];
            cost[k * locations + i] += d * d;
          }
        }
      }
      for (int k = 0; k < cost.length; k++) {
        cost[k] = Math.sqrt(cost[k]);
      }
      transport = new PartialTransport(cost, count, ratio, gamma);
      weights = transport.weights();
    }

    /**
     * The distances.
     *
     * @return of [prototypes, locations]
     */
    public double[] cost() {
      return cost.clone();
    }

    /**
     * The transport.
     *
     * @return residual and plan
     */
    public PartialTransport transport() {
      return transport;
    }

    /**
     * The pooled features.
     *
     * @return of [channels]
     */
    public double[] pooled() {
      double[] pooled = new double[channels];
      for (int c = 0; c < channels; c++) {
        if (reduction == Reduction.MAX) {
          int i = largest(c);
          pooled[c] = weights[i] * features[c * locations + i];
        } else {
          for (int i = 0; i < locations; i++) {
            pooled[c] += weights[i] * features[c * locations + i] / locations;
          }
        }
      }
      return pooled;
    }

    private int largest(int channel) {
      int largest = 0;
      for (int i = 1; i < locations; i++) {
        if (weights[i] * features[channel * locations + i]
            > weights[largest] * features[channel * locations + largest]) {
          largest = i;
        }
      }
      return largest;
    }

    /**
     * What each prototype receives.
     *
     * @return of [prototypes], with sum 1
     */
    public double[] attributes() {
      return transport.received();
    }

    /**
     * Vector-Jacobian product.
     *
     * @param ofPooled gradient with respect to the pooled features
     * @param ofAttributes gradient with respect to the attributes, null for none
     * @param ofPrototypes the gradient with respect to the prototypes is added to it
     * @return gradient with respect to the features
     */
    public double[] backward(double[] ofPooled, double[] ofAttributes, double[] ofPrototypes) {
      double[] gradient = new double[features.length];
      double[] ofWeights = new double[locations];
      for (int c = 0; c < channels; c++) {
        if (reduction == Reduction.MAX) {
          int i = largest(c);
          gradient[c * locations + i] = weights[i] * ofPooled[c];
          ofWeights[i] += features[c * locations + i] * ofPooled[c];
        } else {
          double g = ofPooled[c] / locations;
          for (int i = 0; i < locations; i++) {
            gradient[c * locations + i] = weights[i] * g;
            ofWeights[i] += features[c * locations + i] * g;
          }
        }
      }
      if (ratio == 1 && ofAttributes == null) {
        return gradient;
      }
      for (int i = 0; i < locations; i++) {
        ofWeights[i] *= -locations / ratio;
      }
      double[] ofPlan = new double[cost.length];
      if (ofAttributes != null) {
        for (int k = 0; k < count; k++) {
          Arrays.fill(ofPlan, k * locations, (k + 1) * locations, ofAttributes[k] / ratio);
        }
      }
      throughDistances(transport.backward(ofWeights, ofPlan), gradient, ofPrototypes);
      return gradient;
    }

    /** The sum of e (p - u) over the locations; four sums run faster than one. */
    private double towards(double p, double[] e, int fromE, int fromU) {
      double a = 0;
      double b = 0;
      double c = 0;
      double d = 0;
      int i = 0;
      for (; i + 3 < locations; i += 4) {
        a += e[fromE + i] * (p - clipped[fromU + i]);
        b += e[fromE + i + 1] * (p - clipped[fromU + i + 1]);
        c += e[fromE + i + 2] * (p - clipped[fromU + i + 2]);
        d += e[fromE + i + 3] * (p - clipped[fromU + i + 3]);
      }
      for (; i < locations; i++) {
        a += e[fromE + i] * (p - clipped[fromU + i]);
      }
      return a + b + c + d;
    }

    private void throughDistances(double[] ofCost, double[] gradient, double[] ofPrototypes) {
      double[] totals = new double[locations];
      for (int k = 0; k < count; k++) {
        for (int i = 0; i < locations; i++) {
          int at = k * locations + i;
          ofCost[at] = cost[at] > SMALLEST_DISTANCE ? ofCost[at] / cost[at] : 0;
          totals[i] += ofCost[at];
        }
      }
      double[] ofClipped = new double[features.length];
      for (int c = 0; c < channels; c++) {
        for (int i = 0; i < locations; i++) {
          ofClipped[c * locations + i] = totals[i] * clipped[c * locations + i];
        }
      }
      double[] ofUnit = new double[channels];
      for (int k = 0; k < count; k++) {
        for (int c = 0; c < channels; c++) {
          double p = units[k * channels + c];
          for (int i = 0; i < locations; i++) {
            ofClipped[c * locations + i] -= ofCost[k * locations + i] * p;
          }
          ofUnit[c] = towards(p, ofCost, k * locations, c * locations);
        }
        double length = length(prototypes, k * channels, 1);
        double along = 0;
        if (length > 1) {
          for (int c = 0; c < channels; c++) {
            along += ofUnit[c] * units[k * channels + c];
          }
        }
        for (int c = 0; c < channels; c++) {
          ofPrototypes[k * channels + c] +=
              (ofUnit[c] - along * units[k * channels + c]) / Math.max(1, length);
        }
      }
      for (int i = 0; i < locations; i++) {
        double along = 0;
        // A length of exactly 1 is one that was not clipped.
        if (lengths[i] > 1) {
          for (int c = 0; c < channels; c++) {
            along += ofClipped[c * locations + i] * clipped[c * locations + i];
          }
        }
        for (int c = 0; c < channels; c++) {
          int at = c * locations + i;
          gradient[at] += (ofClipped[at] - along * clipped[at]) / lengths[i];
        }
      }
    }
  }
}
