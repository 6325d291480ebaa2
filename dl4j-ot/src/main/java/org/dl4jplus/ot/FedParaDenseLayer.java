package org.dl4jplus.ot;

import java.util.Collection;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.ot.lowrank.LowRankHadamard;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * FedPara's dense layer: a dense layer whose weight is the elementwise product of two low-rank
 * matrices, {@link LowRankHadamard}. It takes the place of DL4J's DenseLayer, with its activation,
 * dropout, bias and initial bias; weight initialization is FedPara's own, and weight noise does not
 * act. Parameters "X1", "X2" of [nOut, rank], "Y1", "Y2" of [nIn, rank], "b" of [1, nOut].
 */
@Getter
@Setter
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public class FedParaDenseLayer extends FeedForwardLayer
    implements FedParaParamInitializer.Settings {

  private static final long serialVersionUID = 1L;

  private int rank;
  private double rankRatio = 0.3;
  private boolean personal;
  private boolean hasBias = true;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected FedParaDenseLayer(Builder builder) {
    super(builder);
    rank = builder.rank;
    rankRatio = builder.rankRatio;
    personal = builder.personal;
    hasBias = builder.hasBias;
    validateRank();
    initializeConstraints(builder);
  }

  @Override
  public int[] kernel() {
    return new int[0];
  }

  @Override
  public boolean hasBias() {
    return hasBias;
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
        new Dense(conf, networkDataType),
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

  @Override
  public LayerMemoryReport getMemoryReport(InputType inputType) {
    InputType output = getOutputType(-1, inputType);
    long parameters = initializer().numParams(this);
    return new LayerMemoryReport.Builder(getLayerName(), FedParaDenseLayer.class, inputType, output)
        .standardMemory(parameters, (int) getIUpdater().stateSize(parameters))
        .workingMemory(
            getNIn() * getNOut(), 0, getNIn() * getNOut(), output.arrayElementsPerExample())
        .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
        .build();
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends FeedForwardLayer.Builder<Builder> {

    private int rank;
    private double rankRatio = 0.3;
    private boolean personal;
    private boolean hasBias = true;

    /** With the defaults. */
    public Builder() {}

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
     * Sets where the rank lies between the smallest that can give a weight of full rank (0) and the
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
     * Sets whether there is a bias.
     *
     * @param hasBias default true
     * @return this
     */
    public Builder hasBias(boolean hasBias) {
      this.hasBias = hasBias;
      return this;
    }

    @Override
    public FedParaDenseLayer build() {
      return new FedParaDenseLayer(this);
    }
  }

  /** A dense layer that makes its weight when it is asked for it. */
  private static final class Dense extends BaseLayer<FedParaDenseLayer> {

    private static final long serialVersionUID = 1L;

    Dense(NeuralNetConfiguration conf, DataType dataType) {
      super(conf, dataType);
    }

    private LowRankHadamard form() {
      return new LowRankHadamard(layerConf().isPersonal());
    }

    @Override
    public boolean isPretrainLayer() {
      return false;
    }

    @Override
    public boolean hasBias() {
      return layerConf().hasBias();
    }

    @Override
    protected INDArray getParamWithNoise(
        String param, boolean training, LayerWorkspaceMgr workspaceMgr) {
      if (!param.equals(DefaultParamInitializer.WEIGHT_KEY)) {
        return super.getParam(param);
      }
      return form()
          .weight(
              FedParaParamInitializer.factor(params, 1), FedParaParamInitializer.factor(params, 2))
          .transpose();
    }

    @Override
    public void setBackpropGradientsViewArray(INDArray gradients) {
      super.setBackpropGradientsViewArray(gradients);
      MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces();
      try (outside) {
        long[] shape = {layerConf().getNIn(), layerConf().getNOut()};
        gradientViews.put(DefaultParamInitializer.WEIGHT_KEY, Nd4j.create(dataType, shape, 'f'));
      }
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(
        INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
      INDArray below = super.backpropGradient(epsilon, workspaceMgr).getSecond();
      INDArray ofWeight = gradientViews.get(DefaultParamInitializer.WEIGHT_KEY).transpose();
      FedParaParamInitializer.gradients(form(), params, ofWeight, gradientViews);
      Gradient result = new DefaultGradient();
      params.keySet().forEach(k -> result.gradientForVariable().put(k, gradientViews.get(k)));
      return new Pair<>(result, below);
    }
  }
}
