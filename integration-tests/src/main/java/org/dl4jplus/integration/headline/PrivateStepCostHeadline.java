package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.privacy.DpConfig;
import org.dl4jplus.privacy.DpTrainer;
import org.dl4jplus.privacy.gradient.GradientEngine;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** What a private step costs beside the plain step of the same network, in turns. */
final class PrivateStepCostHeadline implements Headline {

  private static final int BATCH = 256;
  private static final double BAR = 1.6;
  private static final double LOOP_BAR = 4;

  @Override
  public String name() {
    return "private-step-cost";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    rows(
        rows,
        "dense network 64-256-128-10",
        () -> TimedNetworks.dense(new Sgd(0.01), 64, 256, 128),
        new DataSet(Nd4j.rand(DataType.FLOAT, BATCH, 64), Digits.anyLabels(BATCH)));
    rows(
        rows,
        "convolutional network on 16x16 images",
        () -> TimedNetworks.convolutional(new Sgd(0.01), 16),
        new DataSet(Nd4j.rand(DataType.FLOAT, BATCH, 1, 16, 16), Digits.anyLabels(BATCH)));
    return rows;
  }

  private interface Build {
    MultiLayerNetwork network();
  }

  private static void rows(List<Row> rows, String what, Build build, DataSet data) {
    String claim = "median seconds of a step, batch 256, " + what;
    MultiLayerNetwork plain = build.network();
    try (DpTrainer kept = trainer(build, data, GradientEngine.AUTO, 1);
        DpTrainer silent = trainer(build, data, GradientEngine.AUTO, 0);
        DpTrainer loop = trainer(build, data, GradientEngine.LOOP, 1)) {
      Turns turns = Turns.of(40, 101, () -> plain.fit(data), () -> kept.fit(1));
      rows.add(
          Row.ratio(claim, "plain", turns.first(), "private", turns.second(), Bar.atMost(BAR)));
      turns = Turns.of(40, 101, () -> plain.fit(data), () -> silent.fit(1));
      rows.add(Row.ratio(claim, "plain", turns.first(), "without noise", turns.second(), Bar.NONE));
      turns = Turns.of(2, 9, () -> kept.fit(1), () -> loop.fit(1));
      rows.add(
          Row.ratio(
              claim,
              "book-keeping",
              turns.first(),
              "record by record",
              turns.second(),
              Bar.atLeast(LOOP_BAR)));
    }
  }

  private static DpTrainer trainer(Build build, DataSet data, GradientEngine engine, double noise) {
    return DpTrainer.attach(
        build.network(),
        DpConfig.builder()
            .noiseMultiplier(noise)
            .nonPrivate(noise == 0)
            .samplingRate(1.0)
            .gradientEngine(engine)
            .build(),
        data);
  }
}
