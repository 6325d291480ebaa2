package org.dl4jplus.bilevel.search.gp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.dl4jplus.bilevel.search.Dimension;
import org.dl4jplus.bilevel.search.gp.GaussianProcess.Prediction;
import org.dl4jplus.bilevel.search.gp.StationaryKernel.Form;
import org.dl4jplus.bilevel.search.sobol.SobolPoints;
import org.junit.jupiter.api.Test;

class GaussianProcessTest {

  private static double[][] points(int n, int d, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[][] points = new double[n][];
    Arrays.setAll(points, i -> random.doubles(d).toArray());
    return points;
  }

  private static double[] values(double[][] x) {
    return Arrays.stream(x).mapToDouble(p -> Math.sin(5 * p[0]) + p[1]).toArray();
  }

  private static List<Kernel> kernels() {
    Kernel grouped =
        StationaryKernel.of(Form.MATERN52, 1.2, new double[] {0.4, 0.8}, new int[] {0, 1, 1});
    Kernel other = StationaryKernel.of(Form.RBF, 0.5, 0.3, 0.9, 0.6);
    Kernel rough = StationaryKernel.of(Form.MATERN32, 0.7, 0.7, 0.5);
    return List.of(
        grouped,
        other,
        StationaryKernel.of(Form.MATERN32, 0.8, 0.5, 0.4, 0.3),
        new SumKernel(new LinearKernel(0.6, 3), StationaryKernel.of(Form.MATERN32, 1, 0.5, 1, 2)),
        new FidelityKernel(StationaryKernel.of(Form.MATERN52, 1, 0.5, 0.6), rough, 1.5));
  }

  @Test
  void theGradientIsThatOfTheLikelihood() {
    double[][] x = points(7, 3, 1);
    for (Kernel kernel : kernels()) {
      GaussianProcess process = GaussianProcess.of(kernel, 0.02, x, values(x));
      double[] at = process.parameters();
      double[] expected = new double[at.length];
      for (int p = 0; p < at.length; p++) {
        double[] up = at.clone();
        double[] down = at.clone();
        up[p] += 1e-5;
        down[p] -= 1e-5;
        expected[p] =
            (process.with(up).logMarginalLikelihood() - process.with(down).logMarginalLikelihood())
                / 2e-5;
      }
      assertArrayEquals(expected, process.gradient(), 1e-6, kernel.getClass().getSimpleName());
    }
  }

  @Test
  void oneMoreValueIsAsIfItHadBeenThere() {
    double[][] x = points(9, 3, 2);
    double[] y = values(x);
    for (Kernel kernel : kernels()) {
      GaussianProcess all = GaussianProcess.of(kernel, 0.01, x, y);
      GaussianProcess grown =
          GaussianProcess.of(kernel, 0.01, Arrays.copyOf(x, 8), Arrays.copyOf(y, 8))
              .with(x[8], y[8]);
      Prediction one = all.predict(new double[] {0.3, 0.6, 0.5});
      Prediction two = grown.predict(new double[] {0.3, 0.6, 0.5});
      assertEquals(one.mean(), two.mean(), 1e-10);
      assertEquals(one.variance(), two.variance(), 1e-10);
      assertEquals(all.logMarginalLikelihood(), grown.logMarginalLikelihood(), 1e-9);
    }
  }

  @Test
  void withoutNoiseKnownPointsAreKnown() {
    double[][] x = points(6, 2, 3);
    double[] y = values(x);
    GaussianProcess process =
        GaussianProcess.of(StationaryKernel.of(Form.MATERN52, 1, 0.5, 0.5), 1e-9, x, y);
    for (int i = 0; i < x.length; i++) {
      assertEquals(y[i], process.predict(x[i]).mean(), 1e-5);
      assertTrue(process.predict(x[i]).variance() < 1e-7);
    }
    assertEquals(1, process.predict(new double[] {50, 50}).variance(), 1e-12);
    assertEquals(0, process.predict(new double[] {50, 50}).mean(), 1e-12);
  }

  @Test
  void aNoisierValueCountsLess() {
    double[][] x = {{0.5, 0.5}};
    Kernel kernel = StationaryKernel.of(Form.RBF, 1, 1, 1);
    double[] one = {1};
    // mean = v/(v + factor noise)
    assertEquals(
        1 / 1.5,
        GaussianProcess.of(kernel, 0.5, x, one, new double[] {1}).predict(x[0]).mean(),
        1e-12);
    assertEquals(
        1 / 2.5,
        GaussianProcess.of(kernel, 0.5, x, one, new double[] {3}).predict(x[0]).mean(),
        1e-12);
  }

  @Test
  void equalPointsAreNotTheEnd() {
    double[][] x = {{0.5, 0.5}, {0.5, 0.5}, {0.5, 0.5}};
    GaussianProcess process =
        GaussianProcess.of(
            StationaryKernel.of(Form.RBF, 1, 1, 1), 1e-18, x, new double[] {1, 1, 1});
    assertEquals(1, process.predict(x[0]).mean(), 1e-3);
  }

  @Test
  void aFitIsAtLeastAsLikelyAsItsStartAndFlatThere() {
    double[][] x = points(25, 2, 4);
    double[] y = Standardization.of(values(x)).apply(values(x));
    GaussianProcess start =
        GaussianProcess.of(StationaryKernel.of(Form.MATERN52, 1, 0.5, 0.5), 0.01, x, y);
    GaussianProcess fitted = start.fit(5, 7);
    assertTrue(posterior(fitted) > posterior(start) + 1);
    assertArrayEquals(fitted.parameters(), start.fit(5, 7).parameters());
    double[] at = fitted.parameters();
    for (int p = 0; p < at.length; p++) {
      for (double step : new double[] {-0.05, 0.05}) {
        double[] moved = at.clone();
        moved[p] += step;
        assertTrue(posterior(fitted) > posterior(fitted.with(moved)) - 1e-4);
      }
    }
    // The second input acts linearly, the first does not.
    double[] scales = ((StationaryKernel) fitted.kernel()).lengthScales();
    assertTrue(scales[1] > 2 * scales[0]);
  }

