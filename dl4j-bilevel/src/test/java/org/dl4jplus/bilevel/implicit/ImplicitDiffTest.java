package org.dl4jplus.bilevel.implicit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.dl4jplus.bilevel.linear.BiCgStab;
import org.dl4jplus.bilevel.linear.ConjugateGradient;
import org.dl4jplus.bilevel.linear.DirectSolver;
import org.dl4jplus.bilevel.linear.Gmres;
import org.dl4jplus.bilevel.linear.NormalConjugateGradient;
import org.dl4jplus.bilevel.linear.Vectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

class ImplicitDiffTest {

  private static INDArray array(double... values) {
    return Nd4j.createFromArray(values);
  }

  private static double[] random(SplittableRandom random, int n) {
    return random.doubles(n, -1, 1).toArray();
  }

  /** z^3 + z = theta, entry by entry: dz/dtheta = 1/(3z^2 + 1). */
  @Test
  void aRootNeedsNothingButItsValue() {
    INDArray z = array(0.5, -1, 2);
    INDArray theta = z.mul(z).muli(z).addi(z);
    ImplicitDiff diff = ImplicitDiff.root((x, t) -> x.mul(x).muli(x).addi(x).subi(t));
    double[][] expected = new double[3][3];
    for (int i = 0; i < 3; i++) {
      expected[i][i] = 1 / (3 * z.getDouble(i) * z.getDouble(i) + 1);
    }
    assertEquals(0, diff.jacobian(z, theta).distance2(Nd4j.createFromArray(expected)), 1e-6);
    for (var solver :
        List.of(new ConjugateGradient(), new Gmres(), new BiCgStab(), new DirectSolver())) {
      ImplicitDiff.Derivative product = diff.with(solver).jvp(z, theta, array(1, 2, 3));
      for (int i = 0; i < 3; i++) {
        assertEquals((i + 1) * expected[i][i], product.vector().getDouble(i), 1e-6);
      }
      assertEquals(0, product.optimality(), 1e-12);
    }
  }

  /** z = cos(theta * z), a fixed point: dz/dtheta = -z*s/(1 + theta*s) with s = sin(theta*z). */
  @Test
  void aFixedPointIsARoot() {
    double theta = 0.8;
    double z = 0.5;
    for (int k = 0; k < 200; k++) {
      z = Math.cos(theta * z);
    }
    double s = Math.sin(theta * z);
    ImplicitDiff diff = ImplicitDiff.fixedPoint((x, t) -> Transforms.cos(x.mul(t), true));
    double expected = -z * s / (1 + theta * s);
    assertEquals(expected, diff.jvp(array(z), array(theta), array(1)).vector().getDouble(0), 1e-8);
    assertEquals(expected, diff.vjp(array(z), array(theta), array(1)).vector().getDouble(0), 1e-8);
  }

  /** Arrays of any shape, in either memory order, give the transpose of each other's products. */
  @Test
  void productsFromBothSidesAgree() {
    Nd4j.getRandom().setSeed(1);
    INDArray m =
        Nd4j.randn(DataType.DOUBLE, 6, 6).addi(Nd4j.eye(6).castTo(DataType.DOUBLE).muli(4));
    Residual residual =
        (z, theta) ->
            m.mmul(z.dup('c').reshape(6, 1))
                .reshape(2, 3)
                .addi(Transforms.tanh(z, true))
                .subi(theta.sum(0).reshape(1, 3).broadcast(2, 3));
    INDArray z = Nd4j.randn(DataType.DOUBLE, 3, 2).transpose();
    INDArray theta = Nd4j.randn(DataType.DOUBLE, 4, 3).dup('f');
    INDArray u = Nd4j.randn(DataType.DOUBLE, 2, 3).dup('f');
    INDArray t = Nd4j.randn(DataType.DOUBLE, 4, 3);
    ImplicitDiff diff =
        ImplicitDiff.root(residual).with(NormalConjugateGradient.builder().tol(1e-12).build());
    INDArray left = diff.vjp(z, theta, u).vector();
    INDArray right = diff.jvp(z, theta, t).vector();
    assertArrayEquals(new long[] {4, 3}, left.shape());
    assertArrayEquals(new long[] {2, 3}, right.shape());
    assertEquals(
        left.mul(t).sumNumber().doubleValue(), right.mul(u).sumNumber().doubleValue(), 1e-7);
    INDArray jacobian = diff.jacobian(z, theta);
    assertEquals(
        right.mul(u).sumNumber().doubleValue(),
        Nd4j.getBlasWrapper()
            .dot(
                u.dup('c').reshape('c', new long[] {6}),
                jacobian.mmul(t.reshape('c', new long[] {12}))),
        1e-7);
  }

