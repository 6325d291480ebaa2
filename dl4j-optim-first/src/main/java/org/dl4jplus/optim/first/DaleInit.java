package org.dl4jplus.optim.first;

import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.weights.IWeightInit;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastMulOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A start by Dale's law for {@link ExponentiatedGradient}: all weights that lead out of one input
 * unit have one sign, the first {@code excitatoryFraction} of the units being positive, and
 * magnitudes are log-normal.
 *
 * <pre>{@code
 * |w| = c * exp(z)  with z ~ N(0, 1), times excitatoryFraction/(1 - excitatoryFraction)
 *       for the negative units, so that the weights of an output add up to 0 on average
 * }</pre>
 *
 * <p>c makes the mean square of the weights 1/nIn. No weight is 0. An input unit is a row of a
 * dense weight and an input channel of a convolution kernel.
 *
 * <p>Field: {@code excitatoryFraction} 0.8, in [0, 1]; with 0 or 1 all weights have one sign and
 * nothing balances them.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class DaleInit implements IWeightInit {

  private final double excitatoryFraction;

  /** The start with its default. */
  public DaleInit() {
    this(null);
  }

  /**
   * Creates the start.
   *
   * @param excitatoryFraction fraction of input units with positive weights, in [0, 1]; null for
   *     the default
   */
  @JsonCreator
  public DaleInit(@JsonProperty("excitatoryFraction") Double excitatoryFraction) {
    this.excitatoryFraction = Require.within("excitatoryFraction", excitatoryFraction, 0.8, 0, 1);
  }

  @Override
  public INDArray init(double fanIn, double fanOut, long[] shape, char order, INDArray paramView) {
    int inputs = shape.length > 2 ? 1 : 0;
    long positive = Math.round(excitatoryFraction * shape[inputs]);
    double fraction = (double) positive / shape[inputs];
    boolean mixed = fraction > 0 && fraction < 1;
    double balance = mixed ? fraction / (1 - fraction) : 1;
    // Mean squares: e^2 of the log-normal, and f + (1-f)*(f/(1-f))^2 = f/(1-f) of the balance.
    double scale = Math.exp(-1) / Math.sqrt(fanIn * balance);
    Nd4j.randn(paramView);
    Transforms.exp(paramView, false);
    INDArray factors =
        Nd4j.valueArrayOf(new long[] {shape[inputs]}, -scale * balance, paramView.dataType());
    for (long i = 0; i < positive; i++) {
      factors.putScalar(i, scale);
    }
    INDArray weights = paramView.reshape(order, shape);
    Nd4j.exec(new BroadcastMulOp(weights, factors, weights, inputs));
    return weights;
  }
}
