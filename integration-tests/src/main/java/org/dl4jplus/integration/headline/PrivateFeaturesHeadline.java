package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.privacy.DpFeaturePreprocessor;
import org.dl4jplus.privacy.noise.NoiseGrid;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Softmax regression by DP gradient descent on digits to which a constant image was added: what the
 * images have in common is all that clipped gradients see, unless it is taken off first.
 */
final class PrivateFeaturesHeadline implements Headline {

  private static final double RHO = 0.2;
  private static final int STEPS = 100;
  private static final int SEEDS = 3;
  private static final int TRAIN = 1297;
  private static final int FEATURES = Digits.PIXELS + 1;

  /** Pixels are in [0, 1], so 8 is the longest that an image can be. */
  private static final double LONGEST = 8;

  private static final double[] RATES = {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30};

  @Override
  public String name() {
    return "private-features";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    for (double offset : new double[] {0, 30, 100}) {
      double plain = error(offset, 0);
      rows.add(row(offset, plain, 1, offset == 30 ? Bar.atMost(0.3) : Bar.NONE));
      rows.add(row(offset, plain, 2, Bar.NONE));
    }
    return rows;
  }

  private static Row row(double offset, double plain, int rounds, Bar bar) {
    return Row.ratio(
        "test error, digits + constant of norm " + (int) offset + ", softmax regression, rho 0.2",
        "DP-GD",
        plain,
        "preprocessed in " + rounds + (rounds == 1 ? " round" : " rounds") + " (10% of rho)",
        error(offset, rounds),
        bar);
  }

  /** The best learning rate's mean over seeds; 0 rounds for no preprocessing. */
  private static double error(double offset, int rounds) {
    return Digits.lowest(
        rate -> Digits.mean(SEEDS, seed -> error(offset, rounds, rate, seed)), RATES);
  }

  private static double error(double offset, int rounds, double rate, int seed) {
    Digits digits = Digits.of(TRAIN, seed);
    NoiseSource noise = new SeededNoise(seed);
    for (DataSet data : List.of(digits.train(), digits.test())) {
      data.getFeatures().addi(offset / LONGEST);
    }
    double rho = RHO;
    if (rounds > 0) {
      DpFeaturePreprocessor preprocessor =
          DpFeaturePreprocessor.builder()
              .rho(RHO)
              .rounds(rounds)
              .maxNorm(LONGEST + offset)
              .records(TRAIN)
              .build();
      preprocessor.fit(digits.train(), noise);
      preprocessor.transform(digits.train());
      preprocessor.transform(digits.test());
      rho = preprocessor.trainingRho();
    }
    double[][] weights = train(digits.train(), rate, rho, noise);
    return wrong(digits.test(), weights);
  }

  /** Full batches, clip norm 1; sensitivity 1 for a record more or less. */
  private static double[][] train(DataSet data, double rate, double rho, NoiseSource noise) {
    double[][] features = data.getFeatures().toDoubleMatrix();
    double[][] labels = data.getLabels().toDoubleMatrix();
    double[][] weights = new double[Digits.CLASSES][FEATURES];
    for (int step = 0; step < STEPS; step++) {
      double[][] sum = new double[Digits.CLASSES][FEATURES];
      for (int i = 0; i < features.length; i++) {
        double[] error = softmax(weights, features[i]);
        double squares = 0;
        for (int c = 0; c < error.length; c++) {
          error[c] -= labels[i][c];
          squares += error[c] * error[c];
        }
        double length = 1;
        for (double x : features[i]) {
          length += x * x;
        }
        double factor = Math.min(1, 1 / Math.sqrt(squares * length));
        for (int c = 0; c < error.length; c++) {
          add(sum[c], factor * error[c], features[i]);
        }
      }
      for (int c = 0; c < sum.length; c++) {
        NoiseGrid.addGaussian(sum[c], Math.sqrt(STEPS / (2 * rho)), noise);
        for (int j = 0; j < FEATURES; j++) {
          weights[c][j] -= rate * sum[c][j] / features.length;
        }
      }
    }
    return weights;
  }

  private static void add(double[] sum, double factor, double[] record) {
    for (int j = 0; j < record.length; j++) {
      sum[j] += factor * record[j];
    }
    sum[record.length] += factor;
  }

  private static double[] softmax(double[][] weights, double[] record) {
    double[] scores = scores(weights, record);
    double largest = scores[best(scores)];
    double sum = 0;
    for (int c = 0; c < scores.length; c++) {
      scores[c] = Math.exp(scores[c] - largest);
      sum += scores[c];
    }
    for (int c = 0; c < scores.length; c++) {
      scores[c] /= sum;
    }
    return scores;
  }

  private static double[] scores(double[][] weights, double[] record) {
    double[] scores = new double[weights.length];
    for (int c = 0; c < scores.length; c++) {
      scores[c] = weights[c][record.length];
      for (int j = 0; j < record.length; j++) {
        scores[c] += weights[c][j] * record[j];
      }
    }
    return scores;
  }

  private static int best(double[] scores) {
    int best = 0;
    for (int c = 1; c < scores.length; c++) {
      best = scores[c] > scores[best] ? c : best;
    }
    return best;
  }

  private static double wrong(DataSet data, double[][] weights) {
    double[][] features = data.getFeatures().toDoubleMatrix();
    int[] labels = data.getLabels().argMax(1).toIntVector();
    double wrong = 0;
    for (int i = 0; i < labels.length; i++) {
      wrong += best(scores(weights, features[i])) == labels[i] ? 0 : 1;
    }
    return wrong / labels.length;
  }
}
