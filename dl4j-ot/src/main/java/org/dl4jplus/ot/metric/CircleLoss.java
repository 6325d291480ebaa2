package org.dl4jplus.ot.metric;

import java.util.Arrays;
import lombok.Builder;
import lombok.Getter;

/**
 * Circle loss: similarities within a class are pulled towards 1 and those between classes towards
 * 0, the harder the farther away they are.
 *
 * <pre>{@code
 * a_p = max(1 + m - s_p, 0),  a_n = max(s_n + m, 0)
 * pairs:   L = softplus( lse_p(-gamma a_p (s_p - 1 + m)) + lse_n(gamma a_n (s_n - m)) )
 * classes: z_y = gamma a_y (c_y - 1 + m),  z_j = gamma a_j (c_j - m),
 *          L = -log softmax(z)_y
 * }</pre>
 *
 * <p>where s_p and s_n are the cosines of the pairs of one class and of two classes, and c_j the
 * cosine with the j-th class. The weights a_p and a_n count as constants in the gradient, as in the
 * paper, unless {@code constantWeights} is false. The paper's equation 10 has the sign within the
 * softmax of s_p the other way round; here it is that of the loss.
 *
 * <p>Y. Sun, C. Cheng, Y. Zhang, C. Zhang, L. Zheng, Z. Wang, Y. Wei, "Circle Loss: A Unified
 * Perspective of Pair Similarity Optimization", arXiv:2002.10857, 2020.
 */
@Getter
public final class CircleLoss {

  /** Lengths below this count as this. */
  static final double NORM_FLOOR = 1e-12;

  private final double margin;
  private final double gamma;
  private final boolean constantWeights;

  /**
   * Makes the loss; a null is the default.
   *
   * @param margin relaxation m, in [0, 1], default 0.25
   * @param gamma scale, finite and &gt; 0, default 80
   * @param constantWeights whether the gradient takes the weights for constants, default true
   * @throws IllegalArgumentException if a value is out of range
   */
  @Builder
  public CircleLoss(Double margin, Double gamma, Boolean constantWeights) {
    this.margin = margin == null ? 0.25 : margin;
    this.gamma = gamma == null ? 80 : gamma;
    this.constantWeights = constantWeights == null || constantWeights;
    if (!(this.margin >= 0 && this.margin <= 1)) {
      throw new IllegalArgumentException("margin must be in [0, 1]: " + margin);
    }
    if (!(this.gamma > 0) || Double.isInfinite(this.gamma)) {
      throw new IllegalArgumentException("gamma must be finite and > 0: " + gamma);
    }
  }

  /**
   * The loss over all pairs of a batch.
   *
   * @param loss value, 0 if there is no pair within or none between classes
   * @param gradient with respect to the embeddings, as they are before they are normalized
   * @param within cosines of the pairs i &lt; j of one class, row after row
   * @param between cosines of the pairs i &lt; j of two classes, row after row
   */
  public record Pairs(double loss, double[][] gradient, double[] within, double[] between) {}

