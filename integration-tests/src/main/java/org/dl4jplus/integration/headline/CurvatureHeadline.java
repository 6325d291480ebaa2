package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.integration.headline.CurvatureMethods.Method;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;

/**
 * What it takes to bring digits to a training loss: steps, backward passes and seconds of every
 * second-order method beside Adam and momentum, each at its best rate.
 */
final class CurvatureHeadline implements Headline {

  private static final int TRAIN = 1400;
  private static final int BATCH = 32;
  private static final int SEEDS = 3;
  private static final int MOST_STEPS = 600;
  private static final int LOOK_EVERY = 5;
  private static final double TARGET = 0.1;

  @Override
  public String name() {
    return "curvature";
  }

  /** Means over the seeds; infinite where a seed never got there. */
  private record Effort(double steps, double passes, double seconds) {

    static final Effort NEVER =
        new Effort(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY);

    Effort plus(Effort other) {
      return new Effort(steps + other.steps, passes + other.passes, seconds + other.seconds);
    }

    Effort over(double count) {
      return new Effort(steps / count, passes / count, seconds / count);
    }
  }

  @Override
  public List<Row> measure() {
    Effort adam = best(CurvatureMethods.ADAM);
    Effort momentum = best(CurvatureMethods.MOMENTUM);
    List<Row> rows = new ArrayList<>();
    add(rows, adam, CurvatureMethods.MOMENTUM.name(), momentum, Bar.NONE);
    for (Method method : CurvatureMethods.ALL) {
      boolean claims = method.name().equals("K-FAC") || method.name().equals("Shampoo");
      add(rows, adam, method.name(), best(method), claims ? Bar.atMost(1) : Bar.NONE);
    }
    return rows;
  }

  private static void add(List<Row> rows, Effort adam, String name, Effort effort, Bar bar) {
    String to = " to training loss " + TARGET + ", best rate";
    String baseline = CurvatureMethods.ADAM.name();
    rows.add(Row.ratio("steps" + to, baseline, adam.steps(), name, effort.steps(), bar));
    rows.add(
        Row.ratio(
            "backward passes" + to, baseline, adam.passes(), name, effort.passes(), Bar.NONE));
    rows.add(Row.ratio("seconds" + to, baseline, adam.seconds(), name, effort.seconds(), Bar.NONE));
  }

  /** The rate with the fewest passes counts. */
  private static Effort best(Method method) {
    Effort best = Effort.NEVER;
    for (double rate : method.rates()) {
      Effort sum = new Effort(0, 0, 0);
      for (int seed = 1; seed <= SEEDS; seed++) {
        sum = sum.plus(train(method, rate, seed));
      }
      Effort mean = sum.over(SEEDS);
      best = mean.passes() < best.passes() ? mean : best;
    }
    return best;
  }

  private static Effort train(Method method, double rate, int seed) {
    Digits digits = Digits.of(TRAIN, seed);
    MultiLayerNetwork network =
        method.network(seed, rate, DataType.DOUBLE, Digits.PIXELS, 32, Digits.CLASSES);
    Passes passes = new Passes();
    network.addListeners(passes);
    Random order = new Random(seed);
    List<DataSet> batches = List.of();
    long nanoseconds = 0;
    for (int step = 0; step < MOST_STEPS; step++) {
      if (step % (TRAIN / BATCH) == 0) {
        batches = digits.batches(BATCH, order);
      }
      DataSet batch = batches.get(step % (TRAIN / BATCH));
      long start = System.nanoTime();
      network.fit(batch);
      nanoseconds += System.nanoTime() - start;
      if ((step + 1) % LOOK_EVERY == 0) {
        double loss = network.score(digits.train());
        if (loss <= TARGET) {
          return new Effort(step + 1, passes.count, nanoseconds / 1e9);
        }
        if (!Double.isFinite(loss)) {
          break;
        }
      }
    }
    return Effort.NEVER;
  }

  /** Every backward pass calls its listeners, those that a method asks for included. */
  private static final class Passes extends BaseTrainingListener {
    private int count;

    @Override
    public void onBackwardPass(Model model) {
      count++;
    }
  }
}
