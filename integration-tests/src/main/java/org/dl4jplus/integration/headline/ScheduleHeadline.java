package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.LinearDecaySchedule;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;

/** Linear decay of the learning rate against a constant rate and a cosine. */
final class ScheduleHeadline implements Headline {

  private static final int STEPS = 600;
  private static final int BATCH = 16;
  private static final int SEEDS = 3;
  private static final double[] RATES = {0.03, 0.1, 0.3, 1};

  private enum Shape {
    CONSTANT,
    COSINE,
    LINEAR
  }

  @Override
  public String name() {
    return "schedule";
  }

  @Override
  public List<Row> measure() {
    double constant = loss(Shape.CONSTANT);
    double cosine = loss(Shape.COSINE);
    double linear = loss(Shape.LINEAR);
    String claim = "final training loss of SGD, best rate";
    return List.of(
        Row.ratio(claim, "constant", constant, "linear decay", linear, Bar.atMost(0.9)),
        Row.ratio(claim, "cosine", cosine, "linear decay", linear, Bar.atMost(1.05)));
  }

  private static double loss(Shape shape) {
    return Digits.mean(SEEDS, seed -> Digits.lowest(rate -> run(shape, rate, seed), RATES));
  }

  private static double run(Shape shape, double rate, int seed) {
    Digits digits = Digits.of(1500, seed);
    MultiLayerNetwork network = Digits.network(seed, updater(shape, rate), 0, 32, 32);
    Random random = new Random(seed);
    int step = 0;
    while (step < STEPS) {
      for (DataSet batch : digits.batches(BATCH, random)) {
        if (step++ < STEPS) {
          network.fit(batch);
        }
      }
    }
    return network.score(digits.train());
  }

  private static Sgd updater(Shape shape, double rate) {
    return switch (shape) {
      case CONSTANT -> new Sgd(rate);
      case LINEAR -> new Sgd(new LinearDecaySchedule(rate, 0, STEPS));
      case COSINE -> new Sgd(new Cosine(rate));
    };
  }

  /** Half a cosine from the rate to zero: here only to be compared with. */
  private record Cosine(double rate) implements ISchedule {
    @Override
    public double valueAt(int iteration, int epoch) {
      return rate * 0.5 * (1 + Math.cos(Math.PI * Math.min(iteration, STEPS) / STEPS));
    }

    @Override
    public ISchedule clone() {
      return this;
    }
  }
}
