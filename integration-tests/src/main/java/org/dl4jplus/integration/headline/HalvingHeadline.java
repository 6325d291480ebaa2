package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.generator.RandomSearchGenerator;
import org.deeplearning4j.arbiter.optimize.parameter.discrete.DiscreteParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.bilevel.search.AshaGenerator;
import org.dl4jplus.bilevel.search.TrainingPart;
import org.dl4jplus.integration.headline.DigitsTable.Setting;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Successive halving on networks for digits, 500 images to learn from and 500 to score, which stay
 * in memory between the stretches of their training and so resume exactly; and on tabulated
 * trainings, where many searches cost nothing.
 */
final class HalvingHeadline implements Headline {

  private static final int SEEDS = 8;
  private static final int EXAMPLES = 500;
  private static final int MOST_EPOCHS = DigitsTable.LAST_EPOCH;

  /** Full trainings that both searches may pay for. */
  private static final int FEW = 6;

  /** Full trainings of random search whose best is to be reached in the table. */
  private static final int MANY = 27;

  private static final int TABLE_SEEDS = 40;

  /** Random search, too, looks at its networks after 1, 3, 9 and 27 epochs. */
  private static final int[] LOOKS = {1, 3, 9, MOST_EPOCHS};

  @Override
  public String name() {
    return "asha";
  }

  @Override
  public List<Row> measure() {
    double randomError = 0;
    double ashaError = 0;
    double configurations = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      Data data = Data.of(seed);
      randomError += (1 - random(data, seed)) / SEEDS;
      Map<Integer, Training> networks = new HashMap<>();
      ashaError += (1 - asha(data, seed, networks)) / SEEDS;
      configurations += networks.size() / (double) SEEDS;
    }
    DigitsTable table = DigitsTable.read();
    double[] shares =
        IntStream.rangeClosed(1, TABLE_SEEDS).mapToDouble(s -> share(table, s)).toArray();
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
            "tabulated digits: epochs until the best of 27 full trainings is reached, as a share of"
                + " theirs, median of 40 seeds",
            "random search",
            1,
            "ASHA",
            Searches.median(shares),
            Bar.atMost(1 / 3.0)),
        Row.ratio(
            "the same: share of the seeds in which all epochs of the 27 were not enough",
            "random search",
            1,
            "ASHA",
            Arrays.stream(shares).filter(share -> share > 1).count() / (double) TABLE_SEEDS,
            Bar.NONE));
  }

  /** The share of the epochs of random search's full trainings; infinity for all and more. */
  private static double share(DigitsTable table, long seed) {
    RandomSearchGenerator random = new RandomSearchGenerator(new DigitsTable.Space(), null);
    random.setRngSeed(1000 + seed);
    double target = 1;
    for (int i = 0; i < MANY; i++) {
      Setting setting = (Setting) random.getCandidate().getValue();
      for (int epochs : LOOKS) {
        target = Math.min(target, table.error(setting, epochs));
      }
    }
    AshaGenerator asha =
        AshaGenerator.builder()
            .parameterSpace(new DigitsTable.Space())
            .minimize(true)
            .maxResource(MOST_EPOCHS)
            .build();
    asha.setRngSeed(seed);
    Map<Integer, Integer> epochs = new HashMap<>();
    double best = 1;
    while (best > target && asha.spent() < MANY * MOST_EPOCHS) {
      Candidate<?> candidate = asha.getCandidate();
      TrainingPart part = TrainingPart.of(candidate.getDataParameters());
      int trained = epochs.merge(part.trial(), part.budget(), Integer::sum);
      double error = table.error((Setting) candidate.getValue(), trained);
      best = Math.min(best, error);
      Searches.report(asha, candidate, error, null);
    }
    return best > target ? Double.POSITIVE_INFINITY : asha.spent() / (double) (MANY * MOST_EPOCHS);
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

  /** The best accuracy of random configurations that are all trained to the end. */
  private static double random(Data data, int seed) {
    RandomSearchGenerator generator = new RandomSearchGenerator(space());
    generator.setRngSeed(1000 + seed);
    double best = 0;
    for (int i = 0; i < FEW; i++) {
      Training training = new Training(data, generator.getCandidate(), 1 + i);
      int trained = 0;
      for (int epochs : LOOKS) {
        best = Math.max(best, training.accuracy(epochs - trained));
        trained = epochs;
      }
    }
    return best;
  }

  /** The best accuracy of a search for as many epochs, whose networks are left behind. */
  private static double asha(Data data, int seed, Map<Integer, Training> networks) {
    AshaGenerator generator =
        AshaGenerator.builder()
            .parameterSpace(space())
            .minimize(false)
            .maxResource(MOST_EPOCHS)
            .build();
    generator.setRngSeed(seed);
    double best = 0;
    while (generator.spent() < FEW * MOST_EPOCHS) {
      Candidate<?> candidate = generator.getCandidate();
      TrainingPart part = TrainingPart.of(candidate.getDataParameters());
      Training training =
          networks.computeIfAbsent(part.trial(), t -> new Training(data, candidate, 1 + t));
      double accuracy = training.accuracy(part.budget());
      best = Math.max(best, accuracy);
      Searches.report(generator, candidate, accuracy, null);
    }
    return best;
  }
}
