package org.dl4jplus.optim.first.tape;

import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the tape does with masks. */
final class Masks {

  private Masks() {}

  /**
   * One value for each row, not zero where the row counts. A mask of single outputs leaves the rows
   * of which something counts.
   *
   * @param mask [rows, 1], [rows, outputs] or [examples, steps]
   * @param rows number of rows; those of the first step come first
   * @return of shape [rows, 1], a copy; null if the mask is none of rows
   */
  static INDArray column(INDArray mask, long rows) {
    INDArray counts = mask.neq(0).castTo(DataType.DOUBLE);
    if (mask.rank() == 2 && mask.size(0) == rows) {
      return counts.max(true, 1);
    }
    return mask.rank() == 2 && mask.length() == rows ? flat(counts.transpose()) : null;
  }

  /** A column in row-major order. */
  static INDArray flat(INDArray mask) {
    return mask.dup('c').reshape('c', new long[] {mask.length(), 1});
  }

  /** Rows that count, of a mask in the order of a record; null without a mask, or if all do. */
  static int[] rows(INDArray mask) {
    if (mask == null) {
      return null;
    }
    double[] counts = mask.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    int[] rows = IntStream.range(0, counts.length).filter(i -> counts[i] != 0).toArray();
    return rows.length == counts.length ? null : rows;
  }

  /** The same of a mask that leads with time steps. */
  static int[] rows(INDArray column, int examples) {
    return column == null ? null : rows(Rows.byExample(column, examples, 1));
  }
}
