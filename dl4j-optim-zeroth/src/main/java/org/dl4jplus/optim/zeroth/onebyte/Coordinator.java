package org.dl4jplus.optim.zeroth.onebyte;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.OneByte.NonFinitePolicy;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's side of a run: it plans rounds, closes them with the answers that arrived, and keeps
 * a copy of the parameters, the last snapshot and the log since then, from which a machine that
 * comes late is brought up to date. It knows nothing of how messages travel.
 *
 * <pre>{@code
 * maxMagnitude' = 2 max |value(byte)| of the last 16 rounds, within [maxMagnitude/10, 10 maxMagnitude]
 * }</pre>
 *
 * <p>The scale stays as it is while those rounds have no result, and within [1e-38, 1e300].
 */
public final class Coordinator {

  private static final Logger LOG = LoggerFactory.getLogger(Coordinator.class);
  private static final int WINDOW = 16;
  private static final double SMALLEST = 1e-38;
  private static final double LARGEST = 1e300;

  /**
   * What a run is resumed from, together with its parameters.
   *
   * @param version number of the next round
   * @param until number of the round before which the present call of fit ends
   * @param maxMagnitude of the next round
   * @param largest magnitudes of the last rounds, oldest first
   * @param report what was sent
   */
  public record State(
      @JsonProperty("version") int version,
      @JsonProperty("until") int until,
      @JsonProperty("maxMagnitude") double maxMagnitude,
      @JsonProperty("largest") List<Double> largest,
      @JsonProperty("report") OneByteReport report) {}

  /**
   * A copy of the entries that may move.
   *
   * @param version number of the round that comes next
   * @param theta the entries; not to be changed
   */
  public record Snapshot(int version, double[] theta) {}

  private final OneByte config;
  private final Replica replica;
  private final List<RoundRecord> log = new ArrayList<>();
  private final Deque<Double> largest = new ArrayDeque<>();
  private Snapshot snapshot;
  private double maxMagnitude;
  private OneByteReport report;
  private int until;
  private boolean resumed;

  /**
   * A new run.
   *
   * @param config of the run
   * @param theta the entries that may move
   * @param type FLOAT or DOUBLE
   * @param round number of the first round
   * @throws IllegalArgumentException without entries, or for another type
   */
  public Coordinator(OneByte config, double[] theta, DataType type, int round) {
    this(
        config,
        theta,
        type,
        new State(round, round, config.getMaxMagnitude(), List.of(), OneByteReport.NOTHING));
    resumed = false;
  }

  /**
   * A run that goes on.
   *
   * @param config of the run
   * @param theta the entries that may move
   * @param type FLOAT or DOUBLE
   * @param state what {@link #state()} returned then
   */
  public Coordinator(OneByte config, double[] theta, DataType type, State state) {
    this.config = config;
    replica = new Replica(config, theta, type, state.version());
    snapshot = new Snapshot(state.version(), theta.clone());
    maxMagnitude = state.maxMagnitude();
    largest.addAll(state.largest());
    report = state.report();
    until = state.until();
    resumed = true;
  }

  /**
   * Fixes the next round.
   *
   * @param epoch number of the epoch, for the learning rate's schedule
   * @return what machines are told
   */
  public RoundHeader plan(int epoch) {
    int round = replica.version();
    return new RoundHeader(
        round, config.learningRateAt(round, epoch), maxMagnitude, (float) config.getLevelsPerE());
  }

  /**
   * Ends a round.
   *
   * @param header as it was planned
   * @param answers of the machines that took part, in any order
   * @return the record, which is already replayed here
   * @throws IllegalArgumentException for two answers of a machine, or one to another round
   * @throws IllegalStateException for a sample without result, under FAIL
   */
  public RoundRecord close(RoundHeader header, Collection<Upload> answers) {
    RoundRecord record = new RoundRecord(header, List.copyOf(answers));
    refuse(record);
    replay(record);
    return record;
  }

  private void refuse(RoundRecord record) {
    if (config.getNonFinitePolicy() == NonFinitePolicy.FAIL) {
      for (Upload upload : record.uploads()) {
        for (int s = 0; s < upload.count(); s++) {
          if (upload.code(s) == ByteCode.NO_RESULT) {
            throw new IllegalStateException(
                "A loss is not finite in round "
                    + record.round()
                    + ", machine "
                    + upload.machine()
                    + ", sample "
                    + s);
          }
        }
      }
    }
  }

  /**
   * Replays a round of an earlier driver.
   *
   * @param record the round
   * @throws IllegalArgumentException for another round than the next
   */
  public void replay(RoundRecord record) {
    replica.apply(record);
    report = report.and(record, OneByte.due(config.getScoreEvery(), record.round()));
    rescale(record);
    log.add(record);
    if (replica.version() - snapshot.version() >= config.getSnapshotEvery()) {
      snapshot = new Snapshot(replica.version(), replica.theta());
      log.clear();
    }
  }

  private void rescale(RoundRecord record) {
    boolean without = record.results() == 0;
    if (without && (largest.isEmpty() || !Double.isNaN(largest.peekLast()))) {
      LOG.warn("Round {} has no result: every loss is NaN or infinite", record.round());
    }
    // NaN keeps the place of a round without result.
    largest.addLast(without ? Double.NaN : record.largest());
    if (largest.size() > WINDOW) {
      largest.removeFirst();
    }
    double most =
        largest.stream().mapToDouble(v -> v).filter(v -> !Double.isNaN(v)).max().orElse(-1);
    if (config.isAdaptiveScale() && most >= 0) {
      double wanted = Math.max(maxMagnitude / 10, Math.min(maxMagnitude * 10, 2 * most));
      maxMagnitude = Math.max(SMALLEST, Math.min(LARGEST, wanted));
    }
  }

  /**
   * Counts copies of the parameters that were wrong.
   *
   * @param repairs how many were made again
   */
  public void countRepairs(int repairs) {
    report = report.andRepaired(repairs);
  }

  /**
   * Begins a call of fit. One that was broken off goes on; so does a resumed run, which makes no
   * round in its first call if it was at its end.
   *
   * @param rounds how many a call makes
   */
  public void begin(int rounds) {
    if (left() == 0 && !resumed) {
      until = Math.addExact(replica.version(), rounds);
    }
    resumed = false;
  }

  /**
   * Rounds that the present call of fit has still to make.
   *
   * @return their number
   */
  public int left() {
    return Math.max(0, until - replica.version());
  }

  /**
   * The driver's copy of the parameters.
   *
   * @return the live object
   */
  public Replica replica() {
    return replica;
  }

  /**
   * The copy from which late machines start.
   *
   * @return the last snapshot
   */
  public Snapshot snapshot() {
    return snapshot;
  }

  /**
   * The rounds since the snapshot.
   *
   * @return a copy of the log, ascending
   */
  public List<RoundRecord> log() {
    return List.copyOf(log);
  }

  /**
   * A copy of the parameters as a machine makes it that was not there before.
   *
   * @return snapshot and log, replayed
   */
  public Replica lateReplica() {
    Replica late = new Replica(config, snapshot.theta(), replica.type(), snapshot.version());
    late.catchUp(log);
    return late;
  }

  /**
   * What was sent so far.
   *
   * @return the counts
   */
  public OneByteReport report() {
    return report;
  }

  /**
   * What has to be saved beside the parameters.
   *
   * @return the state
   */
  public State state() {
    return new State(replica.version(), until, maxMagnitude, List.copyOf(largest), report);
  }
}
