package org.dl4jplus.optim.first.linalg;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.apache.commons.math3.exception.MaxCountExceededException;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The Lanczos method: eigenvalues of a symmetric matrix of which only products with vectors are
 * known.
 *
 * <pre>{@code
 * v_0 = start/||start||
 * u = A v_i,  alpha_i = <u, v_i>,  u <- u - its parts along v_0..v_i, twice
 * beta_i = ||u||,  v_(i+1) = u/beta_i
 * T = tridiagonal matrix of alphas and betas;  T y = theta y:  Ritz value theta, vector V^T y
 * weight of theta = (first entry of y)^2
 * }</pre>
 *
 * <p>Every vector is made orthogonal to all earlier ones, so as many of them are held as steps are
 * taken, in double precision always. The weights add up to 1: with them the Ritz values are the
 * nodes of a quadrature of the start vector's spectrum.
 *
 * <p>C. Lanczos: "An Iteration Method for the Solution of the Eigenvalue Problem of Linear
 * Differential and Integral Operators" (1950). Quadrature: G. H. Golub, G. Meurant: "Matrices,
 * Moments and Quadrature" (1994).
 */
public final class Lanczos {

  /** A remainder below this part of the matrix is rounding: the space is invariant. */
  private static final double BREAKDOWN = 1e-10;

  /**
   * Ritz values and what belongs to them.
   *
   * @param values ascending
   * @param vectors unit vectors of the tridiagonal matrix, one row for each value
   */
  public record Ritz(double[] values, double[][] vectors) {

    /**
     * The weights of the quadrature.
     *
     * @return one for each value; they add up to 1
     */
    public double[] weights() {
      return Arrays.stream(vectors).mapToDouble(y -> y[0] * y[0]).toArray();
    }
  }

  private final UnaryOperator<INDArray> product;
  private final List<INDArray> basis = new ArrayList<>();
  private final List<Double> alphas = new ArrayList<>();
  private final List<Double> betas = new ArrayList<>();
  private INDArray next;

  /**
   * Prepares to begin; no product is taken yet.
   *
   * @param product returns A v as a new array in double precision, and leaves v as it is
   * @param start of shape [n], in double precision, not zero; not changed
   */
  public Lanczos(UnaryOperator<INDArray> product, INDArray start) {
    this.product = product;
    next = start.div(GradientTurn.norm(start));
  }

  /**
   * Takes steps until the order is reached or the space is invariant.
   *
   * @param product as in the constructor
   * @param start as in the constructor
   * @param order most steps, at least 1; more than n are not taken
   * @return what was found
   * @throws ArithmeticException where a product is not finite
   */
  public static Lanczos run(UnaryOperator<INDArray> product, INDArray start, int order) {
    Lanczos lanczos = new Lanczos(product, start);
    long most = Math.min(order, start.length());
    double largest = 1;
    do {
      lanczos.step();
      largest = Math.max(largest, Math.abs(lanczos.alphas.get(lanczos.steps() - 1)));
    } while (lanczos.steps() < most && lanczos.beta() >= BREAKDOWN * largest);
    return lanczos;
  }

  /**
   * A start vector of normal numbers.
   *
   * @param size n
   * @param seed of the numbers
   * @return of shape [n], in double precision
   */
  public static INDArray normalStart(long size, long seed) {
    double[] normal = new double[Math.toIntExact(size)];
    CounterNoise.fill(
        Distribution.GAUSSIAN, CounterNoise.deriveSeed(seed), 0, normal, normal.length);
    return Nd4j.createFromArray(normal);
  }

  /**
   * One product and what follows from it. Not to be called after {@link #beta()} was 0.
   *
   * @throws ArithmeticException where the product is not finite; the step is not taken
   */
  public void step() {
    INDArray v = next;
    INDArray image = product.apply(v);
    double alpha = GradientTurn.dot(image, v);
    basis.add(v);
    // Twice is enough: what the first sweep leaves is rounding.
    for (int sweep = 0; sweep < 2; sweep++) {
      for (INDArray earlier : basis) {
        GradientTurn.axpy(image, -GradientTurn.dot(image, earlier), earlier, image);
      }
    }
    double beta = GradientTurn.norm(image);
    if (!Double.isFinite(alpha) || !Double.isFinite(beta)) {
      basis.remove(basis.size() - 1);
      throw new ArithmeticException("A product with the matrix is not finite");
    }
    alphas.add(alpha);
    betas.add(beta);
    next = beta == 0 ? image : image.divi(beta);
  }

  /**
   * Steps taken.
   *
   * @return the number of Ritz values
   */
  public int steps() {
    return alphas.size();
  }

  /**
   * The norm of what the last step left.
   *
   * @return 0 in an invariant space
   */
  public double beta() {
    return betas.get(betas.size() - 1);
  }

  /**
   * The diagonal of the tridiagonal matrix.
   *
   * @return one number for each step
   */
  public double[] alphas() {
    return alphas.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /**
   * What lies beside the diagonal.
   *
   * @return one number less than there are steps
   */
  public double[] betas() {
    return betas.stream().limit(steps() - 1L).mapToDouble(Double::doubleValue).toArray();
  }

  /**
   * Decomposes the tridiagonal matrix.
   *
   * @return the Ritz values
   * @throws ArithmeticException if that does not converge
   */
  public Ritz ritz() {
    int size = steps();
    double[] values = new double[size];
    double[][] vectors = new double[size][];
    try {
      EigenDecomposition eigen = new EigenDecomposition(alphas(), betas());
      // The library's order is descending.
      for (int i = 0; i < size; i++) {
        values[i] = eigen.getRealEigenvalue(size - 1 - i);
        vectors[i] = eigen.getEigenvector(size - 1 - i).toArray();
      }
    } catch (MaxCountExceededException e) {
      throw new ArithmeticException(e.getMessage());
    }
    return new Ritz(values, vectors);
  }

  /**
   * A vector of the space.
   *
   * @param weights one for each step, such as a row of {@link Ritz#vectors()}
   * @return the weighted sum of the steps' vectors, with length 1; of shape [n]
   */
  public INDArray combine(double[] weights) {
    INDArray sum = Nd4j.create(DataType.DOUBLE, basis.get(0).length());
    for (int i = 0; i < basis.size(); i++) {
      GradientTurn.axpy(sum, weights[i], basis.get(i), sum);
    }
    return sum.divi(GradientTurn.norm(sum));
  }

  /**
   * The vector that the next step begins with.
   *
   * @return a unit vector orthogonal to all earlier ones; not to be changed
   */
  public INDArray next() {
    return next;
  }
}
