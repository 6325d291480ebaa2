package org.dl4jplus.optim.second.curvature;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.tape.OutputErrors;
import org.dl4jplus.optim.first.tape.Tape;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A network's linearization, from one recorded pass for each output: the Jacobian, which would be
 * as large as the network times the batch's outputs, is never formed.
 */
public final class TapeLinearization implements Linearization {

  private final String method;
  private final List<OutputCurvature> curvatures = new ArrayList<>();
  private final List<Tape> tapes = new ArrayList<>();
  private final int outputs;

  /**
   * Records the passes.
   *
   * @param method who asks, for messages
   * @param oracle the network
   * @param point where, of shape [n]; not changed
   * @param scratch of shape [n]
   * @throws UnsupportedOperationException naming layers that cannot be recorded, or where examples
   *     have several rows of outputs
   * @throws IllegalStateException naming a loss that is not known to be convex
   */
  public TapeLinearization(String method, GradientOracle oracle, INDArray point, INDArray scratch) {
    this.method = method;
    record(oracle, point, scratch, 0);
    outputs = curvatures.stream().mapToInt(OutputCurvature::outputs).sum();
    for (int unit = 1; unit < outputs; unit++) {
      record(oracle, point, scratch, unit);
    }
  }

  /** A backward pass from one of all outputs' units. */
  private void record(GradientOracle oracle, INDArray point, INDArray scratch, int unit) {
    int[] offset = {0};
    OutputErrors errors =
        (output, loss, labels, preOutput, activation, mask) -> {
          if (unit == 0) {
            curvatures.add(
                new OutputCurvature(loss, labels, preOutput, activation, mask)
                    .requireConvex(method));
          }
          INDArray error = preOutput.ulike();
          int column = unit - offset[0];
          offset[0] += error.columns();
          if (column >= 0 && column < error.columns()) {
            error.getColumn(column).assign(1);
          }
          return error;
        };
    Tape tape = oracle.record(point, errors, scratch).requireAll();
    for (OutputCurvature curvature : curvatures) {
      if (curvature.rows() != tape.examples()) {
        throw new UnsupportedOperationException(
            method
                + " needs one row of outputs for each example, got "
                + curvature.rows()
                + " for "
                + tape.examples());
      }
    }
    tapes.add(tape);
  }

  @Override
  public int examples() {
    return tapes.get(0).examples();
  }

  @Override
  public double[] residual() {
    double[] residual = new double[examples() * outputs];
    int offset = 0;
    for (OutputCurvature curvature : curvatures) {
      double[][] gradient = curvature.gradient().toDoubleMatrix();
      for (int i = 0; i < gradient.length; i++) {
        System.arraycopy(gradient[i], 0, residual, i * outputs + offset, gradient[i].length);
      }
      offset += curvature.outputs();
    }
    return residual;
  }

  @Override
  public INDArray curvature() {
    if (curvatures.size() == 1) {
      return curvatures.get(0).matrices();
    }
    long examples = examples();
    INDArray all = Nd4j.create(DataType.DOUBLE, examples, outputs, outputs);
    int offset = 0;
    for (OutputCurvature curvature : curvatures) {
      int c = curvature.outputs();
      all.get(
              NDArrayIndex.all(),
              NDArrayIndex.interval(offset, offset + c),
              NDArrayIndex.interval(offset, offset + c))
          .assign(curvature.matrices().reshape('c', examples, c, c));
      offset += c;
    }
    return all.reshape('c', examples * outputs, outputs);
  }

  @Override
  public INDArray gramian() {
    int examples = examples();
    int size = examples * outputs;
    double[][] gramian = new double[size][size];
    for (int j = 0; j < outputs; j++) {
      for (int k = 0; k <= j; k++) {
        double[][] block = tapes.get(j).gramian(tapes.get(k)).toDoubleMatrix();
        for (int i = 0; i < examples; i++) {
          for (int l = 0; l < examples; l++) {
            gramian[i * outputs + j][l * outputs + k] = block[i][l];
            gramian[l * outputs + k][i * outputs + j] = block[i][l];
          }
        }
      }
    }
    return Nd4j.createFromArray(gramian);
  }

  @Override
  public double[] times(INDArray vector) {
    double[] products = new double[examples() * outputs];
    for (int j = 0; j < outputs; j++) {
      double[] own = tapes.get(j).products(vector);
      for (int i = 0; i < own.length; i++) {
        products[i * outputs + j] = own[i];
      }
    }
    return products;
  }

  @Override
  public void transposeTimes(double[] weights, INDArray out) {
    INDArray part = out.ulike();
    double[] own = new double[examples()];
    for (int j = 0; j < outputs; j++) {
      for (int i = 0; i < own.length; i++) {
        own[i] = weights[i * outputs + j];
      }
      tapes.get(j).weightedSum(own, j == 0 ? out : part);
      if (j > 0) {
        out.addi(part);
      }
    }
  }
}
