package org.dl4jplus.integration.golden;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every recorded run against the project. {@code -Dgolden.dir=DIR} runs other files of the same
 * forms: DIR holds one directory for each module. {@code -Dgolden.unknown=skip} passes over
 * algorithms that have no adapter.
 */
class GoldenFilesTest {

  private static final Map<String, GoldenAdapter> ADAPTERS = adapters();

  private static Map<String, GoldenAdapter> adapters() {
    Map<String, GoldenAdapter> adapters = new HashMap<>();
    UpdaterAdapter.register(adapters);
    return adapters;
  }

  static List<GoldenFile> files() throws IOException, URISyntaxException {
    String directory = System.getProperty("golden.dir");
    Path root =
        directory == null
            ? Path.of(GoldenFilesTest.class.getResource("/golden").toURI())
            : Path.of(directory);
    try (Stream<Path> paths = Files.walk(root)) {
      return paths
          .filter(p -> p.toString().endsWith(".json"))
          .sorted()
          .map(GoldenFile::read)
          .toList();
    }
  }

  @Test
  void filesAreFound() throws IOException, URISyntaxException {
    assertFalse(files().isEmpty(), "no *.json under the golden directory");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  void agrees(GoldenFile file) {
    GoldenAdapter adapter = ADAPTERS.get(file.algorithm());
    if (adapter == null) {
      Assumptions.assumeFalse("skip".equals(System.getProperty("golden.unknown")));
      throw new AssertionError("no adapter for " + file.algorithm() + " (" + file.name() + ")");
    }
    Deviation deviation = new Deviation();
    adapter.run(file, deviation);
    assertTrue(
        deviation.worst() <= file.tolerance(),
        () ->
            file.name()
                + ", case "
                + file.json().path("case").asText()
                + ": worst deviation "
                + deviation
                + ", tolerance "
                + file.tolerance());
  }
}
