package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.within;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.WrappingUpdater;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Cautious updates: any updater, the platform's included, whose update is dropped where it points
 * against the present gradient.
 *
 * <pre>{@code
 * u = delegate's update from g
 * mask = 1 where u*g > 0, else 0
 * MASK_MEAN:       u = u*mask / max(mean(mask), minMaskMean)
 * COUNT_PLUS_ONE:  u = u*mask * n/(sum(mask) + 1)
 * NONE:            u = u*mask
 * }</pre>
 *
 * <p>Fields: {@code delegate}, any updater but {@code NoOp}, another Cautious and those that do not
 * {@linkplain #allowsChangedUpdates() allow it} because they keep account of their updates; {@code
 * scaling} MASK_MEAN; {@code minMaskMean} 1e-3, in (0, 1]. State, learning rate, schedule and needs
 * ({@code Optim.bind}) are the delegate's. The gradient is copied in each step into an array that
 * is kept. The mean is taken over the block: all neighbouring variables with equal updaters (one
 * layer's, if the delegate looks at shapes); the authors' code takes it over each variable. Zero
 * gradients and zero updates are masked. Weight decay is a step after the updater and never masked.
 *
 * <p>Around Adam this is the authors' C-AdamW. Their C-Muon masks before it makes the update
 * orthogonal; this wrapper always masks the finished update.
 *
 * <p>K. Liang, L. Chen, B. Liu, Q. Liu: "Cautious Optimizers: Improving Training with One Line of
 * Code", arXiv 2411.16085 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class Cautious extends WrappingUpdater {

  /** How what is left of the update makes up for what was dropped. */
  public enum Scaling {
    /** By the share of entries that are left, but not below {@code minMaskMean}. */
    MASK_MEAN,
    /** By the number of entries over one more than are left: the paper's first form. */
    COUNT_PLUS_ONE,
    /** Not at all. */
    NONE
  }

  private final Scaling scaling;
  private final double minMaskMean;

  /**
   * Wraps an updater with the defaults.
   *
   * @param delegate the updater
   * @throws IllegalArgumentException if it cannot be wrapped
   */
  public Cautious(IUpdater delegate) {
    this(delegate, null, null);
  }

  @Builder
  @JsonCreator
  private Cautious(
      @JsonProperty("delegate") IUpdater delegate,
      @JsonProperty("scaling") Scaling scaling,
      @JsonProperty("minMaskMean") Double minMaskMean) {
    super(delegate);
    if (delegate instanceof Cautious) {
      throw new IllegalArgumentException("delegate must not be a Cautious itself");
    }
    this.scaling = scaling == null ? Scaling.MASK_MEAN : scaling;
    this.minMaskMean = within("minMaskMean", minMaskMean, 1e-3, 0, 1);
    check(this.minMaskMean > 0, "minMaskMean", this.minMaskMean, "above 0");
  }

  @Override
  protected void change(INDArray update, INDArray gradient) {
    Operands operands = new Operands(update, null, List.of(gradient));
    VectorExecutor executor = VectorExecutor.of(operands);
    double left =
        executor.sum(
            lane -> {
              Vector u = lane.gradient();
              // The sign first: the product of two small numbers might vanish.
              Vector mask = lane.temp(0).set(lane.state(0)).sign().mul(u).above(0);
              u.mul(mask);
              return mask.sum();
            },
            operands);
    double n = update.length();
    double factor =
        switch (scaling) {
          case MASK_MEAN -> 1 / Math.max(left / n, minMaskMean);
          case COUNT_PLUS_ONE -> n / (left + 1);
          case NONE -> 1;
        };
    if (factor != 1) {
      executor.forEach(lane -> lane.gradient().scale(factor), operands);
    }
  }
}
