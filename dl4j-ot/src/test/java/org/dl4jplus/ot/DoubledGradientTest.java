package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLambdaLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * The platform's fault that {@link ExplicitLayer} is there to avoid. If this fails the platform has
 * been repaired: layers may then be made of SameDiff again.
 */
class DoubledGradientTest {

  /** The identity, but for the type. */
  static final class Same extends SameDiffLambdaLayer {

    private static final long serialVersionUID = 1L;

    @Override
    public SDVariable defineLayer(SameDiff sameDiff, SDVariable layerInput) {
      return layerInput.mul(1.0);
    }

    @Override
    public InputType getOutputType(int layerIndex, InputType inputType) {
      return inputType;
    }
  }

  @Test
  void sameDiffLayersStillPassDownTwiceTheGradient() {
    INDArray plain = gradient();
    INDArray doubled = gradient(new Same());
    assertEquals(plain.mul(2), doubled);
  }

  /** The gradient of the lowest layer's weights below layers that change nothing. */
  private static INDArray gradient(Layer... between) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .seed(2)
            .dataType(DataType.DOUBLE)
            .updater(new NoOp())
            .list()
            .layer(new DenseLayer.Builder().nIn(3).nOut(2).activation(Activation.TANH).build());
    for (Layer layer : between) {
      list.layer(layer);
    }
    MultiLayerNetwork net =
        new MultiLayerNetwork(
            list.layer(
                    new OutputLayer.Builder().nIn(2).nOut(2).activation(Activation.SOFTMAX).build())
                .build());
    net.init();
    net.setInput(Nd4j.linspace(DataType.DOUBLE, -1, 0.3, 6).reshape(2, 3));
    net.setLabels(Nd4j.eye(2).castTo(DataType.DOUBLE));
    net.computeGradientAndScore();
    return net.gradient().getGradientFor("0_W").dup();
  }
}