  @Test
  void sameDiffGraphsGiveTheirOwnGradients() {
    Nd4j.getRandom().setSeed(2);
    INDArray m =
        Nd4j.randn(DataType.DOUBLE, 4, 4).addi(Nd4j.eye(4).castTo(DataType.DOUBLE).muli(4));
    Residual graph =
        new SameDiffResidual(
            DataType.DOUBLE,
            new long[] {4, 1},
            new long[] {4, 1},
            (sd, z, theta) -> sd.constant(m).mmul(z).add(sd.math().tanh(z)).sub(theta.mul(theta)));
    Residual plain = (z, theta) -> m.mmul(z).addi(Transforms.tanh(z, true)).subi(theta.mul(theta));
    INDArray z = Nd4j.randn(DataType.DOUBLE, 4, 1);
    INDArray theta = Nd4j.randn(DataType.DOUBLE, 4, 1);
    INDArray u = Nd4j.randn(DataType.DOUBLE, 4, 1);
    assertEquals(0, graph.value(z, theta).distance2(plain.value(z, theta)), 1e-12);
    assertEquals(0, graph.vjpZ(z, theta, u).distance2(plain.vjpZ(z, theta, u)), 1e-7);
    assertEquals(0, graph.vjpTheta(z, theta, u).distance2(plain.vjpTheta(z, theta, u)), 1e-7);
    assertEquals(
        0,
        ImplicitDiff.root(graph)
            .vjp(z, theta, u)
            .vector()
            .distance2(ImplicitDiff.root(plain).vjp(z, theta, u).vector()),
        1e-5);
  }

  static Stream<Arguments> proxes() {
    return Stream.of(
        Arguments.of("soft", Proxes.softThreshold(), new double[] {0.3}),
        Arguments.of("soft each", Proxes.softThreshold(), new double[] {0.3, 0.1, 0, 0.5, 0.2, 1}),
        Arguments.of("net", Proxes.elasticNet(), new double[] {0.2, 0.7}),
        Arguments.of(
            "net each",
            Proxes.elasticNet(),
            new double[] {0.2, 0.1, 0.3, 0, 0.5, 0.2, 1, 2, 3, 0, 0.1, 0.5}),
        Arguments.of("non-negative", Proxes.nonNegative(), new double[0]),
        Arguments.of("box", Proxes.box(), new double[] {-0.4, 0.2}),
        Arguments.of("ball", Proxes.ball(), new double[] {0.8}),
        Arguments.of("wide ball", Proxes.ball(), new double[] {8}),
        Arguments.of("simplex", Proxes.simplex(), new double[0]),
        Arguments.of("scaled simplex", Proxes.simplex(), new double[] {0.7}),
        Arguments.of("groups", Proxes.groupLasso(2, 1, 3), new double[] {0.5}),
        Arguments.of("groups each", Proxes.groupLasso(2, 1, 3), new double[] {0.2, 3, 0.4}));
  }

