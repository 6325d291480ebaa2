package org.dl4jplus.ot;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A constraint that projects parameters after every step, once each, in double precision. It acts
 * on the parameters it names, and on all of the layer's weights where it names none; {@code
 * constrainWeights(..)}, {@code constrainBias(..)} and {@code constrainAllParameters(..)} of DL4J's
 * builders fill in the names. Parameters are first projected after the first step, not when the
 * network is made.
 */
@ToString
@EqualsAndHashCode
public abstract class ProjectionConstraint implements LayerConstraint {

  private static final long serialVersionUID = 1L;

  @Getter private Set<String> params = new HashSet<>();

  /** Acts on all weights until {@link #setParams} says otherwise. */
  protected ProjectionConstraint() {}

  /**
   * Projects one parameter in place.
   *
   * @param values the parameter in row-major order, overwritten
   * @param shape its shape
   * @param bias whether the layer counts it among its biases
   * @throws IllegalArgumentException if the projection has no meaning for this shape
   */
  protected abstract void project(double[] values, long[] shape, boolean bias);

  /**
   * Sets the parameters to act on.
   *
   * @param params names as in the layer's parameter table; null or empty for all of its weights
   */
  @Override
  public void setParams(Set<String> params) {
    this.params = params == null ? new HashSet<>() : new HashSet<>(params);
  }

  /**
   * Projects the layer's parameters.
   *
   * @throws IllegalStateException if a parameter has an entry that is not finite
   * @throws IllegalArgumentException if the projection has no meaning for a parameter's shape
   */
  @Override
  public void applyConstraint(Layer layer, int iteration, int epoch) {
    org.deeplearning4j.nn.conf.layers.Layer conf = layer.conf().getLayer();
    ParamInitializer initializer = conf.initializer();
    Collection<String> names = params.isEmpty() ? initializer.weightKeys(conf) : params;
    for (String name : names) {
      INDArray parameter = layer.paramTable().get(name);
      if (parameter != null) {
        double[] values = parameter.dup('c').data().asDouble();
        requireFinite(conf.getLayerName(), name, values);
        try {
          project(values, parameter.shape(), initializer.isBiasParam(conf, name));
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(
              this + " on parameter " + name + " of layer " + conf.getLayerName(), e);
        }
        parameter.assign(Nd4j.createFromArray(values).reshape('c', parameter.shape()));
      }
    }
  }

  private void requireFinite(String layer, String name, double[] values) {
    for (double value : values) {
      if (!Double.isFinite(value)) {
        throw new IllegalStateException(
            this + " on parameter " + name + " of layer " + layer + ": entry is " + value);
      }
    }
  }

  @Override
  public ProjectionConstraint clone() {
    try {
      ProjectionConstraint copy = (ProjectionConstraint) super.clone();
      copy.setParams(params);
      return copy;
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException(e);
    }
  }
}
