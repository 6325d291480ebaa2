package org.dl4jplus.privacy.accounting;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.dl4jplus.optim.first.noise.NormalTail;
import org.junit.jupiter.api.Test;

/** The normal distribution's tails, logarithmic sums and the transform. */
class NumericsTest {

  /** From mpmath, 40 digits: z, P[Z <= z], its logarithm. */
  private static final double[][] NORMAL = {
    {-40, 0, -804.60844201375379},
    {-12, 1.776482112077679e-33, -75.410673001568796},
    {-6, 9.8658764503769814e-10, -20.736768949974706},
    {-1, 0.15865525393145705, -1.8410216450092635},
    {-0.7, 0.24196365222307303, -1.4189677615315316},
    {0, 0.5, -0.69314718055994531},
    {0.3, 0.61791142218895263, -0.48141016158848121},
    {2, 0.97724986805182079, -0.023012909328963488},
  };

  @Test
  void normalTails() {
    for (double[] known : NORMAL) {
      assertEquals(known[1], NormalTail.cdf(known[0]), 3e-14 * known[1]);
      assertEquals(known[2], NormalTail.logCdf(known[0]), 1e-14 * -known[2]);
      assertEquals(
          NormalTail.cdf(known[0]) * Math.exp(3), NormalTail.scaledCdf(known[0], 3), 1e-13);
    }
    // Where the factors have no doubles.
    assertEquals(Math.exp(810 + NORMAL[0][2]), NormalTail.scaledCdf(-40, 810), 1e-10);
  }

  @Test
  void normalTailsJoin() {
    for (double z = -9; z < 9; z += 0.01) {
      assertEquals(1, NormalTail.cdf(z) + NormalTail.cdf(-z), 1e-15);
      assertEquals(Math.log(NormalTail.cdf(z)), NormalTail.logCdf(z), 1e-13);
      double slope = (NormalTail.cdf(z + 1e-5) - NormalTail.cdf(z - 1e-5)) / 2e-5;
      double density = Math.exp(NormalTail.logDensity(z));
      assertEquals(density, slope, 1e-8 * density + 1e-11);
    }
    assertEquals(-3, NormalTail.logQuantile(NormalTail.logCdf(-3)), 1e-12);
    assertEquals(NormalTail.cdf(2) - NormalTail.cdf(-0.3), NormalTail.between(-0.3, 2), 1e-15);
  }

  @Test
  void millsRatioFalls() {
    for (double z : new double[] {0, 0.5, 3, 30}) {
      for (double width : new double[] {1e-8, 1e-3, 0.009, 0.011, 2}) {
        // The slope is z M(z) - 1, and M(z) the tail over the density.
        double expected = 0;
        for (int k = 0; k < 1000; k++) {
          double x = z + (k + 0.5) * width / 1000;
          double mills = Math.exp(NormalTail.logCdf(-x) - NormalTail.logDensity(x));
          expected += (1 - x * mills) * width / 1000;
        }
        assertEquals(expected, NormalTail.millsFall(z, width), 1e-6 * expected);
      }
    }
  }

  @Test
  void logarithmicSums() {
    LogSum sum = new LogSum();
    assertEquals(Double.NEGATIVE_INFINITY, sum.value());
    sum.add(Double.NEGATIVE_INFINITY);
    assertEquals(Double.NEGATIVE_INFINITY, sum.value());
    sum.add(-1000);
    sum.add(1000);
    sum.add(1000 + Math.log(2));
    assertEquals(1000 + Math.log(3), sum.value(), 1e-12);
    assertEquals(Math.log(Math.expm1(2)), LogSum.logExpm1(2), 1e-15);
    assertEquals(800, LogSum.logExpm1(800));
    assertEquals(Math.log1p(Math.exp(-3)), LogSum.log1pExp(-3), 1e-15);
    assertEquals(800, LogSum.log1pExp(800));
  }

  @Test
  void transformsConvolve() {
    Random random = new Random(5);
    for (int length : new int[] {2, 4, 64}) {
      double[] a = random.doubles(length).toArray();
      double[] b = random.doubles(length).toArray();
      double[] expected = new double[length];
      for (int i = 0; i < length; i++) {
        for (int j = 0; j < length; j++) {
          expected[(i + j) % length] += a[i] * b[j];
        }
      }
      Fourier fourier = new Fourier(length);
      double[] aIm = new double[length];
      double[] bIm = new double[length];
      fourier.forward(a, aIm);
      fourier.forward(b, bIm);
      for (int i = 0; i < length; i++) {
        assertEquals(a[i], a[Fourier.conjugate(i)], 1e-12);
        assertEquals(aIm[i], -aIm[Fourier.conjugate(i)], 1e-12);
      }
      for (int i = 0; i < length; i++) {
        double re = a[i] * b[i] - aIm[i] * bIm[i];
        aIm[i] = a[i] * bIm[i] + aIm[i] * b[i];
        a[i] = re;
      }
      fourier.inverse(a, aIm);
      assertArrayEquals(expected, a, 1e-12);
      assertArrayEquals(new double[length], aIm, 1e-12);
    }
  }
}
