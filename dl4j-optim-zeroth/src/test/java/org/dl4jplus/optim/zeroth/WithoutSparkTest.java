package org.dl4jplus.optim.zeroth;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Spark is optional: who does not have it can use all but the package spark. */
class WithoutSparkTest {

  private static boolean isSpark(String entry) {
    String name = new File(entry).getName();
    return name.contains("spark") || name.startsWith("scala-") || name.startsWith("hadoop-");
  }

  private static URL url(String entry) {
    try {
      return new File(entry).toURI().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void allButTheSparkPackageLinks() throws IOException, URISyntaxException {
    List<String> entries = List.of(System.getProperty("java.class.path").split(File.pathSeparator));
    assertTrue(entries.stream().anyMatch(WithoutSparkTest::isSpark), "there is no Spark to hide");
    URL[] rest =
        entries.stream()
            .filter(entry -> !isSpark(entry))
            .map(WithoutSparkTest::url)
            .toArray(URL[]::new);
    List<String> linked = new ArrayList<>();
    try (URLClassLoader loader = new URLClassLoader(rest, ClassLoader.getPlatformClassLoader())) {
      for (String name : classes()) {
        if (name.contains(".zeroth.spark.")) {
          continue;
        }
        assertLinks(loader, name);
        linked.add(name);
      }
      assertThrows(
          NoClassDefFoundError.class,
          () ->
              Class.forName(
                  "org.dl4jplus.optim.zeroth.spark.OneByteTrainingMaster", false, loader));
    }
    assertTrue(linked.contains("org.dl4jplus.optim.zeroth.onebyte.OneByteFederation"));
    assertFalse(linked.isEmpty());
  }

  /** Every type that the class's own signatures name is loaded. */
  private static void assertLinks(ClassLoader loader, String name) {
    try {
      Class<?> type = Class.forName(name, false, loader);
      type.getDeclaredMethods();
      type.getDeclaredConstructors();
      type.getDeclaredFields();
    } catch (ClassNotFoundException | NoClassDefFoundError e) {
      throw new AssertionError(name + " needs Spark", e);
    }
  }

  private static List<String> classes() throws IOException, URISyntaxException {
    Path root = Path.of(OneByte.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .map(file -> root.relativize(file).toString())
          .filter(name -> name.endsWith(".class") && !name.contains("-info"))
          .map(name -> name.substring(0, name.length() - 6).replace(File.separatorChar, '.'))
          .toList();
    }
  }
}
