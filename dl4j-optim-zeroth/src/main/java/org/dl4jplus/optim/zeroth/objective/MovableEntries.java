package org.dl4jplus.optim.zeroth.objective;

import java.util.List;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The entries of a problem that may move, as one dense vector in double precision. */
public final class MovableEntries {

  private final ZoProblem problem;
  private final INDArray parameters;
  private final List<Stretch> stretches;
  private final int length;

  /**
   * The entries of a problem.
   *
   * @param problem the problem
   * @throws IllegalArgumentException if nothing may move
   * @throws ArithmeticException for more than 2^31 entries
   */
  public MovableEntries(ZoProblem problem) {
    this.problem = problem;
    parameters = problem.parameters();
    stretches = problem.stretches();
    length = Math.toIntExact(stretches.stream().mapToLong(s -> s.to() - s.from()).sum());
    if (length == 0) {
      throw new IllegalArgumentException("No parameter may move: there is nothing to search");
    }
  }

  /**
   * How many there are.
   *
   * @return the count
   */
  public int length() {
    return length;
  }

  /**
   * Reads them.
   *
   * @return a copy of their values
   */
  public double[] read() {
    double[] all = parameters.toDoubleVector();
    double[] entries = new double[length];
    int at = 0;
    for (Stretch stretch : stretches) {
      int size = size(stretch);
      System.arraycopy(all, (int) stretch.from(), entries, at, size);
      at += size;
    }
    return entries;
  }

  /**
   * Writes them.
   *
   * @param entries their values, rounded to the parameters' type
   */
  public void write(double[] entries) {
    INDArray values = Nd4j.createFromArray(entries).castTo(parameters.dataType());
    if (length == parameters.length()) {
      parameters.assign(values);
      return;
    }
    int at = 0;
    for (Stretch stretch : stretches) {
      int size = size(stretch);
      parameters
          .get(NDArrayIndex.interval(stretch.from(), stretch.to()))
          .assign(values.get(NDArrayIndex.interval(at, at + size)));
      at += size;
    }
  }

  private static int size(Stretch stretch) {
    return (int) (stretch.to() - stretch.from());
  }

  /**
   * Writes them and evaluates.
   *
   * @param entries their values
   * @return the loss there; may be NaN or infinite
   */
  public double lossAt(double[] entries) {
    write(entries);
    return problem.loss();
  }
}
