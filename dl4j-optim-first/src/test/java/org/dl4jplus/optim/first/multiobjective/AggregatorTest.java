package org.dl4jplus.optim.first.multiobjective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class AggregatorTest {

  private static final List<Aggregator> ALL =
      List.of(
          new Mean(),
          new Sum(),
          new org.dl4jplus.optim.first.multiobjective.Random(),
          new UPGrad(),
          new DualProj(),
          new MGDA(),
          new PCGrad(),
          new CAGrad(),
          new NashMtl(),
          new ImtlG(),
          new AlignedMtl(),
          new ConFIG(),
          new GradDrop(),
          Krum.builder().build(),
          new TrimmedMean(1));

  private static final UPGrad EXACT = UPGrad.builder().regEps(1e-7).build();

  @Test
  void upGradConflictsWithNoRow() {
    Random random = new Random(5);
    for (int k = 0; k < 60; k++) {
      double[][] rows = rows(random, 2 + k % 9, 3 + k % 7);
      for (int i = 0; i < rows.length; i++) {
        double size = Math.pow(10, random.nextInt(3) - 1);
        rows[i] = Arrays.stream(rows[i]).map(x -> size * x).toArray();
      }
      double[][] g = Jacobians.gramian(Nd4j.createFromArray(rows));
      double[] weights = EXACT.weights(g);
      double[] products = SmallMatrix.times(g, weights);
      double trace = SmallMatrix.trace(g);
      for (int i = 0; i < rows.length; i++) {
        // The program's own condition is (G/trace + regEps I) weights >= 0.
        assertTrue(products[i] >= -trace * (1e-7 * weights[i] + 1e-13), "matrix " + k);
      }
    }
  }

  @Test
  void upGradAndDualProjAreTheMeanWhereNothingConflicts() {
    double[][] rows = {{1, 2, 0}, {2, 1, 1}};
    double[] mean = {1.5, 1.5, 0.5};
    assertArrayEquals(mean, of(UPGrad.builder().regEps(0.0).build(), rows), 1e-14);
    assertArrayEquals(mean, of(DualProj.builder().regEps(0.0).build(), rows), 1e-14);
  }

  @Test
  void upGradIsLinearUnderScaling() {
    UPGrad exact = UPGrad.builder().regEps(0.0).normEps(0.0).build();
    Random random = new Random(6);
    double[][] rows = rows(random, 4, 7);
    double[] c1 = {1, 0.3, 2, 0.7};
    double[] c2 = {0.2, 3, 1, 1.1};
    double[] sum = {1.2, 3.3, 3, 1.8};
    double[] r1 = of(exact, scaled(rows, c1));
    double[] r2 = of(exact, scaled(rows, c2));
    double[] both = of(exact, scaled(rows, sum));
    for (int j = 0; j < both.length; j++) {
      assertEquals(r1[j] + r2[j], both[j], 1e-11);
    }
  }

  @Test
  void theOrderOfTheRowsDoesNotMatter() {
    double[][] rows = rows(new Random(7), 5, 9);
    double[][] turned = {rows[3], rows[0], rows[4], rows[1], rows[2]};
    for (Aggregator one : ALL) {
      if (!(one instanceof org.dl4jplus.optim.first.multiobjective.Random
          || one instanceof PCGrad)) {
        double tolerance = one instanceof CAGrad || one instanceof NashMtl ? 1e-8 : 1e-11;
        assertArrayEquals(of(one, rows), of(one, turned), tolerance, one.toString());
      }
    }
  }

  @Test
  void conFIGHasTheSameAngleWithAllRows() {
    double[][] rows = rows(new Random(8), 5, 12);
    double[] result = of(new ConFIG(), rows);
    double first = dot(rows[0], result) / norm(rows[0]);
    assertTrue(first > 0);
    for (double[] row : rows) {
      assertEquals(first, dot(row, result) / norm(row), 1e-11);
    }
    double[] weighted =
        of(ConFIG.builder().directionWeights(new double[] {1, 2, 3, 4, 5}).build(), rows);
    double unit = dot(rows[0], weighted) / norm(rows[0]);
    for (int i = 0; i < rows.length; i++) {
      assertEquals((i + 1) * unit, dot(rows[i], weighted) / norm(rows[i]), 1e-11);
    }
  }

  @Test
  void conFIGOfOppositeAndOfParallelRows() {
    assertArrayEquals(
        new double[2], of(new ConFIG(), new double[][] {{0.3, 0.7}, {-1.11, -2.59}}), 0);
    assertArrayEquals(
        new double[] {3, 6}, of(new ConFIG(), new double[][] {{1, 2}, {2, 4}}), 1e-13);
  }

  @Test
  void imtlGProjectsEquallyAndMgdaIsShortest() {
    double[][] rows = rows(new Random(9), 4, 8);
    double[] impartial = of(new ImtlG(), rows);
    double first = dot(rows[0], impartial) / norm(rows[0]);
    for (double[] row : rows) {
      assertEquals(first, dot(row, impartial) / norm(row), 1e-11);
    }
    MGDA accurate = MGDA.builder().epsilon(0.0).maxIters(100_000).build();
    double[] shortest = of(accurate, rows);
    double[] exact = new double[8];
    double[] w = ActiveSet.onSimplex(Jacobians.gramian(Nd4j.createFromArray(rows)));
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < exact.length; j++) {
        exact[j] += w[i] * rows[i][j];
      }
    }
    assertTrue(norm(exact) <= norm(shortest) + 1e-12);
    assertEquals(norm(exact), norm(shortest), 1e-4);
  }

  @Test
  void nashBargains() {
    double[][] rows = rows(new Random(10), 5, 9);
    double[][] g = Jacobians.gramian(Nd4j.createFromArray(rows));
    double[] a = NashMtl.builder().maxNorm(0.0).build().weights(g);
    double[] gains = SmallMatrix.times(g, a);
    for (int i = 0; i < a.length; i++) {
      assertEquals(gains[0] * a[0], gains[i] * a[i], 1e-8 * gains[0] * a[0]);
    }
    assertEquals(1, norm(of(new NashMtl(), rows)), 1e-12);
    NashMtl rare = NashMtl.builder().maxNorm(0.0).updateWeightsEvery(2).build();
    double[] kept = rare.weights(g);
    assertArrayEquals(kept, rare.weights(SmallMatrix.scaled(g, 9)), 0);
    assertArrayEquals(kept, rare.weights(SmallMatrix.scaled(g, 9)), 1e-9);
  }

  @Test
  void caGradBeatsOtherPointsOfTheSimplex() {
    Random random = new Random(11);
    for (int k = 0; k < 20; k++) {
      double[][] g =
          SmallMatrix.normalized(
              Jacobians.gramian(Nd4j.createFromArray(rows(random, 2 + k % 6, 5))), 0, 0);
      int m = g.length;
      double[] u = Weights.equal(m, 1.0 / m);
      double phi = 0.5 * Math.sqrt(SmallMatrix.quadratic(g, u));
      double[] a = new CAGrad().weights(g);
      double[] w = new double[m];
      double sum = 0;
      for (int i = 0; i < m; i++) {
        w[i] = a[i] - u[i];
        sum += w[i];
      }
      if (sum == -1) {
        continue;
      }
      for (int i = 0; i < m; i++) {
        w[i] /= sum;
        assertTrue(w[i] >= -1e-12);
      }
      double best = objective(g, phi, u, w);
      for (int trial = 0; trial < 300; trial++) {
        double[] near = w.clone();
        int from = random.nextInt(m);
        int to = random.nextInt(m);
        double move = near[from] * Math.pow(10, -4 * random.nextDouble());
        near[from] -= move;
        near[to] += move;
        assertTrue(objective(g, phi, u, near) >= best - 1e-13);
      }
    }
    double[][] rows = rows(random, 3, 4);
    assertArrayEquals(of(new Mean(), rows), of(CAGrad.builder().c(0.0).build(), rows), 1e-15);
  }

  @Test
  void alignedMtlMakesTheRowsOrthogonal() {
    double[][] g = Jacobians.gramian(Nd4j.createFromArray(rows(new Random(12), 4, 6)));
    double[] u = {1, 0, 0, 0};
    double[] v = {0, 1, 0, 0};
    double[] a = AlignedMtl.builder().prefVector(u).build().weights(g);
    double[] b = AlignedMtl.builder().prefVector(v).build().weights(g);
    assertEquals(0, SmallMatrix.dot(a, SmallMatrix.times(g, b)), 1e-11);
    assertEquals(SmallMatrix.quadratic(g, a), SmallMatrix.quadratic(g, b), 1e-11);
  }

  @Test
  void robustOnesIgnoreAnOutlier() {
    double[][] rows = {{1, 1}, {1.1, 1}, {1, 1.1}, {0.9, 1}, {1e6, -1e6}};
    for (Aggregator one : List.of(Krum.builder().nByzantine(1).build(), new TrimmedMean(1))) {
      for (double x : of(one, rows)) {
        assertEquals(1, x, 0.11);
      }
    }
    assertThrows(
        IllegalArgumentException.class, () -> of(new TrimmedMean(1), new double[][] {{1}, {2}}));
    assertThrows(
        IllegalArgumentException.class,
        () -> of(Krum.builder().nByzantine(1).build(), new double[][] {{1}, {2}, {3}}));
  }

  @Test
  void drawsDependOnSeedAndStep() {
    INDArray jacobian = Nd4j.createFromArray(rows(new Random(13), 4, 30));
    for (Aggregator one :
        List.of(
            new org.dl4jplus.optim.first.multiobjective.Random(), new PCGrad(), new GradDrop())) {
      INDArray first = Nd4j.create(DataType.DOUBLE, 30);
      INDArray again = first.ulike();
      INDArray next = first.ulike();
      one.aggregate(jacobian, 3, first);
      one.aggregate(jacobian, 3, again);
      one.aggregate(jacobian, 4, next);
      assertEquals(first, again);
      assertFalse(first.equalsWithEps(next, 1e-9), one.toString());
    }
  }

  @Test
  void zerosNeverBecomeNaN() {
    for (Aggregator one : ALL) {
      assertArrayEquals(new double[3], of(one, new double[4][3]), 0, one.toString());
      double[][] oneRow = {{1, 2, 3}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}};
      for (double x : of(one, oneRow)) {
        assertTrue(Double.isFinite(x), one.toString());
      }
    }
    for (LengthModel model : LengthModel.values()) {
      ConFIG conFIG = ConFIG.builder().lengthModel(model).build();
      for (double x : of(conFIG, new double[][] {{1, 2}, {0, 0}})) {
        assertTrue(Double.isFinite(x), model.toString());
      }
    }
  }

  @Test
  void oneRowComesBack() {
    double[][] row = {{0.3, -0.4, 1.2}};
    for (Aggregator one : ALL) {
      if (!(one instanceof Krum || one instanceof TrimmedMean || one instanceof CAGrad)) {
        double size = one instanceof NashMtl || one instanceof ImtlG ? 1 / norm(row[0]) : 1;
        size = one instanceof ImtlG ? 1 : one instanceof NashMtl ? Math.min(1, size) : size;
        double[] result = of(one, row);
        for (int j = 0; j < 3; j++) {
          assertEquals(size * row[0][j], result[j], 1e-9, one.toString());
        }
      }
    }
    double[] twice = of(CAGrad.builder().c(1.0).build(), row);
    assertArrayEquals(new double[] {0.6, -0.8, 2.4}, twice, 1e-12);
  }

  @Test
  void refusesWhatItCannotUse() {
    for (Aggregator one : ALL) {
      double[][] bad = new double[4][3];
      bad[2][1] = Double.NaN;
      assertThrows(IllegalArgumentException.class, () -> of(one, bad), one.toString());
      bad[2][1] = Double.POSITIVE_INFINITY;
      assertThrows(IllegalArgumentException.class, () -> of(one, bad), one.toString());
      assertThrows(
          IllegalArgumentException.class,
          () -> one.aggregate(Nd4j.create(DataType.DOUBLE, 0, 3), 0, Nd4j.create(3)));
    }
    double[] two = {1, 2};
    for (Aggregator one :
        List.of(
            new Constant(two),
            UPGrad.builder().prefVector(two).build(),
            DualProj.builder().prefVector(two).build(),
            AlignedMtl.builder().prefVector(two).build(),
            GradDrop.builder().leak(new double[] {0, 1}).build(),
            ConFIG.builder().directionWeights(two).build())) {
      assertThrows(IllegalArgumentException.class, () -> of(one, rows(new Random(1), 3, 4)));
    }
    assertThrows(IllegalArgumentException.class, () -> CAGrad.builder().c(-1.0).build());
    assertThrows(IllegalArgumentException.class, () -> new Constant(1, Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> UPGrad.builder().regEps(Double.NaN).build());
    assertThrows(IllegalArgumentException.class, () -> MGDA.builder().maxIters(0).build());
  }

  private static double objective(double[][] g, double phi, double[] u, double[] w) {
    return SmallMatrix.dot(w, SmallMatrix.times(g, u))
        + phi * Math.sqrt(SmallMatrix.quadratic(g, w));
  }

  private static double[] of(Aggregator aggregator, double[][] rows) {
    return aggregator.aggregate(Nd4j.createFromArray(rows)).toDoubleVector();
  }

  private static double[][] scaled(double[][] rows, double[] factors) {
    double[][] scaled = new double[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      double factor = factors[i];
      scaled[i] = Arrays.stream(rows[i]).map(x -> factor * x).toArray();
    }
    return scaled;
  }

  private static double[][] rows(Random random, int m, int n) {
    double[][] rows = new double[m][n];
    for (double[] row : rows) {
      Arrays.setAll(row, j -> random.nextGaussian());
    }
    return rows;
  }

  private static double dot(double[] x, double[] y) {
    return SmallMatrix.dot(x, y);
  }

  private static double norm(double[] x) {
    return Math.sqrt(dot(x, x));
  }
}
