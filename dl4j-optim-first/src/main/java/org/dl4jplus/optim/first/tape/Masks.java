package org.dl4jplus.optim.first.tape;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the tape does with masks. */
final class Masks {

  private Masks() {}

  /** Rows of which something counts; of [examples, steps] every entry is a row. */
  static long activeRows(INDArray mask) {
    return mask.neq(0).castTo(DataType.DOUBLE).sumNumber().longValue();
  }
}
