package org.dl4jplus.optim.zeroth.onebyte;

import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One-byte training of several logical machines in this process:
 *
 * <pre>{@code
 * OneByteFederation federation = new OneByteFederation(OneByte.builder().rounds(500).build(), network);
 * federation.join(0, dataOfMachine0);
 * federation.join(1, dataOfMachine1);
 * federation.fit();
 * }</pre>
 *
 * <p>Every machine has its own copy of the parameters and sees nothing of the others but records;
 * they take turns at evaluating losses on the one network. The network's parameters, count of
 * iterations, score and listeners are served once a round. The rounds are numbered by the network's
 * iterations, so that a network that is saved and trained on goes on with new seeds. The run's own
 * copy of the parameters is what counts: what others write into the network between rounds is lost.
 *
 * <p>Machines may join and leave between rounds. With {@link #journal} the run is on disk and
 * {@link #resume} goes on to the same bits. A loss that throws ends {@link #fit}; the round it
 * happened in has changed nothing.
 */
public final class OneByteFederation {

  private static final Logger LOG = LoggerFactory.getLogger(OneByteFederation.class);

  private final OneByte config;
  private final Trainee trainee;
  private final Coordinator coordinator;
  private final Map<Long, LocalLosses> data = new TreeMap<>();
  // Machines that have no copy yet, or lost it, are not in it.
  private final Map<Long, Machine> machines = new TreeMap<>();
  private Journal journal;

  /**
   * A run that trains a network.
   *
   * @param config of the run
   * @param network an initialised MultiLayerNetwork or ComputationGraph
   * @throws IllegalArgumentException without parameters that may move, or with constraints
   */
  public OneByteFederation(OneByte config, Model network) {
    this(config, Trainee.of(network));
  }

  /**
   * A run that minimises the sum of plain functions.
   *
   * @param config of the run
   * @param parameters the start, of shape [n], FLOAT or DOUBLE; moved in place
   * @throws IllegalArgumentException without parameters
   */
  public OneByteFederation(OneByte config, INDArray parameters) {
    this(config, Trainee.of(parameters));
  }

  private OneByteFederation(OneByte config, Trainee trainee) {
    this(
        config,
        trainee,
        new Coordinator(
            Require.given("config", config), trainee.theta(), trainee.type(), trainee.iteration()),
        null);
  }

  private OneByteFederation(
      OneByte config, Trainee trainee, Coordinator coordinator, Journal journal) {
    this.config = config;
    this.trainee = trainee;
    this.coordinator = coordinator;
    this.journal = journal;
  }

  /**
   * Goes on with a run that was written down. The machines must join again, with the data they had.
   *
   * @param directory that was given to {@link #journal}
   * @return the run, where its log ends
   * @throws IllegalArgumentException if the directory holds none
   */
  public static OneByteFederation resume(File directory) {
    Journal.Run run = Journal.read(directory);
    return new OneByteFederation(run.config(), run.trainee(), run.coordinator(), run.journal());
  }

  /**
   * Writes the run down from now on.
   *
   * @param directory made if it is not there
   * @return this
   * @throws IllegalArgumentException if the directory holds a run already
   */
  public OneByteFederation journal(File directory) {
    journal = Journal.start(directory);
    journal.snapshot(trainee, coordinator);
    return this;
  }

  /**
   * Takes a machine in, from the next round on.
   *
   * @param machine its number; seeds depend on it
   * @param losses it can evaluate, at the parameters that are trained here
   * @throws IllegalArgumentException if the number is taken
   */
  public void join(long machine, LocalLosses losses) {
    INDArray evaluated = Require.given("losses", losses).problem().parameters();
    if (evaluated.length() != trainee.parameters().length()
        || !evaluated.data().sameUnderlyingData(trainee.parameters().data())) {
      throw new IllegalArgumentException(
          "losses must be at the parameters that are trained, got another array");
    }
    if (data.putIfAbsent(machine, losses) != null) {
      throw new IllegalArgumentException("machine " + machine + " is there already");
    }
  }

  /**
   * Takes a machine in that has data.
   *
   * @param machine its number; seeds depend on it
   * @param examples single examples, or minibatches
   * @throws IllegalArgumentException if the number is taken, or without data
   */
  public void join(long machine, List<DataSet> examples) {
    joinMulti(
        machine,
        Require.given("examples", examples).stream()
            .map(example -> Require.given("an example", example).toMultiDataSet())
            .toList());
  }

  /**
   * Takes a machine in that has data of several inputs or outputs.
   *
   * @param machine its number; seeds depend on it
   * @param examples single examples, or minibatches
   * @throws IllegalArgumentException if the number is taken, or without data
   */
  public void joinMulti(long machine, List<? extends MultiDataSet> examples) {
    Require.given("examples", examples);
    if (trainee.network() == null) {
      throw new IllegalArgumentException("examples need a network: join with a function");
    }
    join(machine, new ModelLosses(trainee.network(), examples, config.getBatchSize()));
  }

  /**
   * Takes a machine in that has a plain function.
   *
   * @param machine its number; seeds depend on it
   * @param function its loss
   * @throws IllegalArgumentException if the number is taken
   */
  public void join(long machine, ZoObjective function) {
    join(
        machine,
        LocalLosses.of(ZoProblem.of(Require.given("function", function), trainee.parameters())));
  }

  /**
   * Takes a machine out, from the next round on.
   *
   * @param machine its number
   */
  public void leave(long machine) {
    data.remove(machine);
    machines.remove(machine);
  }

  /**
   * Takes a machine's copy of the parameters away, as if its process had died and another one had
   * taken its place. It makes a new copy from the snapshot and the log.
   *
   * @param machine its number
   */
  public void restart(long machine) {
    machines.remove(machine);
  }

  /**
   * Makes the rounds of the configuration, or those that are left of a call that was broken off.
   * The first call after {@link #resume} makes what was left then.
   */
  public void fit() {
    coordinator.begin(config.getRounds());
    if (journal != null) {
      journal.snapshot(trainee, coordinator);
    }
    while (coordinator.left() > 0) {
      round();
    }
  }

  /**
   * Makes one round.
   *
   * @return its record
   * @throws IllegalStateException without machines, or for a sample without result under FAIL
   */
  public RoundRecord round() {
    if (data.isEmpty()) {
      throw new IllegalStateException("There is no machine: let one join first");
    }
    RoundHeader header = coordinator.plan(trainee.epoch());
    int repaired = bringUpToDate(OneByte.due(config.getHashEvery(), header.round()));
    List<Upload> answers = new ArrayList<>();
    List<Double> losses = new ArrayList<>();
    for (Machine machine : machines.values()) {
      answers.add(machine.answer(header));
      if (OneByte.due(config.getScoreEvery(), header.round())) {
        losses.add(machine.meanLoss());
      }
    }
    RoundRecord record = coordinator.close(header, answers);
    coordinator.countRepairs(repaired);
    for (Machine machine : machines.values()) {
      machine.replica().apply(record);
    }
    if (journal != null) {
      journal.append(record);
    }
    trainee.endRound(coordinator.replica(), losses, listeners());
    if (journal != null && coordinator.snapshot().version() == coordinator.replica().version()) {
      journal.snapshot(trainee, coordinator);
    }
    return record;
  }

  /** Gives copies to the machines that have none, or a wrong one. */
  private int bringUpToDate(boolean check) {
    int repaired = 0;
    byte[] expected = check ? coordinator.replica().hash() : null;
    for (var one : data.entrySet()) {
      Machine machine = machines.get(one.getKey());
      if (machine != null && check && !Arrays.equals(expected, machine.replica().hash())) {
        LOG.warn(
            "Machine {} had other parameters in round {}: it begins anew",
            machine.id(),
            coordinator.replica().version());
        repaired++;
        machine = null;
      }
      if (machine == null) {
        machines.put(
            one.getKey(), new Machine(one.getKey(), one.getValue(), coordinator.lateReplica()));
      }
    }
    return repaired;
  }

  private List<TrainingListener> listeners() {
    return trainee.network() == null
        ? List.of()
        : List.copyOf(ModelAccess.of(trainee.network()).listeners());
  }

  /**
   * The network.
   *
   * @param <M> kind of network
   * @return the live object; null for plain functions
   */
  @SuppressWarnings("unchecked")
  public <M extends Model> M network() {
    return (M) trainee.network();
  }

  /**
   * All parameters.
   *
   * @return the live array, of shape [n]
   */
  public INDArray parameters() {
    return trainee.parameters();
  }

  /**
   * The driver's side of the run.
   *
   * @return the live object
   */
  public Coordinator coordinator() {
    return coordinator;
  }

  /**
   * A machine's side of the run.
   *
   * @param machine its number
   * @return the live object; null before its first round
   */
  public Machine machine(long machine) {
    return machines.get(machine);
  }

  /**
   * What was sent so far.
   *
   * @return the counts
   */
  public OneByteReport report() {
    return coordinator.report();
  }
}
