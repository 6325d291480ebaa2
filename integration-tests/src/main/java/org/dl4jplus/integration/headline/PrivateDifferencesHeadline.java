package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.privacy.Diff2;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpMechanism;
import org.dl4jplus.privacy.DpSgd;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.PrivateSpiderBoost;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * How far private gradient estimates are from the gradient: logistic regression on breast cancer
 * rows of norm 1, 100 steps on all records, the same zero-concentrated budget and learning rate for
 * all.
 */
final class PrivateDifferencesHeadline implements Headline {

  private static final int STEPS = 100;
  private static final int PERIOD = 25;

  /** Largest second derivative of the logistic loss of a row of norm 1. */
  private static final double SMOOTHNESS = 0.25;

  private static final double[] RATES = {0.05, 0.1, 0.2, 0.5};

  private final INDArray x;
  private final INDArray y;

  PrivateDifferencesHeadline() {
    DataSet data = BundledData.breastCancer();
    x = data.getFeatures().castTo(DataType.DOUBLE);
    x.subiRowVector(x.mean(0));
    x.diviRowVector(Transforms.sqrt(x.mul(x).mean(0)));
    x.diviColumnVector(x.norm2(1).reshape(new long[] {x.rows(), 1}));
    y = data.getLabels().castTo(DataType.DOUBLE).getColumn(0, true).dup();
  }

  @Override
  public String name() {
    return "private-differences";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    for (double rho : new double[] {0.05, 0.5}) {
      double plain = 0;
      double diff2 = 0;
      double spider = 0;
      for (double rate : RATES) {
        plain += error(new DpSgd(), rho, rate);
        diff2 +=
            error(
                Diff2.builder().differenceClip(SMOOTHNESS).restartEvery(PERIOD).build(), rho, rate);
        spider +=
            error(
                PrivateSpiderBoost.builder()
                    .smoothness(SMOOTHNESS)
                    .phaseLength(PERIOD)
                    .anchorBatch((double) x.rows())
                    .variationBatch((double) x.rows())
                    .build(),
                rho,
                rate);
      }
      String baseline = "DP-GD, rho " + rho;
      rows.add(
          Row.ratio(
              "DIFF2: squared error of the gradient estimate",
              baseline,
              plain / RATES.length,
              "DIFF2",
              diff2 / RATES.length,
              Bar.atMost(0.3)));
      rows.add(
          Row.ratio(
              "SpiderBoost: squared error of the gradient estimate",
              baseline,
              plain / RATES.length,
              "SpiderBoost, full batches",
              spider / RATES.length,
              Bar.atMost(0.5)));
    }
    return rows;
  }

  /** Mean of ||released - gradient||^2 over the steps. */
  private double error(DpMechanism mechanism, double rho, double rate) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .dataType(DataType.DOUBLE)
                .updater(new Sgd(rate))
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.XENT)
                        .nIn(x.columns())
                        .nOut(1)
                        .hasBias(false)
                        .activation(Activation.SIGMOID)
                        .build())
                .build());
    network.init();
    network.params().assign(0);
    DpConfig config =
        DpConfig.builder()
            .samplingRate(1.0)
            .noiseMultiplier(Math.sqrt(STEPS / (2 * rho)))
            .steps(STEPS)
            .build();
    double sum = 0;
    try (DpTrainer trainer =
        DpTrainer.attach(network, config, mechanism, PrivateRecords.of(new DataSet(x, y)))) {
      for (int t = 0; t < STEPS; t++) {
        INDArray before = network.params().dup();
        INDArray error = Transforms.sigmoid(x.mmul(before.reshape(new long[] {x.columns(), 1})));
        INDArray gradient = x.transpose().mmul(error.subi(y)).divi(x.rows());
        trainer.fit(1);
        INDArray released = before.sub(network.params()).divi(rate);
        INDArray off = released.sub(gradient.reshape(new long[] {x.columns()}));
        sum += off.mul(off).sumNumber().doubleValue();
      }
    }
    return sum / STEPS;
  }
}
