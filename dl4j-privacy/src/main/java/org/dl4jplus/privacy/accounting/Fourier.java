package org.dl4jplus.privacy.accounting;

/**
 * The discrete Fourier transform of one power of 2 as length, in place. The forward transform
 * leaves its result in bit-reversed order, which is what the inverse one takes: neither needs to
 * sort.
 */
final class Fourier {

  private final int length;
  private final double[] cosines;
  private final double[] sines;

  Fourier(int length) {
    this.length = length;
    int half = Math.max(1, length / 2);
    cosines = new double[half];
    sines = new double[half];
    for (int k = 0; k < half; k++) {
      double angle = -2 * Math.PI * k / length;
      cosines[k] = Math.cos(angle);
      sines[k] = Math.sin(angle);
    }
  }

  int length() {
    return length;
  }

  /** Where the forward transform leaves the conjugate frequency of the one at an index. */
  static int conjugate(int index) {
    return index == 0 ? 0 : index ^ (Integer.highestOneBit(index) - 1);
  }

  /** From natural to bit-reversed order. */
  void forward(double[] real, double[] imaginary) {
    for (int half = length / 2, stride = 1; half >= 1; half /= 2, stride *= 2) {
      for (int start = 0; start < length; start += 2 * half) {
        for (int k = 0, i = start, j = start + half; k < half; k++, i++, j++) {
          double re = real[i] - real[j];
          double im = imaginary[i] - imaginary[j];
          real[i] += real[j];
          imaginary[i] += imaginary[j];
          double c = cosines[k * stride];
          double s = sines[k * stride];
          real[j] = re * c - im * s;
          imaginary[j] = re * s + im * c;
        }
      }
    }
  }

  /** From bit-reversed to natural order, with the factor 1/length. */
  void inverse(double[] real, double[] imaginary) {
    for (int half = 1, stride = length / 2; half < length; half *= 2, stride /= 2) {
      for (int start = 0; start < length; start += 2 * half) {
        for (int k = 0, i = start, j = start + half; k < half; k++, i++, j++) {
          double c = cosines[k * stride];
          double s = sines[k * stride];
          double re = real[j] * c + imaginary[j] * s;
          double im = imaginary[j] * c - real[j] * s;
          real[j] = real[i] - re;
          imaginary[j] = imaginary[i] - im;
          real[i] += re;
          imaginary[i] += im;
        }
      }
    }
    double factor = 1.0 / length;
    for (int i = 0; i < length; i++) {
      real[i] *= factor;
      imaginary[i] *= factor;
    }
  }
}
