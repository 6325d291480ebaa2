package org.dl4jplus.privacy.noise;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.dl4jplus.optim.first.updater.Require;

/**
 * A secret from which numbers can be drawn again by their index, for noise that is needed more than
 * once: the sources' keys are {@code HMAC-SHA256(key, index)}.
 *
 * <p>Whoever has the key subtracts the noise. It must never be stored beside what was released, and
 * an index must not serve two releases. Where numbers are needed only once, take {@link
 * SecureNoise}.
 */
public final class NoiseKey {

  /** Bytes of a key. */
  public static final int LENGTH = 32;

  private final byte[] key;
  private final int summands;
  private final boolean secure;

  private NoiseKey(byte[] key, int summands, boolean secure) {
    Require.check(key.length == LENGTH, "key.length", key.length, "" + LENGTH);
    this.key = key.clone();
    this.summands = summands;
    this.secure = secure;
  }

  /**
   * A new key from {@link SecureRandom}.
   *
   * @param summands as in {@link SecureNoise#SecureNoise(int)}
   * @return the key
   */
  public static NoiseKey fresh(int summands) {
    byte[] key = new byte[LENGTH];
    new SecureRandom().nextBytes(key);
    return new NoiseKey(key, summands, true);
  }

  /**
   * A key that was kept.
   *
   * @param bytes from {@link #bytes()}
   * @param summands as before
   * @return the same key
   * @throws IllegalArgumentException for another number of bytes than {@link #LENGTH}
   */
  public static NoiseKey of(byte[] bytes, int summands) {
    return new NoiseKey(bytes, summands, true);
  }

  /**
   * A key for tests, from a seed.
   *
   * @param seed any number
   * @param summands as in {@link SecureNoise#SecureNoise(int)}
   * @return the key
   */
  public static NoiseKey seeded(long seed, int summands) {
    byte[] name = NoiseKey.class.getName().getBytes(StandardCharsets.UTF_8);
    return new NoiseKey(hmac(name, seed), summands, false);
  }

  /**
   * The key itself, to be kept in a safe place.
   *
   * @return a copy
   */
  public byte[] bytes() {
    return key.clone();
  }

  /**
   * The numbers of an index, from their first one on.
   *
   * @param index which
   * @return a new source
   */
  public NoiseSource source(long index) {
    return new KeyedNoise(hmac(key, index), summands, secure);
  }

  /**
   * Whether nobody can guess the key.
   *
   * @return false for seeds
   */
  public boolean secure() {
    return secure;
  }

  private static byte[] hmac(byte[] key, long index) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(ByteBuffer.allocate(Long.BYTES).putLong(index).array());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This Java runtime has no HMAC-SHA256", e);
    }
  }
}
