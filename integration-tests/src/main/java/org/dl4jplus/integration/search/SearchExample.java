package org.dl4jplus.integration.search;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.arbiter.MultiLayerSpace;
import org.deeplearning4j.arbiter.layers.DenseLayerSpace;
import org.deeplearning4j.arbiter.layers.OutputLayerSpace;
import org.deeplearning4j.arbiter.optimize.config.OptimizationConfiguration;
import org.deeplearning4j.arbiter.optimize.distribution.LogUniformDistribution;
import org.deeplearning4j.arbiter.optimize.parameter.continuous.ContinuousParameterSpace;
import org.deeplearning4j.arbiter.optimize.parameter.integer.IntegerParameterSpace;
import org.deeplearning4j.arbiter.optimize.runner.LocalOptimizationRunner;
import org.deeplearning4j.arbiter.saver.local.FileModelSaver;
import org.deeplearning4j.arbiter.scoring.impl.TestSetLossScoreFunction;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.bilevel.arbiter.NetworkTaskCreator;
import org.dl4jplus.bilevel.arbiter.SearchCheckpointListener;
import org.dl4jplus.bilevel.arbiter.SearchReport;
import org.dl4jplus.bilevel.arbiter.UpdaterSpaces;
import org.dl4jplus.bilevel.search.BayesianSearchGenerator;
import org.dl4jplus.bilevel.search.FeedbackGenerator;
import org.dl4jplus.bilevel.search.GeneratorExhaustedCondition;
import org.dl4jplus.bilevel.search.Trial;
import org.dl4jplus.integration.report.Table;
import org.dl4jplus.optim.first.Cautious;
import org.dl4jplus.optim.first.Lion;
import org.dl4jplus.optim.first.Muon;
import org.dl4jplus.optim.first.Soap;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Looks for the updater, its rate and the width of a small network on digits. */
public final class SearchExample {

  private static final int CANDIDATES = 32;
  private static final int EPOCHS = 6;

  private SearchExample() {}

  /**
   * Runs the search, or goes on with one that was interrupted.
   *
   * @param arguments a directory for the search, its networks and its report
   * @throws IOException where it cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    File directory = new File(arguments[0]).getCanonicalFile();
    Files.createDirectories(directory.toPath());
    File checkpoint = new File(directory, "search.json");
    OptimizationConfiguration configuration = configuration(directory, checkpoint);
    FeedbackGenerator search = (FeedbackGenerator) configuration.getCandidateGenerator();
    LocalOptimizationRunner runner =
        new LocalOptimizationRunner(
            configuration,
            NetworkTaskCreator.builder().objectives(List.of(new NetworkSize())).build());
    runner.addListeners(new SearchCheckpointListener(checkpoint));
    long start = System.nanoTime();
    runner.execute();

    Trial best = search.best();
    MultiLayerNetwork network =
        ModelSerializer.restoreMultiLayerNetwork(
            new File(directory, "networks/" + best.getIndex() + "/model.bin"), false);
    DataSet unseen = DigitsSource.unseen();
    System.out.printf("%n%s%n", table(search).text());
    System.out.printf(
        Locale.ROOT,
        "Candidate %d is the best. On images that the search did not see it is right at %.1f %%.%n",
        best.getIndex(),
        100 * network.evaluate(new ExistingDataSetIterator(List.of(unseen))).accuracy());
    File report = new File(directory, "report.html");
    SearchReport.write(
        report, "Updaters, their rates and the width of a network on digits", search);
    System.out.printf(
        Locale.ROOT,
        "%d candidates in %.0f s. Report: %s%n%n",
        search.trials().size(),
        (System.nanoTime() - start) / 1e9,
        report.toURI());
  }

  private static OptimizationConfiguration configuration(File directory, File checkpoint) {
    if (checkpoint.exists()) {
      OptimizationConfiguration before = SearchCheckpointListener.resume(checkpoint);
      if (!((FeedbackGenerator) before.getCandidateGenerator()).isDone()) {
        System.out.println("Going on with the search in " + checkpoint);
        return before;
      }
    }
    IntegerParameterSpace width = new IntegerParameterSpace(8, 96);
    MultiLayerSpace space =
        new MultiLayerSpace.Builder()
            .seed(1)
            .updater(
                UpdaterSpaces.scaled(
                    new ContinuousParameterSpace(new LogUniformDistribution(0.03, 10)),
                    new Adam(0.01),
                    new Cautious(new Adam(0.01)),
                    new Lion(0.001),
                    new Muon(0.02),
                    new Soap(0.01)))
            .addLayer(
                new DenseLayerSpace.Builder()
                    .nIn(64)
                    .nOut(width)
                    .activation(Activation.RELU)
                    .build())
            .addLayer(
                new OutputLayerSpace.Builder()
                    .nIn(width)
                    .nOut(10)
                    .activation(Activation.SOFTMAX)
                    .lossFunction(LossFunction.MCXENT)
                    .build())
            .numEpochs(EPOCHS)
            .build();
    return new OptimizationConfiguration.Builder()
        .candidateGenerator(
            BayesianSearchGenerator.builder()
                .parameterSpace(space)
                .minimize(true)
                .maxCandidates(CANDIDATES)
                .build())
        .dataSource(DigitsSource.class, null)
        .scoreFunction(new TestSetLossScoreFunction())
        .modelSaver(new FileModelSaver(new File(directory, "networks")))
        .terminationConditions(new GeneratorExhaustedCondition())
        .rngSeed(7)
        .build();
  }

  /** The best candidate with each of the updaters. */
  private static Table table(FeedbackGenerator search) {
    int updater = dimension(search, "updater.choice");
    Map<String, Trial> best = new TreeMap<>();
    Map<String, Integer> tried = new TreeMap<>();
    search.complete().stream()
        .sorted(Comparator.comparingDouble(search::loss))
        .forEach(
            trial -> {
              String name = search.space().value(updater, trial.getPoint()[updater]).toString();
              best.putIfAbsent(name, trial);
              tried.merge(name, 1, Integer::sum);
            });
    Table table =
        new Table("updater", "tried", "best: candidate", "loss", "rate factor", "parameters");
    int factor = dimension(search, "updater.factor");
    best.entrySet().stream()
        .sorted(Comparator.comparingDouble(entry -> search.loss(entry.getValue())))
        .forEach(
            entry -> {
              Trial trial = entry.getValue();
              table.add(
                  entry.getKey(),
                  "" + tried.get(entry.getKey()),
                  "" + trial.getIndex(),
                  String.format(Locale.ROOT, "%.4f", trial.getScore()),
                  String.format(
                      Locale.ROOT,
                      "%.3f",
                      (Double) search.space().value(factor, trial.getPoint()[factor])),
                  String.format(Locale.ROOT, "%.0f", trial.getMetrics().getObjectives()[1]));
            });
    return table;
  }

  private static int dimension(FeedbackGenerator search, String name) {
    return search.space().dimensions().stream().map(d -> d.name()).toList().indexOf(name);
  }
}
