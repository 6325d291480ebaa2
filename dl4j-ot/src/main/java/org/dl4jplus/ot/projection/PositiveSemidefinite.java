package org.dl4jplus.ot.projection;

/**
 * Euclidean projection onto the symmetric matrices without negative eigenvalues: of the symmetric
 * part {@code S = (X + X') / 2} the negative eigenvalues become 0, which is {@code (S + |S|) / 2}.
 *
 * <p>N. J. Higham, "Computing a Nearest Symmetric Positive Semidefinite Matrix", 1988.
 */
public record PositiveSemidefinite() implements MatrixProjection {

  @Override
  public void project(double[] x, int rows, int columns) {
    int n = Arguments.square("symmetric matrices", rows, columns);
    symmetrize(x, n);
    double[] absolute = new double[x.length];
    new Svd(x, n, n).absolute(absolute);
    for (int k = 0; k < x.length; k++) {
      x[k] = (x[k] + absolute[k]) / 2;
    }
    symmetrize(x, n);
  }

  private static void symmetrize(double[] x, int n) {
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < i; j++) {
        double mean = (x[i * n + j] + x[j * n + i]) / 2;
        x[i * n + j] = mean;
        x[j * n + i] = mean;
      }
    }
  }
}
