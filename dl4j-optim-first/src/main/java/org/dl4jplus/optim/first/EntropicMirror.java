package org.dl4jplus.optim.first;

import java.util.Arrays;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.OptimisticSgd.FirstHint;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.updater.VariableShape.Kind;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Optimistic entropic mirror descent: for parameters whose rows are probability distributions, such
 * as mixing weights or mixed strategies. The rows stay distributions.
 *
 * <pre>{@code
 * log p_new = log p - learningRate*(2*g - gPrevious)        up to a constant for each row
 * }</pre>
 *
 * <p>With a constant rate this is the same as the theory's two sequences. A row is the last
 * dimension of an array in 'c' order (of a dense weight: the nIn weights of one output; of a
 * SameDiff variable, which is taken for such a weight: its first dimension), or the whole variable
 * if that is a vector. The starting values have to be positive with rows that sum to 1; the first
 * step fails otherwise. Later a value that rounding made 0 is read as 1e-30.
 *
 * <p>Fields: {@code learningRate} 0.1, at least 0; {@code firstHint} ZERO, see {@link
 * OptimisticSgd.FirstHint}. State: 1 value for each parameter. Needs {@link Optim}'s {@code bind}.
 * Set it on the layers that hold distributions only. {@link MirrorStep} is its second half for use
 * with any other updater.
 *
 * <p>S. Chen, Y.-J. Zhang, W.-W. Tu, P. Zhao, L. Zhang: "Optimistic Online Mirror Descent for
 * Bridging Stochastic and Adversarial Online Convex Optimization", arXiv 2302.04552 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class EntropicMirror extends AbstractUpdater {

  /** How far from 1 a row may sum at the start: rounding of single precision, not more. */
  private static final double TOLERANCE = 1e-3;

  private final FirstHint firstHint;

  /** Entropic mirror descent with its defaults. */
  public EntropicMirror() {
    this(null, null, null);
  }

  /**
   * Entropic mirror descent with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public EntropicMirror(double learningRate) {
    this(learningRate, null, null);
  }

  /**
   * Entropic mirror descent with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public EntropicMirror(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null);
  }

  @Builder
  @JsonCreator
  private EntropicMirror(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("firstHint") FirstHint firstHint) {
    super(learningRate, 0.1, learningRateSchedule);
    this.firstHint = firstHint == null ? FirstHint.ZERO : firstHint;
  }

  @Override
  public boolean needsShapes() {
    return true;
  }

  @Override
  public boolean needsParameters() {
    return true;
  }

  @Override
  protected StateLayout layout(long n) {
    return new StateLayout().vector("previousGradient", n);
  }

  @Override
  protected void step(Step step) {
    INDArray parameters = step.parameters();
    long rowLength = rowLength(step.shape());
    if (step.t() == 1) {
      requireDistributions(step.shape(), MirrorStep.numbers(parameters), (int) rowLength);
    }
    double lr = step.learningRate();
    boolean first = step.t() == 1 && firstHint == FirstHint.CURRENT;
    step.forEach(lane -> OptimisticCombine.apply(lane, 2 * lr, lr, 0, first));
    if (lr > 0) {
      MirrorStep.map(parameters, step.gradient(), rowLength);
    }
  }

  private static long rowLength(VariableShape shape) {
    long[] dimensions = shape.getDimensions();
    return shape.getKind() == Kind.VECTOR || dimensions.length == 0
        ? shape.length()
        : dimensions[dimensions.length - 1];
  }

  private static void requireDistributions(VariableShape shape, double[] p, int rowLength) {
    double least = Arrays.stream(p).min().orElse(1);
    double worst = 0;
    for (int start = 0; start < p.length; start += rowLength) {
      double sum = Arrays.stream(p, start, start + rowLength).sum();
      worst = Math.max(worst, Math.abs(sum - 1));
    }
    if (!(least > 0 && worst <= TOLERANCE)) {
      throw new IllegalArgumentException(
          "EntropicMirror needs positive parameters whose rows of "
              + rowLength
              + " sum to 1; those of "
              + shape.getName()
              + " go down to "
              + least
              + " and their rows are off by up to "
              + worst);
    }
  }
}
