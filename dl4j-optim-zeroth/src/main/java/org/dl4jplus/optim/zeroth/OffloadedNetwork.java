package org.dl4jplus.optim.zeroth;

import java.io.File;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.ConvexOptimizer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.MeZO.PerturbationMode;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ForwardPass;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.offload.BlockStore;
import org.dl4jplus.optim.zeroth.offload.Chain;
import org.dl4jplus.optim.zeroth.offload.Chain.Link;
import org.dl4jplus.optim.zeroth.offload.ResidentBlocks;
import org.nd4j.common.primitives.Pair;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.databind.ObjectMapper;

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
public final class OffloadedNetwork implements Model, AutoCloseable {

  private static final String NO_GRADIENT =
      "A network that is trained by losses alone has no gradient";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What a step leaves to be applied; without estimates if it was skipped. */
  private record Pending(int iteration, int epoch, double[] estimates, double rate, double count) {}

  /** A forward pass on its way. */
  private static final class Stream {
    private final ForwardPass pass;
    private INDArray mask;
    private MaskState maskState = MaskState.Active;
    private double penalty;
    private double loss;

    Stream(ForwardPass.Memory memory, DataSet data) {
      pass = new ForwardPass(memory, data.getFeatures());
      mask = data.getFeaturesMaskArray();
    }
  }

  private final ZO2 config;
  private final MeZO method;
  private final Directions directions;
  private final MultiLayerConfiguration network;
  private final ComputationGraphConfiguration graph;
  private final Chain chain;
  private final Layer[] layers;
  private final int[] firstLayers;
  private final ResidentBlocks blocks;
  private final Perturber[] perturbers;
  private final boolean[] moves;
  private final boolean[] applied;
  private final ForwardPass.Memory memory;

  private final List<TrainingListener> listeners = new ArrayList<>();
  private GradientState state = new GradientState();
  private Pending pending;
  private int iteration;
  private int epoch;
  private double score = Double.NaN;
  private DataSet batch;
  private long evaluations;
  private long skipped;

  private OffloadedNetwork(
      MultiLayerConfiguration network, ComputationGraphConfiguration graph, ZO2 config) {
    this.config = config;
    method = config.method();
    directions = method.directions();
    this.network = network;
    this.graph = graph;
    chain = network != null ? Chain.of(network) : Chain.of(graph);
    if (chain.type() != DataType.FLOAT && chain.type() != DataType.DOUBLE) {
      throw new IllegalArgumentException("Parameters must be FLOAT or DOUBLE, got " + chain.type());
    }
    layers = new Layer[chain.links().size()];
    firstLayers = firstLayers(chain.links(), config.getBlocks());
    int count = firstLayers.length - 1;
    long[] starts = new long[count + 1];
    for (int b = 0; b < count; b++) {
      starts[b + 1] = starts[b];
      for (int l = firstLayers[b]; l < firstLayers[b + 1]; l++) {
        starts[b + 1] += chain.links().get(l).parameters();
      }
    }
    if (starts[count] == 0) {
      throw new IllegalArgumentException("The network has no parameters that may move");
    }
    perturbers = new Perturber[count];
    moves = new boolean[count];
    applied = new boolean[count];
    memory = new ForwardPass.Memory(chain.type());
    blocks =
        new ResidentBlocks(
            BlockStore.open(
                config.getStore(), config.getPath() == null ? null : Path.of(config.getPath())),
            chain.type(),
            config.getCompression(),
            method.momentCount(),
            starts,
            config.getResidentBlocks(),
            config.isOverlap(),
            config.getSeed());
  }

