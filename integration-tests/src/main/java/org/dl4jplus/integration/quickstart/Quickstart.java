package org.dl4jplus.integration.quickstart;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dl4jplus.integration.report.Table;

/** Trains, and says on the console and on a page how it went. */
public final class Quickstart {

  private final Training training = new Training();
  private final List<Method> methods = Methods.all(training.steps());

  private Quickstart() {}

  /**
   * Runs the quickstart.
   *
   * @param arguments where to write the page
   * @throws IOException if it cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    new Quickstart().run(Path.of(arguments[0]).toAbsolutePath().normalize());
  }

  private void run(Path page) throws IOException {
    String intro =
        String.format(
            "%s.%n%d methods, each at 3 learning rates with %d seeds. A seed gives every"
                + " method the same initial weights and the same batches.%n",
            training.description(), methods.size(), Training.SEEDS.size());
    System.out.printf("%n%s%n", intro);
    // Gives the just-in-time compiler its work before anything is timed.
    training.run(methods.get(0), methods.get(0).rates().get(0), Training.SEEDS.get(0));

    System.out.println("Final training loss at each rate, and the rate with the lowest:");
    List<Result> results = new ArrayList<>();
    for (Method method : methods) {
      results.add(result(method));
    }

    Table table = table(results);
    System.out.printf("%n%s%n", table.text());
    List<String> notes = notes(results);
    notes.forEach(System.out::println);
    Files.createDirectories(page.getParent());
    Files.writeString(page, Page.of(intro, table, notes, results));
    System.out.printf("%nLoss curves: %s%n%n", page.toUri());
  }

  /** Runs a method at all its rates and says so as it goes. */
  private Result result(Method method) {
    long start = System.nanoTime();
    System.out.printf("  %-20s", method.name());
    List<Outcome> grid = new ArrayList<>();
    for (double rate : method.rates()) {
      Outcome outcome = training.outcome(method, rate);
      grid.add(outcome);
      System.out.printf("  %5s: %-10s", Numbers.rate(rate), Numbers.loss(outcome.finalLoss()));
      System.out.flush();
    }
    Result result = new Result(method, grid);
    System.out.printf(
        Locale.ROOT,
        "  best: %-5s  (%.1f s)%n",
        Numbers.rate(result.best().rate()),
        (System.nanoTime() - start) / 1e9);
    return result;
  }

  private static Table table(List<Result> results) {
    Table table =
        new Table(
            "method", "rate", "epochs to target", "final loss", "test accuracy", "time / Adam");
    double baseline = results.get(0).secondsPerEpoch();
    for (Result result : results) {
      Outcome best = result.best();
      table.add(
          result.method().name(),
          Numbers.rate(best.rate()),
          Numbers.epochs(best),
          Numbers.loss(best.finalLoss()),
          Numbers.percent(best.accuracy()),
          String.format(Locale.ROOT, "%.2f", result.secondsPerEpoch() / baseline));
    }
    return table;
  }

  private static List<String> notes(List<Result> results) {
    List<String> notes = new ArrayList<>();
    notes.add(
        String.format(
            "Target: training loss %s ('k of 3 seeds' where the others missed it). Epochs and accuracy"
                + " are means over the seeds, the loss is the geometric mean, time is that of the"
                + " fastest epoch.",
            Outcome.TARGET));
    Claim.ALL.forEach(claim -> notes.add(claim.verdict(results)));
    return notes;
  }
}
