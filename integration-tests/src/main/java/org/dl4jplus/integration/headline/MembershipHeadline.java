package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.audit.AttackResult;
import org.dl4jplus.privacy.audit.CanaryQueries;
import org.dl4jplus.privacy.audit.Lira;
import org.dl4jplus.privacy.audit.ModelTrainer;
import org.dl4jplus.privacy.audit.ShadowModels;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Nesterovs;

/** Membership inference: what it finds without and with differential privacy. */
final class MembershipHeadline implements Headline {

  private static final int RECORDS = 400;
  private static final int SHADOWS = 32;
  private static final int STEPS = 200;
  private static final double RATE = 0.3;
  private static final double MOMENTUM = 0.9;

  /** Zero-concentrated privacy of all steps: epsilon is about 3 at delta 1e-4. */
  private static final double RHO = 0.283;

  private static final double SIGMA = Math.sqrt(STEPS / (2 * RHO));

  @Override
  public String name() {
    return "membership";
  }

  @Override
  public List<Row> measure() {
    DataSet records = Digits.of(RECORDS, 1).train();
    ShadowModels plain = shadows(records, MembershipHeadline::plain);
    AttackResult open = new Lira().leaveOneOut(plain);
    // The search takes all models through the network many times: half of them must do.
    ShadowModels half = plain.without(IntStream.range(SHADOWS / 2, SHADOWS).toArray());
    AttackResult direct = new Lira().leaveOneOut(half);
    AttackResult canary = new Lira().leaveOneOut(half, new CanaryQueries()::generate);
    AttackResult hidden = new Lira().leaveOneOut(shadows(records, MembershipHeadline::privately));
    String attack = "400 digits, MLP 64-64-10, 32 shadow models, LiRA: ";
    return List.of(
        Row.ratio(
            attack + "area under the curve above a coin's",
            "plain",
            open.auc() - 0.5,
            "private, epsilon 3",
            hidden.auc() - 0.5,
            Bar.atMost(0.3)),
        Row.ratio(
            attack + "true positive rate at 1% false positives",
            "plain",
            open.tprAtFpr(0.01),
            "private, epsilon 3",
            hidden.tprAtFpr(0.01),
            Bar.NONE),
        Row.ratio(
            "true positive rate at 1% false positives, 16 plain models",
            "LiRA",
            direct.tprAtFpr(0.01),
            "Canary in a Coalmine",
            canary.tprAtFpr(0.01),
            Bar.atLeast(1)),
        Row.difference(
            "area under the curve, 16 plain models",
            "LiRA",
            direct.auc(),
            "Canary in a Coalmine",
            canary.auc(),
            Bar.NONE));
  }

  private static ShadowModels shadows(DataSet records, ModelTrainer trainer) {
    return ShadowModels.train(records, trainer, SHADOWS, 1);
  }

  private static final AtomicInteger SEEDS = new AtomicInteger();

  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(SEEDS.incrementAndGet())
                .dataType(DataType.DOUBLE)
                .updater(new Nesterovs(RATE, MOMENTUM))
                .list()
                .layer(
                    new DenseLayer.Builder()
                        .nIn(Digits.PIXELS)
                        .nOut(64)
                        .activation(Activation.TANH)
                        .build())
                .layer(
                    new OutputLayer.Builder()
                        .nIn(64)
                        .nOut(Digits.CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
    network.init();
    return network;
  }

  private static MultiLayerNetwork plain(DataSet data) {
    MultiLayerNetwork network = network();
    for (int step = 0; step < STEPS; step++) {
      network.fit(data);
    }
    return network;
  }

  private static MultiLayerNetwork privately(DataSet data) {
    MultiLayerNetwork network = network();
    DpConfig config =
        DpConfig.builder().noiseMultiplier(SIGMA).samplingRate(1.0).steps(STEPS).build();
    try (DpTrainer trainer = DpTrainer.attach(network, config, data)) {
      trainer.fit();
    }
    return network;
  }
}