  private static int[] firstLayers(List<Link> links, List<Integer> counts) {
    List<Integer> first = new ArrayList<>(List.of(0));
    if (counts != null) {
      int at = 0;
      for (int count : counts) {
        at += count;
        first.add(at);
      }
      if (at != links.size()) {
        throw new IllegalArgumentException(
            "blocks must add up to the network's " + links.size() + " layers, got " + counts);
      }
    } else {
      boolean filled = links.get(0).parameters() > 0;
      for (int l = 1; l < links.size(); l++) {
        if (links.get(l).parameters() > 0) {
          if (filled) {
            first.add(l);
          }
          filled = true;
        }
      }
      first.add(links.size());
    }
    return first.stream().mapToInt(Integer::intValue).toArray();
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
    return new OffloadedNetwork(configuration.clone(), null, method).initialised();
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
    return new OffloadedNetwork(null, configuration.clone(), method).initialised();
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
    return new OffloadedNetwork(network.getLayerWiseConfigurations().clone(), null, method)
        .copied(network);
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
    return new OffloadedNetwork(null, network.getConfiguration().clone(), method).copied(network);
  }

  private OffloadedNetwork initialised() {
    Nd4j.getRandom().setSeed(chain.seed());
    int block = -1;
    for (int l : chain.initialOrder()) {
      int own = block(l);
      if (own != block) {
        if (block >= 0) {
          blocks.putBack(block, iteration, 2);
        }
        block = own;
        blocks.fetch(block);
      }
      makeLayer(l, block, true);
    }
    blocks.putBack(block, iteration, 2);
    return ready();
  }

  private OffloadedNetwork copied(Model model) {
    ModelAccess access = ModelAccess.of(model);
    INDArray parameters = access.parameters();
    iteration = access.iteration();
    epoch = access.epoch();
    listeners.addAll(access.listeners());
    makeLayers();
    setParams(parameters);
    return ready();
  }

  private void makeLayers() {
    for (int l = 0; l < layers.length; l++) {
      makeLayer(l, block(l), false);
    }
  }

  private int block(int layer) {
    int block = 0;
    while (layer >= firstLayers[block + 1]) {
      block++;
    }
    return block;
  }

  /** A layer is bound once to its place in working memory; what is there changes. */
  private void makeLayer(int index, int block, boolean initialise) {
    Link link = chain.links().get(index);
    long from = 0;
    for (int l = firstLayers[block]; l < index; l++) {
      from += chain.links().get(l).parameters();
    }
    INDArray view =
        link.parameters() == 0
            ? null
            : blocks.array(block).get(NDArrayIndex.interval(from, from + link.parameters()));
    layers[index] = link.layer(index, view, initialise, chain.type());
    if (index > 0) {
      layers[index].allowInputModification(true);
    }
  }

  private OffloadedNetwork ready() {
    if (!(layers[layers.length - 1] instanceof IOutputLayer)) {
      throw new IllegalArgumentException("The last layer has no loss");
    }
    boolean any = false;
    for (int b = 0; b < blocks.count(); b++) {
      List<Stretch> stretches = new ArrayList<>();
      long at = 0;
      for (int l = firstLayers[b]; l < firstLayers[b + 1]; l++) {
        if (chain.links().get(l).parameters() > 0) {
          stretches.addAll(ModelObjective.stretches(layers[l], at));
          at += chain.links().get(l).parameters();
        }
      }
      moves[b] = !stretches.isEmpty();
      any |= moves[b];
      perturbers[b] = new Perturber(blocks.array(b), stretches);
    }
    if (!any) {
      throw new IllegalArgumentException("The network has no parameters that may move");
    }
    return this;
  }

  /** Works on all blocks and puts those back whose parameters may move. */
  private void change(int occasion, IntConsumer work) {
    blocks.pass(
        b -> {
          work.accept(b);
          applied[b] = pending != null;
        },
        b -> moves[b],
        iteration,
        occasion);
    Arrays.fill(applied, false);
  }

  private void look(IntConsumer work) {
    blocks.pass(work, b -> false, iteration, 0);
  }

  // Steps.

