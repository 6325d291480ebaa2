package org.dl4jplus.bilevel;

import java.util.SplittableRandom;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** g_i = 0.5 y'Ay - y'(Bx + b_i), f_i = 0.5 ||y - t_i||^2 + 0.1 ||x||^2, i from 0 to 3. */
final class SmallQuadratic implements BilevelProblem {

  static final int BATCHES = 4;

  private final double[][] a;
  private final double[][] bOfX;
  private final double[][] b;
  private final double[][] t;

  SmallQuadratic(long seed, int dimX, int dimY) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] root = matrix(random, dimY, dimY);
    a = new double[dimY][dimY];
    for (int i = 0; i < dimY; i++) {
      for (int j = 0; j < dimY; j++) {
        a[i][j] = dot(root[i], root[j]) / dimY + (i == j ? 1 : 0);
      }
    }
    bOfX = matrix(random, dimY, dimX);
    b = matrix(random, BATCHES, dimY);
    t = matrix(random, BATCHES, dimY);
  }

  private static double[][] matrix(SplittableRandom random, int rows, int columns) {
    double[][] values = new double[rows][columns];
    for (double[] row : values) {
      for (int j = 0; j < columns; j++) {
        row[j] = 2 * random.nextDouble() - 1;
      }
    }
    return values;
  }

  @Override
  public long dimX() {
    return bOfX[0].length;
  }

  @Override
  public long dimY() {
    return a.length;
  }

  @Override
  public int upperBatches() {
    return BATCHES;
  }

  @Override
  public int lowerBatches() {
    return BATCHES;
  }

  private static double[] chosen(double[][] rows, int batch) {
    if (batch != ALL) {
      return rows[batch];
    }
    double[] mean = new double[rows[0].length];
    for (double[] row : rows) {
      for (int j = 0; j < mean.length; j++) {
        mean[j] += row[j] / rows.length;
      }
    }
    return mean;
  }

  private static double dot(double[] v, double[] w) {
    double sum = 0;
    for (int i = 0; i < v.length; i++) {
      sum += v[i] * w[i];
    }
    return sum;
  }

  private static void set(INDArray target, int i, double value) {
    if (target != null) {
      target.putScalar(i, value);
    }
  }

  @Override
  public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    double[] px = x.toDoubleVector();
    double[] py = y.toDoubleVector();
    double[] target = chosen(t, batch);
    double loss = 0.1 * dot(px, px);
    for (int i = 0; i < py.length; i++) {
      double d = py[i] - target[i];
      loss += d * d / 2;
      set(gradientY, i, d);
    }
    for (int i = 0; i < px.length; i++) {
      set(gradientX, i, 0.2 * px[i]);
    }
    return loss;
  }

  @Override
  public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    double[] px = x.toDoubleVector();
    double[] py = y.toDoubleVector();
    double[] linear = chosen(b, batch);
    double[] inX = new double[px.length];
    double loss = 0;
    for (int i = 0; i < py.length; i++) {
      double ay = dot(a[i], py);
      double side = dot(bOfX[i], px) + linear[i];
      loss += py[i] * (ay / 2 - side);
      set(gradientY, i, ay - side);
      for (int j = 0; j < px.length; j++) {
        inX[j] -= py[i] * bOfX[i][j];
      }
    }
    for (int j = 0; j < px.length; j++) {
      set(gradientX, j, inX[j]);
    }
    return loss;
  }

  /** Where weightF f + weightG g is least in y. */
  INDArray minimiser(INDArray x, double weightF, double weightG) {
    double[] side = new double[a.length];
    for (int i = 0; i < side.length; i++) {
      side[i] =
          weightG * (dot(bOfX[i], x.toDoubleVector()) + chosen(b, ALL)[i])
              + weightF * chosen(t, ALL)[i];
    }
    return Nd4j.createFromArray(solved(weightF, weightG, side));
  }

  private double[] solved(double weightF, double weightG, double[] side) {
    double[][] matrix = new double[a.length][a.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a.length; j++) {
        matrix[i][j] = weightG * a[i][j] + (i == j ? weightF : 0);
      }
    }
    Cholesky.solve(matrix, side);
    return side;
  }

  INDArray hypergradient(INDArray x) {
    double[] q = minimiser(x, 0, 1).toDoubleVector();
    for (int i = 0; i < q.length; i++) {
      q[i] -= chosen(t, ALL)[i];
    }
    solved(0, 1, q);
    double[] gradient = x.mul(0.2).toDoubleVector();
    for (int i = 0; i < q.length; i++) {
      for (int j = 0; j < gradient.length; j++) {
        gradient[j] += bOfX[i][j] * q[i];
      }
    }
    return Nd4j.createFromArray(gradient);
  }
}
