package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

  /** One of the pictures' 16 levels. */
  private static final double GREY_LEVEL = 1.0 / 16;

  private static final double SIGMA = Math.sqrt(STEPS / (2 * RHO));

  private final AtomicInteger seeds = new AtomicInteger();

  @Override
  public String name() {
    return "membership";
  }

  @Override
  public List<Row> measure() {
    DataSet records = Digits.of(RECORDS, 1).train();
    ShadowModels plain = shadows(records, this::plain);
    AttackResult open = new Lira().leaveOneOut(plain);
    AttackResult hidden = new Lira().leaveOneOut(shadows(records, this::privately));
    String attack = "400 digits, MLP 64-64-10, 32 shadow models, LiRA: ";
    List<Row> rows = new ArrayList<>();
    rows.add(
        Row.ratio(
            attack + "area under the curve above a coin's",
            "plain",
            open.auc() - 0.5,
            "private, epsilon 3",
            hidden.auc() - 0.5,
            Bar.atMost(0.3)));
    rows.add(
        Row.ratio(
            attack + "true positive rate at 1% false positives",
            "plain",
            open.tprAtFpr(0.01),
            "private, epsilon 3",
            hidden.tprAtFpr(0.01),
            Bar.NONE));
    // The search passes through every model many times: half of them must do.
    ShadowModels half = plain.without(IntStream.range(SHADOWS / 2, SHADOWS).toArray());
    rows.addAll(canary(half, Lira.Variant.ONLINE));
    rows.addAll(canary(half, Lira.Variant.OFFLINE));
    return rows;
  }

  private static List<Row> canary(ShadowModels models, Lira.Variant variant) {
    Lira lira = Lira.builder().variant(variant).build();
    AttackResult direct = lira.leaveOneOut(models);
    CanaryQueries queries =
        CanaryQueries.builder()
            .epsilon(GREY_LEVEL)
            .offline(variant == Lira.Variant.OFFLINE)
            .build();
    AttackResult canary = lira.leaveOneOut(models, queries::generate);
    String where = ", 16 plain models, " + variant.name().toLowerCase(Locale.ROOT);
    return List.of(
        Row.ratio(
            "true positive rate at 1% false positives" + where,
            "LiRA",
            direct.tprAtFpr(0.01),
            "Canary in a Coalmine",
            canary.tprAtFpr(0.01),
            Bar.atLeast(1)),
        Row.difference(
            "area under the curve" + where,
            "LiRA",
            direct.auc(),
            "Canary in a Coalmine",
            canary.auc(),
            Bar.NONE));
  }

  private static ShadowModels shadows(DataSet records, ModelTrainer trainer) {
    return ShadowModels.train(records, trainer, SHADOWS, 1);
  }

  private MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(seeds.incrementAndGet())
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

  private MultiLayerNetwork plain(DataSet data) {
    MultiLayerNetwork network = network();
    for (int step = 0; step < STEPS; step++) {
      network.fit(data);
    }
    return network;
  }

  private MultiLayerNetwork privately(DataSet data) {
    MultiLayerNetwork network = network();
    DpConfig config =
        DpConfig.builder().noiseMultiplier(SIGMA).samplingRate(1.0).steps(STEPS).build();
    try (DpTrainer trainer = DpTrainer.attach(network, config, data)) {
      trainer.fit();
    }
    return network;
  }
}
