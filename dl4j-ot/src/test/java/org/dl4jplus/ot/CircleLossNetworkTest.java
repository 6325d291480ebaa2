package org.dl4jplus.ot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.ot.metric.CircleLoss;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class CircleLossNetworkTest {

  private static final int CLASSES = 3;

  private static DataSet data() {
    Nd4j.getRandom().setSeed(6);
    INDArray labels = Nd4j.create(DataType.FLOAT, 7, CLASSES);
    for (int i = 0; i < 7; i++) {
      labels.putScalar(i, i % CLASSES, 1);
    }
    return new DataSet(Nd4j.randn(DataType.FLOAT, 7, 4), labels);
  }

  private static Layer hidden() {
    return new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build();
  }

  private static NetworkChecks pairwise(CircleLossFunction loss) {
    loss.setConstantWeights(false);
    return new NetworkChecks(
        InputType.feedForward(4),
        hidden(),
        new OutputLayer.Builder(loss).nOut(2).activation(Activation.IDENTITY).build());
  }

  private static NetworkChecks classes(boolean constantWeights) {
    CosineLossCircle loss = new CosineLossCircle(0.25, 4);
    loss.setConstantWeights(constantWeights);
    return new NetworkChecks(
        InputType.feedForward(4),
        hidden(),
        new NormalizedDenseOutputLayer.Builder(loss).nOut(CLASSES).build());
  }

  @Test
  void pairwiseGradients() {
    pairwise(new LossCirclePairwise(0.25, 4)).gradients(data()).persistence(data());
  }

  @Test
  void pairwiseGradientsWithMask() {
    DataSet data = data();
    data.setLabelsMaskArray(Nd4j.createFromArray(1f, 0, 1, 1, 1, 0, 1).reshape(7, 1));
    pairwise(new LossCirclePairwise(0.25, 4)).gradients(data);
  }

  @Test
  void classGradients() {
    classes(false).gradients(data());
    classes(true).persistence(data());
  }

  @Test
  void classGradientsWithMask() {
    DataSet data = data();
    data.setLabelsMaskArray(Nd4j.createFromArray(1f, 0, 1, 1, 1, 0, 1).reshape(7, 1));
    classes(false).gradients(data);
  }

  @Test
  void scoreIsTheLossOfTheBatch() {
    MultiLayerNetwork net =
        pairwise(new LossCirclePairwise(0.25, 4)).network(DataType.DOUBLE, new Sgd(0.1));
    DataSet data = data();
    double[][] embeddings = net.output(data.getFeatures().castTo(DataType.DOUBLE)).toDoubleMatrix();
    CircleLoss loss = new CircleLoss(0.25, 4.0, null);
    double expected = loss.pairs(embeddings, new int[] {0, 1, 2, 0, 1, 2, 0}).loss();
    DataSet doubles =
        new DataSet(
            data.getFeatures().castTo(DataType.DOUBLE), data.getLabels().castTo(DataType.DOUBLE));
    assertEquals(expected, net.score(doubles), 1e-9);
    assertEquals(expected, net.scoreExamples(doubles, false).getDouble(3), 1e-9);
  }

  @Test
  void outputsAreCosines() {
    MultiLayerNetwork net = classes(true).network(DataType.FLOAT, new Sgd(0.1));
    INDArray x = data().getFeatures();
    INDArray below = net.feedForward(x).get(1);
    INDArray w = net.getLayer(1).getParam("W");
    double cosine =
        below.getRow(2).mul(w.getColumn(1)).sumNumber().doubleValue()
            / below.getRow(2).norm2Number().doubleValue()
            / w.getColumn(1).norm2Number().doubleValue();
    assertEquals(cosine, net.output(x).getDouble(2, 1), 1e-6);
    w.assign(0);
    assertEquals(Nd4j.zeros(7, CLASSES), net.output(x));
    net.fit(data());
    assertEquals(false, net.params().isNaN().any());
  }

  @Test
  void badShapesAreNamed() {
    LossCirclePairwise loss = new LossCirclePairwise();
    INDArray output = Nd4j.ones(4, 2);
    assertThrows(
        IllegalArgumentException.class,
        () -> loss.computeScore(Nd4j.ones(3, 2), output, new ActivationIdentity(), null, false));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            loss.computeScore(
                Nd4j.ones(4, 2), output, new ActivationIdentity(), Nd4j.ones(4, 2), false));
    assertThrows(IllegalArgumentException.class, () -> new LossCirclePairwise(2, 1));
    assertThrows(IllegalArgumentException.class, () -> new CosineLossCircle(0.1, 0));
  }
}
