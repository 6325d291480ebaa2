package org.dl4jplus.optim.zeroth;

import java.io.File;
import java.io.IOException;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.OffloadedFile.Run;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A network whose parameters lie in a store and come into memory block by block; {@link ZO2} trains
 * it.
 *
 * <pre>{@code
 * ZO2 method = ZO2.builder().learningRate(1e-3).store(ZO2.Store.MAPPED_FILE).build();
 * try (OffloadedNetwork network = OffloadedNetwork.create(configuration, method)) {
 *   network.fit(iterator, 10);
 *   Evaluation evaluation = network.evaluate(test);
 *   network.save(file);
 * }
 * }</pre>
 *
 * <p>{@link #create} never holds all parameters in memory; {@link #from} takes a network that was.
 * The network is a chain of layers, a MultiLayerNetwork or a ComputationGraph without branches, of
 * type FLOAT or DOUBLE. Losses are those of inference: no dropout, batch normalization by its
 * running statistics, L1 and L2 terms; recurrent layers start each sequence anew. Frozen layers
 * stay, constraints hold, masks count, as with MeZO.
 *
 * <p>It is the model that listeners see; they are called as the platform calls them, though those
 * that take no network but the platform's own two, PerformanceListener and CheckpointListener among
 * them, do not take it: {@link #save} and {@link #evaluate} can be called from any other. There is
 * no gradient and no parameter view: {@link #params}, {@link #getParam} and {@link #paramTable}
 * copy. Whatever reads parameters applies the pending update first. Not for several threads at
 * once.
 *
 * <p>Beside the parameters there is, for each of the losses of a step, an array of activations; a
 * block holds up to 2^31 - 1 parameters. On other backends than the CPU, where layers compute in
 * the memory of a device, the copies between it and the store are small and not tuned; that was not
 * run for want of such a backend.
 */
public final class OffloadedNetwork extends LossOnlyModel implements AutoCloseable {

  private final ZO2 config;
  private final Architecture architecture;
  private final OffloadedLayers layers;
  private final OffloadedSteps steps;

  private OffloadedNetwork(OffloadedFile.Content content) {
    super(content.run().iteration(), content.run().epoch());
    config = content.method();
    architecture = content.architecture();
    layers = content.layers();
    steps = new OffloadedSteps(config.method(), layers, content.run());
  }

  /**
   * Makes a network without ever holding all of its parameters in memory. They get the values that
   * the platform would give them: those of {@code init()}, drawn from its generator, which is
   * seeded by the configuration.
   *
   * @param configuration of the network
   * @param method how to train and where to keep the parameters
   * @return the network
   * @throws IllegalArgumentException for a network that cannot be trained so
   */
  public static OffloadedNetwork create(MultiLayerConfiguration configuration, ZO2 method) {
    return drawn(Architecture.of(Require.given("configuration", configuration)), method);
  }

  /**
   * Makes a network without ever holding all of its parameters in memory, as {@link
   * #create(MultiLayerConfiguration, ZO2)}.
   *
   * @param configuration of a graph that is a chain of layers
   * @param method how to train and where to keep the parameters
   * @return the network
   * @throws IllegalArgumentException for a network that cannot be trained so
   */
  public static OffloadedNetwork create(ComputationGraphConfiguration configuration, ZO2 method) {
    return drawn(Architecture.of(Require.given("configuration", configuration)), method);
  }

  private static OffloadedNetwork drawn(Architecture architecture, ZO2 method) {
    Require.given("method", method);
    return new OffloadedNetwork(
        new OffloadedFile.Content(
            method,
            architecture,
            Run.at(0, 0),
            OffloadedLayers.open(architecture.chain(), method, OffloadedLayers::draw)));
  }

  /**
   * Takes over a network; goes on with its counts of iterations and epochs and its listeners.
   *
   * @param network initialised; it is copied
   * @param method how to train and where to keep the parameters
   * @return the network
   * @throws IllegalArgumentException for a network that cannot be trained so
   */
  public static OffloadedNetwork from(MultiLayerNetwork network, ZO2 method) {
    Require.given("network", network);
    return copied(Architecture.of(network.getLayerWiseConfigurations()), network, method);
  }

  /**
   * Takes over a graph, as {@link #from(MultiLayerNetwork, ZO2)}.
   *
   * @param network initialised, a chain of layers; it is copied
   * @param method how to train and where to keep the parameters
   * @return the network
   * @throws IllegalArgumentException for a network that cannot be trained so
   */
  public static OffloadedNetwork from(ComputationGraph network, ZO2 method) {
    Require.given("network", network);
    return copied(Architecture.of(network.getConfiguration()), network, method);
  }

  private static OffloadedNetwork copied(Architecture architecture, Model model, ZO2 method) {
    Require.given("method", method);
    ModelAccess access = ModelAccess.of(model);
    Run run = Run.at(access.iteration(), access.epoch());
    OffloadedLayers layers =
        OffloadedLayers.open(
            architecture.chain(),
            method,
            opened -> {
              opened.bind();
              opened.setParameters(access.parameters(), run.iteration());
            });
    OffloadedNetwork network =
        new OffloadedNetwork(new OffloadedFile.Content(method, architecture, run, layers));
    network.setListeners(access.listeners());
    return network;
  }

  // Training.

  @Override
  double step(DataSet batch) {
    return steps.make(batch, getIterationCount(), getEpochCount());
  }

  /**
   * Applies the last step's update, which otherwise waits for the next step. Everything that reads
   * parameters does so by itself. With a compression the parameters are rounded once more.
   */
  @Override
  public void flush() {
    steps.flush(getIterationCount());
  }

  /**
   * How the network is trained and kept.
   *
   * @return the configuration
   */
  public ZO2 method() {
    return config;
  }

  /**
   * Losses that steps have taken.
   *
   * @return the count
   */
  public long evaluations() {
    return steps.evaluations();
  }

  /**
   * Steps that were skipped since a loss was not finite.
   *
   * @return the count
   */
  public long skippedSteps() {
    return steps.skipped();
  }

  // What the network says.

  /**
   * The output for some features.
   *
   * @param features a batch
   * @return the activations of the last layer
   */
  public INDArray output(INDArray features) {
    return output(features, null, null);
  }

  @Override
  public INDArray output(INDArray features, INDArray featuresMask, INDArray labelsMask) {
    Require.given("features", features);
    return forward(
            new org.nd4j.linalg.dataset.DataSet(features, null, featuresMask, labelsMask), false)
        .output();
  }

  /**
   * The loss of a batch with the L1 and L2 terms, in inference mode.
   *
   * @param data features, labels and masks
   * @return the loss
   */
  public double score(DataSet data) {
    return forward(Require.given("data", data), true).loss();
  }

  @SuppressWarnings("try") // The scope is left by closing it.
  private OffloadedLayers.Stream forward(DataSet data, boolean scored) {
    flush();
    try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      return layers.forward(data, scored);
    }
  }

  // What it takes.

  /**
   * The working memory for parameters. It is taken once, so that it is the most that is ever taken.
   *
   * @return bytes, at most {@code residentBlocks} times the largest block
   */
  public long residentBytes() {
    return layers.blocks().residentBytes();
  }

  /**
   * The working memory for what MOMENTUM and ADAM remember.
   *
   * @return bytes
   */
  public long residentMomentBytes() {
    return layers.blocks().residentMomentBytes();
  }

  /**
   * What the parameters take in the store.
   *
   * @return bytes, compressed
   */
  public long storedBytes() {
    return layers.blocks().storedBytes();
  }

  /**
   * Number of blocks.
   *
   * @return the count
   */
  public int blockCount() {
    return layers.blocks().count();
  }

  /**
   * How many blocks were brought in; a step brings in each once.
   *
   * @return the count
   */
  public long fetchedBlocks() {
    return layers.blocks().fetched();
  }

  /**
   * How many blocks were put back; a step puts back each once that has parameters that may move.
   *
   * @return the count
   */
  public long returnedBlocks() {
    return layers.blocks().returned();
  }

  // Into memory and files.

  /**
   * A network in memory with the same parameters and counts.
   *
   * @return a new network
   * @throws IllegalStateException if this was made of a graph
   */
  public MultiLayerNetwork toMultiLayerNetwork() {
    if (architecture.layers() == null) {
      throw new IllegalStateException("This was made of a ComputationGraph: toComputationGraph()");
    }
    return architecture.network(params(), getIterationCount(), getEpochCount());
  }

  /**
   * A graph in memory with the same parameters and counts.
   *
   * @return a new graph
   * @throws IllegalStateException if this was made of a MultiLayerNetwork
   */
  public ComputationGraph toComputationGraph() {
    if (architecture.graph() == null) {
      throw new IllegalStateException("This was made of a MultiLayerNetwork");
    }
    return architecture.graph(params(), getIterationCount(), getEpochCount());
  }

  /**
   * Writes network, parameters, counts and what the method remembers, block by block, under a
   * temporary name that is changed at the end: a run that dies meanwhile keeps its last file.
   *
   * @param file where to
   * @throws IOException if it cannot be written
   */
  public void save(File file) throws IOException {
    Require.given("file", file);
    flush();
    Run run = steps.run(getIterationCount(), getEpochCount());
    OffloadedFile.write(file, new OffloadedFile.Content(config, architecture, run, layers));
  }

  /**
   * Goes on with a saved network, to the same bits.
   *
   * @param file what {@link #save} wrote
   * @return the network, without listeners
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if the path of its method exists, see {@link ZO2}
   */
  public static OffloadedNetwork load(File file) throws IOException {
    return load(file, null);
  }

  /**
   * Goes on with a saved network in another way: with another store, another overlap, other
   * learning rates.
   *
   * @param file what {@link #save} wrote
   * @param method blocks, compression and updateRule as in the saved one; null for the saved one
   * @return the network, without listeners
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if the parameters are stored in another way, and if the path
   *     of the method exists, see {@link ZO2}
   */
  public static OffloadedNetwork load(File file, ZO2 method) throws IOException {
    return new OffloadedNetwork(OffloadedFile.read(Require.given("file", file), method));
  }

  /**
   * Ends the threads, and deletes the store's file. What needs parameters afterwards gets an {@link
   * IllegalStateException}.
   */
  @Override
  public void close() {
    layers.close();
  }

  // Parameters.

  /** The parameters in the store, without the pending update. */
  INDArray storedParameters() {
    return layers.parameters();
  }

  /**
   * {@inheritDoc}
   *
   * @return a copy of all parameters, which takes the memory that this class saves
   */
  @Override
  public INDArray params() {
    flush();
    return storedParameters();
  }

  @Override
  public void setParams(INDArray params) {
    if (Require.given("params", params).length() != numParams()) {
      throw new IllegalArgumentException(
          "params must have " + numParams() + " entries, got " + params.length());
    }
    steps.forget();
    layers.setParameters(params.reshape(params.length()), getIterationCount());
  }

  @Override
  public long numParams() {
    return layers.blocks().start(layers.blocks().count());
  }

  /**
   * {@inheritDoc}
   *
   * @return a copy
   */
  @Override
  public INDArray getParam(String param) {
    Map<String, INDArray> table = paramTable();
    if (!table.containsKey(param)) {
      throw new IllegalArgumentException(
          "param must be one of " + table.keySet() + ", got " + param);
    }
    return table.get(param);
  }

  /**
   * {@inheritDoc}
   *
   * @return copies of all parameters, which take the memory that this class saves
   */
  @Override
  public Map<String, INDArray> paramTable() {
    flush();
    return layers.table();
  }

  @Override
  public void setParam(String key, INDArray val) {
    flush();
    layers.setParameter(key, val, getIterationCount());
  }

  @Override
  public NeuralNetConfiguration conf() {
    return layers.firstConfiguration();
  }
}
