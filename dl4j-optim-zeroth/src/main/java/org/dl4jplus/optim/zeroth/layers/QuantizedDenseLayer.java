package org.dl4jplus.optim.zeroth.layers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.InputTypeUtil;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A dense layer whose weights are integers of 2, 4 or 8 bits, with a scale for each group of
 * consecutive inputs of each output:
 *
 * <pre>{@code
 * y = activation(x W + b),   W(i, o) = S(i / groupSize, o) q(i, o),   |q| <= 2^(bits - 1) - 1
 * }</pre>
 *
 * <p>The integers are no parameters: they lie packed in the layer's configuration, {@code packed},
 * are saved with it and never change. Parameters are the scales "S" of [groups, nOut] and the bias
 * "b" of [nOut], so that a network's vector of parameters is small, and parameters of one network
 * mean nothing to another one with other integers. L1, L2, weight decay and constraints of weights
 * act on the scales. Both passes make a part of the weights at a time, 256 Ki of them or one group.
 *
 * <p>The way here is from a trained network, {@link #quantize} or {@link #from(Layer, int, int)};
 * the rounding to the nearest is off by half a scale at most. A layer that is built as such draws
 * weights when its network is initialised and rounds these; the integers stay with the
 * configuration from then on, so that networks made of one configuration share them. Scales are
 * like any parameters: where a network is initialised anew, they are drawn, unless the layer is
 * {@code from} a trained one.
 *
 * <ul>
 *   <li>bits: 2, 4 or 8; default 4. Integers are in {-1, 0, 1}, -7..7 and -127..127
 *   <li>groupSize: inputs that share a scale, at least 1, default 128; nIn where that is smaller.
 *       The last group may be smaller
 *   <li>hasBias: default true
 *   <li>pointwise: whether it is a convolution of 1 x 1 with a stride of 1, which takes images of
 *       nIn channels and gives such of nOut, by {@code dataFormat} NCHW or NHWC; default false
 *   <li>forwardOnly: whether the pass back is refused; default false
 * </ul>
 *
 * Activation, weight initialization, initial bias, dropout and updaters are those of the platform's
 * dense layer; weight noise does not act. {@link org.dl4jplus.optim.zeroth.QZO} trains the scales
 * by losses, any updater by their gradient, the sum over a group of dL/dW q. Source: Sifeng Shang,
 * Jiayi Zhou, Chenyu Lin, Minxian Li, Kaiyang Zhou, "Fine-tuning Quantized Neural Networks with
 * Zeroth-order Optimization", arXiv 2505.13430, 2025.
 */
@Getter
@Setter
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public class QuantizedDenseLayer extends FeedForwardLayer {

  private static final long serialVersionUID = 1L;

  /** Key of the scales among the parameters. */
  public static final String SCALE_KEY = "S";

  private int bits = 4;
  private int groupSize = 128;
  private boolean hasBias = true;
  private boolean pointwise;
  private CNN2DFormat dataFormat = CNN2DFormat.NCHW;
  private boolean forwardOnly;

  /** The integers, as {@link PackedIntegers} has them; null until they are drawn. */
  private byte[] packed;

  /** Scales and bias that an initialization begins with; null where they are drawn. */
  private double[] start;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected QuantizedDenseLayer(Builder builder) {
    super(builder);
    bits = builder.bits;
    groupSize = builder.groupSize;
    hasBias = builder.hasBias;
    pointwise = builder.pointwise;
    dataFormat = builder.dataFormat;
    forwardOnly = builder.forwardOnly;
    PackedIntegers.requireForm(bits, groupSize);
    initializeConstraints(builder);
  }

  /**
   * A layer of the same form as one of the platform's, whose integers are still to be drawn.
   *
   * @param layer a dense layer without layer normalization, or a convolution of 1 x 1 with a stride
   *     of 1 and no padding
   * @param bits of an integer: 2, 4 or 8
   * @param groupSize inputs that share a scale
   * @return the layer, with the other's name, activation, dropout, updaters and regularization;
   *     constraints only of the bias
   * @throws IllegalArgumentException for another layer, and out of range
   */
  public static QuantizedDenseLayer from(FeedForwardLayer layer, int bits, int groupSize) {
    if (!fits(layer)) {
      throw new IllegalArgumentException(
          "Only a dense layer without layer normalization and a convolution of 1 x 1 with a stride"
              + " of 1 and no padding can be quantized, got "
              + layer);
    }
    if (layer instanceof ConvolutionLayer convolution) {
      QuantizedDenseLayer result = like(layer, convolution.hasBias(), bits, groupSize);
      result.pointwise = true;
      result.dataFormat = convolution.getCnn2dDataFormat();
      return result;
    }
    return like(layer, ((DenseLayer) layer).hasBias(), bits, groupSize);
  }

  private static boolean fits(Object layer) {
    if (layer instanceof ConvolutionLayer convolution) {
      return layer.getClass() == ConvolutionLayer.class
          && Arrays.equals(convolution.getKernelSize(), new int[] {1, 1})
          && Arrays.equals(convolution.getStride(), new int[] {1, 1})
          && Arrays.equals(convolution.getPadding(), new int[] {0, 0});
    }
    return layer instanceof DenseLayer dense && !dense.hasLayerNorm();
  }

  /**
   * A layer that begins where a trained layer is: a network that it is put into starts from these
   * scales and this bias.
   *
   * @param trained a layer of an initialised network, of a kind as above
   * @param bits of an integer: 2, 4 or 8
   * @param groupSize inputs that share a scale
   * @return the layer
   * @throws IllegalArgumentException for another layer, for weights that are not finite, and out of
   *     range
   */
  public static QuantizedDenseLayer from(Layer trained, int bits, int groupSize) {
    if (!(trained.conf().getLayer() instanceof FeedForwardLayer layer)) {
      throw new IllegalArgumentException(
          "Only a dense layer can be quantized, got "
              + trained.conf().getLayer().getClass().getSimpleName());
    }
    QuantizedDenseLayer result = from(layer, bits, groupSize);
    result.begin(trained);
    return result;
  }

  private static QuantizedDenseLayer like(
      FeedForwardLayer layer, boolean hasBias, int bits, int groupSize) {
    Builder builder = new Builder().bits(bits).groupSize(groupSize).hasBias(hasBias);
    builder.name(layer.getLayerName()).activation(layer.getActivationFn());
    builder.setNIn(layer.getNIn());
    builder.setNOut(layer.getNOut());
    builder.setWeightInitFn(layer.getWeightInitFn());
    builder.setBiasInit(layer.getBiasInit());
    builder.setIupdater(layer.getIUpdater());
    builder.setBiasUpdater(layer.getBiasUpdater());
    builder.setRegularization(layer.getRegularization());
    builder.setRegularizationBias(layer.getRegularizationBias());
    builder.setGradientNormalization(layer.getGradientNormalization());
    builder.setGradientNormalizationThreshold(layer.getGradientNormalizationThreshold());
    builder.setIDropout(layer.getIDropout());
    QuantizedDenseLayer result = builder.build();
    List<LayerConstraint> kept = new ArrayList<>();
    for (LayerConstraint constraint : orNone(layer.getConstraints())) {
      if (hasBias && constraint.getParams().contains(QuantizedParamInitializer.BIAS)) {
        LayerConstraint own = constraint.clone();
        own.setParams(Set.of(QuantizedParamInitializer.BIAS));
        kept.add(own);
      }
    }
    result.setConstraints(kept.isEmpty() ? null : kept);
    return result;
  }

  private static List<LayerConstraint> orNone(List<LayerConstraint> constraints) {
    return constraints == null ? List.of() : constraints;
  }

  /** Takes integers, scales and bias from trained weights. */
  private void begin(Layer trained) {
    INDArray weights = trained.getParam(DefaultParamInitializer.WEIGHT_KEY);
    // Output by output: [in, out], or [out, in, 1, 1].
    char order = pointwise ? 'c' : 'f';
    start = new double[Math.toIntExact(initializer().numParams(this))];
    packed =
        PackedIntegers.of(
                weights.dup(order).data().asDouble(),
                (int) getNOut(),
                bits,
                usedGroupSize(),
                start,
                weights.dataType())
            .packed();
    if (hasBias) {
      double[] bias = trained.getParam(DefaultParamInitializer.BIAS_KEY).dup().data().asDouble();
      System.arraycopy(bias, 0, start, start.length - bias.length, bias.length);
    }
  }

  /**
   * Quantizes a trained network: every dense layer without layer normalization and every
   * convolution of 1 x 1 with a stride of 1 and no padding, frozen ones included, is replaced;
   * output layers and all others stay as they are.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph; not changed
   * @param bits of an integer: 2, 4 or 8
   * @param groupSize inputs that share a scale
   * @param <M> kind of network
   * @return a new network with the same counts of iterations and epochs, without updater state
   * @throws IllegalArgumentException if there is no such layer, for weights that are not finite,
   *     and out of range
   */
  @SuppressWarnings("unchecked")
  public static <M extends Model> M quantize(M network, int bits, int groupSize) {
    PackedIntegers.requireForm(bits, groupSize);
    List<INDArray> parameters = new ArrayList<>();
    int found = 0;
    Model result;
    if (network instanceof MultiLayerNetwork layers) {
      MultiLayerConfiguration conf = layers.getLayerWiseConfigurations().clone();
      for (Layer layer : layers.getLayers()) {
        NeuralNetConfiguration own = conf.getConf(layer.getIndex());
        found += replace(own, layer, bits, groupSize, parameters);
      }
      requireReplaced(found);
      MultiLayerNetwork made = new MultiLayerNetwork(conf);
      made.init(Nd4j.concat(0, parameters.toArray(INDArray[]::new)), false);
      result = made;
    } else if (network instanceof ComputationGraph graph) {
      ComputationGraphConfiguration conf = graph.getConfiguration().clone();
      for (int index : graph.topologicalSortOrder()) {
        GraphVertex vertex = graph.getVertices()[index];
        if (conf.getVertices().get(vertex.getVertexName()) instanceof LayerVertex own) {
          found += replace(own.getLayerConf(), vertex.getLayer(), bits, groupSize, parameters);
        } else if (vertex.numParams() > 0) {
          parameters.add(vertex.params().reshape(vertex.numParams()));
        }
      }
      requireReplaced(found);
      ComputationGraph made = new ComputationGraph(conf);
      made.init(Nd4j.concat(0, parameters.toArray(INDArray[]::new)), false);
      result = made;
    } else {
      throw new IllegalArgumentException(
          "network must be a MultiLayerNetwork or a ComputationGraph, got "
              + (network == null ? null : network.getClass().getName()));
    }
    return (M) result;
  }

  private static void requireReplaced(int found) {
    if (found == 0) {
      throw new IllegalArgumentException("The network has no dense layer to quantize");
    }
  }

  /** Replaces a layer's configuration where it can, and adds the parameters of what is there. */
  private static int replace(
      NeuralNetConfiguration conf,
      Layer layer,
      int bits,
      int groupSize,
      List<INDArray> parameters) {
    boolean frozen = conf.getLayer() instanceof FrozenLayer;
    var inner = frozen ? ((FrozenLayer) conf.getLayer()).getLayer() : conf.getLayer();
    if (!fits(inner)) {
      if (layer.numParams() > 0) {
        parameters.add(layer.params().reshape(layer.numParams()));
      }
      return 0;
    }
    QuantizedDenseLayer own = from((FeedForwardLayer) inner, bits, groupSize);
    own.begin(layer);
    INDArray values = Nd4j.createFromArray(own.start).castTo(layer.params().dataType());
    // The network's parameters have them.
    own.start = null;
    conf.clearVariables();
    conf.setLayer(frozen ? new FrozenLayer(own) : own);
    parameters.add(values);
    return 1;
  }

  /**
   * The integers.
   *
   * @return an INT8 array of [nIn, nOut], a copy
   * @throws IllegalStateException before they are drawn
   */
  public INDArray integers() {
    PackedIntegers integers = unpack();
    int nIn = integers.inputs();
    int nOut = integers.outputs();
    byte[] values = new byte[Math.multiplyExact(nIn, nOut)];
    for (int i = 0; i < nIn; i++) {
      for (int o = 0; o < nOut; o++) {
        values[i * nOut + o] = (byte) integers.get(i, o);
      }
    }
    return Nd4j.createFromArray(values).reshape('c', new long[] {nIn, nOut});
  }

  private PackedIntegers unpack() {
    if (packed == null) {
      throw new IllegalStateException(
          "Layer "
              + getLayerName()
              + " has no integers: they come with a configuration that was initialised once, or"
              + " from a trained layer");
    }
    return new PackedIntegers((int) getNIn(), (int) getNOut(), bits, usedGroupSize(), packed);
  }

  int usedGroupSize() {
    return (int) Math.max(1, Math.min(groupSize, getNIn()));
  }

  long groups() {
    return (getNIn() + usedGroupSize() - 1) / usedGroupSize();
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    if (!pointwise) {
      return super.getOutputType(layerIndex, inputType);
    }
    InputType.InputTypeConvolutional images = images(inputType);
    return InputType.convolutional(images.getHeight(), images.getWidth(), getNOut(), dataFormat);
  }

  @Override
  public void setNIn(InputType inputType, boolean override) {
    if (!pointwise) {
      super.setNIn(inputType, override);
      return;
    }
    InputType.InputTypeConvolutional images = images(inputType);
    if (getNIn() <= 0 || override) {
      setNIn(images.getChannels());
      dataFormat = images.getFormat();
    }
  }

  private InputType.InputTypeConvolutional images(InputType inputType) {
    if (inputType instanceof InputType.InputTypeConvolutional images) {
      return images;
    }
    throw new IllegalStateException(
        "Layer " + getLayerName() + " is pointwise and takes images, got " + inputType);
  }

  @Override
  public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
    return pointwise
        ? InputTypeUtil.getPreProcessorForInputTypeCnnLayers(inputType, getLayerName())
        : super.getPreProcessorForInputType(inputType);
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
    PackedIntegers.requireForm(bits, groupSize);
    if (start != null) {
      long expected = initializer().numParams(this);
      Require.check(start.length == expected, "numbers in start", start.length, "" + expected);
    }
    Dense layer = new Dense(conf, networkDataType);
    layer.setListeners(trainingListeners);
    layer.setIndex(layerIndex);
    layer.setParamsViewArray(layerParamsView);
    layer.setParamTable(initializer().init(conf, layerParamsView, initializeParams));
    layer.setConf(conf);
    layer.integers = unpack();
    return layer;
  }

  @Override
  public ParamInitializer initializer() {
    return QuantizedParamInitializer.INSTANCE;
  }

  @Override
  public LayerMemoryReport getMemoryReport(InputType inputType) {
    InputType output = getOutputType(-1, inputType);
    long parameters = initializer().numParams(this);
    // The integers, in numbers of four bytes.
    long integers = getNIn() * getNOut() * bits / Integer.SIZE;
    long part = Math.min(getNIn() * getNOut(), Dense.PART);
    return new LayerMemoryReport.Builder(
            getLayerName(), QuantizedDenseLayer.class, inputType, output)
        .standardMemory(parameters + integers, (int) getIUpdater().stateSize(parameters))
        .workingMemory(part, 0, part, output.arrayElementsPerExample())
        .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
        .build();
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends FeedForwardLayer.Builder<Builder> {

    private int bits = 4;
    private int groupSize = 128;
    private boolean hasBias = true;
    private boolean pointwise;
    private CNN2DFormat dataFormat = CNN2DFormat.NCHW;
    private boolean forwardOnly;

    /** With the defaults. */
    public Builder() {}

    /**
     * Sets the size of an integer.
     *
     * @param bits 2, 4 or 8; default 4
     * @return this
     */
    public Builder bits(int bits) {
      this.bits = bits;
      return this;
    }

    /**
     * Sets how many inputs share a scale.
     *
     * @param groupSize at least 1; default 128
     * @return this
     */
    public Builder groupSize(int groupSize) {
      this.groupSize = groupSize;
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

    /**
     * Sets whether it is a convolution of 1 x 1.
     *
     * @param pointwise default false
     * @return this
     */
    public Builder pointwise(boolean pointwise) {
      this.pointwise = pointwise;
      return this;
    }

    /**
     * Sets the format of images, where the input's type does not.
     *
     * @param dataFormat default NCHW
     * @return this
     */
    public Builder dataFormat(CNN2DFormat dataFormat) {
      this.dataFormat = dataFormat;
      return this;
    }

    /**
     * Sets whether the pass back is refused.
     *
     * @param forwardOnly default false
     * @return this
     */
    public Builder forwardOnly(boolean forwardOnly) {
      this.forwardOnly = forwardOnly;
      return this;
    }

    @Override
    public QuantizedDenseLayer build() {
      return new QuantizedDenseLayer(this);
    }
  }

  /** The computation, a part of the inputs at a time. */
  private static final class Dense extends BaseLayer<QuantizedDenseLayer> {

    private static final long serialVersionUID = 1L;

    /** Weights that are made at a time, unless a group has more. */
    private static final long PART = 1 << 18;

    private transient PackedIntegers integers;

    /** A part of the weights, and of their gradient; kept from pass to pass. */
    private transient INDArray part;

    private transient INDArray partGradient;
    private transient float[] floats;
    private transient double[] doubles;

    Dense(NeuralNetConfiguration conf, DataType dataType) {
      super(conf, dataType);
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
      return params.get(SCALE_KEY).dup('c').data().asDouble();
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
        if (view.getKey().equals(SCALE_KEY)) {
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
}
