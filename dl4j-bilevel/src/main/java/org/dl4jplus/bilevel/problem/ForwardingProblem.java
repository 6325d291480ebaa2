package org.dl4jplus.bilevel.problem;

import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Another problem with something changed: whatever is not overridden is the other one's. */
public abstract class ForwardingProblem implements BilevelProblem {

  private final BilevelProblem inner;

  /**
   * Wraps a problem.
   *
   * @param inner the problem
   * @throws IllegalArgumentException for null
   */
  protected ForwardingProblem(BilevelProblem inner) {
    this.inner = Require.given("inner", inner);
  }

  /**
   * The problem that is wrapped.
   *
   * @return the problem
   */
  protected final BilevelProblem inner() {
    return inner;
  }

  @Override
  public long dimX() {
    return inner.dimX();
  }

  @Override
  public long dimY() {
    return inner.dimY();
  }

  @Override
  public DataType dataType() {
    return inner.dataType();
  }

  @Override
  public int upperBatches() {
    return inner.upperBatches();
  }

  @Override
  public int lowerBatches() {
    return inner.lowerBatches();
  }

  @Override
  public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    return inner.upper(x, y, batch, gradientX, gradientY);
  }

  @Override
  public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    return inner.lower(x, y, batch, gradientX, gradientY);
  }

  @Override
  public void lowerHessianVector(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
    inner.lowerHessianVector(x, y, batch, v, out);
  }

  @Override
  public void lowerMixedProduct(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
    inner.lowerMixedProduct(x, y, batch, v, out);
  }

  @Override
  public int productCalls() {
    return inner.productCalls();
  }

  @Override
  public int mixedCalls() {
    return inner.mixedCalls();
  }

  @Override
  public void projectX(INDArray x) {
    inner.projectX(x);
  }

  @Override
  public void projectY(INDArray y) {
    inner.projectY(y);
  }

  @Override
  public long[] lowerBlocks() {
    return inner.lowerBlocks();
  }

  @Override
  public Constraints constraints() {
    return inner.constraints();
  }

  @Override
  public void accept(INDArray x, INDArray y, long iteration) {
    inner.accept(x, y, iteration);
  }
}
