package org.dl4jplus.optim.first.tape;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.params.ConvolutionParamInitializer;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.convolution.Convolution;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A convolution over images, or over time, which is an image one pixel wide. Its input is kept, its
 * patches are made when they are asked.
 */
final class ConvolutionCapture extends Capture implements RecordingActivation.Sink {

  private final ConvolutionLayer layer;
  private final boolean overTime;
  private INDArray inputs;
  private INDArray errors;

  ConvolutionCapture(Site site) {
    super(site);
    layer = (ConvolutionLayer) site.layer().conf().getLayer();
    overTime = layer instanceof Convolution1DLayer;
  }

  /** Null where the platform's own gradient is not right. */
  static Capture of(Site site) {
    return site.layer().conf().getLayer() instanceof Convolution1DLayer layer
            && layer.getRnnDataFormat() == RNNFormat.NWC
        ? null
        : new ConvolutionCapture(site);
  }

  @Override
  void install(Wrappers wrappers) {
    wrappers.activation((BaseLayer) site.layer().conf().getLayer(), this);
  }

  @Override
  public void error(INDArray delta) {
    INDArray input = image(site.layer().input().castTo(delta.dataType()));
    boolean channelsLast = !overTime && layer.getCnn2dDataFormat() == CNN2DFormat.NHWC;
    inputs = site.memory("input").copy(channelsLast ? input.permute(0, 3, 1, 2) : input);
    // The platform asks for the gradient in NCHW whatever the layer's format.
    errors = site.memory("error").copy(image(delta).permute(0, 2, 3, 1));
  }

  private INDArray image(INDArray array) {
    return array.rank() == 4 ? array : Nd4j.expandDims(array, 3);
  }

  @Override
  boolean heard() {
    return errors != null;
  }

  @Override
  long batch() {
    return errors.size(0);
  }

  @Override
  LayerRecord record(int examples) {
    int[] kernel = pair(layer.getKernelSize(), 1);
    long patch = inputs.size(1) * kernel[0] * kernel[1];
    return new LinearRecord(
        site.name(),
        examples,
        null,
        () -> Rows.byExample(patches(kernel), examples, patch),
        Rows.byExample(errors, examples, errors.size(3)),
        WeightLayout.of(
            site.offset(ConvolutionParamInitializer.WEIGHT_KEY),
            patch,
            site.offset(ConvolutionParamInitializer.BIAS_KEY),
            errors.size(3),
            overTime ? 'c' : 'f'),
        site.memory("scaled"));
  }

  private INDArray patches(int[] kernel) {
    int[] stride = pair(layer.getStride(), 1);
    int[] dilation = pair(layer.getDilation(), 1);
    int height = (int) errors.size(1);
    int width = (int) errors.size(2);
    INDArray image = inputs;
    int[] padding = pair(layer.getPadding(), 0);
    boolean same = layer.getConvolutionMode() == ConvolutionMode.Same;
    if (same) {
      padding =
          ConvolutionUtils.getSameModeTopLeftPadding(
              new int[] {height, width},
              new int[] {(int) inputs.size(2), (int) inputs.size(3)},
              kernel,
              stride,
              dilation);
    } else if (layer.getConvolutionMode() == ConvolutionMode.Causal) {
      padding = new int[] {0, 0};
      long before = (kernel[0] - 1L) * dilation[0];
      image =
          Nd4j.concat(
              2, Nd4j.zeros(inputs.dataType(), inputs.size(0), inputs.size(1), before, 1), inputs);
    }
    // Over time the platform reads its weights as [kernel, inputs, outputs].
    long channels = inputs.size(1);
    INDArray columns =
        Nd4j.create(
            inputs.dataType(),
            overTime
                ? new long[] {inputs.size(0), height, width, kernel[0], kernel[1], channels}
                : new long[] {inputs.size(0), height, width, channels, kernel[0], kernel[1]},
            'c');
    Convolution.im2col(
        image,
        kernel[0],
        kernel[1],
        stride[0],
        stride[1],
        padding[0],
        padding[1],
        dilation[0],
        dilation[1],
        same,
        overTime ? columns.permute(0, 5, 3, 4, 1, 2) : columns.permute(0, 3, 4, 5, 1, 2));
    return columns;
  }

  /** A layer over time may keep one number or two. */
  private int[] pair(int[] values, int second) {
    return overTime ? new int[] {values[0], second} : values;
  }
}
