package org.dl4jplus.ot;

import java.util.Collection;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.Setter;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.params.ConvolutionParamInitializer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.ot.lowrank.LowRankHadamard;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * FedPara's convolution: a convolution whose kernel is the elementwise product of two low-rank
 * kernels, {@link LowRankHadamard}. It takes the place of DL4J's ConvolutionLayer, with all of its
 * settings but weight initialization, which is FedPara's own, and weight noise, which does not act.
 * Parameters "X1", "X2" of [nOut, rank], "Y1", "Y2" of [nIn, rank], "T1", "T2" of [rank, rank,
 * height, width], "b" of [nOut].
 */
@Getter
@Setter
@EqualsAndHashCode(callSuper = true)
public class FedParaConvolutionLayer extends ConvolutionLayer
    implements FedParaParamInitializer.Settings {

  private static final long serialVersionUID = 1L;

  private int rank;
  private double rankRatio = 0.3;
  private boolean personal;

  /** For JSON. */
  protected FedParaConvolutionLayer() {
    super(new Builder());
  }

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected FedParaConvolutionLayer(Builder builder) {
    super(builder);
    rank = builder.rank;
    rankRatio = builder.rankRatio;
    personal = builder.personal;
    validateRank();
  }

  @Override
  public int[] kernel() {
    return getKernelSize();
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
    validateRank();
    return LayerSetup.of(
        new Convolution(conf, networkDataType),
        conf,
        trainingListeners,
        layerIndex,
        layerParamsView,
        initializeParams);
  }

  @Override
  public ParamInitializer initializer() {
    return FedParaParamInitializer.INSTANCE;
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends BaseConvBuilder<Builder> {

    private int rank;
    private double rankRatio = 0.3;
    private boolean personal;

    /**
     * With the defaults, stride 1 and no padding.
     *
     * @param kernelSize height and width; default 5 and 5
     */
    public Builder(int... kernelSize) {
      super(kernelSize.length == 0 ? new int[] {5, 5} : kernelSize);
    }

    /**
     * Sets the rank of the factors.
     *
     * @param rank at least 1; 0, the default, for the one of {@link #rankRatio}
     * @return this
     */
    public Builder rank(int rank) {
      this.rank = rank;
      return this;
    }

    /**
     * Sets where the rank lies between the smallest that can give a kernel of full rank (0) and the
     * largest that saves parameters (1).
     *
     * @param rankRatio in [0, 1], default 0.3
     * @return this
     */
    public Builder rankRatio(double rankRatio) {
      this.rankRatio = rankRatio;
      return this;
    }

    /**
     * Sets whether 1 is added to the second factor: pFedPara.
     *
     * @param personal default false
     * @return this
     */
    public Builder personal(boolean personal) {
      this.personal = personal;
      return this;
    }

    /**
     * Sets the size of the kernel.
     *
     * @param kernelSize height and width
     * @return this
     */
    public Builder kernelSize(int... kernelSize) {
      setKernelSize(kernelSize);
      return this;
    }

    /**
     * Sets the stride.
     *
     * @param stride vertical and horizontal
     * @return this
     */
    public Builder stride(int... stride) {
      setStride(stride);
      return this;
    }

    /**
     * Sets the padding.
     *
     * @param padding vertical and horizontal
     * @return this
     */
    public Builder padding(int... padding) {
      setPadding(padding);
      return this;
    }

    @Override
    protected boolean allowCausal() {
      return false;
    }

    @Override
    public FedParaConvolutionLayer build() {
      return new FedParaConvolutionLayer(this);
    }
  }

  /** A convolution that makes its kernel when it is asked for it. */
  private static final class Convolution
      extends org.deeplearning4j.nn.layers.convolution.ConvolutionLayer {

    private static final long serialVersionUID = 1L;

    Convolution(NeuralNetConfiguration conf, DataType dataType) {
      super(conf, dataType);
    }

    private LowRankHadamard form() {
      return new LowRankHadamard(((FedParaConvolutionLayer) layerConf()).isPersonal());
    }

    @Override
    protected INDArray getParamWithNoise(
        String param, boolean training, LayerWorkspaceMgr workspaceMgr) {
      if (!param.equals(ConvolutionParamInitializer.WEIGHT_KEY)) {
        return super.getParam(param);
      }
      return form()
          .weight(
              FedParaParamInitializer.factor(params, 1), FedParaParamInitializer.factor(params, 2));
    }

    @Override
    public void setBackpropGradientsViewArray(INDArray gradients) {
      super.setBackpropGradientsViewArray(gradients);
      MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces();
      try (outside) {
        ConvolutionLayer conf = layerConf();
        int[] kernel = conf.getKernelSize();
        long[] shape = {conf.getNOut(), conf.getNIn(), kernel[0], kernel[1]};
        gradientViews.put(
            ConvolutionParamInitializer.WEIGHT_KEY, Nd4j.create(dataType, shape, 'c'));
      }
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(
        INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
      INDArray below = super.backpropGradient(epsilon, workspaceMgr).getSecond();
      INDArray ofKernel = gradientViews.get(ConvolutionParamInitializer.WEIGHT_KEY);
      FedParaParamInitializer.gradients(form(), params, ofKernel, gradientViews);
      Gradient result = new DefaultGradient();
      params.keySet().forEach(k -> result.gradientForVariable().put(k, gradientViews.get(k)));
      return new Pair<>(result, below);
    }
  }
}
