package org.dl4jplus.optim.first.oracle;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a method remembers from step to step about one network. Serializable, so that a run can be
 * saved beside its network and go on to the same bits.
 */
public final class GradientState implements Serializable {

  private final List<INDArray> vectors = new ArrayList<>();
  private final Map<Integer, INDArray> matrices = new TreeMap<>();
  private double[] scalars = new double[0];

  /** Creates a state that remembers nothing. */
  public GradientState() {}

  /**
   * A vector to remember.
   *
   * @param index 0, 1, ..
   * @param create makes it, and those before it, where they are asked for the first time
   * @return the live array
   */
  public INDArray vector(int index, Supplier<INDArray> create) {
    while (vectors.size() <= index) {
      vectors.add(create.get());
    }
    return vectors.get(index);
  }

  /**
   * A vector that the method remembers.
   *
   * @param index as in {@link GradientTurn#state}
   * @return the live array, of shape [n]; null before the method asked for it
   */
  public INDArray vector(int index) {
    return index < vectors.size() ? vectors.get(index) : null;
  }

  INDArray matrix(int index, Supplier<INDArray> create) {
    return matrices.computeIfAbsent(index, i -> create.get());
  }

  /**
   * A matrix that the method remembers.
   *
   * @param index as in {@link GradientTurn#matrix}
   * @return the live array; null where the method has none
   */
  public INDArray matrix(int index) {
    return matrices.get(index);
  }

  void forgetMatrices() {
    matrices.clear();
  }

  /**
   * A number that the method remembers.
   *
   * @param index as in {@link GradientTurn#scalar}
   * @return its value, 0 before the method set it
   */
  public double scalar(int index) {
    return index < scalars.length ? scalars[index] : 0;
  }

  /**
   * Remembers a number.
   *
   * @param index 0, 1, ..
   * @param value the number
   */
  public void setScalar(int index, double value) {
    if (index >= scalars.length) {
      scalars = Arrays.copyOf(scalars, index + 1);
    }
    scalars[index] = value;
  }

  /**
   * How much is remembered.
   *
   * @return numbers in all vectors and matrices, and the single ones
   */
  public long length() {
    long length = scalars.length;
    for (INDArray vector : vectors) {
      length += vector.length();
    }
    for (INDArray matrix : matrices.values()) {
      length += matrix.length();
    }
    return length;
  }

  /**
   * Another state with the same content.
   *
   * @return a copy
   */
  public GradientState copy() {
    GradientState copy = new GradientState();
    vectors.forEach(vector -> copy.vectors.add(vector.dup()));
    matrices.forEach((index, matrix) -> copy.matrices.put(index, matrix.dup()));
    copy.scalars = scalars.clone();
    return copy;
  }
}
