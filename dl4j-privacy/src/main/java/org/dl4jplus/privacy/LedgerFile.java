package org.dl4jplus.privacy;

import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * What a run has released, in a file that is only added to: one line of JSON for each charge and
 * each step, written before anything is drawn. All continuations of a run write to the same file,
 * and each of them counts the lines of the others.
 */
final class LedgerFile {

  /**
   * A charge, a step, or both.
   *
   * @param run whose
   * @param step number of the step; null for a release beside the training
   * @param block the charge that pays for the step; null for a release beside the training
   * @param event null for a step that an earlier one has paid for
   * @param count how many times
   */
  record Line(String run, Integer step, String block, PrivacyEvent event, long count) {}

  private static final ObjectMapper JSON = new ObjectMapper();

  /** A file's lock keeps other processes out, this one other threads. */
  private static final Object IN_PROCESS = new Object();

  private final File file;
  private final String run;
  private final PrivacyLedger ledger;
  private long read;
  private String block;
  private final Map<String, Integer> started = new HashMap<>();

  /**
   * @param file is made by the first line
   * @param run the run whose lines count
   * @param block the charge that pays for the next steps, null for none
   * @param ledger gets what lines of the run charge
   */
  LedgerFile(File file, String run, String block, PrivacyLedger ledger) {
    this.file = file;
    this.run = run;
    this.block = block;
    this.ledger = ledger;
  }

  /**
   * Counts lines that others have added.
   *
   * @return whether there were any
   */
  boolean read() {
    return file.exists() && locked(this::read);
  }

  /**
   * Writes a step and puts its charge in the ledger.
   *
   * @param step its number
   * @param event what it costs, null if an earlier one has paid for it
   * @param paid what that one has paid: it is charged again where another continuation has made
   *     this step already
   * @return whether the ledger has got more than the step's own event
   */
  boolean step(int step, PrivacyEvent event, Supplier<PrivacyEvent> paid) {
    return locked(
        open -> {
          boolean more = read(open);
          PrivacyEvent charge = event;
          if (event == null && isStarted(step)) {
            charge = paid.get();
            more = true;
          }
          if (charge != null) {
            block = UUID.randomUUID().toString();
          }
          append(open, new Line(run, step, block, charge, 1));
          return more;
        });
  }

  /**
   * Whether some continuation has started a step that was paid for by the same charge as ours.
   *
   * @param step its number
   * @return true if the step must be paid for again
   */
  boolean isStarted(int step) {
    return started.getOrDefault(block, -1) >= step;
  }

  /**
   * Writes a release beside the training and puts it in the ledger.
   *
   * @param event the release
   * @param count how many times
   */
  void charge(PrivacyEvent event, long count) {
    locked(
        open -> {
          boolean more = read(open);
          append(open, new Line(run, null, null, event, count));
          return more;
        });
  }

  private void append(RandomAccessFile open, Line line) throws IOException {
    long end = open.length();
    boolean torn = false;
    if (end > 0) {
      open.seek(end - 1);
      torn = open.read() != '\n';
    }
    open.seek(end);
    String text = (torn ? "\n" : "") + JSON.writeValueAsString(line) + "\n";
    open.write(text.getBytes(StandardCharsets.UTF_8));
    open.getFD().sync();
    read(open);
  }

  /**
   * What a resumed run needs to know.
   *
   * @return the charge that pays for the next steps
   */
  String block() {
    return block;
  }

  /**
   * Makes sure that what was saved with a model is in the file.
   *
   * @param saved the model's ledger
   * @throws IllegalArgumentException if something is missing
   */
  void requireAll(PrivacyLedger saved) {
    Map<PrivacyEvent, Long> counts = new HashMap<>();
    ledger.entries().forEach(entry -> counts.merge(entry.event(), entry.count(), Long::sum));
    for (PrivacyLedger.Entry entry : saved.entries()) {
      if (counts.merge(entry.event(), -entry.count(), Long::sum) < 0) {
        throw new IllegalArgumentException(
            "ledgerFile = " + file + " lacks releases of the saved model: it is another file");
      }
    }
  }

  private boolean read(RandomAccessFile open) throws IOException {
    byte[] fresh = new byte[Math.toIntExact(open.length() - read)];
    open.seek(read);
    open.readFully(fresh);
    boolean any = false;
    int from = 0;
    for (int at = 0; at < fresh.length; at++) {
      if (fresh[at] == '\n') {
        any |= take(new String(fresh, from, at - from, StandardCharsets.UTF_8));
        from = at + 1;
      }
    }
    read += from;
    return any;
  }

  private boolean take(String text) throws JsonProcessingException {
    if (!text.endsWith("}")) {
      // Torn when a process ended: nothing was drawn after it.
      return false;
    }
    Line line = JSON.readValue(text, Line.class);
    if (!run.equals(line.run())) {
      return false;
    }
    if (line.event() != null) {
      ledger.add(line.event(), line.count());
    }
    if (line.step() != null) {
      started.merge(line.block(), line.step(), Math::max);
    }
    return true;
  }

  private interface Use {
    boolean of(RandomAccessFile open) throws IOException;
  }

  private boolean locked(Use use) {
    synchronized (IN_PROCESS) {
      try (RandomAccessFile open = new RandomAccessFile(file, "rw");
          FileLock lock = open.getChannel().lock()) {
        return lock.isValid() && use.of(open);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
