package org.dl4jplus.privacy.noise;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.atomic.AtomicBoolean;
import lombok.extern.slf4j.Slf4j;

/**
 * Repeatable noise for tests: {@link SecureNoise} with a key made of a seed. Whoever knows or
 * guesses the seed subtracts the noise, so epsilon is infinite. The first one of a process logs a
 * warning.
 */
@Slf4j
public final class SeededNoise extends AesNoise {

  private static final AtomicBoolean WARNED = new AtomicBoolean();

  /**
   * With 4 summands to each normal number.
   *
   * @param seed any number; equal seeds give equal numbers
   */
  public SeededNoise(long seed) {
    this(seed, SUMMANDS);
  }

  /**
   * With a number of summands of one's own.
   *
   * @param seed any number; equal seeds give equal numbers
   * @param summands as in {@link SecureNoise#SecureNoise(int)}
   * @throws IllegalArgumentException if summands is neither 1 nor even and above 0
   */
  public SeededNoise(long seed, int summands) {
    super(key(seed), summands);
    if (!WARNED.getAndSet(true)) {
      log.warn("Noise from a seed is for tests: nothing is private, epsilon is infinite");
    }
  }

  private static byte[] key(long seed) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(SeededNoise.class.getName().getBytes(StandardCharsets.UTF_8));
      return digest.digest(ByteBuffer.allocate(Long.BYTES).putLong(seed).array());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("This Java runtime has no SHA-256", e);
    }
  }

  /** {@inheritDoc} */
  @Override
  public boolean secure() {
    return false;
  }
}
