package org.dl4jplus.optim.zeroth.layers;

import java.util.Arrays;
import java.util.Map;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A {@link QuantizedDenseLayer} in a network; computes with a part of the inputs at a time. */
final class QuantizedDense extends BaseLayer<QuantizedDenseLayer> {

  private static final long serialVersionUID = 1L;

  /** Weights that are made at a time, unless a group has more. */
  static final long PART = 1 << 18;

  private transient PackedIntegers integers;

  /** A part of the weights, and of their gradient; kept from pass to pass. */
  private transient INDArray part;

  private transient INDArray partGradient;
  private transient float[] floats;
  private transient double[] doubles;

  QuantizedDense(NeuralNetConfiguration conf, DataType dataType) {
    super(conf, dataType);
  }

  void setIntegers(PackedIntegers integers) {
    this.integers = integers;
  }

  @Override
  public boolean isPretrainLayer() {
    return false;
  }

  @Override
  public boolean hasBias() {
    return layerConf().isHasBias();
  }

  @Override
  public void setParams(INDArray params) {
    if (params != paramsFlattened) {
      setParams(params, 'c');
    }
  }

  /** Groups that are made at a time. */
  private int step() {
    long group = (long) integers.groupSize() * integers.outputs();
    return (int) Math.max(1, Math.min(integers.groups(), PART / group));
  }

  private double[] scales() {
    return params.get(QuantizedDenseLayer.SCALE_KEY).dup('c').data().asDouble();
  }

  /** The weights of some groups, [inputs, outputs] in the order of a dense layer's. */
  private INDArray weights(double[] scales, int from, int to) {
    part = part == null ? buffer() : part;
    INDArray view = view(part, from, to);
    int length = (int) view.length();
    if (dataType == DataType.DOUBLE) {
      doubles = doubles == null ? new double[(int) part.length()] : doubles;
      integers.weights(scales, from, to, doubles);
      if (Perturber.isCpu(part.data())) {
        part.data().asNioDouble().put(doubles, 0, length);
      } else {
        view.assign(Nd4j.create(Arrays.copyOf(doubles, length), view.shape(), 'f'));
      }
    } else {
      floats = floats == null ? new float[(int) part.length()] : floats;
      integers.weights(scales, from, to, floats);
      if (dataType == DataType.FLOAT && Perturber.isCpu(part.data())) {
        part.data().asNioFloat().put(floats, 0, length);
      } else {
        view.assign(Nd4j.create(Arrays.copyOf(floats, length), view.shape(), 'f'));
      }
    }
    return view;
  }

