package org.dl4jplus.optim.first.vector;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Numbers of full precision in an array of any floating-point type: each takes two places, its
 * value rounded to the type and what the rounding lost. In single precision that keeps about 48
 * bits, and the pair survives saving and averaging.
 */
public final class Scalars {

  /** Places in the array that a scalar takes. */
  public static final int PLACES = 2;

  private final INDArray array;
  private final FloatBuffer floats;
  private final DoubleBuffer doubles;

  /**
   * Opens an array.
   *
   * @param array a flat, dense array of {@link #PLACES} entries for each scalar; its content is
   *     used as it is
   */
  public Scalars(INDArray array) {
    this.array = array;
    boolean host = VectorExecutor.isReadable(array);
    floats = host && array.dataType() == DataType.FLOAT ? array.data().asNioFloat().slice() : null;
    doubles =
        host && array.dataType() == DataType.DOUBLE ? array.data().asNioDouble().slice() : null;
  }

  /**
   * Reads a scalar.
   *
   * @param index which one
   * @return its value
   */
  public double get(int index) {
    return place(PLACES * index) + place(PLACES * index + 1);
  }

  /**
   * Writes a scalar.
   *
   * @param index which one
   * @param value its value
   */
  public void set(int index, double value) {
    place(PLACES * index, value);
    place(PLACES * index + 1, value - place(PLACES * index));
  }

  private double place(int at) {
    return floats != null
        ? floats.get(at)
        : doubles != null ? doubles.get(at) : array.getDouble(at);
  }

  private void place(int at, double value) {
    if (floats != null) {
      floats.put(at, (float) value);
    } else if (doubles != null) {
      doubles.put(at, value);
    } else {
      array.putScalar(at, value);
    }
  }
}
