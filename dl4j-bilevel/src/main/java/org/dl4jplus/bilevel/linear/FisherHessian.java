package org.dl4jplus.bilevel.linear;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.bilevel.linear.Solution.Stop;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.second.linalg.InverseFisher;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The empirical Fisher matrix of batch gradients in the place of the lower loss's Hessian, inverted
 * exactly by {@link InverseFisher}:
 *
 * <pre>{@code
 * F = damping*I + (scale/m) * sum of g_k*g_k'      g_k: gradient of batch k in y
 * }</pre>
 *
 * <p>An approximation that no number of gradients makes exact. It comes near the Hessian for a loss
 * that is a negative log-likelihood, a model that fits the data and gradients of single examples;
 * gradients of batches of s examples are about s times too small in square, which {@code scale} = s
 * makes up for, and terms that are no data loss (a decay) enter it wrongly. It costs a gradient for
 * each of the m batches and cannot break down, where a series or conjugate gradients may. The
 * reported residual is measured with one product with the true Hessian; above 1, q is worse than 0
 * as a solution, though its direction may still be of use. On a digits network of this project's
 * tests, at a minimum with a decay for each parameter, hypergradients by it have a cosine of 0.53
 * to 0.65 with the exact one (damping 0.003 to 0.3), those by the identity 0.58, by three terms of
 * the series 0.81: the series is the better choice where the Hessian allows it.
 *
 * <ul>
 *   <li>gradients: m, at least 2, taken from batches spread over all of them; default 64. No more
 *       than there are batches
 *   <li>damping: above 0; default 1e-2
 *   <li>scale: above 0; default 1
 *   <li>blockSize: length of the diagonal blocks that are kept of F, 0 for the whole; default 0
 * </ul>
 */
@Getter
@EqualsAndHashCode
@ToString
public final class FisherHessian implements InverseHessian {

  private final int gradients;
  private final double damping;
  private final double scale;
  private final int blockSize;

  /** With the defaults. */
  public FisherHessian() {
    this(null, null, null, null);
  }

  @Builder
  @JsonCreator
  private FisherHessian(
      @JsonProperty("gradients") Integer gradients,
      @JsonProperty("damping") Double damping,
      @JsonProperty("scale") Double scale,
      @JsonProperty("blockSize") Integer blockSize) {
    this.gradients = Require.atLeast("gradients", gradients, 64, 2);
    this.damping = Require.positive("damping", damping, 1e-2);
    this.scale = Require.positive("scale", scale, 1);
    this.blockSize = Require.atLeast("blockSize", blockSize, 0, 0);
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the lower loss has only one batch
   * @throws ArithmeticException if the gradients are too large for the damping
   */
  @Override
  public Product multiply(
      BilevelProblem problem, INDArray x, INDArray y, int batch, double[] v, double[] start) {
    int batches = problem.lowerBatches();
    int m = Math.min(gradients, batches);
    Require.check(m >= 2, "lowerBatches", m, "at least 2 for a Fisher matrix");
    INDArray rows = Nd4j.create(y.dataType(), new long[] {m, y.length()}, 'c');
    INDArray gradient = y.ulike();
    for (int k = 0; k < m; k++) {
      problem.lower(x, y, (int) ((long) k * batches / m), null, gradient);
      rows.get(NDArrayIndex.point(k), NDArrayIndex.all()).assign(gradient);
    }
    INDArray right = Nd4j.createFromArray(v);
    INDArray q = new InverseFisher(rows.muli(Math.sqrt(scale)), damping, blockSize).product(right);
    problem.lowerHessianVector(x, y, batch, q.castTo(y.dataType()), gradient);
    double norm = Vectors.norm(v);
    double[] rest = v.clone();
    Vectors.add(rest, -1, gradient.toDoubleVector());
    double residual = norm == 0 ? 0 : Vectors.norm(rest) / norm;
    Solution solution = new Solution(q.toDoubleVector(), residual, 0, 1, Stop.CONVERGED);
    return new Product(solution, m + (long) problem.productCalls());
  }
}
