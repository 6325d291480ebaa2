package org.dl4jplus.ot;

import org.dl4jplus.ot.metric.CircleLoss;

/**
 * Circle loss of examples and classes, {@link CircleLoss#classes}: a softmax cross-entropy over
 * cosines, as {@link NormalizedDenseOutputLayer} gives them. The labels are one-hot rows. A mask
 * leaves examples out.
 */
public class CosineLossCircle extends CircleLossFunction {

  private static final long serialVersionUID = 1L;

  /** With margin 0.25 and gamma 80. */
  public CosineLossCircle() {}

  /**
   * With settings of one's own.
   *
   * @param margin relaxation, in [0, 1]
   * @param gamma scale, finite and &gt; 0
   * @throws IllegalArgumentException if a value is out of range
   */
  public CosineLossCircle(double margin, double gamma) {
    setMargin(margin);
    setGamma(gamma);
  }

  @Override
  double[] losses(double[][] output, int[] classes, double[][] gradient) {
    CircleLoss circle = loss();
    double[] losses = new double[output.length];
    for (int i = 0; i < output.length; i++) {
      if (classes[i] >= 0) {
        losses[i] = circle.classes(output[i], classes[i], gradient[i]);
      }
    }
    return losses;
  }
}
