package org.dl4jplus.ot;

import java.util.Map;
import java.util.stream.IntStream;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.dl4jplus.ot.sets.EquivariantMap;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Deep Sets layer: maps the elements of a set so that a permutation of the set permutes the result.
 * The formula is {@link EquivariantMap}'s, followed by the activation function, which like a dense
 * layer's is the network's if the layer has none.
 *
 * <p>Input [batch, nIn, elements] and output [batch, nOut, elements], as DL4J's sequences; a mask
 * of [batch, elements] leaves elements out of the set, and their outputs are 0. Parameters "W" and,
 * in variant 2, "L" of [nIn, nOut], and the bias "b" of [1, nOut]. A GlobalPoolingLayer above makes
 * the network invariant.
 */
@Getter
@Setter
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public class DeepSetsEquivariantLayer extends ExplicitLayer {

  private static final long serialVersionUID = 1L;
  private static final String WEIGHT = "W";
  private static final String COMMON = "L";
  private static final String BIAS = "b";

  private long nIn;
  private long nOut;
  private int variant;
  private EquivariantMap.Pool pool;
  private IActivation activationFn;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected DeepSetsEquivariantLayer(Builder builder) {
    super(builder);
    nIn = builder.nIn;
    nOut = builder.nOut;
    variant = builder.variant;
    pool = builder.pool;
    activationFn = builder.activationFn;
    begin(builder);
  }

  @Override
  protected void validate() {
    if (nIn < 0 || nOut < 1) {
      throw new IllegalArgumentException("nIn must be >= 0 and nOut >= 1: " + nIn + ", " + nOut);
    }
    new EquivariantMap(variant, pool, 1, 1);
  }

  @Override
  public void applyGlobalConfigToLayer(NeuralNetConfiguration.Builder globalConfig) {
    if (activationFn == null) {
      activationFn = globalConfig.getActivationFn();
    }
  }

  @Override
  protected IActivation activation() {
    return activationFn == null ? super.activation() : activationFn;
  }

  @Override
  protected void sizes(InputType inputType, boolean override) {
    if (nIn == 0 || override) {
      nIn = recurrent(inputType).getSize();
    }
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    return InputType.recurrent(nOut, recurrent(inputType).getTimeSeriesLength());
  }

  private InputType.InputTypeRecurrent recurrent(InputType inputType) {
    if (!(inputType instanceof InputType.InputTypeRecurrent)) {
      throw new IllegalStateException(
          "DeepSetsEquivariantLayer " + getLayerName() + " takes sequences, not " + inputType);
    }
    return (InputType.InputTypeRecurrent) inputType;
  }

  @Override
  public void defineParameters(SDLayerParams params) {
    params.clear();
    params.addWeightParam(WEIGHT, nIn, nOut);
    if (variant == 2) {
      params.addWeightParam(COMMON, nIn, nOut);
    }
    params.addBiasParam(BIAS, 1, nOut);
  }

  @Override
  public char paramReshapeOrder(String param) {
    return 'f';
  }

  @Override
  public void initializeParameters(Map<String, INDArray> params) {
    params.forEach(
        (name, array) -> {
          if (name.equals(BIAS)) {
            array.assign(0);
          } else {
            initWeights((int) nIn, (int) nOut, weightInit, array);
          }
        });
  }

  @Override
  protected Pass forward(
      INDArray input, INDArray mask, Map<String, INDArray> parameters, boolean training) {
    if (input.rank() != 3 || input.size(1) != nIn) {
      throw new IllegalArgumentException(
          "input must be of shape [batch, " + nIn + ", elements]: " + input.shapeInfoToString());
    }
    return new Sets(
        new EquivariantMap(variant, pool, (int) nIn, (int) nOut),
        new EquivariantMap.Weights(
            values(parameters.get(WEIGHT)),
            variant == 2 ? values(parameters.get(COMMON)) : null,
            values(parameters.get(BIAS))),
        values(input),
        mask == null ? null : values(mask),
        (int) input.size(2),
        input.dataType());
  }

  private static double[] values(INDArray array) {
    return array.dup('c').data().asDouble();
  }

  /** The sets of a batch, one after the other. */
  private record Sets(
      EquivariantMap map,
      EquivariantMap.Weights weights,
      double[] x,
      double[] mask,
      int steps,
      DataType type)
      implements Pass {

    private int batch() {
      return x.length / map.inputs() / steps;
    }

    /** The steps of an example that count. */
    private int[] elements(int example) {
      return IntStream.range(0, steps)
          .filter(t -> mask == null || mask[example * steps + t] != 0)
          .toArray();
    }

    private double[] gather(double[] from, int example, int[] elements, int features) {
      double[] set = new double[elements.length * features];
      for (int t = 0; t < elements.length; t++) {
        for (int i = 0; i < features; i++) {
          set[t * features + i] = from[(example * features + i) * steps + elements[t]];
        }
      }
      return set;
    }

    private void scatter(double[] set, double[] to, int example, int[] elements, int features) {
      for (int t = 0; t < elements.length; t++) {
        for (int i = 0; i < features; i++) {
          to[(example * features + i) * steps + elements[t]] = set[t * features + i];
        }
      }
    }

    private INDArray sequences(double[] values, int features) {
      return Nd4j.createFromArray(values).castTo(type).reshape(batch(), features, steps);
    }

    @Override
    public INDArray output() {
      double[] y = new double[batch() * map.outputs() * steps];
      for (int e = 0; e < batch(); e++) {
        int[] elements = elements(e);
        if (elements.length > 0) {
          double[] set = map.map(gather(x, e, elements, map.inputs()), weights);
          scatter(set, y, e, elements, map.outputs());
        }
      }
      return sequences(y, map.outputs());
    }

    @Override
    public INDArray backward(INDArray epsilon, Map<String, INDArray> gradients) {
      double[] upstream = values(epsilon);
      double[] below = new double[x.length];
      EquivariantMap.Weights sums =
          new EquivariantMap.Weights(
              new double[weights.w().length],
              new double[weights.w().length],
              new double[map.outputs()]);
      for (int e = 0; e < batch(); e++) {
        int[] elements = elements(e);
        if (elements.length > 0) {
          double[] set =
              map.backward(
                  gather(x, e, elements, map.inputs()),
                  weights,
                  gather(upstream, e, elements, map.outputs()),
                  sums);
          scatter(set, below, e, elements, map.inputs());
        }
      }
      int[] shape = {map.inputs(), map.outputs()};
      gradients.get(WEIGHT).assign(Nd4j.createFromArray(sums.w()).reshape('c', shape));
      if (map.variant() == 2) {
        gradients.get(COMMON).assign(Nd4j.createFromArray(sums.l()).reshape('c', shape));
      }
      gradients.get(BIAS).assign(Nd4j.createFromArray(sums.b()).reshape(1, map.outputs()));
      return sequences(below, map.inputs());
    }
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends SameDiffLayer.Builder<Builder> {

    private long nIn;
    private long nOut;
    private int variant = 2;
    private EquivariantMap.Pool pool = EquivariantMap.Pool.MAX;
    private IActivation activationFn;

    /** With the defaults. */
    public Builder() {}

    /**
     * Sets the features of an element.
     *
     * @param nIn at least 1; by default what the layer below gives
     * @return this
     */
    public Builder nIn(long nIn) {
      this.nIn = nIn;
      return this;
    }

    /**
     * Sets the features of an element's image.
     *
     * @param nOut at least 1; has to be set
     * @return this
     */
    public Builder nOut(long nOut) {
      this.nOut = nOut;
      return this;
    }

    /**
     * Sets which map it is.
     *
     * @param variant 1 or 2, default 2
     * @return this
     */
    public Builder variant(int variant) {
      this.variant = variant;
      return this;
    }

    /**
     * Sets what the set has in common.
     *
     * @param pool default MAX
     * @return this
     */
    public Builder pool(EquivariantMap.Pool pool) {
      this.pool = pool;
      return this;
    }

    /**
     * Sets the activation function.
     *
     * @param activation default the network's
     * @return this
     */
    public Builder activation(Activation activation) {
      return activation(activation.getActivationFunction());
    }

    /**
     * Sets the activation function.
     *
     * @param activation default the network's
     * @return this
     */
    public Builder activation(IActivation activation) {
      activationFn = activation;
      return this;
    }

    @Override
    public DeepSetsEquivariantLayer build() {
      return new DeepSetsEquivariantLayer(this);
    }
  }
}
