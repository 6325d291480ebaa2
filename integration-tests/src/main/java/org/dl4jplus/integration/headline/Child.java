package org.dl4jplus.integration.headline;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Work in a process of its own, which says what it found as lines "@name value". */
final class Child {

  private static final String MARK = "@";

  private Child() {}

  /**
   * Runs a class's main with this process's class path.
   *
   * @param options of the virtual machine
   * @throws IllegalStateException if it fails
   */
  static Map<String, Double> run(Class<?> main, List<String> options, String... args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "-Dlog.level=ERROR",
            // A network that is too large is part of the experiment.
            "-Dorg.deeplearning4j.crash.reporting.enabled=false",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName()));
    command.addAll(List.of(args));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(String.join(" ", args) + " failed: " + said);
      }
      Map<String, Double> found = new TreeMap<>();
      said.lines()
          .filter(line -> line.startsWith(MARK))
          .map(line -> line.substring(MARK.length()).split(" "))
          .forEach(line -> found.put(line[0], Double.valueOf(line[1])));
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted", e);
    }
  }

  static void say(String name, double value) {
    System.out.println(MARK + name + " " + value);
  }

  /** The most memory that this process ever had, in MiB; NaN where the system does not say. */
  static double peakMemory() {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return Double.NaN;
    }
    try {
      return Files.readAllLines(status).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024)
          .findFirst()
          .orElse(Double.NaN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
