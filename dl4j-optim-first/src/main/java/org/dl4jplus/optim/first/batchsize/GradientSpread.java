package org.dl4jplus.optim.first.batchsize;

import java.util.Arrays;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How far the gradients of single examples (or of parts of a batch) scatter around the batch's. It
 * takes them one by one: two vectors of the model's size whatever their number, a third one where
 * single coordinates are asked for. Variances have the divisor count - 1 and are multiplied by the
 * number of examples in a part, which makes them those of single examples.
 */
public final class GradientSpread {

  private final INDArray mean;
  private final INDArray deviation;
  private final INDArray sum;
  private final INDArray squares;
  private double normSquared;
  private int count;
  private int examplesPerPart;
  private double deviationsSquared;
  private double products;
  private double productsSquared;

  /**
   * Takes the memory.
   *
   * @param mean where {@link #begin} expects the batch's mean gradient, of shape [n]
   * @param coordinates whether {@link #coordinateRatio} will be asked for
   */
  public GradientSpread(INDArray mean, boolean coordinates) {
    this.mean = mean;
    deviation = mean.ulike();
    sum = mean.ulike();
    squares = coordinates ? mean.ulike() : null;
  }

  /**
   * Forgets what was added and takes the mean gradient as it is now.
   *
   * @param newExamplesPerPart examples in each of the gradients to come, at least 1
   */
  public void begin(int newExamplesPerPart) {
    examplesPerPart = newExamplesPerPart;
    normSquared = GradientTurn.dot(mean, mean);
    sum.assign(0);
    if (squares != null) {
      squares.assign(0);
    }
    count = 0;
    deviationsSquared = 0;
    products = 0;
    productsSquared = 0;
  }

  /**
   * Takes in a gradient.
   *
   * @param gradient gradient of the mean loss of an example or part, of shape [n]
   */
  public void add(INDArray gradient) {
    // Deviations from the batch's gradient, so that nothing cancels where they are small.
    GradientTurn.axpy(gradient, -1, mean, deviation);
    double product = GradientTurn.dot(deviation, mean);
    count++;
    deviationsSquared += GradientTurn.dot(deviation, deviation);
    products += product;
    productsSquared += product * product;
    sum.addi(deviation);
    if (squares != null) {
      squares.addi(deviation.muli(deviation));
    }
  }

  /**
   * Squared norm of the batch's gradient.
   *
   * @return the square
   */
  public double gradNormSquared() {
    return normSquared;
  }

  /**
   * The variances of all coordinates, added up.
   *
   * @return the sum; NaN for fewer than two gradients
   */
  public double variance() {
    return variance(deviationsSquared, GradientTurn.dot(sum, sum));
  }

  /**
   * Variance of the inner product with the batch's gradient.
   *
   * @return the variance; NaN for fewer than two gradients
   */
  public double innerProductVariance() {
    return variance(productsSquared, products * products);
  }

  /**
   * The variances of what is orthogonal to the batch's gradient, added up.
   *
   * @return the sum; NaN for fewer than two gradients or where the batch's gradient is 0
   */
  public double orthogonalVariance() {
    return Math.max(0, variance() - innerProductVariance() / normSquared);
  }

  /**
   * A quantile, over the coordinates in which the batch's gradient is not 0, of variance / gradient
   * squared. Allocates with the model's size.
   *
   * @param quantile from 0 to 1, where it is the largest
   * @return the quantile; 0 if there are no such coordinates
   */
  public double coordinateRatio(double quantile) {
    double[] g = mean.toDoubleVector();
    double[] total = sum.toDoubleVector();
    double[] ratios = squares.toDoubleVector();
    int found = 0;
    for (int j = 0; j < g.length; j++) {
      if (g[j] != 0) {
        ratios[found++] = variance(ratios[j], total[j] * total[j]) / (g[j] * g[j]);
      }
    }
    if (found == 0) {
      return 0;
    }
    Arrays.sort(ratios, 0, found);
    return ratios[Math.max(0, (int) Math.ceil(quantile * found) - 1)];
  }

  private double variance(double squared, double sumSquared) {
    if (count < 2) {
      return Double.NaN;
    }
    return examplesPerPart * Math.max(0, squared - sumSquared / count) / (count - 1);
  }
}