  /** Each by differences; points off the kinks, which have no volume. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("proxes")
  void proxesHaveTheirDerivatives(String name, Prox prox, double[] parameters) {
    SplittableRandom random = new SplittableRandom(3);
    int n = 6;
    double step = 0.6;
    assertTrue(prox.takes(n, parameters.length));
    for (int k = 0; k < 20; k++) {
      double[] v = random(random, n);
      double[] t = random(random, n);
      double[] u = random(random, n);
      double[] up = v.clone();
      double[] down = v.clone();
      Arrays.setAll(up, i -> v[i] + 1e-7 * t[i]);
      Arrays.setAll(down, i -> v[i] - 1e-7 * t[i]);
      double[] a = prox.value(up, parameters, step);
      double[] b = prox.value(down, parameters, step);
      double[] product = prox.product(v, parameters, step, t);
      for (int i = 0; i < n; i++) {
        assertEquals((a[i] - b[i]) / 2e-7, product[i], 1e-6);
      }
      assertEquals(
          Vectors.dot(u, product), Vectors.dot(t, prox.product(v, parameters, step, u)), 1e-12);
      double[] s = random(random, parameters.length);
      double[] pUp = parameters.clone();
      double[] pDown = parameters.clone();
      Arrays.setAll(pUp, i -> parameters[i] + 1e-7 * s[i]);
      Arrays.setAll(pDown, i -> parameters[i] - 1e-7 * s[i]);
      a = prox.value(v, pUp, step);
      b = prox.value(v, pDown, step);
      double[] along = prox.parameterProduct(v, parameters, step, s);
      for (int i = 0; i < n; i++) {
        assertEquals((a[i] - b[i]) / 2e-7, along[i], 1e-6);
      }
      assertEquals(
          Vectors.dot(u, along),
          Vectors.dot(s, prox.parameterGradient(v, parameters, step, u)),
          1e-12);
    }
  }

  /** What minimises 1/2 * ||y - v||^2 + step * h(y) has no better neighbour. */
  @Test
  void proxesMinimise() {
    SplittableRandom random = new SplittableRandom(4);
    double step = 0.6;
    double[] v = random(random, 6);
    double[] lasso = Proxes.softThreshold().value(v, new double[] {0.4}, step);
    double[] net = Proxes.elasticNet().value(v, new double[] {0.4, 0.9}, step);
    double[] groups = Proxes.groupLasso(3, 3).value(v, new double[] {0.4}, step);
    for (int k = 0; k < 200; k++) {
      double[] move = random(random, 6);
      assertTrue(lasso(v, lasso, 0, step) <= lasso(v, moved(lasso, move), 0, step));
      assertTrue(lasso(v, net, 0.9, step) <= lasso(v, moved(net, move), 0.9, step));
      assertTrue(groups(v, groups, step) <= groups(v, moved(groups, move), step));
    }
    double[] onSimplex = Proxes.simplex().value(v, new double[0], 1);
    assertEquals(1, Arrays.stream(onSimplex).sum(), 1e-12);
    assertTrue(Arrays.stream(onSimplex).allMatch(y -> y >= 0));
  }

  private static double[] moved(double[] y, double[] move) {
    double[] moved = y.clone();
    Arrays.setAll(moved, i -> y[i] + 1e-3 * move[i]);
    return moved;
  }

  private static double lasso(double[] v, double[] y, double gamma, double step) {
    double sum = 0;
    for (int i = 0; i < v.length; i++) {
      sum += 0.5 * (y[i] - v[i]) * (y[i] - v[i]);
      sum += step * (0.4 * Math.abs(y[i]) + gamma / 2 * y[i] * y[i]);
    }
    return sum;
  }

  private static double groups(double[] v, double[] y, double step) {
    double sum = lasso(v, y, 0, 0);
    return sum
        + step * 0.4 * Vectors.norm(Arrays.copyOf(y, 3))
        + step * 0.4 * Vectors.norm(Arrays.copyOfRange(y, 3, 6));
  }

  /** f(z, theta) = 1/2 z'Hz - theta[0..4)'z. */
  private static final INDArray HESSIAN =
      Nd4j.createFromArray(
          new double[][] {
            {2, 0.5, 0, 0.1}, {0.5, 1.5, 0.3, 0}, {0, 0.3, 1, 0.2}, {0.1, 0, 0.2, 3}
          });

  private static final Residual GRADIENT =
      (z, theta) ->
          HESSIAN.mmul(z).subi(theta.get(org.nd4j.linalg.indexing.NDArrayIndex.interval(0, 4)));

  /** Solves by iterating the condition itself. */
  private static INDArray iterated(Residual condition, INDArray theta) {
    INDArray z = Nd4j.zeros(DataType.DOUBLE, 4);
    INDArray step = condition.value(z, theta);
    while (step.norm2Number().doubleValue() > 1e-11) {
      z.addi(step);
      step = condition.value(z, theta);
    }
    return z;
  }

