package org.dl4jplus.integration.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dl4jplus.integration.report.Table;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Measures the updaters and prints two tables: steps of the elementwise ones beside ND4J's fused
 * Adam on the same number of parameters, and steps of those that look at shapes beside a forward
 * and backward pass of two networks. A third one has the secure noise beside the platform's.
 */
public final class Benchmarks {

  /** Stands for the third table among the updaters' names. */
  private static final String NOISE = "noise";

  private Benchmarks() {}

  /**
   * Runs the benchmarks.
   *
   * @param arguments where to write the tables in Markdown; names of updaters or "noise", separated
   *     by commas, or "all"; numbers of parameters, separated by commas
   * @throws IOException if the tables cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    Path file = Path.of(arguments[0]).toAbsolutePath().normalize();
    Map<String, IUpdater> candidates = Candidates.all();
    boolean all = arguments[1].equals("all");
    boolean noise = all || list(arguments[1]).contains(NOISE);
    List<String> chosen =
        all
            ? List.copyOf(candidates.keySet())
            : list(arguments[1]).stream().filter(name -> !name.equals(NOISE)).toList();
    for (String name : chosen) {
      if (!candidates.containsKey(name)) {
        throw new IllegalArgumentException(
            "bench.updaters must be noise or names out of "
                + candidates.keySet()
                + ", got "
                + name);
      }
    }
    int[] sizes = list(arguments[2]).stream().mapToInt(Integer::parseInt).toArray();
    List<String> elementwise =
        chosen.stream().filter(name -> !Candidates.needsShapes(candidates.get(name))).toList();
    List<String> shaped =
        chosen.stream().filter(name -> Candidates.needsShapes(candidates.get(name))).toList();

    StringBuilder markdown = new StringBuilder();
    if (!elementwise.isEmpty()) {
      report(
          "Median time of a step relative to ND4J's fused Adam, and bytes (B) that a step allocates,"
              + " on one array of float parameters",
          new ArrayBenchmarks(elementwise, sizes).run(),
          markdown);
    }
    if (!shaped.isEmpty()) {
      report(
          "Mean time of an updater's step relative to one forward and backward pass of a batch of 64",
          new NetworkBenchmarks(shaped).run(),
          markdown);
    }
    if (noise) {
      report(
          "Normal numbers from generators that nobody can predict",
          new NoiseBenchmarks().run(),
          markdown);
    }
    Files.createDirectories(file.getParent());
    Files.writeString(file, markdown);
    System.out.printf("Written to %s%n%n", file);
  }

  private static List<String> list(String text) {
    return Arrays.stream(text.split(",")).map(String::strip).toList();
  }

  private static void report(String title, Table table, StringBuilder markdown) {
    System.out.printf("%n%s:%n%n%s%n", title, table.text());
    markdown.append("%s:%n%n%s%n".formatted(title, table.markdown()));
  }

  /** Says on the console what was measured. */
  static void progress(String name, String where, Measurement measured) {
    System.out.printf(
        Locale.ROOT,
        "  %-24s %-8s %12.1f us %12.0f B%n",
        name,
        where,
        measured.nanos() / 1e3,
        measured.bytes());
  }

  static String ratio(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }
}
