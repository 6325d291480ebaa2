package org.dl4jplus.integration.classpath;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The project's classes that are on the class path, in directories and in jars. */
public final class ClassPath {

  private static final String ROOT = "org/dl4jplus";
  private static final String SUFFIX = ".class";

  private ClassPath() {}

  /**
   * Every public class that can be instantiated and is of a type, by name in order.
   *
   * @param <T> the type
   * @param type the type
   * @return the classes
   */
  public static <T> List<Class<? extends T>> concrete(Class<T> type) {
    Map<String, Class<? extends T>> found = new TreeMap<>();
    ClassLoader loader = ClassPath.class.getClassLoader();
    try {
      for (URL url : Collections.list(loader.getResources(ROOT))) {
        for (String name : names(url.toURI())) {
          Class<?> candidate = Class.forName(name, false, loader);
          if (type.isAssignableFrom(candidate)
              && !Modifier.isAbstract(candidate.getModifiers())
              && Modifier.isPublic(candidate.getModifiers())) {
            found.put(name, candidate.asSubclass(type));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException | ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
    return List.copyOf(found.values());
  }

  private static List<String> names(URI root) throws IOException {
    if (!root.getScheme().equals("jar")) {
      return names(Path.of(root));
    }
    try (FileSystem jar = FileSystems.newFileSystem(root, Map.of())) {
      return names(jar.getPath(ROOT));
    }
  }

  private static List<String> names(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .map(file -> ROOT + "/" + root.relativize(file).toString().replace('\\', '/'))
          .filter(name -> name.endsWith(SUFFIX) && !name.contains("-info"))
          .map(name -> name.substring(0, name.length() - SUFFIX.length()).replace('/', '.'))
          .toList();
    }
  }
}
