package org.dl4jplus.privacy.noise;

/** The numbers of one index of a {@link NoiseKey}. */
final class KeyedNoise extends AesNoise {

  private final transient boolean secure;

  /** Wipes the key. */
  KeyedNoise(byte[] key, int summands, boolean secure) {
    super(key, summands);
    this.secure = secure;
  }

  /** {@inheritDoc} */
  @Override
  public boolean secure() {
    return secure;
  }
}
