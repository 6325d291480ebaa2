package org.dl4jplus.integration.headline;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.ScaleBiO;
import org.dl4jplus.bilevel.task.SourceReweighting;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * Three sources of digits, one of them of use: the second has its labels shuffled, the third the
 * pixels of each image.
 */
final class ScaleBiOHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int SOURCES = 3;
  private static final int OF_EACH = 300;
  private static final int VALIDATION = 200;
  private static final int STEPS = 1500;
  private static final int DEEP_STEPS = 400;
  private static final int[] DEEP = {32, 32, 32, 32};

  @Override
  public String name() {
    return "scalebio";
  }

  @Override
  public List<Row> measure() {
    double[] figures = new double[6];
    for (int seed = 1; seed <= SEEDS; seed++) {
      Digits digits = Digits.of(SOURCES * OF_EACH + VALIDATION, seed);
      SourceReweighting task = task(digits, seed);
      ScaleBiO method =
          ScaleBiO.builder()
              .alpha(10.0)
              .lrU(0.05)
              .lrW(0.05)
              .lrLambda(0.3)
              .weightDecay(0.0)
              .updater(new Sgd())
              .build();
      BilevelTrainer trainer = new BilevelTrainer(task, method, task.startX(), task.start(), seed);
      trainer.fit(STEPS);
      figures[0] += uniform(task, digits) / SEEDS;
      figures[1] += accuracy(digits, trainer.y()) / SEEDS;
      figures[2] += accuracy(digits, trainer.state().vector("u")) / SEEDS;
      figures[3] += task.probabilities(trainer.x())[0] / SEEDS;
      figures[4] += deep(digits, seed, 0) / SEEDS;
      figures[5] += deep(digits, seed, 1) / SEEDS;
    }
    String accuracy = "test accuracy, a third of the training data clean";
    return List.of(
        Row.ratio(
            "weight of the clean source",
            "uniform",
            1.0 / SOURCES,
            "ScaleBiO",
            figures[3],
            Bar.atLeast(0.9 * SOURCES)),
        Row.ratio(accuracy, "uniform", figures[0], "ScaleBiO, w", figures[1], Bar.atLeast(1.1)),
        Row.ratio(accuracy, "uniform", figures[0], "ScaleBiO, u", figures[2], Bar.atLeast(1.1)),
        Row.ratio(
            accuracy + ", five layers",
            "all layers train",
            figures[4],
            "LISA, 1 of 3 inner layers",
            figures[5],
            Bar.atLeast(0.95)));
  }

  /** All sources' rows as one batch, the clean ones first. */
  private static DataSet sources(Digits digits, long seed) {
    Random random = new Random(seed);
    int n = SOURCES * OF_EACH;
    DataSet rows =
        Digits.rows(
            digits.train(),
            Digits.shuffled(digits.train().numExamples(), new Random(seed)).subList(0, n));
    INDArray features = rows.getFeatures().dup();
    INDArray labels = rows.getLabels().dup();
    List<Integer> order = Digits.shuffled(OF_EACH, random);
    List<Serializable> sources = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      sources.add(i / OF_EACH);
      if (i / OF_EACH == 1) {
        labels.putRow(i, rows.getLabels().getRow(OF_EACH + order.get(i - OF_EACH)));
      } else if (i / OF_EACH == 2) {
        List<Integer> pixels = Digits.shuffled(Digits.PIXELS, random);
        for (int j = 0; j < Digits.PIXELS; j++) {
          features.putScalar(i, j, rows.getFeatures().getDouble(i, pixels.get(j)));
        }
      }
    }
    DataSet data = new DataSet(features, labels);
    data.setExampleMetaData(sources);
    return data;
  }

  private static SourceReweighting task(Digits digits, long seed, int... widths) {
    List<Integer> order = Digits.shuffled(digits.train().numExamples(), new Random(seed));
    DataSet validation =
        Digits.rows(digits.train(), order.subList(SOURCES * OF_EACH, order.size()));
    return new SourceReweighting(
        network(widths),
        List.of(sources(digits, seed).toMultiDataSet()),
        SOURCES,
        List.of(validation.toMultiDataSet()),
        seed);
  }

  private static MultiLayerNetwork network(int... widths) {
    return Digits.network(1, new Sgd(1), 0, widths);
  }

  private static double accuracy(Digits digits, INDArray parameters, int... widths) {
    MultiLayerNetwork network = network(widths);
    network.setParams(parameters);
    return digits.accuracy(network);
  }

  /** The same network on all sources alike, as many steps of the rate that ScaleBiO's u has. */
  private static double uniform(SourceReweighting task, Digits digits) {
    INDArray y = Nd4j.zeros(task.dataType(), task.dimY());
    INDArray gradient = y.ulike();
    for (int k = 0; k < STEPS; k++) {
      task.lower(task.startX(), y, 0, null, gradient);
      y.subi(gradient.muli(0.5));
    }
    return accuracy(digits, y);
  }

  /** Test accuracy of a deeper network with AdamW, some of its inner layers at a time. */
  private static double deep(Digits digits, long seed, int lisaLayers) {
    SourceReweighting task = task(digits, seed, DEEP);
    ScaleBiO method =
        ScaleBiO.builder()
            .lrU(2e-3)
            .lrW(2e-3)
            .innerSteps(DEEP_STEPS)
            .updater(new Adam())
            .lisaLayers(lisaLayers)
            .seed(seed)
            .build();
    BilevelTrainer trainer = new BilevelTrainer(task, method, task.startX(), task.start(), seed);
    trainer.fit(DEEP_STEPS);
    return accuracy(digits, trainer.y(), DEEP);
  }
}
