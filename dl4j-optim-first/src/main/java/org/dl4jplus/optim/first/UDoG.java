package org.dl4jplus.optim.first;

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
 * U-DoG: an accelerated parameter-free method. A round takes two gradients, that is two iterations
 * of the network.
 *
 * <pre>{@code
 * round:  rbar = max(rbar, ||Y||, ||X||);  rsum += rbar;  alpha = rsum/rbar;  omega = rsum
 *         the network stands at x0 + (S + omega*Y)/(W + omega)
 *   A:    m = gradient;  M = max(M, alpha^2*||m||^2);  X = Y - alpha*rbar/sqrt(Q+M)*m
 *         move to x0 + (S + omega*X)/(W + omega)
 *   B:    g = gradient;  Q += alpha^2*||g-m||^2;  Y = Y - alpha*rbar/sqrt(Q+M)*g;  S += omega*X;  W += omega
 *         move to the next round's stand
 * output: x0 + S/W
 * }</pre>
 *
 * <p>It starts with Y = S = X = 0 and rbar = {@code repsRel*(1 + ||x0||)}; while Q + M = 0 nothing
 * moves. Read the output with {@link AveragedParameters}. Norms go over the whole block. Both
 * iterations of a round should see minibatches of the same size.
 *
 * <p>Fields: {@code repsRel} 1e-6, above 0; {@code initialDistance} unset, an absolute start of
 * rbar above 0. State: 3 values for each parameter. Reads parameter values unless {@code
 * initialDistance} is set: pass the configuration through {@link Optim}{@code .bind}. It has no
 * learning rate.
 *
 * <p>I. Kreisler, M. Ivgi, O. Hinder, Y. Carmon: "Accelerated Parameter-Free Stochastic
 * Optimization", arXiv 2404.00666 (2024). The scheme and rbar, alpha, omega follow the paper; the
 * denominators (Q and M) are a reconstruction, so expect constants to differ from the authors'
 * code.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class UDoG extends AbstractParameterFree {

  private static final int Y = 0;
  private static final int S = 1;
  private static final int M = 2;
  private static final int DISTANCE = 0;
  private static final int DISTANCE_SUM = 1;
  private static final int WEIGHT = 2;
  private static final int Q = 3;
  private static final int LARGEST = 4;

  /** U-DoG with its defaults. */
  public UDoG() {
    this(null, null);
  }

  @Builder
  @JsonCreator
  private UDoG(
      @JsonProperty("repsRel") Double repsRel,
      @JsonProperty("initialDistance") Double initialDistance) {
    super(null, repsRel, initialDistance);
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("Y", n).vector("S", n).vector("m", n).scalars(5);
  }

  @Override
  protected void step(Step step) {
    if (step.t() % 2 == 1) {
      lookAhead(step);
    } else {
      advance(step);
    }
  }

  /** alpha * rbar / sqrt(Q + M); alpha * rbar is the sum of distances. */
  private static double rate(Step step) {
    double denominator = Math.sqrt(step.scalar(Q) + step.scalar(LARGEST));
    return denominator == 0 ? 0 : step.scalar(DISTANCE_SUM) / denominator;
  }

  private static double squaredAlpha(Step step) {
    double alpha = step.scalar(DISTANCE_SUM) / step.scalar(DISTANCE);
    return alpha * alpha;
  }

  /** Iteration A. The two stands differ by a multiple of m alone. */
  private void lookAhead(Step step) {
    if (step.t() == 1) {
      double distance = firstDistance(step);
      step.scalar(DISTANCE, distance);
      step.scalar(DISTANCE_SUM, distance);
    }
    double norm = step.sum(lane -> lane.gradient().squaredNorm());
    step.scalar(LARGEST, Math.max(step.scalar(LARGEST), squaredAlpha(step) * norm));
    double omega = step.scalar(DISTANCE_SUM);
    double move = omega / (step.scalar(WEIGHT) + omega) * rate(step);
    step.forEach(
        lane -> {
          lane.state(M).set(lane.gradient());
          lane.gradient().scale(move);
        });
  }

  /** Iteration B. */
  private static void advance(Step step) {
    double omega = step.scalar(DISTANCE_SUM);
    double forX = rate(step);
    double difference =
        step.sum(lane -> lane.temp(0).blend(1, lane.gradient(), -1, lane.state(M)).squaredNorm());
    step.scalar(Q, step.scalar(Q) + squaredAlpha(step) * difference);
    double forY = rate(step);
    double x =
        step.sum(
            lane -> {
              Vector lead = lane.temp(0).blend(1, lane.state(Y), -forX, lane.state(M));
              lane.state(S).addScaled(omega, lead);
              lane.state(Y).addScaled(-forY, lane.gradient());
              return lead.squaredNorm();
            });
    double y = step.sum(lane -> lane.state(Y).squaredNorm());
    double weight = step.scalar(WEIGHT) + omega;
    double distance = Math.max(step.scalar(DISTANCE), Math.sqrt(Math.max(x, y)));
    double nextOmega = omega + distance;
    step.scalar(WEIGHT, weight);
    step.scalar(DISTANCE, distance);
    step.scalar(DISTANCE_SUM, nextOmega);
    // From S/W to (S + omega*Y)/(W + omega) with the new values.
    double total = weight + nextOmega;
    step.forEach(
        lane ->
            lane.gradient()
                .blend(1 / weight - 1 / total, lane.state(S), -nextOmega / total, lane.state(Y)));
  }

  @Override
  protected void toAveraged(Step step) {
    double weight = step.scalar(WEIGHT);
    double omega = step.scalar(DISTANCE_SUM);
    if (weight == 0) {
      return;
    }
    boolean looksAhead = step.t() % 2 == 1;
    double total = weight + omega;
    double forX = looksAhead ? rate(step) : 0;
    step.forEach(
        lane -> {
          Vector lead = lane.temp(0).blend(1, lane.state(Y), -forX, lane.state(M));
          lane.gradient()
              .addScaled(1 / weight - 1 / total, lane.state(S))
              .addScaled(-omega / total, lead);
        });
  }
}
