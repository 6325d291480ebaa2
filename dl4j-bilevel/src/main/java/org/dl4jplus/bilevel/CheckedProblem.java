package org.dl4jplus.bilevel;

import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.bilevel.problem.ForwardingProblem;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Counts the calls of a problem and stops a run at the first number that is not finite. */
final class CheckedProblem extends ForwardingProblem {

  private final BilevelState state;
  private long upperCalls;
  private long lowerCalls;

  CheckedProblem(BilevelProblem inner, BilevelState state) {
    super(inner);
    this.state = state;
  }

  GradientCalls calls() {
    return new GradientCalls(upperCalls, lowerCalls);
  }

  @Override
  public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    upperCalls++;
    return checked("upper", inner().upper(x, y, batch, gradientX, gradientY), gradientX, gradientY);
  }

  @Override
  public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    lowerCalls++;
    return checked("lower", inner().lower(x, y, batch, gradientX, gradientY), gradientX, gradientY);
  }

  @Override
  public int mixedCalls() {
    return inner().mixedCalls();
  }

  @Override
  public void lowerHessianVector(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
    lowerCalls += inner().productCalls();
    inner().lowerHessianVector(x, y, batch, v, out);
    check("lower", out);
  }

  @Override
  public void lowerMixedProduct(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
    lowerCalls += inner().mixedCalls();
    inner().lowerMixedProduct(x, y, batch, v, out);
    check("lower", out);
  }

  private double checked(String oracle, double loss, INDArray first, INDArray second) {
    if (!Double.isFinite(loss)) {
      throw new BilevelDivergedException(state.iteration(), oracle + " loss");
    }
    check(oracle, first);
    check(oracle, second);
    return loss;
  }

  private void check(String oracle, INDArray gradient) {
    // A sum is finite only where all its terms are.
    if (gradient != null && !Double.isFinite(gradient.sumNumber().doubleValue())) {
      throw new BilevelDivergedException(state.iteration(), "gradient of the " + oracle + " loss");
    }
  }
}