  /**
   * Compares all pairs of a batch.
   *
   * @param embeddings one row for each example, of any length
   * @param labels its class; negative ones take no part
   * @return loss and gradient
   * @throws IllegalArgumentException if there are not as many labels as rows
   */
  public Pairs pairs(double[][] embeddings, int[] labels) {
    int rows = embeddings.length;
    if (labels.length != rows) {
      throw new IllegalArgumentException(
          "labels must be one for each of the " + rows + " embeddings: " + labels.length);
    }
    double[] norms = new double[rows];
    double[][] units = new double[rows][];
    for (int i = 0; i < rows; i++) {
      norms[i] = Math.max(Math.sqrt(dot(embeddings[i], embeddings[i])), NORM_FLOOR);
      units[i] = embeddings[i].clone();
      for (int k = 0; k < units[i].length; k++) {
        units[i][k] /= norms[i];
      }
    }
    double[] within = new double[rows * rows / 2];
    double[] between = new double[rows * rows / 2];
    int withinCount = 0;
    int betweenCount = 0;
    for (int i = 0; i < rows; i++) {
      for (int j = i + 1; j < rows; j++) {
        if (labels[i] >= 0 && labels[j] >= 0) {
          double cosine = dot(units[i], units[j]);
          if (labels[i] == labels[j]) {
            within[withinCount++] = cosine;
          } else {
            between[betweenCount++] = cosine;
          }
        }
      }
    }
    within = Arrays.copyOf(within, withinCount);
    between = Arrays.copyOf(between, betweenCount);
    double[][] gradient = new double[rows][];
    Arrays.setAll(gradient, i -> new double[embeddings[i].length]);
    if (withinCount == 0 || betweenCount == 0) {
      return new Pairs(0, gradient, within, between);
    }
    double[] withinLogits = logits(within, true);
    double[] betweenLogits = logits(between, false);
    double total = softmax(withinLogits) + softmax(betweenLogits);
    double loss = Math.max(total, 0) + Math.log1p(Math.exp(-Math.abs(total)));
    double sigmoid = total >= 0 ? 1 / (1 + Math.exp(-total)) : 1 - 1 / (1 + Math.exp(total));
    int p = 0;
    int n = 0;
    for (int i = 0; i < rows; i++) {
      for (int j = i + 1; j < rows; j++) {
        if (labels[i] >= 0 && labels[j] >= 0) {
          double slope =
              labels[i] == labels[j]
                  ? withinLogits[p] * slope(within[p++], true)
                  : betweenLogits[n] * slope(between[n++], false);
          add(gradient[i], sigmoid * slope, units[j]);
          add(gradient[j], sigmoid * slope, units[i]);
        }
      }
    }
    for (int i = 0; i < rows; i++) {
      // Below the floor the length is taken for a constant.
      if (norms[i] > NORM_FLOOR) {
        add(gradient[i], -dot(gradient[i], units[i]), units[i]);
      }
      for (int k = 0; k < gradient[i].length; k++) {
        gradient[i][k] /= norms[i];
      }
    }
    return new Pairs(loss, gradient, within, between);
  }

  /**
   * The loss of one example over its cosines with the classes.
   *
   * @param cosines one for each class
   * @param label its class
   * @param gradient gets the gradient with respect to the cosines
   * @return the loss
   * @throws IllegalArgumentException if there is no such class
   */
  public double classes(double[] cosines, int label, double[] gradient) {
    if (label < 0 || label >= cosines.length) {
      throw new IllegalArgumentException(
          "label must be in [0, " + (cosines.length - 1) + "]: " + label);
    }
    double[] z = logits(cosines, false);
    // Of the own class the logit pulls the other way.
    z[label] = -logit(cosines[label], true);
    double own = z[label];
    double lse = softmax(z);
    for (int j = 0; j < z.length; j++) {
      gradient[j] =
          j == label ? (1 - z[j]) * slope(cosines[j], true) : z[j] * slope(cosines[j], false);
    }
    return lse - own;
  }

  private double[] logits(double[] cosines, boolean own) {
    double[] z = new double[cosines.length];
    Arrays.setAll(z, i -> logit(cosines[i], own));
    return z;
  }

  /** What the loss lowers: it falls with the cosine within a class and grows between classes. */
  private double logit(double cosine, boolean own) {
    return own
        ? -gamma * Math.max(1 + margin - cosine, 0) * (cosine - 1 + margin)
        : gamma * Math.max(cosine + margin, 0) * (cosine - margin);
  }

  /** Its derivative. */
  private double slope(double cosine, boolean own) {
    double weight = own ? -Math.max(1 + margin - cosine, 0) : Math.max(cosine + margin, 0);
    double further = weight == 0 ? 0 : own ? cosine - 1 + margin : cosine - margin;
    return gamma * (constantWeights ? weight : weight + further);
  }

  /** Turns logits into their softmax and returns the logarithm of the sum of exponentials. */
  private static double softmax(double[] z) {
    double max = Arrays.stream(z).max().orElseThrow();
    double sum = 0;
    for (int i = 0; i < z.length; i++) {
      z[i] = Math.exp(z[i] - max);
      sum += z[i];
    }
    for (int i = 0; i < z.length; i++) {
      z[i] /= sum;
    }
    return max + Math.log(sum);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int k = 0; k < a.length; k++) {
      sum += a[k] * b[k];
    }
    return sum;
  }

  private static void add(double[] to, double factor, double[] v) {
    for (int k = 0; k < to.length; k++) {
      to[k] += factor * v[k];
    }
  }
}
