package org.dl4jplus.privacy.noise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class NoiseKeyTest {

  @Test
  void indexesGiveTheSameNumbersAgainAndNoOthersDo() {
    NoiseKey key = NoiseKey.fresh(4);
    NoiseKey same = NoiseKey.of(key.bytes(), 4);
    Set<Long> seen = new HashSet<>();
    for (long index = -3; index < 100; index++) {
      long bits = key.source(index).bits();
      assertEquals(bits, same.source(index).bits());
      assertTrue(seen.add(bits));
    }
    assertTrue(seen.add(NoiseKey.fresh(4).source(0).bits()));
    double[] first = new double[7];
    double[] second = new double[7];
    key.source(5).gaussian(first);
    same.source(5).gaussian(second);
    assertArrayEquals(first, second);
  }

  /** The stream is AES-256 in counter mode under HMAC-SHA256 of the big-endian index. */
  @Test
  void streamIsTheDocumentedOne() throws Exception {
    NoiseKey key = NoiseKey.seeded(1, 1);
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key.bytes(), "HmacSHA256"));
    byte[] derived = mac.doFinal(new byte[] {0, 0, 0, 0, 0, 0, 1, 2});
    Cipher cipher = Cipher.getInstance("AES/CTR/NoPadding");
    cipher.init(
        Cipher.ENCRYPT_MODE, new SecretKeySpec(derived, "AES"), new IvParameterSpec(new byte[16]));
    byte[] stream = cipher.update(new byte[16]);
    long expected = 0;
    for (int i = 7; i >= 0; i--) {
      expected = expected << 8 | stream[i] & 0xFF;
    }
    assertEquals(expected, key.source(0x102).bits());
  }

  @Test
  void seedsAreNotSecure() {
    assertTrue(NoiseKey.fresh(2).secure());
    assertTrue(NoiseKey.fresh(2).source(1).secure());
    assertFalse(NoiseKey.seeded(1, 2).secure());
    assertFalse(NoiseKey.seeded(1, 2).source(1).secure());
    assertEquals(NoiseKey.seeded(1, 2).source(0).bits(), NoiseKey.seeded(1, 2).source(0).bits());
  }

  @Test
  void rejects() {
    assertThrows(IllegalArgumentException.class, () -> NoiseKey.of(new byte[16], 4));
    assertThrows(IllegalArgumentException.class, () -> NoiseKey.fresh(3).source(0));
  }
}