  /** Makes the pending update, unless a step that failed later on has made it already. */
  private void applyPending(int block) {
    if (pending == null || applied[block] || !moves[block]) {
      return;
    }
    if (pending.estimates() != null) {
      DoubleBuffer[] moments =
          Arrays.stream(blocks.moments(block))
              .map(moment -> moment.data().asNioDouble())
              .toArray(DoubleBuffer[]::new);
      method.update(
          perturbers[block],
          directions.from(blocks.start(block)),
          pending.iteration(),
          pending.estimates(),
          0,
          pending.rate(),
          moments,
          pending.count());
    }
    for (int l = firstLayers[block]; l < firstLayers[block + 1]; l++) {
      layers[l].applyConstraints(pending.iteration() + 1, pending.epoch());
    }
  }

  /** Makes a step on the current batch and leaves its update pending. */
  private void step() {
    int t = iteration;
    int queries = config.getQueries();
    boolean twoSided = config.getPerturbationMode() == PerturbationMode.TWO_SIDED;
    double eps = method.epsilonAt(t, epoch);
    Stream base = twoSided ? null : new Stream(memory, batch);
    Stream[] plus = new Stream[queries];
    Stream[] minus = new Stream[queries];
    for (int k = 0; k < queries; k++) {
      plus[k] = new Stream(memory, batch);
      minus[k] = twoSided ? new Stream(memory, batch) : base;
    }
    change(
        0,
        b -> {
          applyPending(b);
          if (!twoSided) {
            forward(b, base, true);
          }
          Directions own = directions.from(blocks.start(b));
          for (int k = 0; k < queries; k++) {
            perturbers[b].add(own, t, k, eps);
            forward(b, plus[k], true);
            if (twoSided) {
              perturbers[b].add(own, t, k, -2 * eps);
              forward(b, minus[k], true);
            }
            perturbers[b].add(own, t, k, twoSided ? eps : -eps);
          }
        });
    evaluations += twoSided ? 2L * queries : queries + 1L;
    double[] estimates = new double[queries];
    double losses = 0;
    boolean finite = true;
    for (int k = 0; k < queries; k++) {
      double up = plus[k].loss;
      double down = minus[k].loss;
      finite &= Double.isFinite(up) && Double.isFinite(down);
      estimates[k] = (up - down) / (twoSided ? 2 * eps : eps);
      losses += twoSided ? (up + down) / 2 : up;
    }
    if (finite) {
      MeZO.warnIfFlat(state, estimates);
      pending =
          new Pending(
              t, epoch, estimates, method.learningRateAt(t, epoch), method.nextCount(state));
      score = losses / queries;
    } else {
      skipped++;
      pending = new Pending(t, epoch, null, 0, 0);
      score = Double.NaN;
    }
  }

  /** Takes a pass through a block; the last layer computes its loss, or else its output. */
  private void forward(int block, Stream stream, boolean scored) {
    int examples = (int) batch.getFeatures().size(0);
    for (int l = firstLayers[block]; l < firstLayers[block + 1]; l++) {
      Layer layer = layers[l];
      boolean last = l == layers.length - 1;
      var before = chain.links().get(l).before();
      if (batch.getFeaturesMaskArray() != null) {
        if (before != null) {
          masked(stream, before.feedForwardMaskArray(stream.mask, stream.maskState, examples));
        }
        masked(stream, layer.feedForwardMaskArray(stream.mask, stream.maskState, examples));
      }
      if (last && batch.getLabelsMaskArray() != null) {
        layer.setMaskArray(batch.getLabelsMaskArray());
      }
      stream.penalty += scored ? layer.calcRegularizationScore(true) : 0;
      if (last && scored) {
        stream.loss = stream.pass.loss(layer, before, batch.getLabels(), stream.penalty, examples);
      } else {
        stream.pass.through(layer, before, examples);
      }
    }
  }

  private static void masked(Stream stream, Pair<INDArray, MaskState> next) {
    stream.mask = next == null ? null : next.getFirst();
    stream.maskState = next == null ? null : next.getSecond();
  }

  /**
   * Applies the last step's update, which otherwise waits for the next step. Everything that reads
   * parameters does so by itself. With a compression the parameters are rounded once more.
   */
  public void flush() {
    if (pending == null) {
      return;
    }
    change(1, this::applyPending);
    pending = null;
  }

