package org.dl4jplus.privacy.factorization;

import org.dl4jplus.optim.first.updater.Require;

/**
 * Tree aggregation: C holds the nodes of a binary tree over the steps, and a sum of gradients is
 * that of at most log2(steps) + 1 nodes.
 *
 * <pre>{@code
 * leaves = 2^ceil(log2 steps)
 * X_ij   = number of nodes above both i and j          sens of one participation = sqrt(log2 leaves + 1)
 * noise of step t (from 1, divisible by 2^l and not by 2^(l+1)) =
 *     z of the node over (t - 2^l, t] - the z of its l complete parts
 * }</pre>
 *
 * <p>The sensitivity is that of all nodes, also of those that no sum needs: an upper bound. The
 * stream of noise holds one gradient for each level, and draws nodes again where it goes on from a
 * later step.
 *
 * <p>T.-H. H. Chan, E. Shi, D. Song: "Private and Continual Release of Statistics" (2011). P.
 * Kairouz et al.: "Practical and Private (Deep) Learning without Sampling or Shuffling",
 * arXiv:2103.00039 (2021).
 */
public final class TreeFactorization implements Factorization {

  private final int steps;
  private final int depth;

  /**
   * The tree of a run.
   *
   * @param steps at least 1
   * @throws IllegalArgumentException if there are no steps
   */
  public TreeFactorization(int steps) {
    this.steps = Require.atLeast("steps", steps, 1, 1);
    depth = bits(steps - 1);
  }

  private static int bits(int number) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(number);
  }

  /**
   * The same nodes with the best sums of all of them: {@code B = A C^+} of J. Honaker: "Efficient
   * Use of Differentially Private Binary Trees" (2015). Its noise is that of the triangular matrix
   * with the same X, which this gives.
   *
   * @return its factorisation, with full rows
   * @throws IllegalArgumentException for more than 2048 steps
   */
  public TriangularFactorization honaker() {
    OptimalFactorization.dense(steps);
    double[][] x = new double[steps][steps];
    for (int i = 0; i < steps; i++) {
      for (int j = 0; j < steps; j++) {
        x[i][j] = gram(i, j);
      }
    }
    return TriangularFactorization.ofGram(x);
  }

  @Override
  public int steps() {
    return steps;
  }

  @Override
  public int bands() {
    return steps;
  }

  @Override
  public double gram(int i, int j) {
    return 1 + depth - bits(i ^ j);
  }

  @Override
  public double squaredError(Workload workload) {
    double sum = 0;
    for (int t = 0; t < workload.stepsOf(this); t++) {
      double[] row = workload.row(t);
      // The node that ends at step i is in the sums up to i + its length.
      for (int i = 0; i <= t; i++) {
        int after = i + Integer.lowestOneBit(i + 1);
        double weight = row[i] - (after <= t ? row[after] : 0);
        sum += weight * weight;
      }
    }
    return sum;
  }

  @Override
  public CorrelatedNoise noise(IndexedNoise source, int dimension) {
    return new Stream(source, dimension);
  }

  private final class Stream extends CorrelatedNoise {

    private final IndexedNoise source;

    /** The nodes that make up the sum so far: at most one of each length 2^level. */
    private final double[][] levels = new double[depth + 1][];

    Stream(IndexedNoise source, int dimension) {
      super(steps, dimension);
      this.source = source;
    }

    @Override
    void draw(int t, double[] out) {
      source.gaussian(t, out);
      int level = Integer.numberOfTrailingZeros(t + 1);
      levels[level] = out.clone();
      for (int l = 0; l < level; l++) {
        for (int c = 0; c < out.length; c++) {
          out[c] -= levels[l][c];
        }
        levels[l] = null;
      }
    }

    @Override
    void pass(int from, int to) {
      for (int l = 0; l <= depth; l++) {
        levels[l] = null;
        if ((to >> l & 1) == 1) {
          levels[l] = new double[dimension()];
          source.gaussian((to >> l << l) - 1, levels[l]);
        }
      }
    }
  }
}
