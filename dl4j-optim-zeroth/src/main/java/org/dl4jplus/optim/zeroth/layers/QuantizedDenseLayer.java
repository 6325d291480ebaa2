package org.dl4jplus.optim.zeroth.layers;

import java.util.Collection;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.InputTypeUtil;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

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
    return new Quantization(bits, groupSize).layer(layer);
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
    return new Quantization(bits, groupSize).trained(trained);
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
    return (M) new Quantization(bits, groupSize).network(network);
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
    QuantizedDense layer = new QuantizedDense(conf, networkDataType);
    layer.setListeners(trainingListeners);
    layer.setIndex(layerIndex);
    layer.setParamsViewArray(layerParamsView);
    layer.setParamTable(initializer().init(conf, layerParamsView, initializeParams));
    layer.setConf(conf);
    layer.setIntegers(unpack());
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
    long part = Math.min(getNIn() * getNOut(), QuantizedDense.PART);
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
}
