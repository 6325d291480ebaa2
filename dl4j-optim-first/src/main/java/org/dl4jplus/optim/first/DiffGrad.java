package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * diffGrad: Adam whose step shrinks, down to half, where the gradient stops changing.
 *
 * <pre>{@code
 * m = beta1*m + (1-beta1)*g
 * v = beta2*v + (1-beta2)*g^2
 * xi = 1 / (1 + exp(-|gPrev - g|)) ;  gPrev = g
 * u = learningRate * sqrt(1-beta2^t)/(1-beta1^t) * m*xi / ( sqrt(v) + epsilon )
 * }</pre>
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.9 and {@code beta2} 0.999, the
 * weights that are kept, in [0, 1); {@code epsilon} 1e-8, at least 0. State: 3 values for each
 * parameter. Elementwise, needs no binding. The previous gradient of the first step is 0. This is
 * the authors' corrected code (version 2): in the first one the difference was always 0. L2 decay
 * is the platform's {@code L2Regularization}. In single precision xi is accurate to 2e-7.
 *
 * <p>"diffGrad: An Optimization Method for Convolutional Neural Networks", arXiv 1909.11015 (2019).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class DiffGrad extends AbstractUpdater {

  private final double beta1;
  private final double beta2;
  private final double epsilon;

  /** DiffGrad with its defaults. */
  public DiffGrad() {
    this(null, null, null, null, null);
  }

  /**
   * DiffGrad with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public DiffGrad(double learningRate) {
    this(learningRate, null, null, null, null);
  }

  /**
   * DiffGrad with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public DiffGrad(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null);
  }

  @Builder
  @JsonCreator
  private DiffGrad(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("m", n).vector("v", n).vector("previousGradient", n);
  }

  @Override
  protected void step(Step step) {
    double rate = step.learningRate() * Math.sqrt(step.correction(beta2)) / step.correction(beta1);
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector m = lane.state(0);
          Vector v = lane.state(1);
          Vector previous = lane.state(2);
          m.ema(beta1, g);
          v.emaSquare(beta2, g);
          Vector xi = lane.temp(0).blend(1, previous, -1, g).sigmoidOfAbs();
          previous.set(g);
          g.set(m).scale(rate).mul(xi).divSqrt(v, 1, epsilon);
        });
  }
}
