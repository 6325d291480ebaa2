package org.dl4jplus.privacy.validation;

import java.util.Collection;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLambdaVertex;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

/** Losses and layers as users write them. */
final class OwnParts {

  private OwnParts() {}

  /** Each record by itself. */
  static class PlainLoss extends LossMSE {

    private static final long serialVersionUID = 1L;
  }

  /** Records of a batch attract each other. */
  static final class PairLoss extends PlainLoss {

    private static final long serialVersionUID = 1L;

    @Override
    public INDArray computeGradient(
        INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
      INDArray gradient = super.computeGradient(labels, preOutput, activation, mask);
      return gradient.addi(preOutput.subRowVector(preOutput.mean(0)));
    }
  }

  /** Keeps a mean of what it has seen. */
  static final class CenterMemoryLoss extends PlainLoss {

    private static final long serialVersionUID = 1L;

    private INDArray center;

    @Override
    public INDArray computeGradient(
        INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
      center = preOutput.mean(0).detach();
      return super.computeGradient(labels, preOutput, activation, mask);
    }
  }

  /** A dense layer that may take the batch's mean off, or keep it. */
  static final class OwnDense extends DenseLayer {

    private static final long serialVersionUID = 1L;

    private final boolean mixes;
    private final boolean remembers;

    OwnDense(boolean mixes, boolean remembers) {
      setNOut(5);
      setHasBias(true);
      setBiasInit(0);
      this.mixes = mixes;
      this.remembers = remembers;
    }

    @Override
    public org.deeplearning4j.nn.api.Layer instantiate(
        NeuralNetConfiguration conf,
        Collection<TrainingListener> listeners,
        int index,
        INDArray view,
        boolean initialize,
        DataType type) {
      Live live = new Live(conf, type);
      live.setListeners(listeners);
      live.setIndex(index);
      live.setParamsViewArray(view);
      Map<String, INDArray> table = initializer().init(conf, view, initialize);
      live.setParamTable(table);
      live.setConf(conf);
      return live;
    }
  }

  private static final class Live
      extends org.deeplearning4j.nn.layers.feedforward.dense.DenseLayer {

    private static final long serialVersionUID = 1L;

    private double mean;

    Live(NeuralNetConfiguration conf, DataType type) {
      super(conf, type);
    }

    private OwnDense own() {
      return (OwnDense) conf().getLayer();
    }

    @Override
    public Pair<org.deeplearning4j.nn.gradient.Gradient, INDArray> backpropGradient(
        INDArray epsilon, LayerWorkspaceMgr workspaces) {
      INDArray own = own().mixes ? epsilon.subRowVector(epsilon.mean(0)) : epsilon;
      if (own().remembers) {
        mean += input.meanNumber().doubleValue();
      }
      return super.backpropGradient(own, workspaces);
    }
  }

  /** Adds what is at the other end, of the batch or of the record. */
  static final class MirrorVertex extends SameDiffLambdaVertex {

    private static final long serialVersionUID = 1L;

    private final boolean mixes;

    MirrorVertex(boolean mixes) {
      this.mixes = mixes;
    }

    @Override
    public SDVariable defineVertex(SameDiff sameDiff, VertexInputs inputs) {
      SDVariable input = inputs.getInput(0);
      return input.add(sameDiff.reverse(input, mixes ? 0 : 1));
    }
  }
}