  @SuppressWarnings("try") // The scope is left by closing it.
  private INDArray buffer() {
    try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
      return Nd4j.create(dataType, (long) integers.firstInput(step()) * integers.outputs());
    }
  }

  private INDArray view(INDArray buffer, int from, int to) {
    long[] shape = {integers.firstInput(to) - integers.firstInput(from), integers.outputs()};
    return buffer.get(NDArrayIndex.interval(0, shape[0] * shape[1])).reshape('f', shape);
  }

  private INDArray inputs(INDArray values, int from, int to) {
    return from == 0 && to == integers.groups()
        ? values
        : values.get(
            NDArrayIndex.all(),
            NDArrayIndex.interval(integers.firstInput(from), integers.firstInput(to)));
  }

  private boolean channelsLast() {
    return layerConf().getDataFormat() == CNN2DFormat.NHWC;
  }

  /** The input, or the pixels of images, one in each row. */
  private INDArray inputRows() {
    boolean pointwise = layerConf().isPointwise();
    int rank = pointwise ? 4 : 2;
    int axis = pointwise && channelsLast() ? 3 : 1;
    if (input.rank() != rank || input.size(axis) != integers.inputs()) {
      String expected = "[batch, " + integers.inputs() + "]";
      if (pointwise) {
        expected = "rank 4 with " + integers.inputs() + " channels in axis " + axis;
      }
      throw new DL4JInvalidInputException(
          "Input must be of "
              + expected
              + ", got "
              + Arrays.toString(input.shape())
              + " "
              + layerId());
    }
    INDArray x = input.castTo(dataType);
    return pointwise ? rows(x) : x;
  }

  private INDArray rows(INDArray images) {
    INDArray last = channelsLast() ? images : images.permute(0, 2, 3, 1);
    long channels = last.size(3);
    return last.dup('c').reshape('c', new long[] {last.length() / channels, channels});
  }

  /** Images of the input's height and width. */
  private INDArray images(INDArray rows) {
    int height = channelsLast() ? 1 : 2;
    long[] shape = {input.size(0), input.size(height), input.size(height + 1), rows.size(1)};
    INDArray last = rows.dup('c').reshape('c', shape);
    return channelsLast() ? last : last.permute(0, 3, 1, 2);
  }

  @Override
  public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
    INDArray result = super.activate(training, workspaceMgr);
    return layerConf().isPointwise()
        ? workspaceMgr.dup(ArrayType.ACTIVATIONS, images(result), 'c')
        : result;
  }

  @Override
  public Pair<INDArray, MaskState> feedForwardMaskArray(
      INDArray maskArray, MaskState currentMaskState, int minibatchSize) {
    // Pixels are not masked, as in the platform's convolutions.
    return layerConf().isPointwise()
        ? new Pair<>(maskArray, currentMaskState)
        : super.feedForwardMaskArray(maskArray, currentMaskState, minibatchSize);
  }

  @Override
  protected Pair<INDArray, INDArray> preOutputWithPreNorm(
      boolean training, boolean forBackprop, LayerWorkspaceMgr workspaceMgr) {
    assertInputSet(forBackprop);
    applyDropOutIfNecessary(training, workspaceMgr);
    INDArray x = inputRows();
    long[] shape = {x.size(0), integers.outputs()};
    INDArray z = workspaceMgr.createUninitialized(ArrayType.ACTIVATIONS, dataType, shape, 'f');
    double[] scales = scales();
    for (int from = 0; from < integers.groups(); from += step()) {
      int to = Math.min(from + step(), integers.groups());
      Nd4j.gemm(
          inputs(x, from, to), weights(scales, from, to), z, false, false, 1, from == 0 ? 0 : 1);
    }
    if (hasBias()) {
      z.addiRowVector(params.get(QuantizedParamInitializer.BIAS));
    }
    if (maskArray != null) {
      applyMask(z);
    }
    return new Pair<>(z, z);
  }

  @Override
  public Pair<Gradient, INDArray> backpropGradient(
      INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
    if (layerConf().isForwardOnly()) {
      throw new UnsupportedOperationException(
          "This layer is forward only: train with ZerothOrder.attach " + layerId());
    }
    INDArray z = preOutputWithPreNorm(true, true, workspaceMgr).getFirst();
    INDArray upstream = layerConf().isPointwise() ? rows(epsilon) : epsilon;
    INDArray delta = layerConf().getActivationFn().backprop(z, upstream).getFirst();
    if (maskArray != null) {
      applyMask(delta);
    }
    INDArray x = inputRows();
    INDArray below =
        workspaceMgr.createUninitialized(ArrayType.ACTIVATION_GRAD, dataType, x.shape(), 'f');
    double[] scales = scales();
    double[] ofScales = new double[scales.length];
    for (int from = 0; from < integers.groups(); from += step()) {
      int to = Math.min(from + step(), integers.groups());
      INDArray weights = weights(scales, from, to);
      Nd4j.gemm(delta, weights, inputs(below, from, to), false, true, 1, 0);
      partGradient = partGradient == null ? buffer() : partGradient;
      Nd4j.gemm(inputs(x, from, to), delta, view(partGradient, from, to), true, false, 1, 0);
      integers.scaleGradient(partGradient.data().asDouble(), from, to, ofScales);
    }
    Gradient result = new DefaultGradient();
    for (Map.Entry<String, INDArray> view : gradientViews.entrySet()) {
      if (view.getKey().equals(QuantizedDenseLayer.SCALE_KEY)) {
        long[] shape = view.getValue().shape();
        view.getValue().assign(Nd4j.createFromArray(ofScales).reshape('c', shape));
      } else {
        delta.sum(view.getValue(), 0);
      }
      result.gradientForVariable().put(view.getKey(), view.getValue());
    }
    if (layerConf().isPointwise()) {
      below = workspaceMgr.dup(ArrayType.ACTIVATION_GRAD, images(below), 'c');
    }
    return new Pair<>(result, backpropDropOutIfPresent(below));
  }
}
