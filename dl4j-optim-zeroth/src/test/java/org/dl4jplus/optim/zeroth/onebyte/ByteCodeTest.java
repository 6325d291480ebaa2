package org.dl4jplus.optim.zeroth.onebyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ByteCodeTest {

  @Test
  void everyByteComesBack() {
    for (double levels : new double[] {1, 3.5, 16, 40}) {
      for (double magnitude : new double[] {1e-30, 0.3, 100, 1e200}) {
        ByteCode code = new ByteCode(magnitude, levels);
        for (int b = -127; b <= 127; b++) {
          assertEquals(b, code.encode(code.decode((byte) b)));
        }
        assertEquals(0, code.decode(ByteCode.NO_RESULT));
      }
    }
  }

  @Test
  void roundsByTheStatedError() {
    ByteCode code = new ByteCode(100, 16);
    double bound = Math.exp(0.5 / 16) - 1;
    assertEquals(0.032, bound, 3e-4);
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 10_000; i++) {
      double value = 100 * Math.exp(-126.4 / 16 * random.nextDouble());
      double back = code.decode(code.encode(value));
      assertTrue(Math.abs(back / value - 1) <= bound + 1e-12, value + " -> " + back);
      assertEquals(-back, code.decode(code.encode(-value)));
    }
  }

  @Test
  void endsOfTheScale() {
    ByteCode code = new ByteCode(2, 16);
    assertEquals(127, code.encode(Double.MAX_VALUE));
    assertEquals(-127, code.encode(-5));
    assertTrue(ByteCode.saturated((byte) -127));
    assertFalse(ByteCode.saturated((byte) 126));
    assertFalse(ByteCode.saturated(ByteCode.NO_RESULT));
    assertEquals(0, code.encode(Double.MIN_VALUE));
    assertEquals(0, code.encode(-0.0));
    for (double none : new double[] {Double.NaN, 1 / 0.0, -1 / 0.0}) {
      assertEquals(ByteCode.NO_RESULT, code.encode(none));
    }
  }

  @Test
  void badScalesAreRefused() {
    for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(IllegalArgumentException.class, () -> new ByteCode(bad, 16));
      assertThrows(IllegalArgumentException.class, () -> new ByteCode(1, bad));
    }
  }
}
