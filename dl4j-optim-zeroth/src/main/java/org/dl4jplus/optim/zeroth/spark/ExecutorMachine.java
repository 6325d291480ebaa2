package org.dl4jplus.optim.zeroth.spark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.zeroth.objective.MovableEntries;
import org.dl4jplus.optim.zeroth.onebyte.Machine;
import org.dl4jplus.optim.zeroth.onebyte.ModelLosses;
import org.dl4jplus.optim.zeroth.onebyte.Replica;
import org.dl4jplus.optim.zeroth.onebyte.RoundHeader;
import org.dl4jplus.optim.zeroth.onebyte.RoundRecord;
import org.dl4jplus.optim.zeroth.spark.RoundTask.Answer;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A partition's machine in this JVM: its data, its network and its copy of the parameters last from
 * round to round. An executor that is new, or was not asked for a while, makes the copy from
 * snapshot and log. What a run leaves behind is forgotten at its end, or when a later run finds it
 * idle.
 */
final class ExecutorMachine {

  private static final Logger LOG = LoggerFactory.getLogger(ExecutorMachine.class);
  private static final long IDLE_NANOS = 30L * 60 * 1_000_000_000;

  private static final Map<String, Run> RUNS = new ConcurrentHashMap<>();

  private static final class Run {
    private final Map<Integer, ExecutorMachine> machines = new ConcurrentHashMap<>();
    private volatile long used = System.nanoTime();
  }

  private final int partition;
  private List<MultiDataSet> data;
  private Machine machine;

  private ExecutorMachine(int partition) {
    this.partition = partition;
  }

  /** The machine of a partition, made if it is not there. */
  static ExecutorMachine of(String run, int partition) {
    long now = System.nanoTime();
    RUNS.values().removeIf(other -> now - other.used > IDLE_NANOS);
    Run mine = RUNS.computeIfAbsent(run, name -> new Run());
    mine.used = now;
    return mine.machines.computeIfAbsent(partition, ExecutorMachine::new);
  }

  /** Drops what a run keeps in this JVM. */
  static void forget(String run) {
    RUNS.remove(run);
  }

  /** Answers to a round; null without data. Speculative attempts take turns. */
  synchronized Answer answer(RoundTask<?> task, Iterator<?> partitionData) {
    if (data == null) {
      data = read(partitionData);
    }
    if (data.isEmpty()) {
      return null;
    }
    RoundHeader header = task.round();
    bringUpToDate(task, header.round());
    boolean repaired = false;
    if (task.hash() != null && !Arrays.equals(task.hash(), machine.replica().hash())) {
      LOG.warn(
          "Machine {} had other parameters in round {}: it begins anew", partition, header.round());
      machine = null;
      bringUpToDate(task, header.round());
      repaired = true;
      if (!Arrays.equals(task.hash(), machine.replica().hash())) {
        throw new IllegalStateException(
            "Machine "
                + partition
                + " does not come to the driver's parameters of round "
                + header.round()
                + ": its arithmetic differs");
      }
    }
    return new Answer(machine.answer(header), repaired, machine.meanLoss());
  }

  private static List<MultiDataSet> read(Iterator<?> partitionData) {
    List<MultiDataSet> all = new ArrayList<>();
    while (partitionData.hasNext()) {
      Object one = partitionData.next();
      all.add(one instanceof DataSet set ? set.toMultiDataSet() : (MultiDataSet) one);
    }
    return all;
  }

  private void bringUpToDate(RoundTask<?> task, int round) {
    if (machine != null && machine.replica().version() == round) {
      return;
    }
    if (machine != null && machine.replica().version() == round - 1) {
      machine.replica().catchUp(RoundRecord.fromBytes(task.last()));
      return;
    }
    // Snapshot and log know every round that a machine can lack.
    NetworkSnapshot snapshot = NetworkSnapshot.fromBytes(task.snapshot().value());
    Model network = snapshot.network();
    ModelLosses losses = new ModelLosses(network, data, snapshot.config().getBatchSize());
    Replica replica =
        new Replica(
            snapshot.config(),
            new MovableEntries(losses.problem()).read(),
            ModelAccess.of(network).parameters().dataType(),
            snapshot.version());
    replica.catchUp(RoundRecord.fromBytes(task.log().value()));
    machine = new Machine(partition, losses, replica);
  }
}
