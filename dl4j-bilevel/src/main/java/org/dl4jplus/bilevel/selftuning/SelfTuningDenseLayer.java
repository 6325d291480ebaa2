package org.dl4jplus.bilevel.selftuning;

import java.util.Map;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.NoArgsConstructor;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A dense layer that responds to hyperparameters; see {@link SelfTuningLayer}. Weights of [nIn,
 * nOut], input [batch, nIn].
 */
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public class SelfTuningDenseLayer extends SelfTuningLayer {

  private static final long serialVersionUID = 1L;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected SelfTuningDenseLayer(Builder builder) {
    super(builder);
    begin(builder);
  }

  @Override
  protected void sizes(InputType inputType, boolean override) {
    if (nIn == 0 || override) {
      nIn = inputType.arrayElementsPerExample();
    }
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    return InputType.feedForward(nOut);
  }

  @Override
  public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
    return inputType instanceof InputType.InputTypeConvolutional image
        ? new CnnToFeedForwardPreProcessor(
            image.getHeight(), image.getWidth(), image.getChannels(), image.getFormat())
        : null;
  }

  @Override
  long fanIn() {
    return nIn;
  }

  @Override
  public void defineParameters(SDLayerParams parameters) {
    parameters.clear();
    parameters.addWeightParam(WEIGHT, nIn, nOut);
    parameters.addWeightParam(RESPONSE_WEIGHT, nIn, nOut);
    parameters.addWeightParam(RESPONSE, 2 * nOut, hyperparameters);
    parameters.addBiasParam(BIAS, 1, nOut);
    parameters.addBiasParam(RESPONSE_BIAS, 1, nOut);
    parameters.addBiasParam(SCALAR, 1, 1);
  }

  @Override
  public char paramReshapeOrder(String parameter) {
    return 'f';
  }

  @Override
  protected Pass forward(
      INDArray input, INDArray mask, Map<String, INDArray> parameters, boolean training) {
    if (input.rank() != 2 || input.size(1) != nIn) {
      throw new IllegalArgumentException(
          "input must be of shape [batch, " + nIn + "]: " + input.shapeInfoToString());
    }
    Response response = respond(input.dup('c'), input.size(0), parameters);
    return new Pass() {
      @Override
      public INDArray output() {
        return response.output();
      }

      @Override
      public INDArray backward(INDArray epsilon, Map<String, INDArray> gradients) {
        return response.backward(epsilon, gradients);
      }
    };
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends SelfTuningLayer.Builder<Builder> {

    /** With the defaults. */
    public Builder() {}

    @Override
    public SelfTuningDenseLayer build() {
      return new SelfTuningDenseLayer(this);
    }
  }
}
