package org.dl4jplus.bilevel;

import java.io.BufferedOutputStream;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;

/** Files that are there as a whole or not at all. */
public final class AtomicFile {

  private AtomicFile() {}

  /** Writes what a file is to hold. */
  @FunctionalInterface
  public interface Content {

    /**
     * Writes all of it.
     *
     * @param out where to; buffered, closed by the caller
     * @throws IOException where that fails
     */
    void write(OutputStream out) throws IOException;
  }

  /** Fills a file. */
  @FunctionalInterface
  public interface Filler {

    /**
     * Writes all that a file is to hold.
     *
     * @param part the file under its temporary name
     * @throws IOException where that fails
     */
    void fill(File part) throws IOException;
  }

  /**
   * Writes a file under a temporary name that is renamed at the end, so that one who is interrupted
   * leaves the old file behind.
   *
   * @param file to be written or replaced
   * @param content writes what it is to hold
   * @throws UncheckedIOException where that fails
   */
  public static void write(File file, Content content) {
    fill(
        file,
        part -> {
          try (OutputStream out = new BufferedOutputStream(new FileOutputStream(part))) {
            content.write(out);
          }
        });
  }

  /**
   * As {@link #write}, for one who needs a file.
   *
   * @param file to be written or replaced
   * @param filler writes what it is to hold
   * @throws UncheckedIOException where that fails
   */
  public static void fill(File file, Filler filler) {
    File part = new File(file.getPath() + ".part");
    try {
      filler.fill(part);
      Files.move(
          part.toPath(),
          file.toPath(),
          StandardCopyOption.REPLACE_EXISTING,
          StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " could not be written", e);
    }
  }
}