  /**
   * Trains on a batch; its update stays pending until the next step or {@link #flush()}.
   *
   * @param data features, labels and masks
   * @throws IllegalArgumentException for an empty batch
   */
  @SuppressWarnings("try") // The scope is left by closing it.
  public void fit(DataSet data) {
    if (data.getFeatures() == null || data.getLabels() == null || data.getFeatures().isEmpty()) {
      throw new IllegalArgumentException("The batch is empty");
    }
    try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      batch = data;
      step();
      for (TrainingListener listener : List.copyOf(listeners)) {
        listener.iterationDone(this, iteration, epoch);
      }
      iteration++;
    }
  }

  /**
   * Trains for an epoch and applies the last update.
   *
   * @param iterator of batches
   */
  public void fit(DataSetIterator iterator) {
    fit(iterator, 1);
  }

  /**
   * Trains for some epochs and applies the last update.
   *
   * @param iterator of batches
   * @param epochs how many, at least 1
   * @throws IllegalArgumentException for several epochs of an iterator that cannot be reset
   */
  public void fit(DataSetIterator iterator, int epochs) {
    if (epochs < 1) {
      throw new IllegalArgumentException("epochs must be at least 1, got " + epochs);
    }
    if (epochs > 1 && !iterator.resetSupported()) {
      throw new IllegalArgumentException(
          "epochs must be 1 with an iterator that cannot be reset, got " + epochs);
    }
    for (int e = 0; e < epochs; e++) {
      for (TrainingListener listener : List.copyOf(listeners)) {
        listener.onEpochStart(this);
      }
      if (!iterator.hasNext() && iterator.resetSupported()) {
        iterator.reset();
      }
      while (iterator.hasNext()) {
        fit(iterator.next());
      }
      if (e == epochs - 1) {
        flush();
      }
      for (TrainingListener listener : List.copyOf(listeners)) {
        listener.onEpochEnd(this);
      }
      epoch++;
    }
    batch = null;
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

  /**
   * The output for some features.
   *
   * @param features a batch
   * @param featuresMask their mask, or null
   * @param labelsMask mask of the labels, or null
   * @return the activations of the last layer
   */
  public INDArray output(INDArray features, INDArray featuresMask, INDArray labelsMask) {
    return forward(
            new org.nd4j.linalg.dataset.DataSet(features, null, featuresMask, labelsMask), false)
        .pass
        .output();
  }

  /**
   * The loss of a batch with the L1 and L2 terms, in inference mode.
   *
   * @param data features, labels and masks
   * @return the loss
   */
  public double score(DataSet data) {
    return forward(data, true).loss;
  }

  @SuppressWarnings("try") // The scope is left by closing it.
  private Stream forward(DataSet data, boolean scored) {
    flush();
    DataSet current = batch;
    try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      batch = data;
      Stream stream = new Stream(memory, data);
      look(b -> forward(b, stream, scored));
      return stream;
    } finally {
      batch = current;
    }
  }

  /**
   * Evaluates a classifier.
   *
   * @param iterator of batches
   * @return the evaluation
   */
  public Evaluation evaluate(DataSetIterator iterator) {
    Evaluation evaluation = new Evaluation();
    evaluate(iterator, evaluation);
    return evaluation;
  }

  /**
   * Evaluates in any way.
   *
   * @param iterator of batches
   * @param into takes what is counted
   */
  public void evaluate(DataSetIterator iterator, IEvaluation<?>... into) {
    if (!iterator.hasNext() && iterator.resetSupported()) {
      iterator.reset();
    }
    while (iterator.hasNext()) {
      DataSet data = iterator.next();
      INDArray output =
          output(data.getFeatures(), data.getFeaturesMaskArray(), data.getLabelsMaskArray());
      for (IEvaluation<?> evaluation : into) {
        evaluation.eval(data.getLabels(), output, data.getLabelsMaskArray());
      }
    }
  }

  /**
   * Number of the next step.
   *
   * @return from 0
   */
  public int getIterationCount() {
    return iteration;
  }

  /**
   * Number of the epoch.
   *
   * @return from 0
   */
  public int getEpochCount() {
    return epoch;
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
    return evaluations;
  }

  /**
   * Steps that were skipped since a loss was not finite.
   *
   * @return the count
   */
  public long skippedSteps() {
    return skipped;
  }

  /**
   * The working memory for parameters. It is taken once, so that it is the most that is ever taken.
   *
   * @return bytes, at most {@code residentBlocks} times the largest block
   */
  public long residentBytes() {
    return blocks.residentBytes();
  }

  /**
   * The working memory for what MOMENTUM and ADAM remember.
   *
   * @return bytes
   */
  public long residentMomentBytes() {
    return blocks.residentMomentBytes();
  }

  /**
   * What the parameters take in the store.
   *
   * @return bytes, compressed
   */
  public long storedBytes() {
    return blocks.storedBytes();
  }

  /**
   * Number of blocks.
   *
   * @return the count
   */
  public int blockCount() {
    return blocks.count();
  }

  /**
   * How many blocks were brought in; a step brings in each once.
   *
   * @return the count
   */
  public long fetchedBlocks() {
    return blocks.fetched();
  }

  /**
   * How many blocks were put back; a step puts back each once that has parameters that may move.
   *
   * @return the count
   */
  public long returnedBlocks() {
    return blocks.returned();
  }

  // Into and out of memory.

  /** The parameters in the store, without the pending update. */
  INDArray storedParameters() {
    INDArray all = Nd4j.create(chain.type(), blocks.start(blocks.count()));
    look(
        b -> {
          if (blocks.size(b) > 0) {
            all.get(NDArrayIndex.interval(blocks.start(b), blocks.start(b + 1)))
                .assign(blocks.array(b).get(NDArrayIndex.interval(0, blocks.size(b))));
          }
        });
    return all;
  }

  /**
   * A network in memory with the same parameters and counts.
   *
   * @return a new network
   * @throws IllegalStateException if this was made of a graph
   */
  public MultiLayerNetwork toMultiLayerNetwork() {
    if (network == null) {
      throw new IllegalStateException("This was made of a ComputationGraph: toComputationGraph()");
    }
    MultiLayerConfiguration configuration = network.clone();
    configuration.setIterationCount(iteration);
    configuration.setEpochCount(epoch);
    MultiLayerNetwork full = new MultiLayerNetwork(configuration);
    full.init(params(), false);
    return full;
  }

  /**
   * A graph in memory with the same parameters and counts.
   *
   * @return a new graph
   * @throws IllegalStateException if this was made of a MultiLayerNetwork
   */
  public ComputationGraph toComputationGraph() {
    if (graph == null) {
      throw new IllegalStateException("This was made of a MultiLayerNetwork");
    }
    ComputationGraphConfiguration configuration = graph.clone();
    configuration.setIterationCount(iteration);
    configuration.setEpochCount(epoch);
    ComputationGraph full = new ComputationGraph(configuration);
    full.init(params(), false);
    return full;
  }

  /**
   * Writes network, parameters, counts and what the method remembers, block by block, under a
   * temporary name that is changed at the end: a run that dies meanwhile keeps its last file.
   *
   * @param file where to
   * @throws IOException if it cannot be written
   */
  public void save(File file) throws IOException {
    flush();
    Path part = file.toPath().resolveSibling(file.getName() + ".part");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(part))) {
      zip.setLevel(Deflater.NO_COMPRESSION);
      write(zip, "zo2.json", JSON.writeValueAsString(config));
      write(
          zip,
          network != null ? "network.json" : "graph.json",
          network != null ? network.toJson() : graph.toJson());
      Map<String, Object> run = new LinkedHashMap<>();
      run.put("iteration", iteration);
      run.put("epoch", epoch);
      run.put("evaluations", evaluations);
      run.put("skipped", skipped);
      run.put("state", new double[] {state.scalar(0), state.scalar(1)});
      write(zip, "run.json", JSON.writeValueAsString(run));
      zip.putNextEntry(new ZipEntry("parameters.bin"));
      blocks.save(zip);
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
   * Goes on with a saved network, to the same bits.
   *
   * @param file what {@link #save} wrote
   * @return the network, without listeners
   * @throws IOException if the file cannot be read
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
   * @throws IllegalArgumentException if the parameters are stored in another way
   */
  public static OffloadedNetwork load(File file, ZO2 method) throws IOException {
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file.toPath()))) {
      ZO2 saved = JSON.readValue(read(zip, file, "zo2.json"), ZO2.class);
      ZO2 used = method == null ? saved : method;
      boolean same =
          used.getCompression() == saved.getCompression()
              && used.getUpdateRule() == saved.getUpdateRule()
              && (used.getBlocks() == null
                  ? saved.getBlocks() == null
                  : used.getBlocks().equals(saved.getBlocks()));
      if (!same) {
        throw new IllegalArgumentException(
            "blocks, compression and updateRule must be those of the saved network, "
                + saved
                + ", got "
                + used);
      }
      ZipEntry entry = zip.getNextEntry();
      boolean plain = entry != null && entry.getName().equals("network.json");
      String json = new String(zip.readAllBytes(), StandardCharsets.UTF_8);
      OffloadedNetwork network =
          plain
              ? new OffloadedNetwork(MultiLayerConfiguration.fromJson(json), null, used)
              : new OffloadedNetwork(null, ComputationGraphConfiguration.fromJson(json), used);
      Map<?, ?> run = JSON.readValue(read(zip, file, "run.json"), Map.class);
      network.iteration = ((Number) run.get("iteration")).intValue();
      network.epoch = ((Number) run.get("epoch")).intValue();
      network.evaluations = ((Number) run.get("evaluations")).longValue();
      network.skipped = ((Number) run.get("skipped")).longValue();
      List<?> state = (List<?>) run.get("state");
      for (int i = 0; i < state.size(); i++) {
        network.state.setScalar(i, ((Number) state.get(i)).doubleValue());
      }
      zip.getNextEntry();
      network.blocks.load(zip);
      network.makeLayers();
      return network.ready();
    }
  }

  private static byte[] read(ZipInputStream zip, File file, String name) throws IOException {
    ZipEntry entry = zip.getNextEntry();
    if (entry == null || !entry.getName().equals(name)) {
      throw new IOException(file + " holds no saved OffloadedNetwork");
    }
    return zip.readAllBytes();
  }

  /**
   * Ends the threads, and deletes the store's file. What needs parameters afterwards gets an {@link
   * IllegalStateException}.
   */
  @Override
  public void close() {
    blocks.close();
  }

  // The platform's interface.

  @Override
  public void init() {
    // A network is ready when it is made.
  }

  @Override
  public void setListeners(Collection<TrainingListener> all) {
    listeners.clear();
    listeners.addAll(all);
  }

  @Override
  public void setListeners(TrainingListener... all) {
    setListeners(Arrays.asList(all));
  }

  @Override
  public void addListeners(TrainingListener... more) {
    listeners.addAll(Arrays.asList(more));
  }

  /**
   * {@inheritDoc}
   *
   * @return the loss that the last step reported: the mean of those that it has seen, NaN if it was
   *     skipped
   */
  @Override
  public double score() {
    return score;
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
    if (params.length() != numParams()) {
      throw new IllegalArgumentException(
          "params must have " + numParams() + " entries, got " + params.length());
    }
    pending = null;
    INDArray flat = params.reshape(params.length());
    for (int b = 0; b < blocks.count(); b++) {
      if (blocks.size(b) > 0) {
        blocks.fetch(b);
        blocks
            .array(b)
            .get(NDArrayIndex.interval(0, blocks.size(b)))
            .assign(flat.get(NDArrayIndex.interval(blocks.start(b), blocks.start(b + 1))));
        blocks.putBack(b, iteration, 2);
      }
    }
  }

  @Override
  public long numParams() {
    return blocks.start(blocks.count());
  }

  @Override
  public long numParams(boolean backwards) {
    return numParams();
  }

  @Override
  public int batchSize() {
    return batch == null ? 0 : (int) batch.getFeatures().size(0);
  }

  @Override
  public INDArray input() {
    return batch == null ? null : batch.getFeatures();
  }

  @Override
  public NeuralNetConfiguration conf() {
    return chain.links().get(0).configuration();
  }

  /**
   * {@inheritDoc}
   *
   * @return a copy
   */
  @Override
  public INDArray getParam(String param) {
    INDArray found = paramTable().get(param);
    if (found == null) {
      throw new IllegalArgumentException(
          "param must be one of " + paramTable().keySet() + ", got " + param);
    }
    return found;
  }

  /**
   * {@inheritDoc}
   *
   * @return copies of all parameters, which take the memory that this class saves
   */
  @Override
  public Map<String, INDArray> paramTable() {
    flush();
    Map<String, INDArray> table = new LinkedHashMap<>();
    look(
        b -> {
          for (int l = firstLayers[b]; l < firstLayers[b + 1]; l++) {
            Link link = chain.links().get(l);
            if (link.parameters() > 0) {
              layers[l]
                  .paramTable(false)
                  .forEach((key, value) -> table.put(link.name() + "_" + key, value.dup()));
            }
          }
        });
    return table;
  }

  @Override
  public Map<String, INDArray> paramTable(boolean backpropParamsOnly) {
    return paramTable();
  }

  @Override
  public void clear() {
    batch = null;
  }

  /** Does nothing: constraints are applied with each update. */
  @Override
  public void applyConstraints(int iteration, int epoch) {
    // A block's constraints hold whenever it is put back.
  }

  @Override
  @SuppressWarnings("deprecation") // The interface has it still.
  public void fit() {
    throw new UnsupportedOperationException("Data is needed: fit(DataSetIterator)");
  }

  @Override
  public void fit(INDArray data, LayerWorkspaceMgr workspaceMgr) {
    throw new UnsupportedOperationException("Labels are needed: fit(DataSetIterator)");
  }

  @Override
  public void update(Gradient gradient) {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public void update(INDArray gradient, String paramType) {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public void computeGradientAndScore(LayerWorkspaceMgr workspaceMgr) {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public INDArray getGradientsViewArray() {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public void setBackpropGradientsViewArray(INDArray gradients) {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public Gradient gradient() {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public Pair<Gradient, Double> gradientAndScore() {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public ConvexOptimizer getOptimizer() {
    throw new UnsupportedOperationException(NO_GRADIENT);
  }

  @Override
  public void setConf(NeuralNetConfiguration conf) {
    throw new UnsupportedOperationException("The configuration of a network stays");
  }

  @Override
  public void setParamsViewArray(INDArray params) {
    throw new UnsupportedOperationException("Parameters lie in a store: setParams copies");
  }

  @Override
  public void setParamTable(Map<String, INDArray> paramTable) {
    paramTable.forEach(this::setParam);
  }

  @Override
  public void setParam(String key, INDArray val) {
    flush();
    boolean[] found = new boolean[1];
    change(
        2,
        b -> {
          for (int l = firstLayers[b]; l < firstLayers[b + 1]; l++) {
            String name = chain.links().get(l).name() + "_";
            if (key.startsWith(name) && chain.links().get(l).parameters() > 0) {
              INDArray view = layers[l].paramTable(false).get(key.substring(name.length()));
              if (view != null) {
                // assign() would take whatever there is of another shape.
                if (!val.equalShapes(view)) {
                  throw new IllegalArgumentException(
                      "param "
                          + key
                          + " must have shape "
                          + Arrays.toString(view.shape())
                          + ", got "
                          + Arrays.toString(val.shape()));
                }
                view.assign(val);
                found[0] = true;
              }
            }
          }
        });
    if (!found[0]) {
      throw new IllegalArgumentException("No parameter has the name " + key);
    }
  }
}
