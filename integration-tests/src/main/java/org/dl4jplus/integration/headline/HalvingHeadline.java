package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.generator.RandomSearchGenerator;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.search.AshaGenerator;
import org.dl4jplus.bilevel.search.TrainingPart;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Successive halving on networks for digits, 500 images to learn from and 500 to score. Networks
 * stay in memory between the stretches of their training, which resumes them exactly.
 */
final class HalvingHeadline implements Headline {

  private static final int SEEDS = 8;
  private static final int EXAMPLES = 500;
  private static final int MOST_EPOCHS = 27;

  /** Full trainings that both searches may pay for, in the first comparison and the second. */
  private static final int FEW = 6;

  private static final int MANY = 27;

  /** Random search, too, looks at its networks after 1, 3, 9 and 27 epochs. */
  private static final int[] FURTHER_EPOCHS = {1, 2, 6, 18};

  @Override
  public String name() {
    return "asha";
  }

  @Override
  public List<Row> measure() {
    double randomError = 0;
    double ashaError = 0;
    double configurations = 0;
    double[] spent = new double[SEEDS];
    double ended = 0;
    double target = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      Data data = Data.of(seed);
      List<Double> full = random(data, seed);
      double few = full.subList(0, FEW).stream().mapToDouble(a -> a).max().orElseThrow();
      double many = full.stream().mapToDouble(a -> a).max().orElseThrow();
      Run asha = new Run(data, seed);
      asha.until(FEW * MOST_EPOCHS, Double.POSITIVE_INFINITY);
      randomError += (1 - few) / SEEDS;
      ashaError += (1 - asha.best) / SEEDS;
      configurations += asha.networks.size() / (double) SEEDS;
      asha.until(MANY * MOST_EPOCHS, many);
      spent[seed] = asha.generator.spent() / (double) (MANY * MOST_EPOCHS);
      target += (1 - many) / SEEDS;
      ended += (1 - asha.best) / SEEDS;
    }
    return List.of(
        Row.ratio(
            "best validation error of a network for digits, epochs of 6 full trainings, mean of 8"
                + " seeds",
            "random search",
            randomError,
            "ASHA",
            ashaError,
            Bar.atMost(0.95)),
        Row.ratio(
            "configurations seen in that budget",
            "random search",
            FEW,
            "ASHA",
            configurations,
            Bar.atLeast(4)),
        Row.ratio(
            "epochs until the best of 27 full trainings is reached, as a share of theirs, median of"
                + " 8 seeds",
            "random search",
            1,
            "ASHA",
            NamedSpace.median(spent),
            Bar.atMost(1 / 3.0)),
        Row.ratio(
            "validation error at that point, mean",
            "random search, 27 full trainings",
            target,
            "ASHA",
            ended,
            Bar.NONE));
  }

  private static NamedSpace space() {
    return new NamedSpace()
        .with("width", new IntegerParameterSpace(8, 128))
        .withLog("rate", 1e-5, Math.pow(10, -0.5))
        .withLog("decay", 1e-6, 1e-1)
        .with("batch", new DiscreteParameterSpace<>(16, 32, 64, 128));
  }

  private record Data(DataSet train, DataSet validation) {

    static Data of(int seed) {
      Digits digits = Digits.of(EXAMPLES, 100 + seed);
      List<Integer> first = new ArrayList<>();
      for (int i = 0; i < EXAMPLES; i++) {
        first.add(i);
      }
      return new Data(digits.train(), Digits.rows(digits.test(), first));
    }
  }

  /** A network under training. */
  private static final class Training {

    private final Digits digits;
    private final MultiLayerNetwork network;
    private final int batch;
    private final Random order;

    Training(Data data, Candidate<?> candidate, int seed) {
      digits = new Digits(data.train(), data.validation());
      network =
          Digits.network(
              seed,
              new Adam(NamedSpace.number(candidate, "rate")),
              NamedSpace.number(candidate, "decay"),
              (int) NamedSpace.number(candidate, "width"));
      batch = (int) NamedSpace.number(candidate, "batch");
      order = new Random(seed);
    }

    double accuracy(int epochs) {
      for (int i = 0; i < epochs; i++) {
        digits.batches(batch, order).forEach(network::fit);
      }
      return digits.accuracy(network);
    }
  }

  /** The best accuracies of random configurations that are all trained to the end. */
  private static List<Double> random(Data data, int seed) {
    RandomSearchGenerator generator = new RandomSearchGenerator(space());
    generator.setRngSeed(1000 + seed);
    List<Double> accuracies = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      Training training = new Training(data, generator.getCandidate(), 1 + i);
      double best = 0;
      for (int budget : FURTHER_EPOCHS) {
        best = Math.max(best, training.accuracy(budget));
      }
      accuracies.add(best);
    }
    return accuracies;
  }

  private static final class Run {

    private final Data data;
    private final Map<Integer, Training> networks = new HashMap<>();
    private final AshaGenerator generator;
    private double best;

    Run(Data data, int seed) {
      this.data = data;
      generator =
          AshaGenerator.builder()
              .parameterSpace(space())
              .minimize(false)
              .maxResource(MOST_EPOCHS)
              .build();
      generator.setRngSeed(seed);
    }

    void until(int epochs, double accuracy) {
      while (generator.spent() < epochs && best < accuracy) {
        Candidate<?> candidate = generator.getCandidate();
        TrainingPart part = TrainingPart.of(candidate.getDataParameters());
        Training training =
            networks.computeIfAbsent(part.trial(), t -> new Training(data, candidate, 1 + t));
        double score = training.accuracy(part.budget());
        best = Math.max(best, score);
        NamedSpace.report(generator, candidate, score, null);
      }
    }
  }
}
