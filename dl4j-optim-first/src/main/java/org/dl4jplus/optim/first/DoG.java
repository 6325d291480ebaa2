package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * DoG, distance over gradients: SGD without a learning rate to tune.
 *
 * <pre>{@code
 * t = 1:  rbar = r_eps = repsRel*(1 + ||x0||),  G = ||g||^2 + epsilon
 * else:   rbar = max(rbar, ||D||),  G = G + ||g||^2                          (D = x - x0)
 * eta = learningRate*rbar/sqrt(G);  u = eta*g;  D = D - u
 * }</pre>
 *
 * <p>Norms go over the whole block, that is over all neighbouring variables with this updater: the
 * method of the paper where a network is one block (batch normalization splits blocks). {@link
 * LDoG} takes each variable on its own.
 *
 * <p>Fields: {@code repsRel} 1e-6, above 0 (1e-4 with batch normalization; larger is quicker at the
 * start); {@code learningRate} 1, the paper's c, at least 0, to be left alone; {@code epsilon}
 * 1e-8, at least 0, added once to G; {@code initialDistance} unset, an absolute r_eps above 0 in
 * place of the relative one; {@code initEta} unset, the first step's eta above 0 (then rbar starts
 * at 0, and eta stays initEta until the parameters have moved); {@code weightDecay} 0, at least 0,
 * L2 in the gradient. State: 1 value for each parameter. Reads parameter values unless {@code
 * initialDistance} or {@code initEta} is set, so pass the configuration through {@link Optim}{@code
 * .bind}. To the platform it has no learning rate ({@code hasLearningRate()} is false): its {@code
 * WeightDecay} runs with 1 in place of the rate.
 *
 * <p>The method's output is an average of the iterates: attach {@link PolynomialDecayAveraging}.
 *
 * <p>M. Ivgi, O. Hinder, Y. Carmon: "DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size
 * Schedule", arXiv 2302.12022 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public class DoG extends AbstractParameterFree {

  private static final int GRADIENTS = 0;
  private static final int DISTANCE = 1;

  private final double epsilon;
  private final Double initEta;
  private final double weightDecay;

  /** DoG with its defaults. */
  public DoG() {
    this(null, null, null, null, null, null);
  }

  /**
   * For the builder, JSON and {@link LDoG}; null stands for the default.
   *
   * @param repsRel relative first distance
   * @param learningRate the paper's c
   * @param epsilon added once to the sum of squares
   * @param initialDistance absolute first distance
   * @param initEta first step size
   * @param weightDecay L2 in the gradient
   */
  @Builder
  @JsonCreator
  protected DoG(
      @JsonProperty("repsRel") Double repsRel,
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("initialDistance") Double initialDistance,
      @JsonProperty("initEta") Double initEta,
      @JsonProperty("weightDecay") Double weightDecay) {
    super(learningRate, repsRel, initialDistance);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
    this.initEta = initEta == null ? null : positive("initEta", initEta, 1);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0);
  }

  @Override
  public boolean needsParameters() {
    return super.needsParameters() && initEta == null;
  }

  @Override
  public List<Regularization> steps(VariableShape.Kind kind) {
    return weightDecay == 0 ? List.of() : List.of(new L2Regularization(weightDecay));
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("displacement", n).scalars(2);
  }

  @Override
  protected void step(Step step) {
    double gradients = step.scalar(GRADIENTS) + step.sum(lane -> lane.gradient().squaredNorm());
    double distance;
    if (step.t() == 1) {
      gradients += epsilon;
      distance = initEta == null ? firstDistance(step) : 0;
    } else {
      distance =
          Math.max(step.scalar(DISTANCE), Math.sqrt(step.sum(lane -> lane.state(0).squaredNorm())));
    }
    step.scalar(GRADIENTS, gradients);
    step.scalar(DISTANCE, distance);
    double eta;
    if (distance == 0 && initEta != null) {
      eta = initEta;
    } else {
      eta = gradients == 0 ? 0 : getLearningRate() * distance / Math.sqrt(gradients);
    }
    step.forEach(lane -> lane.state(0).sub(lane.gradient().scale(eta)));
  }
}
