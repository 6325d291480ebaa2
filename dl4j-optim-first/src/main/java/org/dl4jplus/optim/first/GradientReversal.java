package org.dl4jplus.optim.first;

import java.util.Collection;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.NoParamLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.AbstractLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A layer that passes its input on and turns the gradient round on the way back, so that what lies
 * before it works against what lies after it. One backward pass through the network is then the
 * vector field of a game, for {@link Extragradient}, {@link RungeKutta} and {@link
 * OptimisticGradient}.
 *
 * <pre>{@code
 * forward:  y = x          backward:  dL/dx = -lambda * dL/dy
 * }</pre>
 *
 * <p>{@code new GradientReversal(0.5)} in front of a domain classifier makes the features under it
 * say less about the domain. Field: {@code lambda} 1, at least 0; with 0 nothing flows back. Any
 * shape of input; no parameters.
 *
 * <p>Y. Ganin, V. Lempitsky: "Unsupervised Domain Adaptation by Backpropagation", arXiv 1409.7495
 * (2014).
 */
@Getter
@ToString(callSuper = true)
@EqualsAndHashCode(callSuper = true)
public final class GradientReversal extends NoParamLayer {

  private final double lambda;

  /** Reversal with lambda 1. */
  public GradientReversal() {
    this(null);
  }

  /**
   * Reversal.
   *
   * @param lambda how much flows back, at least 0; null for 1
   */
  @JsonCreator
  public GradientReversal(@JsonProperty("lambda") Double lambda) {
    this.lambda = Require.nonNegative("lambda", lambda, 1);
  }

  @Override
  public GradientReversal clone() {
    return (GradientReversal) super.clone();
  }

  @Override
  public org.deeplearning4j.nn.api.Layer instantiate(
      NeuralNetConfiguration conf,
      Collection<TrainingListener> trainingListeners,
      int layerIndex,
      INDArray layerParamsView,
      boolean initializeParams,
      DataType networkDataType) {
    Reversing layer = new Reversing(conf, networkDataType);
    layer.setListeners(trainingListeners);
    layer.setIndex(layerIndex);
    layer.setParamsViewArray(layerParamsView);
    layer.setParamTable(initializer().init(conf, layerParamsView, initializeParams));
    layer.setConf(conf);
    return layer;
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    return inputType;
  }

  @Override
  public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
    return null;
  }

  @Override
  public LayerMemoryReport getMemoryReport(InputType inputType) {
    long size = inputType.arrayElementsPerExample();
    return new LayerMemoryReport.Builder(layerName, GradientReversal.class, inputType, inputType)
        .standardMemory(0, 0)
        .workingMemory(0, 0, size, size)
        .cacheMemory(0, 0)
        .build();
  }

  /** The layer at work. */
  private static final class Reversing extends AbstractLayer<GradientReversal> {

    Reversing(NeuralNetConfiguration conf, DataType dataType) {
      super(conf, dataType);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
      assertInputSet(false);
      // A copy: what follows may change its input, which other branches read.
      return workspaceMgr.dup(ArrayType.ACTIVATIONS, input);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(
        INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
      INDArray reversed = workspaceMgr.dup(ArrayType.ACTIVATION_GRAD, epsilon);
      return new Pair<>(new DefaultGradient(), reversed.muli(-layerConf().getLambda()));
    }

    @Override
    public boolean isPretrainLayer() {
      return false;
    }

    @Override
    public void clearNoiseWeightParams() {
      // There are no weights.
    }
  }
}
