package org.dl4jplus.ot;

import java.util.Collection;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Output layer of cosines: every output is the cosine of the input and a class's weights.
 *
 * <pre>{@code
 * z_ij = x_i' w_j / (max(||x_i||, 1e-12) max(||w_j||, 1e-12)),   W of shape [nIn, nOut]
 * }</pre>
 *
 * <p>It has no bias. Activation identity and loss {@link CosineLossCircle} by default. The network
 * shape is that of DL4J's OutputLayer: [batch, nIn] to [batch, nOut].
 */
@NoArgsConstructor
@EqualsAndHashCode(callSuper = true)
public class NormalizedDenseOutputLayer extends BaseOutputLayer {

  private static final long serialVersionUID = 1L;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   */
  protected NormalizedDenseOutputLayer(Builder builder) {
    super(builder);
    hasBias = false;
    initializeConstraints(builder);
  }

  @Override
  public Layer instantiate(
      NeuralNetConfiguration conf,
      Collection<TrainingListener> trainingListeners,
      int layerIndex,
      INDArray layerParamsView,
      boolean initializeParams,
      DataType networkDataType) {
    LayerValidation.assertNInNOutSet(
        getClass().getSimpleName(), getLayerName(), layerIndex, getNIn(), getNOut());
    return LayerSetup.of(
        new Cosines(conf, networkDataType),
        conf,
        trainingListeners,
        layerIndex,
        layerParamsView,
        initializeParams);
  }

  @Override
  public ParamInitializer initializer() {
    return DefaultParamInitializer.getInstance();
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends BaseOutputLayer.Builder<Builder> {

    /** With identity activation and {@link CosineLossCircle}. */
    public Builder() {
      this(new CosineLossCircle());
    }

    /**
     * With identity activation and a loss.
     *
     * @param loss the loss of the cosines
     */
    public Builder(ILossFunction loss) {
      lossFunction(loss);
      activation(Activation.IDENTITY);
    }

    @Override
    public NormalizedDenseOutputLayer build() {
      return new NormalizedDenseOutputLayer(this);
    }
  }

  /** The computation. */
  private static final class Cosines
      extends org.deeplearning4j.nn.layers.BaseOutputLayer<NormalizedDenseOutputLayer> {

    private static final long serialVersionUID = 1L;
    private static final double NORM_FLOOR = 1e-12;

    Cosines(NeuralNetConfiguration conf, DataType dataType) {
      super(conf, dataType);
    }

    private static INDArray lengths(INDArray matrix, int dimension) {
      return Transforms.max(matrix.norm2(true, dimension), NORM_FLOOR, false);
    }

    @Override
    protected INDArray getLabels2d(LayerWorkspaceMgr workspaceMgr, ArrayType arrayType) {
      return labels;
    }

    @Override
    protected INDArray preOutput(boolean training, LayerWorkspaceMgr workspaceMgr) {
      assertInputSet(false);
      applyDropOutIfNecessary(training, workspaceMgr);
      INDArray w = getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, training, workspaceMgr);
      if (input.rank() != 2 || input.size(1) != w.size(0)) {
        throw new IllegalArgumentException(
            "input must be of shape [batch, " + w.size(0) + "]: " + input.shapeInfoToString());
      }
      INDArray x = input.castTo(w.dataType());
      INDArray cosines =
          workspaceMgr.createUninitialized(
              ArrayType.ACTIVATIONS, w.dataType(), x.size(0), w.size(1));
      x.div(lengths(x, 1)).mmuli(w.div(lengths(w, 0)), cosines);
      if (maskArray != null) {
        applyMask(cosines);
      }
      return cosines;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(
        INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
      assertInputSet(true);
      INDArray z = preOutput2d(true, workspaceMgr);
      INDArray delta =
          layerConf()
              .getLossFn()
              .computeGradient(labels, z, layerConf().getActivationFn(), maskArray);
      INDArray w = getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, true, workspaceMgr);
      INDArray x = input.castTo(w.dataType());
      INDArray xLengths = lengths(x, 1);
      INDArray wLengths = lengths(w, 0);
      INDArray xUnits = x.div(xLengths);
      INDArray wUnits = w.div(wLengths);
      INDArray wGradient = gradientViews.get(DefaultParamInitializer.WEIGHT_KEY);
      wGradient.assign(tangent(xUnits.transpose().mmul(delta), wUnits, 0).divi(wLengths));
      gradient = new DefaultGradient();
      gradient.gradientForVariable().put(DefaultParamInitializer.WEIGHT_KEY, wGradient);
      INDArray below = tangent(delta.mmul(wUnits.transpose()), xUnits, 1).divi(xLengths);
      below = workspaceMgr.leverageTo(ArrayType.ACTIVATION_GRAD, below);
      return new Pair<>(gradient, backpropDropOutIfPresent(below));
    }

    /** Takes away what points along the unit vectors. */
    private static INDArray tangent(INDArray vectors, INDArray units, int dimension) {
      return vectors.sub(units.mul(vectors.mul(units).sum(true, dimension)));
    }
  }
}
