package org.dl4jplus.integration.headline;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.dl4jplus.bilevel.search.MoPbtGenerator;
import org.dl4jplus.bilevel.search.MoPbtGenerator.Selection;
import org.dl4jplus.bilevel.search.SearchMetrics;
import org.dl4jplus.bilevel.search.TrainingPart;
import org.dl4jplus.bilevel.search.Trial;
import org.dl4jplus.bilevel.search.pareto.Hypervolume;
import org.dl4jplus.integration.data.BundledData;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Precision and recall at once: a population of logistic models on six noisy measurements of
 * tumours, whose rates, decay and weights of the positive class evolve as they train.
 */
final class PopulationHeadline implements Headline {

  private static final int SEEDS = 20;
  private static final int MEMBERS = 12;
  private static final int GENERATIONS = 20;
  private static final int STEPS = 10;
  private static final int INPUTS = 6;
  private static final double[] REFERENCE = {1, 1};

  @Override
  public String name() {
    return "mo-pbt";
  }

  @Override
  public List<Row> measure() {
    Map<Selection, Double> last = new EnumMap<>(Selection.class);
    Map<Selection, Double> archive = new EnumMap<>(Selection.class);
    for (int seed = 0; seed < SEEDS; seed++) {
      Tumours tumours = new Tumours(seed);
      for (Selection selection : Selection.values()) {
        MoPbtGenerator generator = run(tumours, selection, seed);
        double[][] points =
            generator.population().stream()
                .map(Trial::getMetrics)
                .map(SearchMetrics::losses)
                .toArray(double[][]::new);
        last.merge(selection, Hypervolume.of(points, REFERENCE) / SEEDS, Double::sum);
        archive.merge(selection, generator.archive().hypervolume(REFERENCE) / SEEDS, Double::sum);
      }
    }
    String claim = "hypervolume of 1-precision and 1-recall, last population, mean of 20 seeds";
    return List.of(
        row(claim, "single-objective PBT (sum)", last, Selection.SCALAR, Bar.atLeast(1.05)),
        row(claim, "random search", last, Selection.NONE, Bar.atLeast(0.98)),
        row(claim, "PBT, random scalars (ParEGO)", last, Selection.PAREGO, Bar.NONE),
        row(claim, "PBT, largest scalar (Golovin)", last, Selection.GOLOVIN, Bar.NONE),
        row(
            "the same of all candidates, of whatever generation",
            "single-objective PBT (sum)",
            archive,
            Selection.SCALAR,
            Bar.NONE),
        row(
            "the same of all candidates, of whatever generation",
            "random search",
            archive,
            Selection.NONE,
            Bar.NONE));
  }

  private static Row row(
      String claim, String name, Map<Selection, Double> volumes, Selection baseline, Bar bar) {
    return Row.ratio(
        claim, name, volumes.get(baseline), "MO-PBT", volumes.get(Selection.PARETO), bar);
  }

  private static MoPbtGenerator run(Tumours tumours, Selection selection, int seed) {
    MoPbtGenerator generator =
        MoPbtGenerator.builder()
            .parameterSpace(
                new NamedSpace()
                    .withLog("rate", 1e-3, 1)
                    .withLog("decay", 1e-5, 1)
                    .withLog("positive", 0.1, 10))
            .minimize(true)
            .objectives(List.of("1 - precision", "1 - recall"))
            .populationSize(MEMBERS)
            .generations(GENERATIONS)
            .selection(selection)
            .build();
    generator.setRngSeed(seed);
    Map<String, double[]> checkpoints = new HashMap<>();
    while (generator.hasMoreCandidates()) {
      Candidate<?> candidate = generator.getCandidate();
      TrainingPart part = TrainingPart.of(candidate.getDataParameters());
      double[] model =
          part.resumeFrom() == null
              ? new double[INPUTS + 1]
              : checkpoints.get(part.resumeFrom()).clone();
      tumours.train(model, candidate);
      checkpoints.put(part.checkpoint(), model);
      SearchMetrics metrics = tumours.score(model);
      Searches.report(generator, candidate, metrics.getObjectives()[0], metrics);
    }
    return generator;
  }

  /** Half of the tumours to learn from, half to score; the malignant ones are sought. */
  private static final class Tumours {

    private final double[][] inputs;
    private final boolean[] malignant;
    private final int half;

    Tumours(int seed) {
      DataSet data = BundledData.breastCancer();
      Random random = new Random(seed);
      List<Integer> order = Digits.shuffled(data.numExamples(), random);
      half = order.size() / 2;
      inputs = new double[order.size()][INPUTS + 1];
      malignant = new boolean[order.size()];
      for (int i = 0; i < inputs.length; i++) {
        malignant[i] = data.getLabels().getDouble(order.get(i), 0) == 1;
        inputs[i][INPUTS] = 1;
      }
      for (int k = 0; k < INPUTS; k++) {
        double[] column = data.getFeatures().getColumn(k).toDoubleVector();
        double mean = 0;
        for (double value : column) {
          mean += value / column.length;
        }
        double variance = 0;
        for (double value : column) {
          variance += (value - mean) * (value - mean) / column.length;
        }
        for (int i = 0; i < inputs.length; i++) {
          inputs[i][k] =
              (column[order.get(i)] - mean) / Math.sqrt(variance) + random.nextGaussian();
        }
      }
    }

    private double margin(double[] model, int row) {
      double margin = 0;
      for (int k = 0; k < model.length; k++) {
        margin += model[k] * inputs[row][k];
      }
      return margin;
    }

    void train(double[] model, Candidate<?> candidate) {
      double rate = NamedSpace.number(candidate, "rate");
      double decay = NamedSpace.number(candidate, "decay");
      double positive = NamedSpace.number(candidate, "positive");
      for (int step = 0; step < STEPS; step++) {
        double[] gradient = new double[model.length];
        for (int k = 0; k < INPUTS; k++) {
          gradient[k] = decay * model[k];
        }
        for (int i = 0; i < half; i++) {
          double p = 1 / (1 + Math.exp(-margin(model, i)));
          double slope = (malignant[i] ? positive * (p - 1) : p) / half;
          for (int k = 0; k < model.length; k++) {
            gradient[k] += slope * inputs[i][k];
          }
        }
        for (int k = 0; k < model.length; k++) {
          model[k] -= rate * gradient[k];
        }
      }
    }

    SearchMetrics score(double[] model) {
      int found = 0;
      int named = 0;
      int sought = 0;
      for (int i = half; i < inputs.length; i++) {
        boolean says = margin(model, i) > 0;
        found += says && malignant[i] ? 1 : 0;
        named += says ? 1 : 0;
        sought += malignant[i] ? 1 : 0;
      }
      double precision = named == 0 ? 0 : found / (double) named;
      return SearchMetrics.builder()
          .objectives(new double[] {1 - precision, 1 - found / (double) sought})
          .minimise(new boolean[] {true, true})
          .build();
    }
  }
}
