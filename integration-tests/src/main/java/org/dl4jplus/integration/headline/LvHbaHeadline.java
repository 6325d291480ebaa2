package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.commons.math3.optim.InitialGuess;
import org.apache.commons.math3.optim.MaxEval;
import org.apache.commons.math3.optim.nonlinear.scalar.GoalType;
import org.apache.commons.math3.optim.nonlinear.scalar.ObjectiveFunction;
import org.apache.commons.math3.optim.nonlinear.scalar.noderiv.NelderMeadSimplex;
import org.apache.commons.math3.optim.nonlinear.scalar.noderiv.SimplexOptimizer;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.LvHba;
import org.dl4jplus.bilevel.problem.AffineConstraints;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.problem.Constraints;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * LV-HBA on random quadratic problems with a constraint, against a search that knows the lower
 * solution in closed form.
 */
final class LvHbaHeadline implements Headline {

  private static final int PROBLEMS = 3;
  private static final int STEPS = 20_000;

  @Override
  public String name() {
    return "lv-hba";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    for (boolean equality : new boolean[] {false, true}) {
      double worst = 0;
      double[] pair = new double[2];
      for (int seed = 1; seed <= PROBLEMS; seed++) {
        Quadratic problem = new Quadratic(seed, equality);
        double best = problem.best();
        double ours = problem.value(solved(problem, equality).toDoubleVector());
        if (ours / best > worst) {
          worst = ours / best;
          pair = new double[] {best, ours};
        }
      }
      rows.add(
          Row.ratio(
              "upper loss at the lower solution, worst of "
                  + PROBLEMS
                  + " problems with an "
                  + (equality ? "equality" : "inequality"),
              "Nelder-Mead in closed form",
              pair[0],
              "LV-HBA, " + STEPS + " steps",
              pair[1],
              Bar.atMost(1.01)));
    }
    return rows;
  }

  private static INDArray solved(Quadratic problem, boolean equality) {
    LvHba method = LvHba.builder().c0(2.0).cPower(0.4).lambdaMin(equality ? -1000.0 : 0.0).build();
    INDArray x = Nd4j.zeros(problem.dataType(), problem.dimX());
    INDArray y = Nd4j.zeros(problem.dataType(), problem.dimY());
    problem.constraints().project(x, y);
    BilevelTrainer trainer = new BilevelTrainer(problem, method, x, y, 1);
    trainer.fit(STEPS);
    return trainer.x();
  }

  /** g = y'Ay/2 - y'Bx, f = 0.05 ||x - s||^2 + ||y - t||^2/2, a'x + b'y + c <= 0 or = 0. */
  private static final class Quadratic implements BilevelProblem {

    private static final int DIM_X = 2;
    private static final int DIM_Y = 3;

    private final double[][] matrix = new double[DIM_Y][DIM_Y];
    private final double[][] ofX = new double[DIM_Y][];
    private final double[] s;
    private final double[] t;
    private final double[] a;
    private final double[] b;
    private final double c;
    private final boolean equality;
    private final Constraints constraints;

    Quadratic(long seed, boolean equality) {
      SplittableRandom random = new SplittableRandom(seed);
      double[][] root = new double[DIM_Y][];
      for (int i = 0; i < DIM_Y; i++) {
        root[i] = draw(random, DIM_Y);
        ofX[i] = draw(random, DIM_X);
      }
      for (int i = 0; i < DIM_Y; i++) {
        for (int j = 0; j < DIM_Y; j++) {
          matrix[i][j] = dot(root[i], root[j]) + (i == j ? 1 : 0);
        }
      }
      s = draw(random, DIM_X);
      t = draw(random, DIM_Y);
      a = draw(random, DIM_X);
      b = draw(random, DIM_Y);
      c = random.nextDouble() - 0.5;
      this.equality = equality;
      constraints =
          new AffineConstraints(new double[][] {a}, new double[][] {b}, new double[] {c}, equality);
    }

    private static double[] draw(SplittableRandom random, int n) {
      double[] v = new double[n];
      for (int i = 0; i < n; i++) {
        v[i] = 4 * random.nextDouble() - 2;
      }
      return v;
    }

    private static double dot(double[] v, double[] w) {
      double sum = 0;
      for (int i = 0; i < v.length; i++) {
        sum += v[i] * w[i];
      }
      return sum;
    }

    private double[] solve(double[] side) {
      double[][] copy = new double[DIM_Y][];
      for (int i = 0; i < DIM_Y; i++) {
        copy[i] = matrix[i].clone();
      }
      double[] solution = side.clone();
      Cholesky.solve(copy, solution);
      return solution;
    }

    private double[] linear(double[] x) {
      double[] linear = new double[DIM_Y];
      for (int i = 0; i < DIM_Y; i++) {
        linear[i] = dot(ofX[i], x);
      }
      return linear;
    }

    /** The upper loss at x and the lower solution. */
    double value(double[] x) {
      double[] y = solve(linear(x));
      double violation = dot(a, x) + dot(b, y) + c;
      if (equality || violation > 0) {
        double[] along = solve(b);
        double factor = violation / dot(b, along);
        for (int i = 0; i < DIM_Y; i++) {
          y[i] -= factor * along[i];
        }
      }
      return upper(x, y);
    }

    /** The least of {@link #value}, from several starts. */
    double best() {
      double best = Double.POSITIVE_INFINITY;
      for (double[] start : new double[][] {s, {0, 0}, {3, 3}, {-3, 3}, {3, -3}, {-3, -3}}) {
        best =
            Math.min(
                best,
                new SimplexOptimizer(1e-13, 1e-13)
                    .optimize(
                        new MaxEval(20_000),
                        new ObjectiveFunction(this::value),
                        GoalType.MINIMIZE,
                        new InitialGuess(start),
                        new NelderMeadSimplex(DIM_X))
                    .getValue());
      }
      return best;
    }

    @Override
    public long dimX() {
      return DIM_X;
    }

    @Override
    public long dimY() {
      return DIM_Y;
    }

    @Override
    public Constraints constraints() {
      return constraints;
    }

    private double upper(double[] x, double[] y) {
      double loss = 0;
      for (int i = 0; i < DIM_X; i++) {
        loss += 0.05 * (x[i] - s[i]) * (x[i] - s[i]);
      }
      for (int i = 0; i < DIM_Y; i++) {
        loss += 0.5 * (y[i] - t[i]) * (y[i] - t[i]);
      }
      return loss;
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
      for (int i = 0; i < DIM_X; i++) {
        set(gradientX, i, 0.1 * (px[i] - s[i]));
      }
      for (int i = 0; i < DIM_Y; i++) {
        set(gradientY, i, py[i] - t[i]);
      }
      return upper(px, py);
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      double[] py = y.toDoubleVector();
      double[] linear = linear(x.toDoubleVector());
      double loss = 0;
      double[] inX = new double[DIM_X];
      for (int i = 0; i < DIM_Y; i++) {
        double ay = dot(matrix[i], py);
        set(gradientY, i, ay - linear[i]);
        loss += py[i] * (ay / 2 - linear[i]);
        for (int j = 0; j < DIM_X; j++) {
          inX[j] -= ofX[i][j] * py[i];
        }
      }
      for (int j = 0; j < DIM_X; j++) {
        set(gradientX, j, inX[j]);
      }
      return loss;
    }
  }
}
