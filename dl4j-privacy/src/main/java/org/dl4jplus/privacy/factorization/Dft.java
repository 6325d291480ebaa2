package org.dl4jplus.privacy.factorization;

/**
 * The discrete Fourier transform with a plus in the exponent and no factor, of any length: by
 * powers of two, or as a convolution of such a length (L. Bluestein, 1970).
 */
final class Dft {

  private final int length;
  private final double[] cos;
  private final double[] sin;

  /** Transforms the convolution; null for powers of two. */
  private final Dft padded;

  /** For powers of two the roots of unity, else the chirp {@code exp(i pi j^2 / length)}. */
  Dft(int length) {
    this.length = length;
    cos = new double[length];
    sin = new double[length];
    boolean power = Integer.bitCount(length) == 1;
    for (int j = 0; j < length; j++) {
      // Reduced before the division: squares of large numbers have lost the angle's digits.
      double angle =
          power ? 2 * Math.PI * j / length : Math.PI * ((long) j * j % (2L * length)) / length;
      cos[j] = Math.cos(angle);
      sin[j] = Math.sin(angle);
    }
    padded = power ? null : new Dft(Integer.highestOneBit(2 * length - 1) << 1);
  }

  /** {@code out_k = SUM_j in_j exp(2 pi i j k / length)}, in place. */
  void transform(double[] re, double[] im) {
    if (padded == null) {
      powerOfTwo(re, im);
    } else {
      convolve(re, im);
    }
  }

  private void powerOfTwo(double[] re, double[] im) {
    for (int i = 1, j = 0; i < length; i++) {
      int bit = length >> 1;
      for (; (j & bit) != 0; bit >>= 1) {
        j ^= bit;
      }
      j ^= bit;
      if (i < j) {
        swap(re, i, j);
        swap(im, i, j);
      }
    }
    for (int half = 1; half < length; half <<= 1) {
      int stride = length / (2 * half);
      for (int start = 0; start < length; start += 2 * half) {
        for (int k = 0; k < half; k++) {
          int low = start + k;
          int high = low + half;
          double c = cos[k * stride];
          double s = sin[k * stride];
          double x = re[high] * c - im[high] * s;
          double y = re[high] * s + im[high] * c;
          re[high] = re[low] - x;
          im[high] = im[low] - y;
          re[low] += x;
          im[low] += y;
        }
      }
    }
  }

  private static void swap(double[] values, int i, int j) {
    double value = values[i];
    values[i] = values[j];
    values[j] = value;
  }

  /** With {@code 2jk = j^2 + k^2 - (k-j)^2}: a convolution with the conjugate chirp. */
  private void convolve(double[] re, double[] im) {
    int m = padded.length;
    double[] a = new double[m];
    double[] b = new double[m];
    double[] chirpRe = new double[m];
    double[] chirpIm = new double[m];
    for (int j = 0; j < length; j++) {
      a[j] = re[j] * cos[j] - im[j] * sin[j];
      b[j] = re[j] * sin[j] + im[j] * cos[j];
      chirpRe[j] = cos[j];
      chirpIm[j] = -sin[j];
      chirpRe[(m - j) % m] = cos[j];
      chirpIm[(m - j) % m] = -sin[j];
    }
    padded.transform(a, b);
    padded.transform(chirpRe, chirpIm);
    for (int j = 0; j < m; j++) {
      double x = a[j] * chirpRe[j] - b[j] * chirpIm[j];
      // Conjugated, so that the same transform leads back.
      b[j] = -(a[j] * chirpIm[j] + b[j] * chirpRe[j]);
      a[j] = x;
    }
    padded.transform(a, b);
    for (int k = 0; k < length; k++) {
      double x = a[k] / m;
      double y = -b[k] / m;
      re[k] = x * cos[k] - y * sin[k];
      im[k] = x * sin[k] + y * cos[k];
    }
  }
}
