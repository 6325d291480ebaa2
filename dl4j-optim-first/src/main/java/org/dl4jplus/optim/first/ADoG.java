package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A-DoG: the accelerated parameter-free method with a single gradient for each step.
 *
 * <pre>{@code
 * start:  w = x = 0 (displacements from x0),  rbar = rsum = repsRel*(1 + ||x0||),  alpha = 1,  G = 0
 * G += alpha^2*||g||^2;  eta = rbar/(sqrt(G) + epsilon)
 * w = w - alpha*eta*g;  y = x - eta*g
 * rbar = max(rbar, ||w||);  rsum += rbar;  alpha = max(1, alphaConst*rsum/rbar)
 * x = (1 - 1/alpha)*y + w/alpha                                       the network holds x0 + x
 * }</pre>
 *
 * <p>Fields: {@code repsRel} 1e-6, above 0; {@code initialDistance} unset, an absolute start of
 * rbar above 0; {@code alphaConst} 0.5, above 0; {@code epsilon} 1e-8, at least 0. State: 2 values
 * for each parameter. Norms go over the whole block. Reads parameter values unless {@code
 * initialDistance} is set: pass the configuration through {@link Optim}{@code .bind}. It has no
 * learning rate.
 *
 * <p>After the AcceleGrad-type method compared in I. Kreisler, M. Ivgi, O. Hinder, Y. Carmon:
 * "Accelerated Parameter-Free Stochastic Optimization", arXiv 2404.00666 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class ADoG extends AbstractParameterFree {

  private static final int W = 0;
  private static final int X = 1;
  private static final int GRADIENTS = 0;
  private static final int DISTANCE = 1;
  private static final int DISTANCE_SUM = 2;

  private final double alphaConst;
  private final double epsilon;

  /** A-DoG with its defaults. */
  public ADoG() {
    this(null, null, null, null);
  }

  @Builder
  @JsonCreator
  private ADoG(
      @JsonProperty("repsRel") Double repsRel,
      @JsonProperty("initialDistance") Double initialDistance,
      @JsonProperty("alphaConst") Double alphaConst,
      @JsonProperty("epsilon") Double epsilon) {
    super(null, repsRel, initialDistance);
    this.alphaConst = positive("alphaConst", alphaConst, 0.5);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("w", n).vector("x", n).scalars(3);
  }

  @Override
  protected void step(Step step) {
    double alpha = 1;
    if (step.t() == 1) {
      double distance = firstDistance(step);
      step.scalar(DISTANCE, distance);
      step.scalar(DISTANCE_SUM, distance);
    } else {
      alpha = alpha(step.scalar(DISTANCE_SUM), step.scalar(DISTANCE));
    }
    double norm = step.sum(lane -> lane.gradient().squaredNorm());
    double gradients = step.scalar(GRADIENTS) + alpha * alpha * norm;
    double denominator = Math.sqrt(gradients) + epsilon;
    double eta = denominator == 0 ? 0 : step.scalar(DISTANCE) / denominator;
    double forW = -alpha * eta;
    double w = step.sum(lane -> lane.state(W).addScaled(forW, lane.gradient()).squaredNorm());
    double distance = Math.max(step.scalar(DISTANCE), Math.sqrt(w));
    double sum = step.scalar(DISTANCE_SUM) + distance;
    double share = 1 / alpha(sum, distance);
    step.scalar(GRADIENTS, gradients);
    step.scalar(DISTANCE, distance);
    step.scalar(DISTANCE_SUM, sum);
    step.forEach(
        lane -> {
          Vector x = lane.state(X);
          Vector old = lane.temp(0).set(x);
          x.addScaled(-eta, lane.gradient()).combine(1 - share, share, lane.state(W));
          lane.gradient().blend(1, old, -1, x);
        });
  }

  private double alpha(double sum, double distance) {
    return Math.max(1, alphaConst * sum / distance);
  }
}
