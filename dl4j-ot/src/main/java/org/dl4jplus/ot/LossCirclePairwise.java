package org.dl4jplus.ot;

import java.util.Arrays;
import org.dl4jplus.ot.metric.CircleLoss;

/**
 * Circle loss over all pairs of a batch of embeddings, {@link CircleLoss#pairs}. The output layer's
 * activations are the embeddings, of any number, and are normalized here; the labels are one-hot
 * rows, of any number of classes. A mask leaves examples out of the pairs. The network's score is
 * the loss of the batch, and every example is said to have this loss.
 *
 * <p>Use an identity activation. A batch without two examples of one class, or of one class only,
 * has loss 0.
 */
public class LossCirclePairwise extends CircleLossFunction {

  private static final long serialVersionUID = 1L;

  /** With margin 0.25 and gamma 80. */
  public LossCirclePairwise() {}

  /**
   * With settings of one's own.
   *
   * @param margin relaxation, in [0, 1]
   * @param gamma scale, finite and &gt; 0
   * @throws IllegalArgumentException if a value is out of range
   */
  public LossCirclePairwise(double margin, double gamma) {
    setMargin(margin);
    setGamma(gamma);
  }

  @Override
  double[] losses(double[][] output, int[] classes, double[][] gradient) {
    CircleLoss.Pairs pairs = loss().pairs(output, classes);
    double[] losses = new double[output.length];
    Arrays.fill(losses, pairs.loss());
    // The platform divides by the number of examples.
    for (int i = 0; i < output.length; i++) {
      for (int k = 0; k < output[i].length; k++) {
        gradient[i][k] = output.length * pairs.gradient()[i][k];
      }
    }
    return losses;
  }
}