  /** The whole derivative against solutions for moved parameters. */
  private static void compare(Residual condition, INDArray theta) {
    INDArray z = iterated(condition, theta);
    ImplicitDiff diff =
        ImplicitDiff.root(condition).with(NormalConjugateGradient.builder().tol(1e-12).build());
    INDArray rows = Nd4j.create(DataType.DOUBLE, 4, theta.length());
    for (int i = 0; i < 4; i++) {
      rows.putRow(i, diff.vjp(z, theta, z.mul(0).putScalar(i, 1)).vector());
    }
    for (int j = 0; j < theta.length(); j++) {
      INDArray up = iterated(condition, theta.dup().putScalar(j, theta.getDouble(j) + 1e-5));
      INDArray down = iterated(condition, theta.dup().putScalar(j, theta.getDouble(j) - 1e-5));
      INDArray expected = up.sub(down).div(2e-5);
      assertEquals(0, expected.distance2(rows.getColumn(j)), 1e-5);
      INDArray unit = theta.mul(0).putScalar(j, 1);
      assertEquals(0, expected.distance2(diff.jvp(z, theta, unit).vector()), 1e-5);
    }
  }

  @Test
  void minimaOfNonSmoothFunctionsHaveDerivatives() {
    compare(
        Conditions.proximalGradient(GRADIENT, Proxes.elasticNet(), 0.3, 4, 2),
        array(1, -0.3, 0.1, -1, 0.3, 0.6));
    compare(
        Conditions.proximalGradient(GRADIENT, Proxes.box(), 0.3, 4, 2),
        array(1, -0.3, 0.1, -1, -0.2, 0.3));
    compare(
        Conditions.proximalGradient(GRADIENT, Proxes.simplex(), 0.3, 0, 0),
        array(1, -0.3, 0.6, -1));
    compare(
        Conditions.proximalGradient(GRADIENT, Proxes.ball(), 0.3, 4, 1),
        array(1, -0.3, 0.6, -1, 0.25));
  }