  /** Log likelihood plus log prior of the logarithms. */
  private static double posterior(GaussianProcess process) {
    double value = process.logMarginalLikelihood();
    double[] at = process.parameters();
    for (int p = 0; p < at.length; p++) {
      Kernel.Prior prior =
          p < at.length - 1 ? process.kernel().priors().get(p) : Kernel.Prior.NOISE;
      double z = (at[p] - Math.log(prior.median())) / prior.deviation();
      value -= z * z / 2;
    }
    return value;
  }

  @Test
  void aFitWithoutDataIsThePriorAndBoundsHold() {
    GaussianProcess none =
        GaussianProcess.of(
            StationaryKernel.of(Form.MATERN52, 3, 0.1), 0.3, new double[0][], new double[0]);
    GaussianProcess fitted = none.fit(1, 1);
    assertArrayEquals(new double[] {0, Math.log(0.5), Math.log(0.01)}, fitted.parameters(), 1e-3);
    double[][] x = points(12, 2, 5);
    GaussianProcess held =
        GaussianProcess.of(StationaryKernel.of(Form.RBF, 1, 0.5, 0.5), 1e-4, x, values(x))
            .fit(3, 1, new Kernel.Prior(1e-4, 1, 1e-4, 1e-4));
    assertEquals(1e-4, held.noise(), 1e-18);
  }

  @Test
  void drawsHaveTheCovarianceOfTheKernel() {
    double[][] x = {{0.1, 0.2}, {0.3, 0.2}, {0.9, 0.7}};
    int count = 4000;
    for (Form form : Form.values()) {
      StationaryKernel kernel = StationaryKernel.of(form, 1.5, 0.4, 0.6);
      double[][] values = new PriorDraws(kernel, 400, count, new SplittableRandom(1)).values(x);
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
          double mean = 0;
          for (double[] draw : values) {
            mean += draw[i] * draw[j] / count;
          }
          // Deviations: 1.5 sqrt(2/4000) by the draws, 1.5/sqrt(2 400) by the features.
          assertEquals(kernel.value(x[i], x[j]), mean, 0.3, form + " " + i + " " + j);
        }
      }
    }
  }

  @Test
  void aDrawIsTheSameAloneAndAmongOthers() {
    double[][] x = points(5, 2, 6);
    PriorDraws draws =
        new PriorDraws(StationaryKernel.of(Form.RBF, 1, 0.4, 0.6), 50, 4, new SplittableRandom(2));
    double[][] values = draws.values(x);
    for (int s = 0; s < 4; s++) {
      for (int i = 0; i < 5; i++) {
        assertEquals(values[s][i], draws.value(s, draws.features(x[i])), 1e-12);
      }
    }
  }

  @Test
  void shiftedSobolPointsFillEachInterval() {
    for (long seed = 1; seed < 4; seed++) {
      double[][] all = SobolPoints.draw(64, 4, seed);
      for (int d = 0; d < 4; d++) {
        Set<Integer> cells = new HashSet<>();
        for (double[] point : all) {
          cells.add((int) (64 * point[d]));
        }
        assertEquals(64, cells.size());
      }
      assertArrayEquals(all[37], SobolPoints.shifted(4, seed).point(37));
    }
    assertEquals(1010, SobolPoints.shifted(1010, 1).point(3).length);
  }

  @Test
  void categoriesAreAtEqualDistancesAndShareALengthScale() {
    SpaceEncoding encoding =
        new SpaceEncoding(
            List.of(
                new Dimension("a", Dimension.Kind.CONTINUOUS, 0),
                new Dimension("one", Dimension.Kind.INTEGER, 1),
                new Dimension("b", Dimension.Kind.CATEGORICAL, 3)));
    assertEquals(4, encoding.inputs());
    assertArrayEquals(new int[] {0, 1, 1, 1}, encoding.groups());
    StationaryKernel kernel = encoding.kernel(Form.RBF);
    assertEquals(3, kernel.parameters().length);
    double[] first = encoding.encode(new double[] {0.3, 0.5, 0.1});
    for (double u : new double[] {0.5, 0.9}) {
      double[] other = encoding.encode(new double[] {0.3, 0.5, u});
      // At distance 1 in units of 0.5.
      assertEquals(Math.exp(-2), kernel.value(first, other), 1e-12);
    }
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    Kernel kernel = StationaryKernel.of(Form.RBF, 1, 1);
    double[][] x = {{0.5}};
    assertThrows(
        IllegalArgumentException.class,
        () -> GaussianProcess.of(kernel, 0.1, x, new double[] {Double.NaN}));
    assertThrows(
        IllegalArgumentException.class, () -> GaussianProcess.of(kernel, 0, x, new double[] {1}));
    assertThrows(
        IllegalArgumentException.class,
        () -> GaussianProcess.of(kernel, 0.1, x, new double[] {1, 2}));
    assertThrows(
        IllegalArgumentException.class, () -> StationaryKernel.of(Form.RBF, 1, new double[] {-1}));
    assertThrows(
        IllegalArgumentException.class,
        () -> StationaryKernel.of(Form.RBF, 1, new double[] {1}, new int[] {1}));
    assertThrows(IllegalArgumentException.class, () -> new FidelityKernel(kernel, kernel, -1));
  }
}
