package org.dl4jplus.optim.zeroth.search;

import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;

/** The Q of a Gaussian matrix. */
final class HaarRotation {

  private HaarRotation() {}

  static double[][] of(int p, long seed) {
    double[][] columns = new double[p][p];
    for (int j = 0; j < p; j++) {
      CounterNoise.fill(Distribution.GAUSSIAN, seed, (long) j * p, columns[j], p);
    }
    boolean flipped = negativeDeterminant(columns);
    orthonormalize(columns);
    double[][] rows = new double[p][p];
    for (int i = 0; i < p; i++) {
      for (int j = 0; j < p; j++) {
        rows[i][j] = flipped && j == 0 ? -columns[j][i] : columns[j][i];
      }
    }
    return rows;
  }

  /** Makes independent columns orthonormal, from the first one on. */
  static void orthonormalize(double[][] columns) {
    for (int j = 0; j < columns.length; j++) {
      // The second round takes out what rounding left.
      for (int round = 0; round < 2; round++) {
        for (int k = 0; k < j; k++) {
          addMultiple(columns[j], columns[k], -dot(columns[j], columns[k]));
        }
      }
      double norm = Math.sqrt(dot(columns[j], columns[j]));
      for (int i = 0; i < columns[j].length; i++) {
        columns[j][i] /= norm;
      }
    }
  }

  /** By elimination with pivots. */
  private static boolean negativeDeterminant(double[][] matrix) {
    int p = matrix.length;
    double[][] a = new double[p][];
    for (int i = 0; i < p; i++) {
      a[i] = matrix[i].clone();
    }
    boolean negative = false;
    for (int k = 0; k < p; k++) {
      int pivot = k;
      for (int i = k + 1; i < p; i++) {
        pivot = Math.abs(a[i][k]) > Math.abs(a[pivot][k]) ? i : pivot;
      }
      double[] row = a[pivot];
      a[pivot] = a[k];
      a[k] = row;
      negative ^= pivot != k ^ row[k] < 0;
      for (int i = k + 1; i < p; i++) {
        addMultiple(a[i], row, -a[i][k] / row[k]);
      }
    }
    return negative;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void addMultiple(double[] target, double[] other, double scale) {
    for (int i = 0; i < target.length; i++) {
      target[i] += scale * other[i];
    }
  }
}
