package org.dl4jplus.ot;

import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import lombok.AccessLevel;
import lombok.NoArgsConstructor;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A layer with a forward and a backward pass of its own. It takes parameters, their initialization,
 * updaters, regularization and JSON from DL4J's SameDiff layers but builds no graph, so that
 * neither the operations without a derivative nor the doubled gradient of those layers matter.
 *
 * <p>Dropout acts on the input. Constraints are those of the builder.
 */
@NoArgsConstructor(access = AccessLevel.PROTECTED)
public abstract class ExplicitLayer extends SameDiffLayer {

  private static final long serialVersionUID = 1L;

  /** One pass forward, and what the pass back needs of it. */
  protected interface Pass {

    /**
     * The result of the pass forward.
     *
     * @return output before the activation function
     */
    INDArray output();

    /**
     * The pass back.
     *
     * @param epsilon gradient with respect to {@link #output}
     * @param gradients gets the gradient of every parameter, by assignment
     * @return gradient with respect to the input
     */
    INDArray backward(INDArray epsilon, Map<String, INDArray> gradients);
  }

  /**
   * Makes the layer. The builder's constraints are taken over by {@link #begin}.
   *
   * @param builder the settings
   */
  protected ExplicitLayer(SameDiffLayer.Builder<?> builder) {
    super(builder);
  }

  /**
   * For the end of a layer's constructor: checks the settings and takes over the constraints.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected final void begin(SameDiffLayer.Builder<?> builder) {
    validate();
    initializeConstraints(builder);
    setLayerParams(null);
  }

  /**
   * Checks the settings; called when the layer is made and again when the network is, which is
   * where one from JSON is checked.
   *
   * @throws IllegalArgumentException if a value is out of range
   */
  protected abstract void validate();

  /**
   * Runs the layer forward.
   *
   * @param input what comes from below, of the network's type
   * @param mask of shape [batch, steps], or null
   * @param parameters by name
   * @param training whether the network is trained
   * @return output and the way back; it may keep arrays it makes, but not those it is given
   */
  protected abstract Pass forward(
      INDArray input, INDArray mask, Map<String, INDArray> parameters, boolean training);

  /**
   * What follows the output.
   *
   * @return identity by default
   */
  protected IActivation activation() {
    return new ActivationIdentity();
  }

  /**
   * Learns the sizes of the input.
   *
   * @param inputType what comes from below
   * @param override whether sizes that were set are replaced
   */
  protected abstract void sizes(InputType inputType, boolean override);

  @Override
  public int hashCode() {
    // The platform's goes by the identity of the parameters' shapes, which a copy does not share.
    return Objects.hash(getLayerName(), updater, biasUpdater, regularization, regularizationBias);
  }

  @Override
  public final void setNIn(InputType inputType, boolean override) {
    sizes(inputType, override);
    // The shapes may have been asked for before.
    setLayerParams(null);
  }

  @Override
  public final SDVariable defineLayer(
      SameDiff sameDiff,
      SDVariable layerInput,
      Map<String, SDVariable> paramTable,
      SDVariable mask) {
    throw new UnsupportedOperationException(getClass().getSimpleName() + " builds no graph");
  }

  @Override
  public final Layer instantiate(
      NeuralNetConfiguration conf,
      Collection<TrainingListener> trainingListeners,
      int layerIndex,
      INDArray layerParamsView,
      boolean initializeParams,
      DataType networkDataType) {
    validate();
    return LayerSetup.of(
        new Explicit(conf, networkDataType),
        conf,
        trainingListeners,
        layerIndex,
        layerParamsView,
        initializeParams);
  }

  /** The computation. */
  private static final class Explicit extends org.deeplearning4j.nn.layers.samediff.SameDiffLayer {

    private static final long serialVersionUID = 1L;

    private transient Pass pass;
    private transient INDArray output;

    Explicit(NeuralNetConfiguration conf, DataType dataType) {
      super(conf, dataType);
    }

    private ExplicitLayer own() {
      return (ExplicitLayer) layerConf();
    }

    /** Runs outside of the workspaces, so that the way back finds its arrays. */
    private void run(boolean training) {
      MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces();
      try (outside) {
        pass = own().forward(input.castTo(dataType), maskArray, paramTable, training);
        output = pass.output();
      }
    }

    private void forget() {
      pass = null;
      output = null;
    }

    @Override
    public void setInput(INDArray input, LayerWorkspaceMgr workspaceMgr) {
      super.setInput(input, workspaceMgr);
      forget();
    }

    @Override
    public void clear() {
      super.clear();
      forget();
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
      assertInputSet(false);
      applyDropOutIfNecessary(training, workspaceMgr);
      run(training);
      INDArray result = workspaceMgr.dup(ArrayType.ACTIVATIONS, output);
      return masked(own().activation().getActivation(result, training));
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(
        INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
      assertInputSet(true);
      if (pass == null) {
        run(true);
      }
      INDArray below;
      MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces();
      try (outside) {
        INDArray upstream = masked(epsilon.castTo(dataType).dup());
        INDArray delta = own().activation().backprop(output, upstream).getFirst();
        below = pass.backward(delta, gradTable).castTo(dataType);
      }
      forget();
      Gradient result = new DefaultGradient();
      gradTable.forEach(result.gradientForVariable()::put);
      below = workspaceMgr.dup(ArrayType.ACTIVATION_GRAD, below);
      return new Pair<>(result, backpropDropOutIfPresent(below));
    }

    /** A sequence has zeros, and no gradient, where it is masked. */
    private INDArray masked(INDArray values) {
      if (maskArray == null || values.rank() != 3) {
        return values;
      }
      long[] steps = {values.size(0), 1, values.size(2)};
      return values.muli(maskArray.castTo(dataType).reshape(steps));
    }
  }
}
