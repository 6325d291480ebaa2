package org.dl4jplus.optim.zeroth.spark;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.storage.StorageLevel;
import org.datavec.spark.util.BroadcastHadoopConfigHolder;
import org.datavec.spark.util.SerializableHadoopConfig;
import org.deeplearning4j.core.loader.DataSetLoader;
import org.deeplearning4j.core.loader.MultiDataSetLoader;
import org.deeplearning4j.core.storage.StatsStorageRouter;
import org.deeplearning4j.core.storage.listener.RoutingIterationListener;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.spark.api.TrainingHook;
import org.deeplearning4j.spark.api.TrainingMaster;
import org.deeplearning4j.spark.api.TrainingResult;
import org.deeplearning4j.spark.api.TrainingWorker;
import org.deeplearning4j.spark.api.stats.SparkTrainingStats;
import org.deeplearning4j.spark.data.loader.RemoteFileSourceFactory;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.OneByte;
import org.dl4jplus.optim.zeroth.onebyte.Coordinator;
import org.dl4jplus.optim.zeroth.onebyte.Journal;
import org.dl4jplus.optim.zeroth.onebyte.OneByteReport;
import org.dl4jplus.optim.zeroth.onebyte.RoundHeader;
import org.dl4jplus.optim.zeroth.onebyte.RoundRecord;
import org.dl4jplus.optim.zeroth.onebyte.Trainee;
import org.dl4jplus.optim.zeroth.onebyte.Upload;
import org.dl4jplus.optim.zeroth.spark.RoundTask.Answer;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.dataformat.yaml.YAMLFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link OneByte} on Spark: each partition of the data is a machine, which sends one byte for each
 * direction and round, whatever the size of the network.
 *
 * <pre>{@code
 * OneByteTrainingMaster master = new OneByteTrainingMaster(OneByte.builder().rounds(500).build());
 * new SparkDl4jMultiLayer(sparkContext, configuration, master).fit(data);
 * }</pre>
 *
 * <p>The data are not repartitioned: their partitions are the machines, and the number of a
 * partition is that of its machine. An empty partition takes no part. Where every data set is a
 * single example, batches of {@code batchSize} are drawn from the partition; else its data sets are
 * the batches. A partition must come in the same order when Spark computes it anew: sort it after a
 * shuffle. Data that are not persisted are persisted as MEMORY_AND_DISK_SER for the call of {@code
 * fit}. Executors keep a partition's data, a network and a copy of the parameters for each machine
 * that they have run, to the end of the call.
 *
 * <p>The bytes, and so the parameters, are those of {@code OneByteFederation} on the same
 * partitions, to the last bit where the executors' processors and number of native threads ({@code
 * OMP_NUM_THREADS}) give the same losses; replaying a log gives the same bits everywhere. A task
 * that Spark runs again, after a failure or by speculation, answers the same: an executor that dies
 * changes nothing. A loss that throws fails its task, and after {@code spark.task.maxFailures} the
 * call of {@code fit}; the network then has the parameters of the last whole round.
 *
 * <p>The driver's network gets the parameters, the count of iterations, the score (in the rounds of
 * {@code scoreEvery}) and the calls of its own and of the Spark network's listeners once a round.
 *
 * <ul>
 *   <li>config: of the runs; default {@code OneByte.builder().build()}
 *   <li>checkpointDirectory: on the driver's machine; default none. Every round is written there
 *       before its listeners are called, and a snapshot every {@code snapshotEvery} rounds. {@link
 *       #resume} goes on with what is there, and ends with the bits of the run that was not broken
 *       off
 * </ul>
 */
@ToString(onlyExplicitlyIncluded = true)
@EqualsAndHashCode(onlyExplicitlyIncluded = true)
@JsonAutoDetect(
    fieldVisibility = JsonAutoDetect.Visibility.NONE,
    getterVisibility = JsonAutoDetect.Visibility.NONE,
    isGetterVisibility = JsonAutoDetect.Visibility.NONE)
public final class OneByteTrainingMaster
    implements TrainingMaster<TrainingResult, TrainingWorker<TrainingResult>> {

  private static final Logger LOG = LoggerFactory.getLogger(OneByteTrainingMaster.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  @Getter
  @JsonProperty("config")
  @ToString.Include
  @EqualsAndHashCode.Include
  private final OneByte config;

  @Getter
  @JsonProperty("checkpointDirectory")
  @ToString.Include
  @EqualsAndHashCode.Include
  private final String checkpointDirectory;

  private final List<TrainingListener> listeners = new ArrayList<>();
  private Coordinator coordinator;
  private Journal journal;
  private Model resumed;
  private boolean started;

  /**
   * Without checkpoints.
   *
   * @param config of the runs
   */
  public OneByteTrainingMaster(OneByte config) {
    this(config, null);
  }

  @lombok.Builder(builderClassName = "Builder")
  @JsonCreator
  private OneByteTrainingMaster(
      @JsonProperty("config") OneByte config,
      @JsonProperty("checkpointDirectory") String checkpointDirectory) {
    this.config = config == null ? OneByte.builder().build() : config;
    this.checkpointDirectory = checkpointDirectory;
  }

  /** Has a method for each field of the master, and {@code build()}. */
  public static final class Builder {

    /** With the defaults; the same as {@code OneByteTrainingMaster.builder()}. */
    public Builder() {
      // Lombok adds the methods.
    }
  }

  /**
   * Goes on with a run whose driver was lost:
   *
   * <pre>{@code
   * OneByteTrainingMaster master = OneByteTrainingMaster.resume(directory);
   * new SparkDl4jMultiLayer(sparkContext, master.<MultiLayerNetwork>network(), master).fit(data);
   * }</pre>
   *
   * <p>The first call of {@code fit} makes the rounds that are left of the one that was broken off,
   * and no round if that one had come to its end.
   *
   * @param directory the checkpoint directory of the run
   * @return a master that is where the log ends
   * @throws IllegalArgumentException if the directory holds no run
   */
  public static OneByteTrainingMaster resume(File directory) {
    Journal.Run run = Journal.read(directory);
    OneByteTrainingMaster master = new OneByteTrainingMaster(run.config(), directory.getPath());
    master.coordinator = run.coordinator();
    master.journal = run.journal();
    master.resumed = run.trainee().network();
    return master;
  }

  /**
   * The network of {@link #resume}.
   *
   * @param <M> kind of network
   * @return the network where the log ends
   * @throws IllegalStateException if this master was not resumed
   */
  @SuppressWarnings("unchecked")
  public <M extends Model> M network() {
    if (resumed == null) {
      throw new IllegalStateException("This master was not resumed: it has no network of its own");
    }
    return (M) resumed;
  }

  /**
   * What was sent so far.
   *
   * @return the counts
   * @throws IllegalStateException before the first call of fit
   */
  public OneByteReport report() {
    if (coordinator == null) {
      throw new IllegalStateException("There is nothing to report before the first call of fit");
    }
    return coordinator.report();
  }

  /**
   * The configuration as JSON.
   *
   * @return the text that {@link #fromJson} reads
   */
  @Override
  public String toJson() {
    return write(JSON);
  }

  /**
   * The configuration as YAML.
   *
   * @return the text that {@link #fromYaml} reads
   */
  @Override
  public String toYaml() {
    return write(YAML);
  }

  private String write(ObjectMapper mapper) {
    try {
      return mapper.writeValueAsString(this);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a configuration.
   *
   * @param json what {@link #toJson} wrote
   * @return a master that has not run
   */
  public static OneByteTrainingMaster fromJson(String json) {
    return read(JSON, json);
  }

  /**
   * Reads a configuration.
   *
   * @param yaml what {@link #toYaml} wrote
   * @return a master that has not run
   */
  public static OneByteTrainingMaster fromYaml(String yaml) {
    return read(YAML, yaml);
  }

  private static OneByteTrainingMaster read(ObjectMapper mapper, String text) {
    try {
      return mapper.readValue(text, OneByteTrainingMaster.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void executeTraining(SparkDl4jMultiLayer network, JavaRDD<DataSet> data) {
    train(network.getNetwork(), network.getSparkContext(), data);
  }

  @Override
  public void executeTraining(SparkComputationGraph network, JavaRDD<DataSet> data) {
    train(network.getNetwork(), network.getSparkContext(), data);
  }

  @Override
  public void executeTrainingMDS(SparkComputationGraph network, JavaRDD<MultiDataSet> data) {
    train(network.getNetwork(), network.getSparkContext(), data);
  }

  @Override
  public void executeTrainingPaths(
      SparkDl4jMultiLayer network,
      SparkComputationGraph graph,
      JavaRDD<String> paths,
      DataSetLoader loader,
      MultiDataSetLoader multiLoader) {
    Model model = network == null ? graph.getNetwork() : network.getNetwork();
    JavaSparkContext spark = network == null ? graph.getSparkContext() : network.getSparkContext();
    Broadcast<SerializableHadoopConfig> hadoop = BroadcastHadoopConfigHolder.get(spark);
    if (loader != null) {
      train(
          model,
          spark,
          paths.map(path -> loader.load(new RemoteFileSourceFactory(hadoop).getSource(path))));
    } else {
      train(
          model,
          spark,
          paths.map(path -> multiLoader.load(new RemoteFileSourceFactory(hadoop).getSource(path))));
    }
  }

  private <T> void train(Model network, JavaSparkContext spark, JavaRDD<T> data) {
    Require.given("data", data);
    Trainee trainee = Trainee.of(network);
    begin(trainee);
    Collection<TrainingListener> all = new ArrayList<>(listeners);
    all.addAll(ModelAccess.of(network).listeners());
    String run = UUID.randomUUID().toString();
    // So that a partition has a place, to which its tasks return.
    boolean persisted = data.getStorageLevel().equals(StorageLevel.NONE());
    if (persisted) {
      data.persist(StorageLevel.MEMORY_AND_DISK_SER());
    }
    Broadcast<byte[]> snapshot = null;
    int snapshotVersion = -1;
    byte[] last = null;
    try {
      while (coordinator.left() > 0) {
        if (snapshotVersion != coordinator.snapshot().version()) {
          destroy(snapshot);
          snapshotVersion = coordinator.snapshot().version();
          // The network is where the replica is, at or after the coordinator's snapshot.
          snapshot =
              spark.broadcast(
                  new NetworkSnapshot(config, network, coordinator.replica().version()).toBytes());
        }
        Broadcast<byte[]> log = spark.broadcast(RoundRecord.toBytes(coordinator.log()));
        RoundRecord record;
        List<Double> losses = new ArrayList<>();
        try {
          record = round(trainee, run, snapshot, log, last, data, losses);
        } finally {
          destroy(log);
        }
        last = RoundRecord.toBytes(List.of(record));
        if (journal != null) {
          journal.append(record);
        }
        trainee.endRound(coordinator.replica(), losses, all);
        if (journal != null && coordinator.snapshot().version() != snapshotVersion) {
          journal.snapshot(trainee, coordinator);
        }
      }
    } finally {
      destroy(snapshot);
      forget(run, data);
      if (persisted) {
        data.unpersist(false);
      }
    }
  }

  /** Goes on where the network's last run ended, or begins another one. */
  private void begin(Trainee trainee) {
    boolean goesOn =
        coordinator != null
            && coordinator.replica().version() == trainee.iteration()
            && Arrays.equals(coordinator.replica().theta(), trainee.theta());
    if (!goesOn) {
      if (resumed != null && !started) {
        throw new IllegalArgumentException(
            "The network is not the one that was resumed: hand network() to Spark");
      }
      coordinator = new Coordinator(config, trainee.theta(), trainee.type(), trainee.iteration());
      journal = checkpointDirectory == null ? null : Journal.start(new File(checkpointDirectory));
    }
    started = true;
    coordinator.begin(config.getRounds());
    if (journal != null) {
      journal.snapshot(trainee, coordinator);
    }
  }

  private <T> RoundRecord round(
      Trainee trainee,
      String run,
      Broadcast<byte[]> snapshot,
      Broadcast<byte[]> log,
      byte[] last,
      JavaRDD<T> data,
      List<Double> losses) {
    RoundHeader header = coordinator.plan(trainee.epoch());
    boolean scored = OneByte.due(config.getScoreEvery(), header.round());
    byte[] hash =
        OneByte.due(config.getHashEvery(), header.round()) ? coordinator.replica().hash() : null;
    RoundTask<T> task = new RoundTask<>(run, bytes(header), last, snapshot, log, hash, scored);
    List<Upload> uploads = new ArrayList<>();
    int repaired = 0;
    for (byte[] bytes : data.mapPartitionsWithIndex(task, true).collect()) {
      Answer answer = Answer.fromBytes(bytes);
      uploads.add(answer.upload());
      repaired += answer.repaired() ? 1 : 0;
      if (scored) {
        losses.add(answer.meanLoss());
      }
    }
    if (uploads.isEmpty()) {
      throw new IllegalArgumentException("data are empty: no partition has an example");
    }
    RoundRecord record = coordinator.close(header, uploads);
    coordinator.countRepairs(repaired);
    return record;
  }

  private static byte[] bytes(RoundHeader header) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      header.write(new DataOutputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void destroy(Broadcast<byte[]> broadcast) {
    if (broadcast != null) {
      try {
        broadcast.destroy();
      } catch (RuntimeException e) {
        LOG.debug("A broadcast was not destroyed", e);
      }
    }
  }

  /** Frees the executors that the partitions are on; the others find out in a later run. */
  private static <T> void forget(String run, JavaRDD<T> data) {
    ExecutorMachine.forget(run);
    try {
      data.mapPartitions(
              partition -> {
                ExecutorMachine.forget(run);
                return Collections.emptyIterator();
              })
          .count();
    } catch (RuntimeException e) {
      LOG.debug("Executors were not told that the run has ended", e);
    }
  }

  /**
   * Not offered: machines answer with bytes and have no results of the platform's kind.
   *
   * @param network the Spark network
   * @return never
   * @throws UnsupportedOperationException always
   */
  @Override
  public TrainingWorker<TrainingResult> getWorkerInstance(SparkDl4jMultiLayer network) {
    throw noWorker();
  }

  /**
   * Not offered: machines answer with bytes and have no results of the platform's kind.
   *
   * @param graph the Spark network
   * @return never
   * @throws UnsupportedOperationException always
   */
  @Override
  public TrainingWorker<TrainingResult> getWorkerInstance(SparkComputationGraph graph) {
    throw noWorker();
  }

  private static UnsupportedOperationException noWorker() {
    return new UnsupportedOperationException(
        "One-byte training makes its rounds itself: there are no workers to hand out");
  }

  /**
   * Not offered: hooks stand around updates of minibatches, which there are none of.
   *
   * @param trainingHook the hook
   * @throws UnsupportedOperationException always
   */
  @Override
  public void addHook(TrainingHook trainingHook) {
    throw new UnsupportedOperationException(
        "One-byte training makes no updates from minibatches: use a listener, called once a round");
  }

  /**
   * Does nothing: there are no hooks.
   *
   * @param trainingHook the hook
   */
  @Override
  public void removeHook(TrainingHook trainingHook) {
    // None was taken.
  }

  /**
   * Statistics are in {@link #report}.
   *
   * @param collectTrainingStats false
   * @throws UnsupportedOperationException for true
   */
  @Override
  public void setCollectTrainingStats(boolean collectTrainingStats) {
    if (collectTrainingStats) {
      throw new UnsupportedOperationException(
          "One-byte training has no statistics of the platform's kind: see report()");
    }
  }

  @Override
  public boolean getIsCollectTrainingStats() {
    return false;
  }

  @Override
  public SparkTrainingStats getTrainingStats() {
    return null;
  }

  @Override
  public void setListeners(Collection<TrainingListener> listeners) {
    Require.given("listeners", listeners);
    this.listeners.clear();
    this.listeners.addAll(listeners);
  }

  @Override
  public void setListeners(StatsStorageRouter router, Collection<TrainingListener> listeners) {
    setListeners(listeners);
    for (TrainingListener listener : listeners) {
      if (router != null && listener instanceof RoutingIterationListener routing) {
        routing.setStorageRouter(router);
      }
    }
  }

  @Override
  public boolean deleteTempFiles(JavaSparkContext sc) {
    return deleteTempFiles(sc.sc());
  }

  /**
   * There are none.
   *
   * @param sc the context
   * @return true
   */
  @Override
  public boolean deleteTempFiles(SparkContext sc) {
    return true;
  }
}
