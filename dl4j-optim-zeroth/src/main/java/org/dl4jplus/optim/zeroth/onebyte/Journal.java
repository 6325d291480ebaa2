package org.dl4jplus.optim.zeroth.onebyte;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.util.ModelSerializer;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.OneByte;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * A run on disk: {@code snapshot.zip}, a network as the platform saves it with the state of the run
 * beside it, and {@code rounds.log}, the records of all rounds, appended before anybody is told of
 * them. A driver that dies loses nothing but the round it was in.
 */
public final class Journal {

  private static final String ENTRY = "oneByte.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A run that was read.
   *
   * @param config of the run
   * @param trainee with the parameters and the iteration where the log ends
   * @param coordinator there too
   * @param journal to be written on
   */
  public record Run(OneByte config, Trainee trainee, Coordinator coordinator, Journal journal) {}

  private record Saved(
      @JsonProperty("kind") Trainee.Kind kind,
      @JsonProperty("config") OneByte config,
      @JsonProperty("state") Coordinator.State state) {}

  private final Path snapshot;
  private final Path log;

  private Journal(File directory) {
    snapshot = Require.given("directory", directory).toPath().resolve("snapshot.zip");
    log = directory.toPath().resolve("rounds.log");
  }

  /**
   * Begins a run.
   *
   * @param directory made if it is not there
   * @return its journal
   * @throws IllegalArgumentException if the directory holds a run already
   */
  public static Journal start(File directory) {
    Journal journal = new Journal(directory);
    if (Files.exists(journal.snapshot)) {
      throw new IllegalArgumentException(
          directory + " holds a run already: resume it, or choose another directory");
    }
    try {
      Files.createDirectories(directory.toPath());
      Files.deleteIfExists(journal.log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return journal;
  }

  /**
   * Reads a run.
   *
   * @param directory where it was written
   * @return the run, where its log ends
   * @throws IllegalArgumentException if the directory holds none
   */
  public static Run read(File directory) {
    Journal journal = new Journal(directory);
    File file = journal.snapshot.toFile();
    if (!file.isFile() || !ModelSerializer.listObjectsInFile(file).contains(ENTRY)) {
      throw new IllegalArgumentException(directory + " holds no run: there is no " + file);
    }
    try {
      Saved saved =
          JSON.readValue(ModelSerializer.<String>getObjectFromFile(file, ENTRY), Saved.class);
      Trainee trainee = Trainee.read(file, saved.kind(), saved.state().version());
      Coordinator coordinator =
          new Coordinator(saved.config(), trainee.theta(), trainee.type(), saved.state());
      for (RoundRecord record : journal.records()) {
        if (record.round() >= coordinator.replica().version()) {
          coordinator.replay(record);
        }
      }
      trainee.skipTo(coordinator.replica());
      return new Run(saved.config(), trainee, coordinator, journal);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The rounds of the log; one that was not written to its end is cut off. */
  private List<RoundRecord> records() throws IOException {
    List<RoundRecord> records = new ArrayList<>();
    if (!Files.exists(log)) {
      return records;
    }
    long whole = 0;
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(new FileInputStream(log.toFile())))) {
      while (true) {
        RoundRecord record = RoundRecord.read(in);
        records.add(record);
        whole += record.length();
      }
    } catch (EOFException e) {
      if (whole < Files.size(log)) {
        try (FileOutputStream out = new FileOutputStream(log.toFile(), true)) {
          out.getChannel().truncate(whole);
        }
      }
    }
    return records;
  }

  /**
   * Writes a round down.
   *
   * @param record the round
   */
  public void append(RoundRecord record) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (FileOutputStream file = new FileOutputStream(log.toFile(), true)) {
      record.write(new DataOutputStream(bytes));
      bytes.writeTo(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Writes a snapshot in the place of the last one.
   *
   * @param trainee whose parameters are those of the coordinator
   * @param coordinator of the run
   */
  public void snapshot(Trainee trainee, Coordinator coordinator) {
    Path part = snapshot.resolveSibling("snapshot.part");
    try {
      trainee.write(part.toFile());
      Saved saved = new Saved(trainee.kind(), coordinator.replica().config(), coordinator.state());
      ModelSerializer.addObjectToFile(part.toFile(), ENTRY, JSON.writeValueAsString(saved));
      Files.move(
          part, snapshot, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
