package org.dl4jplus.bilevel.task;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * L2 regularisation with a coefficient for each parameter, as {@link PerParameterDecay} learns
 * them:
 *
 * <pre>{@code
 * loss + 1/2 * sum over j of exp(x[j]) * w[j]^2,   gradient + exp(x[j]) * w[j], before the updater
 * }</pre>
 *
 * <p>Part of a layer's configuration, so it is saved and loaded with the network. The platform
 * hands parameters over without their names: each array is known by its first index among all of
 * the network's parameters. In another network than the one it was made for, a parameter that is
 * not known is refused.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class LearnedL2 implements Regularization {

  private static final long serialVersionUID = 1L;

  /** First index of each array among the network's parameters. */
  private final long[] offsets;

  /** The x of each array, in the order of its memory. */
  private final double[][] logDecays;

  /** exp(x) of each array, made when first needed. */
  @Getter(AccessLevel.NONE)
  @EqualsAndHashCode.Exclude
  @ToString.Exclude
  private transient INDArray[] decays;

  /**
   * Regularises some arrays of a network.
   *
   * @param offsets first index of each array among the network's parameters
   * @param logDecays x of each array, in the order of its memory; finite
   * @throws IllegalArgumentException if the numbers of both differ, or an x is not finite
   */
  @JsonCreator
  public LearnedL2(
      @JsonProperty("offsets") long[] offsets, @JsonProperty("logDecays") double[][] logDecays) {
    if (Require.given("offsets", offsets).length != Require.given("logDecays", logDecays).length) {
      throw new IllegalArgumentException(
          "There must be as many logDecays as offsets, "
              + offsets.length
              + ", got "
              + logDecays.length);
    }
    for (double[] array : logDecays) {
      if (!Arrays.stream(array).allMatch(Double::isFinite)) {
        throw new IllegalArgumentException("logDecays must be finite");
      }
    }
    this.offsets = offsets.clone();
    this.logDecays = Arrays.stream(logDecays).map(double[]::clone).toArray(double[][]::new);
  }

  /** Puts it into a layer's configuration, behind what regularises its weights and biases. */
  void attach(Layer conf) {
    if (conf instanceof BaseWrapperLayer wrapper) {
      attach(wrapper.getUnderlying());
    } else if (conf instanceof Bidirectional both) {
      attach(both.getFwd());
      attach(both.getBwd());
    } else if (conf instanceof BaseLayer base) {
      add(base.getRegularization(), base::setRegularization);
      add(base.getRegularizationBias(), base::setRegularizationBias);
    } else if (conf instanceof AbstractSameDiffLayer same) {
      add(same.getRegularization(), same::setRegularization);
      add(same.getRegularizationBias(), same::setRegularizationBias);
    } else {
      throw new IllegalArgumentException(
          conf.getClass().getSimpleName() + " takes no regularization");
    }
  }

  private void add(List<Regularization> present, Consumer<List<Regularization>> setter) {
    List<Regularization> all = new ArrayList<>(present == null ? List.of() : present);
    all.removeIf(LearnedL2.class::isInstance);
    all.add(this);
    setter.accept(all);
  }

  @Override
  public ApplyStep applyStep() {
    return ApplyStep.BEFORE_UPDATER;
  }

  /** The decays of an array, in its shape; null where it has none. */
  private INDArray decays(INDArray param) {
    int index = Arrays.binarySearch(offsets, param.offset());
    if (index < 0) {
      return null;
    }
    if (logDecays[index].length != param.length()) {
      throw new IllegalStateException(
          "LearnedL2 holds "
              + logDecays[index].length
              + " decays for an array of "
              + param.length()
              + " parameters: it was made for another network");
    }
    if (decays == null) {
      decays = new INDArray[offsets.length];
    }
    if (decays[index] == null || decays[index].dataType() != param.dataType()) {
      double[] values = Arrays.stream(logDecays[index]).map(Math::exp).toArray();
      // The first score is asked for inside a workspace of the platform's, which this outlives.
      decays[index] = Nd4j.createFromArray(values).castTo(param.dataType()).detach();
    }
    return decays[index].reshape(param.ordering(), param.shape());
  }

  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    INDArray own = decays(param);
    if (own != null) {
      gradView.addi(own.mul(param));
    }
  }

  @Override
  public double score(INDArray param, int iteration, int epoch) {
    INDArray own = decays(param);
    return own == null ? 0 : own.mul(param).muli(param).sumNumber().doubleValue() / 2;
  }

  @Override
  public LearnedL2 clone() {
    return new LearnedL2(offsets, logDecays);
  }
}
