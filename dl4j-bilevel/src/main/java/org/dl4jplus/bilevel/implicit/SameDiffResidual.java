package org.dl4jplus.bilevel.implicit;

import java.util.Map;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A condition as a SameDiff graph. Products from the left are one gradient of the graph each; those
 * from the right are central differences of the value, since SameDiff goes backwards only.
 *
 * <pre>{@code
 * Residual residual = new SameDiffResidual(DataType.DOUBLE, new long[] {4}, new long[] {4},
 *     (sd, z, theta) -> z.add(sd.math().tanh(z)).sub(theta));
 * }</pre>
 *
 * <p>Not to be used by several threads at once.
 */
public final class SameDiffResidual implements Residual {

  private static final String Z = "z";
  private static final String THETA = "theta";
  private static final String COTANGENT = "cotangent";

  /** Writes the condition down. */
  @FunctionalInterface
  public interface Graph {

    /**
     * Builds F.
     *
     * @param sd the graph
     * @param z of the shape that was given
     * @param theta of the shape that was given
     * @return F, of z's shape
     */
    SDVariable build(SameDiff sd, SDVariable z, SDVariable theta);
  }

  private final SameDiff sd = SameDiff.create();
  private final String value;

  /**
   * Builds the graph.
   *
   * @param type FLOAT or DOUBLE
   * @param zShape z's shape
   * @param thetaShape theta's shape
   * @param graph writes F down
   * @throws IllegalArgumentException for null
   */
  public SameDiffResidual(DataType type, long[] zShape, long[] thetaShape, Graph graph) {
    Require.given("type", type);
    Require.given("zShape", zShape);
    Require.given("thetaShape", thetaShape);
    Require.given("graph", graph);
    // Variables, since SameDiff differentiates nothing without any.
    SDVariable z = sd.var(Z, type, zShape);
    SDVariable theta = sd.var(THETA, type, thetaShape);
    SDVariable cotangent = sd.placeHolder(COTANGENT, type, zShape);
    SDVariable f = graph.build(sd, z, theta);
    value = f.name();
    sd.setLossVariables(f.mul(cotangent).sum());
  }

  private void set(INDArray z, INDArray theta) {
    set(Z, z);
    set(THETA, theta);
  }

  private void set(String name, INDArray array) {
    SDVariable variable = sd.getVariable(name);
    variable.setArray(shaped(array, variable));
  }

  private static INDArray shaped(INDArray array, SDVariable variable) {
    return array.castTo(variable.dataType()).dup('c').reshape('c', variable.getShape());
  }

  @Override
  public INDArray value(INDArray z, INDArray theta) {
    set(z, theta);
    return sd.output(Map.of(), value).get(value);
  }

  @Override
  public INDArray vjpZ(INDArray z, INDArray theta, INDArray cotangent) {
    return gradient(z, theta, cotangent, Z);
  }

  @Override
  public INDArray vjpTheta(INDArray z, INDArray theta, INDArray cotangent) {
    return gradient(z, theta, cotangent, THETA);
  }

  private INDArray gradient(INDArray z, INDArray theta, INDArray cotangent, String of) {
    set(z, theta);
    INDArray side = shaped(cotangent, sd.getVariable(COTANGENT));
    return sd.calculateGradients(Map.of(COTANGENT, side), of).get(of);
  }
}
