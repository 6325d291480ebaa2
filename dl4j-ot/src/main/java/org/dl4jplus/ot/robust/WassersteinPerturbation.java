package org.dl4jplus.ot.robust;

import java.util.function.UnaryOperator;
import lombok.Builder;
import lombok.Getter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The inner maximum of a loss that is robust against transport of the data: every example moves
 * where its loss is larger, at a price for the distance.
 *
 * <pre>{@code
 * max_x' loss(x') - gamma / 2 ||x' - x||^2
 * by x' <- x' + stepSize (dloss/dx' - gamma (x' - x)), from x' = x
 * }</pre>
 *
 * <p>The ascent ends early when the gradient of the batch's mean is shorter than {@code
 * stopGradNorm}, or is not finite: then the last point stays. With a gamma below the smoothness of
 * the loss the maximum may be unbounded; {@code maxPerturbation} bounds each example's way.
 *
 * <p>T. Le Nguyen, Tung-Anh Nguyen, Nguyen H. Tran et al., "On the Generalization of Wasserstein
 * Robust Federated Learning", arXiv:2206.01432, 2022.
 */
@Getter
public final class WassersteinPerturbation {

  private final double gamma;
  private final double stepSize;
  private final int ascentSteps;
  private final double stopGradNorm;
  private final double maxPerturbation;

  /**
   * Makes the ascent; a null is the default.
   *
   * @param gamma price of the squared distance, finite and &gt; 0, default 0.05
   * @param stepSize finite and &gt; 0, below 1 / gamma, default 0.1
   * @param ascentSteps at least 1, default 10
   * @param stopGradNorm finite and &gt;= 0, default 1e-4
   * @param maxPerturbation largest distance of an example, &gt; 0, default infinity
   * @throws IllegalArgumentException if a value is out of range
   */
  @Builder
  public WassersteinPerturbation(
      Double gamma,
      Double stepSize,
      Integer ascentSteps,
      Double stopGradNorm,
      Double maxPerturbation) {
    this.gamma = gamma == null ? 0.05 : gamma;
    this.stepSize = stepSize == null ? 0.1 : stepSize;
    this.ascentSteps = ascentSteps == null ? 10 : ascentSteps;
    this.stopGradNorm = stopGradNorm == null ? 1e-4 : stopGradNorm;
    this.maxPerturbation = maxPerturbation == null ? Double.POSITIVE_INFINITY : maxPerturbation;
    if (!(this.gamma > 0) || Double.isInfinite(this.gamma)) {
      throw new IllegalArgumentException("gamma must be finite and > 0: " + gamma);
    }
    if (!(this.stepSize > 0 && this.stepSize * this.gamma < 1)) {
      throw new IllegalArgumentException(
          "stepSize must be in (0, 1 / gamma = " + 1 / this.gamma + "): " + this.stepSize);
    }
    if (this.ascentSteps < 1) {
      throw new IllegalArgumentException("ascentSteps must be >= 1: " + ascentSteps);
    }
    if (!(this.stopGradNorm >= 0) || Double.isInfinite(this.stopGradNorm)) {
      throw new IllegalArgumentException("stopGradNorm must be finite and >= 0: " + stopGradNorm);
    }
    if (!(this.maxPerturbation > 0)) {
      throw new IllegalArgumentException("maxPerturbation must be > 0: " + maxPerturbation);
    }
  }

  /**
   * Moves a batch.
   *
   * @param x the batch, examples along the first axis; not changed
   * @param lossGradient gives for a batch the gradient of each example's loss with respect to it
   * @return the moved batch, a new array
   */
  public INDArray perturb(INDArray x, UnaryOperator<INDArray> lossGradient) {
    double[] start = values(x);
    double[] moved = start.clone();
    int examples = (int) x.size(0);
    for (int step = 0; step < ascentSteps; step++) {
      double[] ascent = values(lossGradient.apply(array(moved, x)));
      double squares = 0;
      for (int k = 0; k < ascent.length; k++) {
        ascent[k] -= gamma * (moved[k] - start[k]);
        squares += ascent[k] * ascent[k];
      }
      double norm = Math.sqrt(squares) / examples;
      if (!(norm >= stopGradNorm) || Double.isInfinite(norm)) {
        break;
      }
      for (int k = 0; k < moved.length; k++) {
        moved[k] += stepSize * ascent[k];
      }
      clamp(moved, start, examples);
    }
    return array(moved, x);
  }

  private void clamp(double[] moved, double[] start, int examples) {
    if (Double.isInfinite(maxPerturbation)) {
      return;
    }
    int size = moved.length / examples;
    for (int from = 0; from < moved.length; from += size) {
      double squares = 0;
      for (int k = from; k < from + size; k++) {
        squares += (moved[k] - start[k]) * (moved[k] - start[k]);
      }
      double factor = maxPerturbation / Math.sqrt(squares);
      for (int k = from; factor < 1 && k < from + size; k++) {
        moved[k] = start[k] + factor * (moved[k] - start[k]);
      }
    }
  }

  private static double[] values(INDArray array) {
    return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
  }

  private static INDArray array(double[] values, INDArray like) {
    return Nd4j.createFromArray(values).castTo(like.dataType()).reshape('c', like.shape());
  }
}
