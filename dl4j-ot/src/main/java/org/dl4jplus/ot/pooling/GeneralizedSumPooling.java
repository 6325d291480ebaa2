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
  private final double[] lengths;
  private final double[][] units;

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
    this.channels = channels;
    this.ratio = ratio;
    this.gamma = gamma;
    this.reduction = reduction;
    count = prototypes.length / channels;
    lengths = new double[count];
    units = new double[whole(count)][whole(channels)];
    for (int k = 0; k < count; k++) {
      double squares = 0;
      for (int c = 0; c < channels; c++) {
        squares += prototypes[k * channels + c] * prototypes[k * channels + c];
      }
      lengths[k] = Math.max(1, Math.sqrt(squares));
      for (int c = 0; c < channels; c++) {
        units[k][c] = prototypes[k * channels + c] / lengths[k];
      }
    }
  }

  /** Rows are worked on in fours; those that are missing are zero. */
  private static int whole(int rows) {
    return (rows + 3) / 4 * 4;
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

    private final int locations;
    private final double[][] features;
    private final double[] stretch;
    private final double[][] clipped;
    private final double[][] cost;
    private final PartialTransport transport;
    private final double[] weights;

    private Pooled(double[] values) {
      locations = values.length / channels;
      features = new double[channels][];
      stretch = new double[locations];
      for (int c = 0; c < channels; c++) {
        features[c] = Arrays.copyOfRange(values, c * locations, (c + 1) * locations);
        double[] row = features[c];
        for (int i = 0; i < row.length; i++) {
          stretch[i] += row[i] * row[i];
        }
      }
      for (int i = 0; i < stretch.length; i++) {
        stretch[i] = Math.max(1, Math.sqrt(stretch[i]));
      }
      clipped = new double[whole(channels)][locations];
      for (int c = 0; c < channels; c++) {
        double[] row = features[c];
        double[] unit = clipped[c];
        for (int i = 0; i < unit.length; i++) {
          unit[i] = row[i] / stretch[i];
        }
      }
      cost = new double[count][locations];
      for (int k = 0; k < count; k++) {
        for (int c = 0; c < clipped.length; c += 4) {
          addSquares(units[k], c, cost[k]);
        }
        double[] row = cost[k];
        for (int i = 0; i < row.length; i++) {
          row[i] = Math.sqrt(row[i]);
        }
      }
      transport = new PartialTransport(cost, ratio, gamma);
      weights = transport.weights();
    }

    /**
     * Adds the squares of p - u for four channels. The compiler makes vector instructions of loops
     * over whole arrays with one common index, and of no others.
     */
    private void addSquares(double[] p, int c, double[] sums) {
      double p0 = p[c];
      double p1 = p[c + 1];
      double p2 = p[c + 2];
      double p3 = p[c + 3];
      double[] u0 = clipped[c];
      double[] u1 = clipped[c + 1];
      double[] u2 = clipped[c + 2];
      double[] u3 = clipped[c + 3];
      for (int i = 0; i < sums.length; i++) {
        double d0 = p0 - u0[i];
        double d1 = p1 - u1[i];
        double d2 = p2 - u2[i];
        double d3 = p3 - u3[i];
        sums[i] += d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3;
      }
    }

    /**
     * The distances.
     *
     * @return of [prototypes, locations]
     */
    public double[][] cost() {
      return Arrays.stream(cost).map(double[]::clone).toArray(double[][]::new);
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
          pooled[c] = weights[i] * features[c][i];
        } else {
          double[] row = features[c];
          for (int i = 0; i < locations; i++) {
            pooled[c] += weights[i] * row[i];
          }
          pooled[c] /= locations;
        }
      }
      return pooled;
    }

    private int largest(int channel) {
      int largest = 0;
      for (int i = 1; i < locations; i++) {
        if (weights[i] * features[channel][i] > weights[largest] * features[channel][largest]) {
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
      double[][] gradient = new double[channels][locations];
      double[] ofWeights = new double[locations];
      for (int c = 0; c < channels; c++) {
        double[] row = features[c];
        double[] result = gradient[c];
        if (reduction == Reduction.MAX) {
          int i = largest(c);
          result[i] = weights[i] * ofPooled[c];
          ofWeights[i] += row[i] * ofPooled[c];
        } else {
          double g = ofPooled[c] / locations;
          for (int i = 0; i < result.length; i++) {
            result[i] = weights[i] * g;
          }
          for (int i = 0; i < ofWeights.length; i++) {
            ofWeights[i] += row[i] * g;
          }
        }
      }
      if (ratio < 1 || ofAttributes != null) {
        for (int i = 0; i < locations; i++) {
          ofWeights[i] *= -locations / ratio;
        }
        double[][] ofPlan = null;
        if (ofAttributes != null) {
          ofPlan = new double[count][locations];
          for (int k = 0; k < count; k++) {
            Arrays.fill(ofPlan[k], ofAttributes[k] / ratio);
          }
        }
        double[][] pulls = pulls(transport.backward(ofWeights, ofPlan));
        towardsFeatures(pulls, gradient);
        towardsPrototypes(pulls, ofPrototypes);
      }
      double[] flat = new double[channels * locations];
      for (int c = 0; c < channels; c++) {
        System.arraycopy(gradient[c], 0, flat, c * locations, locations);
      }
      return flat;
    }

    /** The derivatives with respect to the distances over the distances. */
    private double[][] pulls(double[][] ofCost) {
      double[][] pulls = Arrays.copyOf(ofCost, whole(count));
      for (int k = 0; k < count; k++) {
        double[] row = pulls[k];
        double[] distance = cost[k];
        for (int i = 0; i < row.length; i++) {
          row[i] = distance[i] > SMALLEST_DISTANCE ? row[i] / distance[i] : 0;
        }
      }
      Arrays.fill(pulls, count, pulls.length, new double[locations]);
      return pulls;
    }

    private void towardsFeatures(double[][] pulls, double[][] gradient) {
      double[][] ofClipped = new double[channels][locations];
      double[] along = new double[locations];
      double[] totals = new double[locations];
      for (double[] row : pulls) {
        for (int i = 0; i < totals.length; i++) {
          totals[i] += row[i];
        }
      }
      for (int c = 0; c < channels; c++) {
        double[] row = ofClipped[c];
        double[] unit = clipped[c];
        for (int i = 0; i < row.length; i++) {
          row[i] = totals[i] * unit[i];
        }
        for (int k = 0; k < pulls.length; k += 4) {
          takePulls(pulls, k, c, row);
        }
        for (int i = 0; i < along.length; i++) {
          along[i] += row[i] * unit[i];
        }
      }
      for (int i = 0; i < locations; i++) {
        // A length of exactly 1 is one that was not clipped.
        along[i] = stretch[i] > 1 ? along[i] : 0;
      }
      for (int c = 0; c < channels; c++) {
        double[] row = ofClipped[c];
        double[] unit = clipped[c];
        double[] result = gradient[c];
        for (int i = 0; i < result.length; i++) {
          result[i] += (row[i] - along[i] * unit[i]) / stretch[i];
        }
      }
    }

    /** Takes off the pulls of four prototypes on a channel: sum_k e_k p_k. */
    private void takePulls(double[][] pulls, int k, int c, double[] sums) {
      double p0 = units[k][c];
      double p1 = units[k + 1][c];
      double p2 = units[k + 2][c];
      double p3 = units[k + 3][c];
      double[] e0 = pulls[k];
      double[] e1 = pulls[k + 1];
      double[] e2 = pulls[k + 2];
      double[] e3 = pulls[k + 3];
      for (int i = 0; i < sums.length; i++) {
        sums[i] -= e0[i] * p0 + e1[i] * p1 + e2[i] * p2 + e3[i] * p3;
      }
    }

    private void towardsPrototypes(double[][] pulls, double[] ofPrototypes) {
      double[] ofUnit = new double[clipped.length];
      for (int k = 0; k < count; k++) {
        double[] unit = units[k];
        double total = 0;
        for (double pull : pulls[k]) {
          total += pull;
        }
        double along = 0;
        for (int c = 0; c < ofUnit.length; c += 4) {
          pull(pulls[k], total, unit, c, ofUnit);
          for (int j = c; j < c + 4; j++) {
            along += ofUnit[j] * unit[j];
          }
        }
        if (lengths[k] == 1) {
          along = 0;
        }
        for (int c = 0; c < channels; c++) {
          ofPrototypes[k * channels + c] += (ofUnit[c] - along * unit[c]) / lengths[k];
        }
      }
    }

    /** The pull on a prototype in four of its channels: sum_i e_i (p - u_i). */
    private void pull(double[] e, double total, double[] p, int c, double[] sums) {
      double[] u0 = clipped[c];
      double[] u1 = clipped[c + 1];
      double[] u2 = clipped[c + 2];
      double[] u3 = clipped[c + 3];
      double s0 = 0;
      double s1 = 0;
      double s2 = 0;
      double s3 = 0;
      for (int i = 0; i < e.length; i++) {
        s0 += e[i] * u0[i];
        s1 += e[i] * u1[i];
        s2 += e[i] * u2[i];
        s3 += e[i] * u3[i];
      }
      sums[c] = total * p[c] - s0;
      sums[c + 1] = total * p[c + 1] - s1;
      sums[c + 2] = total * p[c + 2] - s2;
      sums[c + 3] = total * p[c + 3] - s3;
    }
  }
}
