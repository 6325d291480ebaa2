package org.dl4jplus.privacy.noise;

import java.security.SecureRandom;

/**
 * The noise of a mechanism: AES-256 in counter mode under a fresh key of {@link SecureRandom},
 * which nobody ever sees. About five times faster than drawing from {@link SecureRandom} itself.
 *
 * <p>Make a new one for every training run and every worker; it cannot be cloned, serialised or
 * sent to a cluster with a closure.
 *
 * <p>The numbers are doubles, and a double's low bits show something about what was added to them.
 * Four summands and the rounding of {@link NoiseGrid} make that negligible, they do not prove it
 * away; where the values are whole numbers {@link DiscreteGaussianSampler} does.
 */
public final class SecureNoise extends AesNoise {

  /** With 4 summands to each normal number. */
  public SecureNoise() {
    this(SUMMANDS);
  }

  /**
   * With a number of summands of one's own.
   *
   * @param summands Box-Muller halves in each normal number: 1 is fastest and shows most about what
   *     the noise is added to, otherwise an even number
   * @throws IllegalArgumentException if summands is neither 1 nor even and above 0
   */
  public SecureNoise(int summands) {
    super(freshKey(), summands);
  }

  private static byte[] freshKey() {
    byte[] key = new byte[32];
    new SecureRandom().nextBytes(key);
    return key;
  }

  /** {@inheritDoc} */
  @Override
  public boolean secure() {
    return true;
  }
}
