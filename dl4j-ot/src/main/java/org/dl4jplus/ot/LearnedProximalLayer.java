package org.dl4jplus.ot;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.dl4jplus.ot.prox.ConvexPotential;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Learned proximal network: a map of a space to itself that is the gradient of a convex network,
 * and so the exact proximal operator of a function that can be read off. The formula is {@link
 * ConvexPotential}'s.
 *
 * <p>Input and output [batch, nIn]. Parameters "lin0" of [hidden, nIn], "lin1" to "lin(layers)" of
 * [hidden, hidden], "lin(layers+1)" of [1, hidden], "res0" and on of [hidden, nIn], "res(layers)"
 * of [1, nIn], "bias0" to "bias(layers-1)" of [1, hidden]. The constant of the potential is left at
 * 0: no loss on the output can tell it. "lin1" and on start as the exponential of normal numbers,
 * and a constraint of the layer's own clips them at 0 after each step. Denoisers train it with
 * {@link LossProximalMatching} in a LossLayer above.
 *
 * <p>Z. Fang, S. Buchanan, J. Sulam: "What's in a Prior? Learned Proximal Networks for Inverse
 * Problems", arXiv 2310.14344 (2023).
 */
@Getter
@Setter
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public class LearnedProximalLayer extends ExplicitLayer {

  private static final long serialVersionUID = 1L;
  private static final String LINEAR = "lin";
  private static final String RESIDUAL = "res";
  private static final String BIAS = "bias";

  private long nIn;
  private long hidden;
  private int layers;
  private double beta;
  private double alpha;
  private double initMean;
  private double initStd;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected LearnedProximalLayer(Builder builder) {
    super(builder);
    nIn = builder.nIn;
    hidden = builder.hidden;
    layers = builder.layers;
    beta = builder.beta;
    alpha = builder.alpha;
    initMean = builder.initMean;
    initStd = builder.initStd;
    begin(builder);
    List<LayerConstraint> all = new ArrayList<>(constraints == null ? List.of() : constraints);
    NonNegativeConstraint convex = new NonNegativeConstraint();
    Set<String> names = new HashSet<>();
    for (int l = 1; l <= layers + 1; l++) {
      names.add(LINEAR + l);
    }
    convex.setParams(names);
    all.add(convex);
    constraints = all;
  }

  @Override
  protected void validate() {
    if (nIn < 0 || hidden < 1 || layers < 1) {
      throw new IllegalArgumentException(
          "nIn must be >= 0, hidden and layers >= 1: " + nIn + ", " + hidden + ", " + layers);
    }
    if (!Double.isFinite(initMean) || !(initStd >= 0) || Double.isInfinite(initStd)) {
      throw new IllegalArgumentException(
          "initMean must be finite, initStd finite and >= 0: " + initMean + ", " + initStd);
    }
    new ConvexPotential(beta, alpha);
  }

  @Override
  protected void sizes(InputType inputType, boolean override) {
    if (nIn == 0 || override) {
      nIn = flat(inputType);
    }
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    return InputType.feedForward(flat(inputType));
  }

  private long flat(InputType inputType) {
    if (inputType == null || inputType.getType() != InputType.Type.FF) {
      throw new IllegalStateException(
          "LearnedProximalLayer " + getLayerName() + " takes vectors, not " + inputType);
    }
    return inputType.arrayElementsPerExample();
  }

  @Override
  public void defineParameters(SDLayerParams params) {
    params.clear();
    params.addWeightParam(LINEAR + 0, hidden, nIn);
    for (int l = 1; l <= layers; l++) {
      params.addWeightParam(LINEAR + l, hidden, hidden);
      params.addWeightParam(RESIDUAL + (l - 1), hidden, nIn);
      params.addBiasParam(BIAS + (l - 1), 1, hidden);
    }
    params.addWeightParam(LINEAR + (layers + 1), 1, hidden);
    params.addWeightParam(RESIDUAL + layers, 1, nIn);
  }

  @Override
  public void initializeParameters(Map<String, INDArray> params) {
    params.forEach(
        (name, array) -> {
          if (name.startsWith(BIAS)) {
            array.assign(0);
          } else if (name.startsWith(RESIDUAL) || name.equals(LINEAR + 0)) {
            initWeights((int) nIn, (int) array.size(0), weightInit, array);
          } else {
            INDArray normal = Nd4j.randn(array.dataType(), array.shape());
            array.assign(Transforms.exp(normal.muli(initStd).addi(initMean), false));
          }
        });
  }

  @Override
  protected Pass forward(
      INDArray input, INDArray mask, Map<String, INDArray> parameters, boolean training) {
    ConvexPotential.Point point = potential(input.dup(), parameters);
    return new Pass() {
      @Override
      public INDArray output() {
        return point.gradient();
      }

      @Override
      public INDArray backward(INDArray epsilon, Map<String, INDArray> gradients) {
        return point.backward(epsilon, weights(gradients));
      }
    };
  }

  /**
   * Evaluates the convex network itself, to read off what the layer is the proximal operator of.
   *
   * @param x points [batch, nIn]
   * @param parameters the layer's, {@code network.getLayer(i).paramTable()}
   * @return potential, output and prior
   * @throws IllegalArgumentException for shapes that do not fit
   */
  public ConvexPotential.Point potential(INDArray x, Map<String, INDArray> parameters) {
    return new ConvexPotential(beta, alpha).at(x, weights(parameters));
  }

  private ConvexPotential.Weights weights(Map<String, INDArray> arrays) {
    List<INDArray> lin = new ArrayList<>();
    List<INDArray> res = new ArrayList<>();
    List<INDArray> bias = new ArrayList<>();
    for (int l = 0; l <= layers + 1; l++) {
      lin.add(arrays.get(LINEAR + l));
    }
    for (int l = 0; l <= layers; l++) {
      res.add(arrays.get(RESIDUAL + l));
    }
    for (int l = 0; l < layers; l++) {
      bias.add(arrays.get(BIAS + l));
    }
    bias.add(Nd4j.zeros(lin.get(0).dataType(), 1, 1));
    return new ConvexPotential.Weights(lin, res, bias);
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends SameDiffLayer.Builder<Builder> {

    private long nIn;
    private long hidden;
    private int layers = 1;
    private double beta = 100;
    private double alpha;
    private double initMean = -10;
    private double initStd = 0.1;

    /** With the defaults. */
    public Builder() {}

    /**
     * Sets the dimension of the space.
     *
     * @param nIn at least 1; by default what the layer below gives
     * @return this
     */
    public Builder nIn(long nIn) {
      this.nIn = nIn;
      return this;
    }

    /**
     * Sets the width of the convex network.
     *
     * @param hidden at least 1; has to be set
     * @return this
     */
    public Builder hidden(long hidden) {
      this.hidden = hidden;
      return this;
    }

    /**
     * Sets the depth of the convex network.
     *
     * @param layers at least 1, default 1
     * @return this
     */
    public Builder layers(int layers) {
      this.layers = layers;
      return this;
    }

    /**
     * Sets the sharpness of the softplus.
     *
     * @param beta finite and above 0, default 100; 10 suits single numbers
     * @return this
     */
    public Builder beta(double beta) {
      this.beta = beta;
      return this;
    }

    /**
     * Sets the strong convexity of the potential.
     *
     * @param alpha finite and at least 0, default 0
     * @return this
     */
    public Builder alpha(double alpha) {
      this.alpha = alpha;
      return this;
    }

    /**
     * Sets the mean of the logarithms that the non-negative weights start from.
     *
     * @param initMean finite, default -10
     * @return this
     */
    public Builder initMean(double initMean) {
      this.initMean = initMean;
      return this;
    }

    /**
     * Sets the standard deviation of the logarithms that the non-negative weights start from.
     *
     * @param initStd finite and at least 0, default 0.1
     * @return this
     */
    public Builder initStd(double initStd) {
      this.initStd = initStd;
      return this;
    }

    @Override
    public LearnedProximalLayer build() {
      return new LearnedProximalLayer(this);
    }
  }
}
