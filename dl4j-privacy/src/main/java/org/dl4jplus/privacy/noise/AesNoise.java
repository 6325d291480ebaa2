package org.dl4jplus.privacy.noise;

import java.io.InvalidObjectException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.dl4jplus.optim.first.updater.Require;

/**
 * The bytes of AES-256 in counter mode, and normal numbers made of them:
 *
 * <pre>{@code
 * r cos(t), r sin(t)   with r = sqrt(-2 ln u), u in (0, 1], t = 2 pi v, v in [0, 1)
 * }</pre>
 *
 * Each number is the sum of {@code summands} such halves over the square root of their number. A
 * single half takes few of the doubles around it, and which ones it takes tells something about the
 * value under the noise; several from different pairs fill the gaps (Naoise Holohan, Stefano
 * Braghin, "Secure random sampling in differential privacy", arXiv 2107.10138, 2021). The two
 * halves of a pair go to two numbers, because their squares together make r^2, which takes few
 * values too.
 *
 * <p>Serializable only to say why it is not: a copy would draw the same noise again, and the
 * difference of two releases with equal noise shows the data.
 */
abstract sealed class AesNoise implements NoiseSource, Serializable
    permits SecureNoise, SeededNoise, KeyedNoise {

  static final int SUMMANDS = 4;

  private static final String NO_COPY =
      "A noise source is never copied: two copies draw the same noise. Make a new one.";
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final byte[] ZEROS = new byte[1 << 13];

  /** Cosine of a number of quarter turns; 3 further on, the sine. */
  private static final double[] QUARTER = {1, 0, -1, 0, 1, 0, -1};

  /** Coefficients of the series from the highest power of x^2 down. */
  private static final double[] SIN = taylor(15);

  private static final double[] COS = taylor(16);

  private final transient Cipher cipher;
  private final transient byte[] stream = new byte[ZEROS.length];
  private final transient int summands;
  private transient int position = ZEROS.length;

  /** Wipes the key. */
  AesNoise(byte[] key, Integer summands) {
    int n = summands == null ? SUMMANDS : summands;
    Require.check(n == 1 || n > 0 && n % 2 == 0, "summands", n, "1 or an even number above 0");
    this.summands = n;
    try {
      cipher = Cipher.getInstance("AES/CTR/NoPadding");
      cipher.init(
          Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(new byte[16]));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This Java runtime has no AES-256 in counter mode", e);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }

  /**
   * {@inheritDoc} Threads take turns, since a race would hand out the same bits twice; each is
   * faster with a source of its own.
   */
  @Override
  public final synchronized void gaussian(double[] out) {
    double scale = 1 / Math.sqrt(summands);
    for (int i = 0; i < out.length; i += 2) {
      double first = 0;
      double second = 0;
      for (int k = 0; k < summands; k++) {
        double radius = Math.sqrt(-2 * Math.log(((next() >>> 11) + 1) * 0x1p-53));
        long turn = next();
        // Math.sin and Math.cos cost half of the time. This is the same to 1e-16: Taylor series for
        // an angle of at most an eighth of a turn, then a rotation by quarters without a branch.
        double x = (turn << 2 >> 11) * (0x1p-53 * Math.PI / 2);
        double y = x * x;
        double sin = x + x * (y * series(SIN, y));
        double cos = 1 + y * series(COS, y);
        int quarter = (int) (turn >>> 62);
        first += radius * (cos * QUARTER[quarter] - sin * QUARTER[quarter + 3]);
        second += radius * (sin * QUARTER[quarter] + cos * QUARTER[quarter + 3]);
      }
      out[i] = first * scale;
      if (i + 1 < out.length) {
        out[i + 1] = second * scale;
      }
    }
  }

  private static double[] taylor(int order) {
    double[] coefficients = new double[order / 2];
    for (int k = 0; k < coefficients.length; k++) {
      int power = order - 2 * k;
      coefficients[k] = power / 2 % 2 == 0 ? 1 : -1;
      for (int i = 2; i <= power; i++) {
        coefficients[k] /= i;
      }
    }
    return coefficients;
  }

  private static double series(double[] coefficients, double y) {
    double sum = 0;
    for (double coefficient : coefficients) {
      sum = sum * y + coefficient;
    }
    return sum;
  }

  /** {@inheritDoc} */
  @Override
  public final synchronized long bits() {
    return next();
  }

  private long next() {
    if (position == stream.length) {
      try {
        cipher.update(ZEROS, 0, ZEROS.length, stream);
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("No further random numbers", e);
      }
      position = 0;
    }
    long value = (long) LONGS.get(stream, position);
    position += Long.BYTES;
    return value;
  }

  /**
   * Refuses.
   *
   * @return never
   * @throws CloneNotSupportedException always
   */
  @Override
  protected final Object clone() throws CloneNotSupportedException {
    throw new CloneNotSupportedException(NO_COPY);
  }

  private void writeObject(ObjectOutputStream out) throws NotSerializableException {
    throw new NotSerializableException(NO_COPY);
  }

  private void readObject(ObjectInputStream in) throws InvalidObjectException {
    throw new InvalidObjectException(NO_COPY);
  }
}
