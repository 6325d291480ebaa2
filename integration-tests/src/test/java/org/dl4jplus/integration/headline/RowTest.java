package org.dl4jplus.integration.headline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class RowTest {

  @Test
  void comparesOursWithTheBaseline() {
    assertEquals(0.5, Row.ratio("c", "b", 4, "o", 2, Bar.atMost(0.5)).figure());
    assertEquals(-2, Row.difference("c", "b", 4, "o", 2, Bar.atLeast(0)).figure());
  }

  @Test
  void holdsOnItsOwnSideOfTheBar() {
    assertTrue(Row.ratio("c", "b", 4, "o", 2, Bar.atMost(0.5)).holds());
    assertFalse(Row.ratio("c", "b", 4, "o", 2, Bar.atMost(0.49)).holds());
    assertTrue(Row.difference("c", "b", 1, "o", 2, Bar.atLeast(1)).holds());
    assertFalse(Row.difference("c", "b", 1, "o", 2, Bar.atLeast(1.1)).holds());
  }

  @Test
  void noNumberHoldsNowhere() {
    assertFalse(Row.ratio("c", "b", 0, "o", 0, Bar.atMost(1)).holds());
    assertFalse(Row.ratio("c", "b", 0, "o", 0, Bar.atLeast(1)).holds());
  }
}
