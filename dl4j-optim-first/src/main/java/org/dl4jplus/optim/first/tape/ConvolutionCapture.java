package org.dl4jplus.optim.first.tape;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.params.ConvolutionParamInitializer;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.convolution.Convolution;
import org.nd4j.linalg.factory.Nd4j;

/** A two-dimensional convolution: its input is kept, its patches are made when they are asked. */
final class ConvolutionCapture extends Capture implements RecordingActivation.Sink {

  private final ConvolutionLayer layer;
  private INDArray inputs;
  private INDArray errors;

  ConvolutionCapture(Site site) {
    super(site);
    layer = (ConvolutionLayer) site.layer().conf().getLayer();
  }

  @Override
  void install(Wrappers wrappers) {
    wrappers.activation((BaseLayer) site.layer().conf().getLayer(), this);
  }

  @Override
  public void error(INDArray delta) {
    INDArray input = site.layer().input().castTo(delta.dataType());
    inputs =
        site.memory("input")
            .copy(
                layer.getCnn2dDataFormat() == CNN2DFormat.NHWC ? input.permute(0, 3, 1, 2) : input);
    // The platform asks for the gradient in NCHW whatever the layer's format.
    errors = site.memory("error").copy(delta.permute(0, 2, 3, 1));
  }

  @Override
  LayerRecord record(int examples) {
    if (errors == null) {
      return null;
    }
    int[] kernel = layer.getKernelSize();
    long patch = inputs.size(1) * kernel[0] * kernel[1];
    return new LinearRecord(
        site.name(),
        examples,
        -1,
        () -> Rows.byExample(patches(kernel), examples, patch),
        Rows.byExample(errors, examples, errors.size(3)),
        WeightLayout.of(
            site.offset(ConvolutionParamInitializer.WEIGHT_KEY),
            patch,
            site.offset(ConvolutionParamInitializer.BIAS_KEY),
            errors.size(3)));
  }

  private INDArray patches(int[] kernel) {
    int[] stride = layer.getStride();
    int[] dilation = layer.getDilation();
    boolean same = layer.getConvolutionMode() == ConvolutionMode.Same;
    int height = (int) errors.size(1);
    int width = (int) errors.size(2);
    int[] padding =
        same
            ? ConvolutionUtils.getSameModeTopLeftPadding(
                new int[] {height, width},
                new int[] {(int) inputs.size(2), (int) inputs.size(3)},
                kernel,
                stride,
                dilation)
            : layer.getPadding();
    INDArray columns =
        Nd4j.create(
            inputs.dataType(),
            new long[] {inputs.size(0), height, width, inputs.size(1), kernel[0], kernel[1]},
            'c');
    Convolution.im2col(
        inputs,
        kernel[0],
        kernel[1],
        stride[0],
        stride[1],
        padding[0],
        padding[1],
        dilation[0],
        dilation[1],
        same,
        columns.permute(0, 3, 4, 5, 1, 2));
    return columns;
  }
}
