package org.dl4jplus.bilevel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.dl4jplus.bilevel.linear.ConjugateGradient;
import org.dl4jplus.bilevel.linear.DirectSolver;
import org.dl4jplus.bilevel.linear.FisherHessian;
import org.dl4jplus.bilevel.linear.Gmres;
import org.dl4jplus.bilevel.linear.InverseHessian;
import org.dl4jplus.bilevel.linear.LinearOperator;
import org.dl4jplus.bilevel.linear.NeumannSeries;
import org.dl4jplus.bilevel.linear.Solution;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.optim.first.AdEMAMix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class ImplicitFunctionTest {

  private static final int NX = 3;
  private static final int NY = 6;

  /** g_i = 1/2 y'Ay - y'(Bx + b_i), f = 1/2 ||y - t||^2 + 1/20 ||x||^2. */
  private static class Quadratic implements BilevelProblem {
    final double[][] a = new double[NY][NY];
    final double[][] b = new double[NY][];
    final double[][] shifts = new double[4][];
    final double[] t;
    final DataType type;

    Quadratic(DataType type, double curvature) {
      this.type = type;
      SplittableRandom random = new SplittableRandom(4);
      double[][] m = new double[NY][];
      Arrays.setAll(m, i -> random.doubles(NY, -2, 2).toArray());
      for (int i = 0; i < NY; i++) {
        for (int j = 0; j < NY; j++) {
          a[i][j] = dot(m[i], m[j]) / NY + (i == j ? curvature : 0);
        }
      }
      Arrays.setAll(b, i -> random.doubles(NX, -2, 2).toArray());
      Arrays.setAll(shifts, i -> random.doubles(NY, -2, 2).toArray());
      t = random.doubles(NY, -2, 2).toArray();
    }

    static double dot(double[] u, double[] v) {
      double sum = 0;
      for (int i = 0; i < u.length; i++) {
        sum += u[i] * v[i];
      }
      return sum;
    }

    @Override
    public long dimX() {
      return NX;
    }

    @Override
    public long dimY() {
      return NY;
    }

    @Override
    public DataType dataType() {
      return type;
    }

    @Override
    public int lowerBatches() {
      return 4;
    }

    static void put(double[] values, INDArray out) {
      if (out != null) {
        out.assign(Nd4j.createFromArray(values).castTo(out.dataType()));
      }
    }

    @Override
    public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      double[] u = x.toDoubleVector();
      double[] d = y.toDoubleVector();
      Arrays.setAll(d, i -> d[i] - t[i]);
      double loss = 0.5 * dot(d, d) + 0.05 * dot(u, u);
      Arrays.setAll(u, i -> 0.1 * u[i]);
      put(u, gradientX);
      put(d, gradientY);
      return loss;
    }

    double[] right(double[] x, int batch) {
      double[] right = new double[NY];
      for (int i = 0; i < NY; i++) {
        right[i] = dot(b[i], x);
        for (int k = 0; k < 4; k++) {
          right[i] += batch == ALL ? shifts[k][i] / 4 : k == batch ? shifts[k][i] : 0;
        }
      }
      return right;
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      double[] v = y.toDoubleVector();
      double[] right = right(x.toDoubleVector(), batch);
      double[] gx = new double[NX];
      double[] gy = new double[NY];
      double loss = 0;
      for (int i = 0; i < NY; i++) {
        double av = dot(a[i], v);
        gy[i] = av - right[i];
        loss += v[i] * (av / 2 - right[i]);
        for (int j = 0; j < NX; j++) {
          gx[j] -= b[i][j] * v[i];
        }
      }
      put(gx, gradientX);
      put(gy, gradientY);
      return loss;
    }

    /** F at x, by y*(x) in closed form. */
    double value(double[] x) {
      INDArray point = Nd4j.createFromArray(x);
      return upper(point, response(point), ALL, null, null);
    }

    INDArray response(INDArray x) {
      double[] right = right(x.toDoubleVector(), ALL);
      return Nd4j.createFromArray(new DirectSolver().solve(LinearOperator.of(a), right).x())
          .castTo(x.dataType());
    }
  }

  private static final INDArray X = Nd4j.createFromArray(0.4, -1.0, 0.7);

  private static Hypergradient at(Quadratic problem, InverseHessian inverse) {
    INDArray x = X.castTo(problem.type);
    return Hypergradient.of(
        problem, x, problem.response(x), BilevelProblem.ALL, BilevelProblem.ALL, inverse, null);
  }

  @Test
  void hypergradientIsThatOfDifferencesOfTheClosedForm() {
    Quadratic problem = new Quadratic(DataType.DOUBLE, 0.5);
    for (InverseHessian inverse :
        List.of(
            new DirectSolver(),
            ConjugateGradient.builder().tol(1e-12).build(),
            Gmres.builder().tol(1e-12).build(),
            NeumannSeries.builder().stepSize(0.3).terms(300).build())) {
      Hypergradient hypergradient = at(problem, inverse);
      for (int i = 0; i < NX; i++) {
        double[] up = X.toDoubleVector();
        double[] down = X.toDoubleVector();
        up[i] += 1e-4;
        down[i] -= 1e-4;
        assertEquals(
            (problem.value(up) - problem.value(down)) / 2e-4,
            hypergradient.vector().getDouble(i),
            1e-6);
      }
      assertTrue(hypergradient.residual() < 1e-8);
      assertFalse(hypergradient.indefinite());
    }
  }

  @Test
  void hypergradientInSinglePrecisionIsNear() {
    INDArray exact = at(new Quadratic(DataType.DOUBLE, 0.5), new DirectSolver()).vector();
    INDArray single =
        at(new Quadratic(DataType.FLOAT, 0.5), ConjugateGradient.builder().tol(1e-4).build())
            .vector();
    assertEquals(DataType.FLOAT, single.dataType());
    assertTrue(
        exact.distance2(single.castTo(DataType.DOUBLE)) < 0.01 * exact.norm2Number().doubleValue());
  }

  @Test
  void callsAreCounted() {
    Quadratic problem = new Quadratic(DataType.DOUBLE, 0.5);
    // f, two for each of the three terms, two for the mixed product.
    assertEquals(9, at(problem, NeumannSeries.builder().stepSize(0.1).build()).gradientCalls());
    assertEquals(
        3, at(problem, NeumannSeries.builder().stepSize(0.1).terms(0).build()).gradientCalls());
    ImplicitFunction method =
        ImplicitFunction.builder()
            .innerSteps(4)
            .inverseHessian(NeumannSeries.builder().terms(5).build())
            .build();
    BilevelTrainer trainer = trainer(problem, method);
    trainer.fit(2);
    assertEquals(new GradientCalls(2, 2 * (4 + 10 + 2)), trainer.calls());
  }

  @Test
  void aMaximumIsSeenToBeNoMinimum() {
    Hypergradient hypergradient = at(new Quadratic(DataType.DOUBLE, -9), new ConjugateGradient());
    assertTrue(hypergradient.indefinite());
    BilevelTrainer trainer =
        trainer(
            new Quadratic(DataType.DOUBLE, -9),
            ImplicitFunction.builder()
                .lowerUpdater(new Sgd(1e-3))
                .inverseHessian(new ConjugateGradient())
                .build());
    trainer.fit(3);
    assertEquals(3, trainer.state().scalar("unreliable", 0));
  }

  private static BilevelTrainer trainer(BilevelProblem problem, BilevelAlgorithm method) {
    return new BilevelTrainer(
        problem, method, Nd4j.zeros(DataType.DOUBLE, NX), Nd4j.zeros(DataType.DOUBLE, NY), 7);
  }

  private static final class Whole extends Quadratic {
    Whole() {
      super(DataType.DOUBLE, 3);
    }

    @Override
    public int lowerBatches() {
      return 1;
    }
  }

  /** Where F's gradient in closed form vanishes. */
  @Test
  void reachesTheMinimumOverX() {
    Quadratic problem = new Whole();
    BilevelTrainer trainer =
        trainer(
            problem,
            ImplicitFunction.builder()
                .innerSteps(5)
                .lowerUpdater(new Sgd(0.15))
                .upperUpdater(new Sgd(0.2))
                .inverseHessian(ConjugateGradient.builder().maxIter(6).build())
                .build());
    trainer.fit(150);
    double[] x = trainer.x().toDoubleVector();
    double least = problem.value(x);
    for (int i = 0; i < NX; i++) {
      for (double move : new double[] {-1e-3, 1e-3}) {
        double[] moved = x.clone();
        moved[i] += move;
        assertTrue(problem.value(moved) > least);
      }
    }
  }

  @Test
  void xMovesWhenItsTurnComes() {
    BilevelTrainer trainer =
        trainer(
            new Quadratic(DataType.DOUBLE, 0.5),
            ImplicitFunction.builder().warmUp(2).hyperPeriod(3).build());
    boolean[] moves = new boolean[9];
    for (int k = 0; k < moves.length; k++) {
      INDArray before = trainer.x();
      BilevelAlgorithm.Report report = trainer.step();
      moves[k] = !before.equals(trainer.x());
      assertEquals(!moves[k], Double.isNaN(report.upperLoss()));
      assertEquals(moves[k], report.hypergradientNorm() > 0);
      assertEquals(k == 4 || k == 7, moves[k], "step " + k);
    }
  }

  @Test
  void resumedRunsGoOnToTheSameBits(@TempDir Path folder) {
    Quadratic problem = new Quadratic(DataType.DOUBLE, 0.5);
    for (ImplicitFunction method :
        List.of(
            ImplicitFunction.builder()
                .lowerUpdater(new Adam(0.05))
                .upperUpdater(new RmsProp(0.02))
                .innerSteps(2)
                .warmAdjoint(true)
                .build(),
            ImplicitFunction.builder()
                .lowerUpdater(new AdEMAMix(0.01))
                .upperUpdater(new Adam(0.02))
                .inverseHessian(FisherHessian.builder().gradients(4).build())
                .hyperPeriod(2)
                .build())) {
      BilevelTrainer straight = trainer(problem, method);
      straight.fit(13);
      BilevelTrainer first = trainer(problem, method);
      first.fit(6);
      File file = folder.resolve("run").toFile();
      first.save(file);
      BilevelTrainer second = BilevelTrainer.resume(problem, file);
      assertEquals(method, second.algorithm());
      second.fit(7);
      assertEquals(straight.x(), second.x());
      assertEquals(straight.y(), second.y());
    }
  }

  @Test
  void survivesJson() throws IOException {
    ObjectMapper json = new ObjectMapper();
    for (ImplicitFunction method :
        List.of(
            new ImplicitFunction(),
            ImplicitFunction.builder()
                .lowerUpdater(new NoOp())
                .inverseHessian(new DirectSolver())
                .innerSteps(3)
                .warmUp(5)
                .build())) {
      String text = json.writerFor(BilevelAlgorithm.class).writeValueAsString(method);
      assertEquals(method, json.readValue(text, BilevelAlgorithm.class));
    }
  }

  /** What explodes stops the run, the point is the last finite one. */
  @Test
  void divergenceIsNamed() {
    BilevelTrainer trainer =
        trainer(
            new Quadratic(DataType.DOUBLE, 0.5),
            ImplicitFunction.builder().lowerUpdater(new Sgd(1e200)).build());
    assertThrows(BilevelDivergedException.class, () -> trainer.fit(50));
    assertTrue(Double.isFinite(trainer.y().sumNumber().doubleValue()));
  }

  @Test
  void refusesBadSettings() {
    assertThrows(
        IllegalArgumentException.class, () -> ImplicitFunction.builder().innerSteps(0).build());
    assertThrows(
        IllegalArgumentException.class, () -> ImplicitFunction.builder().hyperPeriod(0).build());
    assertThrows(
        IllegalArgumentException.class, () -> ImplicitFunction.builder().warmUp(-1).build());
    // A series needs a rate for its step size.
    assertThrows(
        IllegalArgumentException.class,
        () -> ImplicitFunction.builder().lowerUpdater(new NoOp()).build());
    assertThrows(IllegalArgumentException.class, () -> at(new Whole(), new FisherHessian()));
  }

  /**
   * One loss 1/2 (y_i)^2 * n in each coordinate's turn: at the point (1, ..., 1) the mean of the
   * gradients' outer products is n*I, as the Hessian is I, so the scale 1/n makes it exact.
   */
  @Test
  void theFisherMatrixStandsInForTheHessian() {
    BilevelProblem problem =
        new Quadratic(DataType.DOUBLE, 0.5) {
          @Override
          public int lowerBatches() {
            return NY;
          }

          @Override
          public double lower(
              INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
            INDArray scaled =
                batch == ALL
                    ? y.dup()
                    : Nd4j.zeros(type, NY).putScalar(batch, NY * y.getDouble(batch));
            if (gradientY != null) {
              gradientY.assign(scaled);
            }
            return 0.5 * Nd4j.getBlasWrapper().dot(y, scaled);
          }
        };
    double[] v = {1, -2, 3, 0.5, 0, 1};
    Solution solution =
        FisherHessian.builder()
            .gradients(NY)
            .scale(1.0 / NY)
            .damping(1e-9)
            .build()
            .multiply(problem, X, Nd4j.ones(DataType.DOUBLE, NY), BilevelProblem.ALL, v, null)
            .solution();
    assertArrayEquals(v, solution.x(), 1e-6);
    assertEquals(0, solution.residual(), 1e-6);
  }
}