  @Test
  void blocksHaveStepsAndParametersOfTheirOwn() {
    List<Conditions.Block> blocks =
        List.of(
            new Conditions.Block(2, Proxes.softThreshold(), 1, 0.2),
            new Conditions.Block(1, Proxes.nonNegative(), 0, 0.4),
            new Conditions.Block(1, Proxes.box(), 2, 0.1));
    compare(
        Conditions.blockProximal(GRADIENT, blocks, 4), array(1, -0.3, 0.6, -1, 0.25, -0.2, 0.5));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Conditions.Block(2, Proxes.softThreshold(), 3, 0.2));
    Residual tooShort = Conditions.blockProximal(GRADIENT, blocks.subList(0, 2), 4);
    INDArray z = array(0, 0, 0, 0);
    INDArray theta = array(1, 1, 1, 1, 1);
    assertThrows(IllegalArgumentException.class, () -> tooShort.value(z, theta));
  }

  /** min 1/2 (x1^2 + 2 x2^2) + c'x with x1 + x2 = d and x1 <= h, in closed form. */
  @Test
  void quadraticProgramsHaveTheDerivativesOfTheirSolution() {
    QuadraticProgram program = new QuadraticProgram(2, 1, 1);
    INDArray theta =
        program.theta(
            new QuadraticProgram.Data(
                new double[][] {{1, 0}, {0, 2}},
                new double[] {-1, 0.5},
                new double[][] {{1, 1}},
                new double[] {1},
                new double[][] {{1, 0}},
                new double[] {0.4}));
    // x = (h, d - h); 2*x2 + c2 + nu = 0; x1 + c1 + nu + lambda = 0.
    double nu = -2 * 0.6 - 0.5;
    INDArray active = array(0.4, 0.6, nu, -0.4 + 1 - nu);
    assertEquals(0, program.value(active, theta).norm2Number().doubleValue(), 1e-12);
    ImplicitDiff diff = ImplicitDiff.root(program).with(new DirectSolver());
    QuadraticProgram.Data first = program.data(diff.vjp(active, theta, array(1, 0, 0, 0)).vector());
    assertArrayEquals(new double[] {1}, first.h(), 1e-10);
    assertArrayEquals(new double[] {0}, first.d(), 1e-10);
    assertArrayEquals(new double[] {0, 0}, first.c(), 1e-10);
    assertArrayEquals(new double[] {-0.4, -0.6}, first.g()[0], 1e-10);
    QuadraticProgram.Data second =
        program.data(diff.vjp(active, theta, array(0, 1, 0, 0)).vector());
    assertArrayEquals(new double[] {-1}, second.h(), 1e-10);
    assertArrayEquals(new double[] {1}, second.d(), 1e-10);
    assertArrayEquals(new double[] {-0.4, -0.6}, second.e()[0], 1e-10);
  }

  /** The products that are written out, against those of differences. */
  @Test
  void quadraticProgramsHaveTheirProducts() {
    SplittableRandom random = new SplittableRandom(5);
    QuadraticProgram program = new QuadraticProgram(3, 2, 2);
    int theta = 7 * 3 + 7;
    Residual plain = program::value;
    for (int k = 0; k < 5; k++) {
      INDArray z = array(random(random, 7));
      INDArray t = array(random(random, theta));
      INDArray u = array(random(random, 7));
      INDArray s = array(random(random, theta));
      assertEquals(0, plain.jvpZ(z, t, u).distance2(program.jvpZ(z, t, u)), 1e-7);
      assertEquals(0, plain.vjpZ(z, t, u).distance2(program.vjpZ(z, t, u)), 1e-7);
      assertEquals(0, plain.jvpTheta(z, t, s).distance2(program.jvpTheta(z, t, s)), 1e-7);
      assertEquals(0, plain.vjpTheta(z, t, u).distance2(program.vjpTheta(z, t, u)), 1e-7);
    }
    assertThrows(IllegalArgumentException.class, () -> program.data(array(1, 2)));
    assertThrows(IllegalArgumentException.class, () -> new QuadraticProgram(0, 1, 1));
  }

  /** Two equal features: the least-norm direction shares the derivative between them. */
  @Test
  void singularSystemsGiveTheShortestDerivative() {
    Residual condition =
        (z, theta) -> {
          double rest = z.getDouble(0) + z.getDouble(1) - theta.getDouble(0);
          return array(rest, rest);
        };
    ImplicitDiff.Derivative derivative =
        ImplicitDiff.root(condition).jvp(array(0.3, 0.7), array(1), array(1));
    assertEquals(0.5, derivative.vector().getDouble(0), 1e-8);
    assertEquals(0.5, derivative.vector().getDouble(1), 1e-8);
    assertEquals(0, derivative.residual(), 1e-8);
    ImplicitDiff.Derivative unreachable =
        ImplicitDiff.root(condition).vjp(array(0.3, 0.7), array(1), array(1, -1));
    assertEquals(0, unreachable.vector().getDouble(0), 1e-8);
    assertEquals(1, unreachable.residual(), 1e-8);
  }

  @Test
  void solutionsThatAreNoneAreReported() {
    ImplicitDiff diff = ImplicitDiff.root((z, theta) -> z.sub(theta));
    assertEquals(2, diff.vjp(array(3), array(1), array(1)).optimality(), 1e-12);
    assertThrows(
        IllegalArgumentException.class, () -> diff.vjp(array(Double.NaN), array(1), array(1)));
    assertThrows(IllegalArgumentException.class, () -> diff.vjp(array(1), array(1), array(1, 2)));
    assertThrows(IllegalArgumentException.class, () -> diff.jvp(array(1), array(1), array(1, 2)));
  }

  @Test
  void floatsStayFloats() {
    INDArray z = Nd4j.createFromArray(0.5f, -1f);
    INDArray theta = z.mul(z).muli(z).addi(z);
    INDArray product =
        ImplicitDiff.root((x, t) -> x.mul(x).muli(x).addi(x).subi(t))
            .vjp(z, theta, Nd4j.createFromArray(1f, 1f))
            .vector();
    assertEquals(DataType.FLOAT, product.dataType());
    assertEquals(1 / 1.75, product.getDouble(0), 1e-3);
    assertEquals(0.25, product.getDouble(1), 1e-3);
  }
}
