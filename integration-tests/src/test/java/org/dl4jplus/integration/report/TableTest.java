package org.dl4jplus.integration.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class TableTest {

  private final Table table = new Table("name", "loss");

  TableTest() {
    table.add("a<b", "0.25");
    table.add("longer", "3");
  }

  @Test
  void textIsAligned() {
    assertEquals(
        """
        name    loss
        ------------
        a<b     0.25
        longer     3
        """,
        table.text());
  }

  @Test
  void markdownHasARuler() {
    assertEquals(
        """
        | name   | loss |
        |---|--:|
        | a<b    | 0.25 |
        | longer |    3 |
        """,
        table.markdown());
  }

  @Test
  void htmlIsEscaped() {
    assertEquals(
        """
        <table>
        <tr><th>name</th><th>loss</th></tr>
        <tr><td>a&lt;b</td><td>0.25</td></tr>
        <tr><td>longer</td><td>3</td></tr>
        </table>
        """,
        table.html());
  }

  @Test
  void rowsFitTheHeader() {
    assertThrows(IllegalArgumentException.class, () -> table.add("alone"));
  }
}
