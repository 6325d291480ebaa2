package org.dl4jplus.optim.zeroth;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * A saved {@link OffloadedNetwork}: a zip of the method, the network's configuration, where the run
 * is, and the blocks as they are stored, in this order.
 */
final class OffloadedFile {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String METHOD = "zo2.json";
  private static final String RUN = "run.json";
  private static final String PARAMETERS = "parameters.bin";

  /**
   * Where a run is.
   *
   * @param state numbers that the method remembers
   */
  record Run(
      @JsonProperty("iteration") int iteration,
      @JsonProperty("epoch") int epoch,
      @JsonProperty("evaluations") long evaluations,
      @JsonProperty("skipped") long skipped,
      @JsonProperty("state") double[] state) {

    static Run at(int iteration, int epoch) {
      return new Run(iteration, epoch, 0, 0, new double[0]);
    }
  }

  /** What a file holds, with its parameters in the store. */
  record Content(ZO2 method, Architecture architecture, Run run, OffloadedLayers layers) {}

  private OffloadedFile() {}

  /** Writes under a temporary name first. */
  static void write(File file, Content content) throws IOException {
    Path part = file.toPath().resolveSibling(file.getName() + ".part");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(part))) {
      zip.setLevel(Deflater.NO_COMPRESSION);
      write(zip, METHOD, JSON.writeValueAsString(content.method()));
      write(zip, content.architecture().fileName(), content.architecture().json());
      write(zip, RUN, JSON.writeValueAsString(content.run()));
      zip.putNextEntry(new ZipEntry(PARAMETERS));
      content.layers().blocks().save(zip);
      zip.closeEntry();
    }
    Files.move(
        part, file.toPath(), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void write(ZipOutputStream zip, String name, String text) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(text.getBytes(StandardCharsets.UTF_8));
    zip.closeEntry();
  }

  /**
   * Reads a file.
   *
   * @param method null for the saved one
   * @throws IllegalArgumentException if its parameters are stored in another way than the saved
   */
  static Content read(File file, ZO2 method) throws IOException {
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file.toPath()))) {
      ZO2 saved = JSON.readValue(read(zip, file, METHOD), ZO2.class);
      ZO2 used = method == null ? saved : method;
      requireSameForm(saved, used);
      ZipEntry entry = zip.getNextEntry();
      Architecture architecture =
          entry == null
              ? null
              : Architecture.read(
                  entry.getName(), new String(zip.readAllBytes(), StandardCharsets.UTF_8));
      if (architecture == null) {
        throw notSaved(file);
      }
      Run run = JSON.readValue(read(zip, file, RUN), Run.class);
      requireNext(zip, file, PARAMETERS);
      OffloadedLayers layers =
          OffloadedLayers.open(
              architecture.chain(),
              used,
              opened -> {
                opened.blocks().load(zip);
                opened.bind();
              });
      return new Content(used, architecture, run, layers);
    }
  }

  private static void requireSameForm(ZO2 saved, ZO2 used) {
    if (used.getCompression() != saved.getCompression()
        || used.getUpdateRule() != saved.getUpdateRule()
        || !Objects.equals(used.getBlocks(), saved.getBlocks())) {
      throw new IllegalArgumentException(
          "blocks, compression and updateRule must be those of the saved network, "
              + saved
              + ", got "
              + used);
    }
  }

  private static byte[] read(ZipInputStream zip, File file, String name) throws IOException {
    requireNext(zip, file, name);
    return zip.readAllBytes();
  }

  private static void requireNext(ZipInputStream zip, File file, String name) throws IOException {
    ZipEntry entry = zip.getNextEntry();
    if (entry == null || !entry.getName().equals(name)) {
      throw notSaved(file);
    }
  }

  private static IOException notSaved(File file) {
    return new IOException(file + " holds no saved OffloadedNetwork");
  }
}
