package org.dl4jplus.bilevel.selftuning;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.InputTypeUtil;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.convolution.Convolution;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A convolution over images [batch, nIn, height, width] that responds to hyperparameters, whose
 * scales are those of channels; see {@link SelfTuningLayer}. Weights of [nOut, nIn, kernel height,
 * kernel width]; the image is padded with zeros and windows that do not fit are left out (DL4J's
 * mode Truncate).
 */
@Getter
@Setter
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public class SelfTuningConvolutionLayer extends SelfTuningLayer {

  private static final long serialVersionUID = 1L;

  private int[] kernelSize;
  private int[] stride;
  private int[] padding;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected SelfTuningConvolutionLayer(Builder builder) {
    super(builder);
    kernelSize = builder.kernelSize;
    stride = builder.stride;
    padding = builder.padding;
    begin(builder);
  }

  @Override
  protected void validate() {
    super.validate();
    positive("kernelSize", kernelSize, 1);
    positive("stride", stride, 1);
    positive("padding", padding, 0);
  }

  private static void positive(String name, int[] pair, int low) {
    if (pair == null || pair.length != 2 || pair[0] < low || pair[1] < low) {
      throw new IllegalArgumentException(
          name + " must be two numbers of at least " + low + ": " + Arrays.toString(pair));
    }
  }

  @Override
  protected void sizes(InputType inputType, boolean override) {
    if (nIn == 0 || override) {
      nIn = image(inputType).getChannels();
    }
  }

  private InputType.InputTypeConvolutional image(InputType inputType) {
    if (!(inputType instanceof InputType.InputTypeConvolutional)) {
      throw new IllegalStateException(
          "SelfTuningConvolutionLayer " + getLayerName() + " takes images, not " + inputType);
    }
    return (InputType.InputTypeConvolutional) inputType;
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    InputType.InputTypeConvolutional image = image(inputType);
    return InputType.convolutional(size(image.getHeight(), 0), size(image.getWidth(), 1), nOut);
  }

  private long size(long before, int which) {
    long size = (before - kernelSize[which] + 2L * padding[which]) / stride[which] + 1;
    if (before + 2L * padding[which] < kernelSize[which]) {
      throw new IllegalStateException(
          "A kernel of " + kernelSize[which] + " does not fit into an image of " + before);
    }
    return size;
  }

  @Override
  public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
    return InputTypeUtil.getPreProcessorForInputTypeCnnLayers(inputType, getLayerName());
  }

  @Override
  long fanIn() {
    return nIn * kernelSize[0] * kernelSize[1];
  }

  @Override
  public void defineParameters(SDLayerParams parameters) {
    parameters.clear();
    parameters.addWeightParam(WEIGHT, nOut, nIn, kernelSize[0], kernelSize[1]);
    parameters.addWeightParam(RESPONSE_WEIGHT, nOut, nIn, kernelSize[0], kernelSize[1]);
    parameters.addWeightParam(RESPONSE, 2 * nOut, hyperparameters);
    parameters.addBiasParam(BIAS, 1, nOut);
    parameters.addBiasParam(RESPONSE_BIAS, 1, nOut);
    parameters.addBiasParam(SCALAR, 1, 1);
  }

  @Override
  public char paramReshapeOrder(String parameter) {
    return 'c';
  }

  /** The kernels as a matrix of [fanIn, nOut], a view. */
  private Map<String, INDArray> matrices(Map<String, INDArray> parameters) {
    Map<String, INDArray> matrices = new TreeMap<>(parameters);
    for (String name : new String[] {WEIGHT, RESPONSE_WEIGHT}) {
      matrices.put(name, parameters.get(name).reshape('c', nOut, fanIn()).transpose());
    }
    return matrices;
  }

  /**
   * Weight and bias of the ordinary convolution that gives the same.
   *
   * @param parameters the layer's
   * @return weight of [nOut, nIn, kernel height, kernel width], bias of [1, nOut]
   */
  INDArray[] foldedKernels(Map<String, INDArray> parameters) {
    INDArray[] folded = folded(matrices(parameters));
    folded[0] =
        folded[0].transpose().dup('c').reshape('c', nOut, nIn, kernelSize[0], kernelSize[1]);
    return folded;
  }

  @Override
  protected Pass forward(
      INDArray input, INDArray mask, Map<String, INDArray> parameters, boolean training) {
    if (input.rank() != 4 || input.size(1) != nIn) {
      throw new IllegalArgumentException(
          "input must be of shape [batch, "
              + nIn
              + ", height, width]: "
              + input.shapeInfoToString());
    }
    long batch = input.size(0);
    long height = size(input.size(2), 0);
    long width = size(input.size(3), 1);
    INDArray columns =
        Nd4j.create(
            input.dataType(),
            new long[] {batch, height, width, nIn, kernelSize[0], kernelSize[1]},
            'c');
    Convolution.im2col(
        input,
        kernelSize[0],
        kernelSize[1],
        stride[0],
        stride[1],
        padding[0],
        padding[1],
        1,
        1,
        false,
        columns.permute(0, 3, 4, 5, 1, 2));
    Response response =
        respond(columns.reshape('c', batch * height * width, fanIn()), batch, matrices(parameters));
    long[] image = {batch, height, width, nOut};
    return new Pass() {
      @Override
      public INDArray output() {
        return response.output().dup('c').reshape('c', image).permute(0, 3, 1, 2).dup('c');
      }

      @Override
      public INDArray backward(INDArray epsilon, Map<String, INDArray> gradients) {
        INDArray rows =
            epsilon.permute(0, 2, 3, 1).dup('c').reshape('c', batch * height * width, nOut);
        INDArray below =
            response
                .backward(rows, matrices(gradients))
                .dup('c')
                .reshape('c', batch, height, width, nIn, kernelSize[0], kernelSize[1])
                .permute(0, 3, 4, 5, 1, 2)
                .dup('c');
        return Convolution.col2im(
            below,
            stride[0],
            stride[1],
            padding[0],
            padding[1],
            (int) input.size(2),
            (int) input.size(3));
      }
    };
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends SelfTuningLayer.Builder<Builder> {

    private int[] kernelSize = {3, 3};
    private int[] stride = {1, 1};
    private int[] padding = {0, 0};

    /** With the defaults. */
    public Builder() {}

    /**
     * Sets the kernel.
     *
     * @param kernelSize height and width, at least 1, default 3 x 3
     * @return this
     */
    public Builder kernelSize(int... kernelSize) {
      this.kernelSize = kernelSize.clone();
      return this;
    }

    /**
     * Sets the stride.
     *
     * @param stride down and to the right, at least 1, default 1
     * @return this
     */
    public Builder stride(int... stride) {
      this.stride = stride.clone();
      return this;
    }

    /**
     * Sets the padding.
     *
     * @param padding above and below, left and right, at least 0, default 0
     * @return this
     */
    public Builder padding(int... padding) {
      this.padding = padding.clone();
      return this;
    }

    @Override
    public SelfTuningConvolutionLayer build() {
      return new SelfTuningConvolutionLayer(this);
    }
  }
}
