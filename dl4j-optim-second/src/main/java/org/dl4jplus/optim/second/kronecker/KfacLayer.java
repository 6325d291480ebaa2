package org.dl4jplus.optim.second.kronecker;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One layer's part in K-FAC: running averages of its factors and their damped inverses. All lies in
 * arrays that the caller owns; nothing else is remembered.
 *
 * <pre>{@code
 * pi = sqrt( (tr(A)/dim(A)) / (tr(G)/dim(G)) ),  kept in [1e-3, 1e3]
 * V = (A + pi*sqrt(damping)*I)^-1  gradient  (G + sqrt(damping)/pi*I)^-1
 * }</pre>
 */
public final class KfacLayer {

  /** What {@link #invert} found. */
  public enum Inverse {
    /** Nothing yet. */
    NONE,
    /** All errors were zero: there is nothing to learn. */
    ZERO,
    /** Both inverses. */
    READY,
    /** No inverse, however much damping was tried. */
    FAILED
  }

  private static final double LARGEST_PI = 1e3;

  private final INDArray input;
  private final INDArray error;
  private final INDArray inputInverse;
  private final INDArray errorInverse;

  /**
   * Opens the arrays.
   *
   * @param input running average A of the input factor
   * @param error running average G of the error factor
   * @param inputInverse the damped inverse of A
   * @param errorInverse the damped inverse of G
   */
  public KfacLayer(INDArray input, INDArray error, INDArray inputInverse, INDArray errorInverse) {
    this.input = input;
    this.error = error;
    this.inputInverse = inputInverse;
    this.errorInverse = errorInverse;
  }

  /**
   * Takes a batch's factors into the averages.
   *
   * @param batch the factors; left out if they are null or not finite
   * @param decay weight that the averages keep, 0 for the first batch
   * @return whether they were taken
   */
  public boolean accumulate(KroneckerFactors batch, double decay) {
    if (batch == null) {
      return false;
    }
    INDArray batchInput = batch.inputPerExample();
    if (!Double.isFinite(DampedInverse.trace(batchInput) + DampedInverse.trace(batch.error()))) {
      return false;
    }
    average(input, batchInput, decay);
    average(error, batch.error(), decay);
    return true;
  }

  private static void average(INDArray average, INDArray value, double decay) {
    if (decay == 0) {
      average.assign(value);
    } else {
      average.muli(decay).addi(value.mul(1 - decay));
    }
  }

  /**
   * How the damping is split between the two sides.
   *
   * @return the root of the ratio of the mean eigenvalues, in [1e-3, 1e3]
   */
  public double pi() {
    double a = DampedInverse.trace(input) / input.rows();
    double g = DampedInverse.trace(error) / error.rows();
    return Math.min(Math.max(Math.sqrt(a / g), 1 / LARGEST_PI), LARGEST_PI);
  }

  /**
   * Renews the inverses.
   *
   * @param damping of the Kronecker product, above 0
   * @param piCorrection whether it is split by {@link #pi()}; evenly otherwise
   * @return what became of it; the inverses are of use only if they are ready
   */
  public Inverse invert(double damping, boolean piCorrection) {
    if (DampedInverse.trace(error) == 0) {
      return Inverse.ZERO;
    }
    double pi = piCorrection ? pi() : 1;
    double root = Math.sqrt(damping);
    return DampedInverse.invert(input, pi * root, inputInverse)
            && DampedInverse.invert(error, root / pi, errorInverse)
        ? Inverse.READY
        : Inverse.FAILED;
  }

  /**
   * Multiplies by both inverses.
   *
   * @param gradient of shape [inputs (+ 1), outputs]
   * @return V, a new array
   */
  public INDArray precondition(INDArray gradient) {
    return inputInverse.mmul(gradient).mmul(errorInverse);
  }
}
