package org.dl4jplus.integration.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A table with a header: the first column is text, the others are numbers. */
public final class Table {

  private final List<List<String>> rows = new ArrayList<>();

  /**
   * An empty table.
   *
   * @param header names of the columns
   */
  public Table(String... header) {
    rows.add(List.of(header));
  }

  /**
   * Adds a row.
   *
   * @param cells one text for each column
   * @throws IllegalArgumentException if their number is not that of the columns
   */
  public void add(String... cells) {
    if (cells.length != rows.get(0).size()) {
      throw new IllegalArgumentException(
          "cells must be " + rows.get(0).size() + ", got " + Arrays.toString(cells));
    }
    rows.add(List.of(cells));
  }

  /**
   * The table for a terminal: columns of equal width, numbers to the right.
   *
   * @return lines, each with a line break
   */
  public String text() {
    int[] widths = widths();
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      lines.add(aligned(row, widths, "  "));
    }
    lines.add(1, "-".repeat(lines.get(0).length()));
    return lines(lines);
  }

  /**
   * The table in Markdown.
   *
   * @return lines, each with a line break
   */
  public String markdown() {
    int[] widths = widths();
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      lines.add("| " + aligned(row, widths, " | ") + " |");
    }
    lines.add(
        1,
        IntStream.range(0, widths.length)
            .mapToObj(c -> c == 0 ? "---" : "--:")
            .collect(Collectors.joining("|", "|", "|")));
    return lines(lines);
  }

  /**
   * The table in HTML.
   *
   * @return a table element
   */
  public String html() {
    StringBuilder html = new StringBuilder("<table>\n");
    for (List<String> row : rows) {
      String cell = row == rows.get(0) ? "th" : "td";
      Function<String, String> element =
          text -> "<%s>%s</%s>".formatted(cell, Html.escape(text), cell);
      html.append(row.stream().map(element).collect(Collectors.joining("", "<tr>", "</tr>\n")));
    }
    return html.append("</table>\n").toString();
  }

  private int[] widths() {
    return IntStream.range(0, rows.get(0).size())
        .map(c -> rows.stream().mapToInt(row -> row.get(c).length()).max().orElseThrow())
        .toArray();
  }

  private static String aligned(List<String> row, int[] widths, String separator) {
    return IntStream.range(0, widths.length)
        .mapToObj(c -> ("%" + (c == 0 ? "-" : "") + widths[c] + "s").formatted(row.get(c)))
        .collect(Collectors.joining(separator));
  }

  private static String lines(List<String> lines) {
    return lines.stream().map(line -> line + "\n").collect(Collectors.joining());
  }
}
