package org.dl4jplus.privacy.factorization;

/**
 * A factorisation {@code A = B C} of a {@link Workload}: what is released is {@code C G + sigma
 * sens Z}, so the sums {@code A G} come with the noise {@code sigma sens B Z}, and the gradient of
 * step t with {@code sigma sens (C^-1 Z)_t}.
 *
 * <p>The whole run is ONE Gaussian mechanism with noise multiplier sigma, also for gradients that
 * depend on what was released before: C is lower triangular, or the noise has the law of that of a
 * lower triangular one.
 *
 * <p>S. Denisov et al.: "Improved Differential Privacy for SGD via Optimal Private Linear Operators
 * on Adaptive Streams", arXiv:2202.08312 (2022).
 */
public sealed interface Factorization
    permits TriangularFactorization, TreeFactorization, FourierFactorization {

  /**
   * How many steps there are.
   *
   * @return columns of C
   */
  int steps();

  /**
   * From which distance of the diagonal on {@code C^T C} is 0.
   *
   * @return 1 for a diagonal matrix, {@link #steps()} for a full one
   */
  int bands();

  /**
   * An entry of {@code X = C^T C}, computed from the numbers of C.
   *
   * @param i row
   * @param j column
   * @return the entry
   */
  double gram(int i, int j);

  /**
   * The squared Frobenius norm of B: the sum of the variances of all sums, for Z as it is.
   *
   * @param workload what the noisy gradients are summed to, of as many steps
   * @return above 0
   */
  double squaredError(Workload workload);

  /**
   * The stream of {@code C^-1 Z}, or of what has its law.
   *
   * @param source where Z comes from; indexes are not used for anything else
   * @param dimension of a gradient, at least 1
   * @return at its first step
   */
  CorrelatedNoise noise(IndexedNoise source, int dimension);

  /**
   * The sum of the variances of all sums for noise multiplier 1: {@code sens^2 ||B||_F^2}.
   *
   * @param workload what the noisy gradients are summed to
   * @param participation of the records
   * @return above 0
   */
  default double totalSquaredError(Workload workload, Participation participation) {
    double sensitivity = participation.sensitivity(this);
    return sensitivity * sensitivity * squaredError(workload);
  }
}
