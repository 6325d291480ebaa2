package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.rate;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.linalg.NewtonSchulz;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.AdamRule;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Muon: momentum whose matrix is orthogonalized by a Newton-Schulz iteration, so that every
 * direction of a weight matrix moves at the same speed.
 *
 * <pre>{@code
 * m = momentum*m + (1-momentum)*g
 * w = nesterov ? (1-momentum)*g + momentum*m : m
 * u = learningRate * sqrt(max(1, rows/columns)) * NewtonSchulz(w)       (rows = outputs)
 * }</pre>
 *
 * <p>Matrices of inner layers are updated so, convolution kernels as {@code [out, in*kH*kW]}. The
 * network's last layer, embeddings and everything that is no matrix get Adam with {@code
 * auxLearningRate}. SameDiff graphs do not tell which matrix is the last: there Muon takes all.
 * {@code hiddenOnly = false} gives it all matrices elsewhere, too.
 *
 * <p>Fields: {@code learningRate} 0.02, at least 0; {@code momentum} 0.95, in [0, 1); {@code
 * nesterov} true; {@code newtonSchulzSteps} 5, at least 1; {@code hiddenOnly} true; for Adam {@code
 * auxLearningRate} 3e-4, at least 0, {@code auxBeta1} 0.9 and {@code auxBeta2} 0.95, in [0, 1),
 * {@code auxEpsilon} 1e-10, at least 0 (beside the corrected root). A schedule moves both rates:
 * Adam's is {@code auxLearningRate * schedule / learningRate}, and a rate of 0 stops both. Weight
 * decay is the platform's, with Muon's rate for all variables.
 *
 * <p>State: 1 value for each entry of a matrix under Muon, 2 for all others. Needs {@link
 * Optim#bind}.
 *
 * <p>K. Jordan and others: "Muon: An optimizer for hidden layers in neural networks" (write-up with
 * code, 2024). Its scale for kernels looks at kH/kW, 1 for square kernels, and so does this one.
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class Muon extends AbstractUpdater {

  private final double momentum;
  private final boolean nesterov;
  private final int newtonSchulzSteps;
  private final boolean hiddenOnly;
  private final double auxLearningRate;
  private final double auxBeta1;
  private final double auxBeta2;
  private final double auxEpsilon;

  /** Muon with its defaults. */
  public Muon() {
    this(null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * Muon with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public Muon(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null, null);
  }

  /**
   * Muon with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public Muon(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Muon(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("nesterov") Boolean nesterov,
      @JsonProperty("newtonSchulzSteps") Integer newtonSchulzSteps,
      @JsonProperty("hiddenOnly") Boolean hiddenOnly,
      @JsonProperty("auxLearningRate") Double auxLearningRate,
      @JsonProperty("auxBeta1") Double auxBeta1,
      @JsonProperty("auxBeta2") Double auxBeta2,
      @JsonProperty("auxEpsilon") Double auxEpsilon) {
    super(learningRate, 0.02, learningRateSchedule);
    this.momentum = beta("momentum", momentum, 0.95);
    this.nesterov = nesterov == null || nesterov;
    this.newtonSchulzSteps = count("newtonSchulzSteps", newtonSchulzSteps, 5);
    this.hiddenOnly = hiddenOnly == null || hiddenOnly;
    this.auxLearningRate = rate("auxLearningRate", auxLearningRate, 3e-4);
    this.auxBeta1 = beta("auxBeta1", auxBeta1, 0.9);
    this.auxBeta2 = beta("auxBeta2", auxBeta2, 0.95);
    this.auxEpsilon = nonNegative("auxEpsilon", auxEpsilon, 1e-10);
  }

  @Override
  public boolean needsShapes() {
    return true;
  }

  private boolean orthogonalizes(VariableShape shape) {
    boolean hidden = shape.getKind() != Kind.OUTPUT && shape.getKind() != Kind.EMBEDDING;
    return shape.matrix() && (hidden || !hiddenOnly);
  }

  @Override
  protected StateLayout layout(VariableShape shape) {
    StateLayout layout = new StateLayout().vector("m", shape.length());
    return orthogonalizes(shape) ? layout : layout.vector("v", shape.length());
  }

  @Override
  protected void step(Step step) {
    if (!orthogonalizes(step.shape())) {
      double base = getLearningRate();
      double scale = base == 0 ? 0 : step.learningRate() / base;
      AdamRule.adamHat(step, auxLearningRate * scale, auxBeta1, auxBeta2, auxEpsilon, 0, 1);
      return;
    }
    double squared =
        step.sum(
            lane -> {
              Vector g = lane.gradient();
              Vector m = lane.state(0).ema(momentum, g);
              if (nesterov) {
                g.combine(1 - momentum, momentum, m);
              } else {
                g.set(m);
              }
              return g.squaredNorm();
            });
    // The last two dimensions, as in the author's code: kH/kW for a kernel.
    long[] dimensions = step.shape().getDimensions();
    double aspect = (double) dimensions[dimensions.length - 2] / dimensions[dimensions.length - 1];
    NewtonSchulz.apply(
        step.gradientMatrix(),
        Math.sqrt(squared),
        newtonSchulzSteps,
        step.learningRate() * Math.sqrt(Math.max(1, aspect)));
  }
}
