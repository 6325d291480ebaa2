package org.dl4jplus.integration.headline;

import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.DiceSgd;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpMechanism;
import org.dl4jplus.privacy.DpSgd;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The bias of clipping: the mean of 0, 0 and 10 by gradient descent on clipped gradients, without
 * noise, which stops where two records outvote the third.
 */
final class ErrorFeedbackHeadline implements Headline {

  private static final int STEPS = 20_000;

  @Override
  public String name() {
    return "error-feedback";
  }

  @Override
  public List<Row> measure() {
    double best = 10.0 / 3;
    // The platform's squared error has no factor 1/2: twice the clip norm at half the rate.
    double clipped = Math.abs(minimum(new DpSgd()) - best);
    double fed =
        Math.abs(
            minimum(DiceSgd.builder().analysis(DiceSgd.Analysis.PAPER).errorClipNorm(2.0).build())
                - best);
    return List.of(
        Row.ratio(
            "DiceSGD: distance from the true minimum",
            "clipped gradient descent",
            clipped,
            "DiceSGD",
            fed,
            Bar.atMost(0.05)));
  }

  private static double minimum(DpMechanism mechanism) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(0.025))
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(1)
                        .nOut(1)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    network.init();
    network.params().assign(0);
    DataSet data =
        new DataSet(
            Nd4j.ones(DataType.DOUBLE, 3, 1),
            Nd4j.create(new double[] {0, 0, 10}, new long[] {3, 1}, 'c'));
    DpConfig config =
        DpConfig.builder()
            .clipNorm(2.0)
            .samplingRate(1.0)
            .noiseMultiplier(0.0)
            .nonPrivate(true)
            .build();
    try (DpTrainer trainer =
        DpTrainer.attach(network, config, mechanism, PrivateRecords.of(data))) {
      trainer.fit(STEPS);
    }
    return network.params().getDouble(0);
  }
}
