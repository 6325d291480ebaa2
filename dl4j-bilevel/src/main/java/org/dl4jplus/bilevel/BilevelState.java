package org.dl4jplus.bilevel;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Where a bilevel run stands: the two variables, the number of outer steps, and what its algorithm
 * remembers under names of its own.
 */
public final class BilevelState {

  private final INDArray x;
  private final INDArray y;
  private final Map<String, INDArray> vectors = new TreeMap<>();
  private final Map<String, Double> scalars = new TreeMap<>();
  private long iteration;

  /**
   * The start of a run.
   *
   * @param x upper variable, copied
   * @param y lower variable, copied
   * @throws IllegalArgumentException for null
   */
  public BilevelState(INDArray x, INDArray y) {
    this.x = Require.given("x", x).dup();
    this.y = Require.given("y", y).dup();
  }

  /**
   * The upper variable.
   *
   * @return the live array, of shape [dimX]
   */
  public INDArray x() {
    return x;
  }

  /**
   * The lower variable.
   *
   * @return the live array, of shape [dimY]
   */
  public INDArray y() {
    return y;
  }

  /**
   * Number of outer steps made.
   *
   * @return 0 at the start
   */
  public long iteration() {
    return iteration;
  }

  void next() {
    iteration++;
  }

  /**
   * A vector that the algorithm remembers.
   *
   * @param name its name
   * @param create makes it where it is asked for the first time
   * @return the live array
   */
  public INDArray vector(String name, Supplier<INDArray> create) {
    return vectors.computeIfAbsent(name, n -> create.get());
  }

  /**
   * A vector that the algorithm remembers.
   *
   * @param name its name
   * @return the live array; null where there is none
   */
  public INDArray vector(String name) {
    return vectors.get(name);
  }

  /**
   * A number that the algorithm remembers.
   *
   * @param name its name
   * @param start its value where none was set
   * @return the number
   */
  public double scalar(String name, double start) {
    return scalars.getOrDefault(name, start);
  }

  /**
   * Remembers a number.
   *
   * @param name its name
   * @param value the number
   */
  public void setScalar(String name, double value) {
    scalars.put(name, value);
  }

  /**
   * A copy that shares nothing.
   *
   * @return the copy
   */
  public BilevelState copy() {
    BilevelState copy = new BilevelState(x, y);
    copy.iteration = iteration;
    vectors.forEach((name, vector) -> copy.vectors.put(name, vector.dup()));
    copy.scalars.putAll(scalars);
    return copy;
  }

  /** Takes over another state's content; vectors that it lacks are forgotten. */
  void assign(BilevelState other) {
    x.assign(other.x);
    y.assign(other.y);
    iteration = other.iteration;
    vectors.keySet().retainAll(other.vectors.keySet());
    other.vectors.forEach((name, vector) -> vectors.put(name, vector.dup()));
    scalars.clear();
    scalars.putAll(other.scalars);
  }

  void write(DataOutputStream out) throws IOException {
    out.writeLong(iteration);
    Nd4j.write(x, out);
    Nd4j.write(y, out);
    out.writeInt(vectors.size());
    for (Map.Entry<String, INDArray> entry : vectors.entrySet()) {
      out.writeUTF(entry.getKey());
      Nd4j.write(entry.getValue(), out);
    }
    out.writeInt(scalars.size());
    for (Map.Entry<String, Double> entry : scalars.entrySet()) {
      out.writeUTF(entry.getKey());
      out.writeDouble(entry.getValue());
    }
  }

  static BilevelState read(DataInputStream in) throws IOException {
    long iteration = in.readLong();
    BilevelState state = new BilevelState(Nd4j.read(in), Nd4j.read(in));
    state.iteration = iteration;
    for (int n = in.readInt(); n > 0; n--) {
      state.vectors.put(in.readUTF(), Nd4j.read(in));
    }
    for (int n = in.readInt(); n > 0; n--) {
      state.scalars.put(in.readUTF(), in.readDouble());
    }
    return state;
  }
}
