package org.dl4jplus.optim.first;

import java.util.function.DoubleBinaryOperator;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.ParameterStep;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the two trust ratios share: decay, norms of one variable, and which variables they pass. */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
abstract class TrustRatio extends ParameterStep {

  private final double weightDecay;
  private final boolean skipVectors;

  TrustRatio(Double weightDecay, Boolean skipVectors) {
    this.weightDecay = Require.nonNegative("weightDecay", weightDecay, 0);
    this.skipVectors = skipVectors != null && skipVectors;
  }

  /**
   * {@code h = update + decay*param; update = ratio(||param||, ||h||) * h}, with ratio 1 where a
   * norm is 0. A norm that is not finite leaves the update unscaled, for others to see what is
   * wrong with it.
   */
  final void rescale(INDArray param, INDArray update, double decay, DoubleBinaryOperator ratio) {
    if (skipVectors && isVector(param)) {
      return;
    }
    double p = Math.sqrt(sum(update, param, lane -> lane.parameters().squaredNorm()));
    double h =
        Math.sqrt(
            sum(
                update,
                param,
                lane -> {
                  if (decay > 0) {
                    lane.gradient().addScaled(decay, lane.parameters());
                  }
                  return lane.gradient().squaredNorm();
                }));
    if (p > 0 && h > 0 && p + h < Double.POSITIVE_INFINITY) {
      double factor = ratio.applyAsDouble(p, h);
      forEach(update, param, lane -> lane.gradient().scale(factor));
    }
  }

  private static boolean isVector(INDArray array) {
    int large = 0;
    for (long size : array.shape()) {
      large += size > 1 ? 1 : 0;
    }
    return large <= 1;
  }
}
