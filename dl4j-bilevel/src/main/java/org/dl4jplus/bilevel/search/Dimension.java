package org.dl4jplus.bilevel.search;

import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * One coordinate of the unit cube in which a search works.
 *
 * @param name what it is, for reports
 * @param kind how its values lie
 * @param cells number of its values; 0 for a continuous one
 */
public record Dimension(
    @JsonProperty("name") String name,
    @JsonProperty("kind") Kind kind,
    @JsonProperty("cells") int cells) {

  /** How the values of a coordinate lie. */
  public enum Kind {
    /** Any number. */
    CONTINUOUS,
    /** Whole numbers, whose order means something. */
    INTEGER,
    /** Values without an order. */
    CATEGORICAL
  }

  /**
   * Whether there is nothing to choose.
   *
   * @return true for a single value
   */
  public boolean fixed() {
    return cells == 1;
  }

  /**
   * Number of the value at a coordinate.
   *
   * @param u coordinate in [0, 1]
   * @return the cell, from 0; 0 for a continuous dimension
   */
  public int cell(double u) {
    return cells == 0 ? 0 : Math.min((int) (u * cells), cells - 1);
  }

  /**
   * The coordinate at the centre of a value's cell.
   *
   * @param cell its number, from 0
   * @return a coordinate in (0, 1)
   */
  public double centre(int cell) {
    return (cell + 0.5) / cells;
  }

  /**
   * The coordinate that stands for all that give the same value.
   *
   * @param u coordinate in [0, 1]
   * @return the centre of its cell; a continuous one itself, kept off the ends of [0, 1] by 1e-9,
   *     where distributions are infinite
   */
  public double snap(double u) {
    return cells == 0 ? Math.min(Math.max(u, 1e-9), 1 - 1e-9) : centre(cell(u));
  }
}
