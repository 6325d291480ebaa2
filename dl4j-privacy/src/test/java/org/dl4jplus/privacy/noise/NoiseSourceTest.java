package org.dl4jplus.privacy.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.InvalidObjectException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.ObjectStreamConstants;
import java.io.Serializable;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NoiseSourceTest {

  private static final int N = 100_000;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 6})
  void momentsAreThoseOfTheNormalDistribution(int summands) {
    double[] x = new double[N];
    new SeededNoise(3, summands).gaussian(x);
    double[] moments = new double[5];
    for (double value : x) {
      for (int k = 1; k <= 4; k++) {
        moments[k] += Math.pow(value, k) / N;
      }
    }
    // Five standard errors: the variances of x^k are 1, 2, 15, 96.
    assertEquals(0, moments[1], 5 * Math.sqrt(1.0 / N));
    assertEquals(1, moments[2], 5 * Math.sqrt(2.0 / N));
    assertEquals(0, moments[3], 5 * Math.sqrt(15.0 / N));
    assertEquals(3, moments[4], 5 * Math.sqrt(96.0 / N));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void theDistributionIsNormal(int summands) {
    double[] x = new double[N];
    new SeededNoise(4, summands).gaussian(x);
    // Exceeded with probability 2 exp(-2 * 2.7^2) = 1e-6.
    assertTrue(kolmogorov(x) < 2.7 / Math.sqrt(N));
    double[] secure = new double[N];
    new SecureNoise(summands).gaussian(secure);
    // The key is another one each time: 2 exp(-2 * 3.6^2) = 1e-11.
    assertTrue(kolmogorov(secure) < 3.6 / Math.sqrt(N));
  }

  @Test
  void halvesAreThoseOfBoxAndMuller() {
    double[] x = new double[10_000];
    new SeededNoise(7, 1).gaussian(x);
    NoiseSource bits = new SeededNoise(7);
    for (int i = 0; i < x.length; i += 2) {
      double radius = Math.sqrt(-2 * Math.log(((bits.bits() >>> 11) + 1) * 0x1p-53));
      long turn = bits.bits();
      double angle = Math.PI / 2 * ((turn >>> 62) + (turn << 2 >> 11) * 0x1p-53);
      assertEquals(radius * Math.cos(angle), x[i], 1e-14);
      assertEquals(radius * Math.sin(angle), x[i + 1], 1e-14);
    }
  }

  private static double kolmogorov(double[] values) {
    double[] x = values.clone();
    Arrays.sort(x);
    NormalDistribution normal = new NormalDistribution(null, 0, 1);
    double largest = 0;
    for (int i = 0; i < x.length; i++) {
      double p = normal.cumulativeProbability(x[i]);
      largest = Math.max(largest, Math.max(p - i / (double) N, (i + 1) / (double) N - p));
    }
    return largest;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void neighboursAndHalvesAreIndependent(int summands) {
    double[] x = new double[N];
    new SeededNoise(5, summands).gaussian(x);
    // Products of independent standard normal numbers have variance 1, those of their centred
    // squares 4; five standard errors.
    for (int lag : new int[] {1, 2, N / 2}) {
      int pairs = N - lag;
      double products = 0;
      double squares = 0;
      for (int i = 0; i < pairs; i++) {
        products += x[i] * x[i + lag];
        squares += (x[i] * x[i] - 1) * (x[i + lag] * x[i + lag] - 1);
      }
      assertEquals(0, products / pairs, 5 / Math.sqrt(pairs));
      assertEquals(0, squares / pairs, 10 / Math.sqrt(pairs));
    }
    // The two numbers of one pair point in a direction that is uniform in eighths of a turn.
    long[] octants = new long[8];
    for (int i = 0; i < N; i += 2) {
      octants[(int) Math.floor((Math.atan2(x[i + 1], x[i]) / Math.PI + 1) * 4) % 8]++;
    }
    for (long count : octants) {
      assertEquals(N / 16.0, count, 5 * Math.sqrt(N / 16.0));
    }
  }

  @Test
  void oddLengthsAreFilled() {
    double[] odd = new double[7];
    double[] even = new double[8];
    new SeededNoise(1).gaussian(odd);
    new SeededNoise(1).gaussian(even);
    assertArrayEquals(odd, Arrays.copyOf(even, 7));
    new SeededNoise(1).gaussian(new double[0]);
  }

  @Test
  void equalSeedsRepeatAndOthersDoNot() {
    assertEquals(new SeededNoise(9).bits(), new SeededNoise(9).bits());
    Set<Long> seen = new HashSet<>();
    for (NoiseSource source :
        List.of(
            new SeededNoise(0),
            new SeededNoise(1),
            new SeededNoise(-1),
            new SecureNoise(),
            new SecureNoise())) {
      for (int i = 0; i < 5000; i++) {
        assertTrue(seen.add(source.bits()), "no part of a stream comes again");
      }
    }
  }

  @Test
  void onlySecureNoiseIsSecure() {
    assertTrue(new SecureNoise().secure());
    assertFalse(new SeededNoise(1).secure());
  }

  @Test
  void bitsAndUniformNumbersAreFair() {
    NoiseSource source = new SeededNoise(6);
    int draws = 40_000;
    int[] ones = new int[Long.SIZE];
    int[] faces = new int[6];
    double sum = 0;
    for (int i = 0; i < draws; i++) {
      long bits = source.bits();
      for (int k = 0; k < Long.SIZE; k++) {
        ones[k] += (int) (bits >>> k & 1);
      }
      faces[(int) source.uniform(6)]++;
      double uniform = source.uniform();
      assertTrue(uniform >= 0 && uniform < 1);
      sum += uniform;
    }
    for (int count : ones) {
      assertEquals(draws / 2.0, count, 5 * Math.sqrt(draws / 4.0));
    }
    for (int count : faces) {
      assertEquals(draws / 6.0, count, 5 * Math.sqrt(draws * 5 / 36.0));
    }
    assertEquals(0.5, sum / draws, 5 / Math.sqrt(12.0 * draws));
    assertThrows(IllegalArgumentException.class, () -> source.uniform(0));
  }

  @Test
  void threadsTakeTurnsAndNeverGetTheSameBits() throws InterruptedException {
    NoiseSource source = new SeededNoise(8);
    Set<Long> seen = ConcurrentHashMap.newKeySet();
    Thread[] threads = new Thread[4];
    for (int t = 0; t < threads.length; t++) {
      threads[t] =
          new Thread(
              () -> {
                for (int i = 0; i < 5000; i++) {
                  seen.add(source.bits());
                }
              });
      threads[t].start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(20_000, seen.size());
  }

  @Test
  void copiesAreRefused() throws Exception {
    AesNoise source = new SecureNoise();
    assertTrue(
        assertThrows(CloneNotSupportedException.class, source::clone)
            .getMessage()
            .contains("same noise"));
    try (ObjectOutputStream out = new ObjectOutputStream(new ByteArrayOutputStream())) {
      assertTrue(
          assertThrows(NotSerializableException.class, () -> out.writeObject(source))
              .getMessage()
              .contains("same noise"));
      Runnable closure = (Runnable & Serializable) () -> source.bits();
      assertThrows(NotSerializableException.class, () -> out.writeObject(closure));
    }
  }

  @Test
  void nothingReadFromAStreamIsASource() throws Exception {
    // What a stream would hold of an object without fields that is not there.
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeShort(ObjectStreamConstants.STREAM_MAGIC);
      out.writeShort(ObjectStreamConstants.STREAM_VERSION);
      out.writeByte(ObjectStreamConstants.TC_OBJECT);
      Class<?>[] classes = {SecureNoise.class, AesNoise.class};
      for (Class<?> type : classes) {
        out.writeByte(ObjectStreamConstants.TC_CLASSDESC);
        out.writeUTF(type.getName());
        out.writeLong(ObjectStreamClass.lookup(type).getSerialVersionUID());
        out.writeByte(
            ObjectStreamConstants.SC_SERIALIZABLE
                | (type == AesNoise.class ? ObjectStreamConstants.SC_WRITE_METHOD : 0));
        out.writeShort(0);
        out.writeByte(ObjectStreamConstants.TC_ENDBLOCKDATA);
      }
      out.writeByte(ObjectStreamConstants.TC_NULL);
      out.writeByte(ObjectStreamConstants.TC_ENDBLOCKDATA);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThrows(InvalidObjectException.class, in::readObject);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-2, 0, 3, 5})
  void summandsAreOneOrEven(int summands) {
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> new SecureNoise(summands))
            .getMessage()
            .startsWith("summands must be 1 or an even number"));
    assertThrows(IllegalArgumentException.class, () -> new SeededNoise(1, summands));
  }
}
