package org.dl4jplus.optim.zeroth;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ForwardPass;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.offload.BlockStore;
import org.dl4jplus.optim.zeroth.offload.Chain;
import org.dl4jplus.optim.zeroth.offload.Chain.Link;
import org.dl4jplus.optim.zeroth.offload.ResidentBlocks;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A network's layers in blocks. Each is bound once to the place in working memory that its block
 * comes to; what is there changes from block to block.
 */
final class OffloadedLayers implements AutoCloseable {

  /** Random roundings of an iteration outside of steps. */
  private static final int SET = 2;

  /**
   * What gives the parameters their values and binds the layers.
   *
   * @param <E> what it may throw
   */
  interface Source<E extends Exception> {
    void fill(OffloadedLayers layers) throws E;
  }

  /** A forward pass on its way. */
  static final class Stream {
    private final DataSet data;
    private final ForwardPass pass;
    private INDArray mask;
    private MaskState maskState = MaskState.Active;
    private double penalty;
    private double loss;

    private Stream(ForwardPass.Memory memory, DataSet data) {
      this.data = data;
      pass = new ForwardPass(memory, data.getFeatures());
      mask = data.getFeaturesMaskArray();
    }

    double loss() {
      return loss;
    }

    INDArray output() {
      return pass.output();
    }

    private void masked(Pair<INDArray, MaskState> next) {
      mask = next == null ? null : next.getFirst();
      maskState = next == null ? null : next.getSecond();
    }
  }

  private final Chain chain;
  private final Layer[] layers;
  private final int[] firstLayers;
  private final ResidentBlocks blocks;
  private final List<List<Stretch>> stretches = new ArrayList<>();
  private final ForwardPass.Memory memory;

  private OffloadedLayers(Chain chain, ZO2 config) {
    this.chain = chain;
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
    memory = new ForwardPass.Memory(chain.type());
    blocks =
        new ResidentBlocks(
            BlockStore.open(
                config.getStore(), config.getPath() == null ? null : Path.of(config.getPath())),
            chain.type(),
            config.getCompression(),
            config.method().momentCount(),
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
   * Takes memory for a network's layers. A failure gives it back, and leaves no file.
   *
   * @throws IllegalArgumentException for a network that cannot be trained so
   */
  static <E extends Exception> OffloadedLayers open(Chain chain, ZO2 config, Source<E> source)
      throws E {
    OffloadedLayers made = new OffloadedLayers(chain, config);
    boolean ready = false;
    try {
      source.fill(made);
      made.findStretches();
      ready = true;
      return made;
    } finally {
      if (!ready) {
        made.close();
      }
    }
  }

  /** Binds the layers and gives the parameters the values that the platform would draw. */
  void draw() {
    Nd4j.getRandom().setSeed(chain.seed());
    int block = -1;
    for (int l : chain.initialOrder()) {
      int own = block(l);
      if (own != block) {
        if (block >= 0) {
          blocks.putBack(block, 0, SET);
        }
        block = own;
        blocks.fetch(block);
      }
      bind(l, block, true);
    }
    blocks.putBack(block, 0, SET);
  }

  /** Binds the layers to parameters that have values. */
  void bind() {
    for (int l = 0; l < layers.length; l++) {
      bind(l, block(l), false);
    }
  }

  private int block(int layer) {
    int block = 0;
    while (layer >= firstLayers[block + 1]) {
      block++;
    }
    return block;
  }

  private void bind(int index, int block, boolean initialise) {
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

  private void findStretches() {
    if (!(layers[layers.length - 1] instanceof IOutputLayer)) {
      throw new IllegalArgumentException("The last layer has no loss");
    }
    for (int b = 0; b < blocks.count(); b++) {
      List<Stretch> own = new ArrayList<>();
      long at = 0;
      for (int l = firstLayers[b]; l < firstLayers[b + 1]; l++) {
        if (chain.links().get(l).parameters() > 0) {
          own.addAll(ModelObjective.stretches(layers[l], at));
          at += chain.links().get(l).parameters();
        }
      }
      stretches.add(own);
    }
    if (stretches.stream().allMatch(List::isEmpty)) {
      throw new IllegalArgumentException("The network has no parameters that may move");
    }
  }

  ResidentBlocks blocks() {
    return blocks;
  }

  NeuralNetConfiguration firstConfiguration() {
    return chain.links().get(0).configuration();
  }

  /** What may move of a block, from its first parameter on. */
  List<Stretch> stretches(int block) {
    return stretches.get(block);
  }

  boolean moves(int block) {
    return !stretches.get(block).isEmpty();
  }

  /** Works on all blocks. */
  private void look(IntConsumer work) {
    blocks.pass(work, b -> false, 0, 0);
  }

  // Forward passes.

  Stream begin(DataSet data) {
    return new Stream(memory, data);
  }

  /** Takes a pass through a block; the last layer computes its loss, or else its output. */
  void forward(int block, Stream stream, boolean scored) {
    DataSet data = stream.data;
    int examples = (int) data.getFeatures().size(0);
    for (int l = firstLayers[block]; l < firstLayers[block + 1]; l++) {
      Layer layer = layers[l];
      boolean last = l == layers.length - 1;
      var before = chain.links().get(l).before();
      if (data.getFeaturesMaskArray() != null) {
        if (before != null) {
          stream.masked(before.feedForwardMaskArray(stream.mask, stream.maskState, examples));
        }
        stream.masked(layer.feedForwardMaskArray(stream.mask, stream.maskState, examples));
      }
      if (last && data.getLabelsMaskArray() != null) {
        layer.setMaskArray(data.getLabelsMaskArray());
      }
      stream.penalty += scored ? layer.calcRegularizationScore(true) : 0;
      if (last && scored) {
        stream.loss = stream.pass.loss(layer, before, data.getLabels(), stream.penalty, examples);
      } else {
        stream.pass.through(layer, before, examples);
      }
    }
  }

  /** Takes a pass through all blocks as they are stored. */
  Stream forward(DataSet data, boolean scored) {
    Stream stream = begin(data);
    look(b -> forward(b, stream, scored));
    return stream;
  }

  void constrain(int block, int iteration, int epoch) {
    for (int l = firstLayers[block]; l < firstLayers[block + 1]; l++) {
      layers[l].applyConstraints(iteration, epoch);
    }
  }

  // Parameters, as they are stored.

  INDArray parameters() {
    INDArray all = Nd4j.create(chain.type(), blocks.start(blocks.count()));
    look(
        b -> {
          if (blocks.size(b) > 0) {
            all.get(NDArrayIndex.interval(blocks.start(b), blocks.start(b + 1))).assign(live(b));
          }
        });
    return all;
  }

  /** A block's parameters while it is in working memory. */
  private INDArray live(int block) {
    return blocks.array(block).get(NDArrayIndex.interval(0, blocks.size(block)));
  }

  void setParameters(INDArray flat, int iteration) {
    for (int b = 0; b < blocks.count(); b++) {
      if (blocks.size(b) > 0) {
        blocks.fetch(b);
        live(b).assign(flat.get(NDArrayIndex.interval(blocks.start(b), blocks.start(b + 1))));
        blocks.putBack(b, iteration, SET);
      }
    }
  }

  /** Copies of all parameters by name. */
  Map<String, INDArray> table() {
    Map<String, INDArray> table = new LinkedHashMap<>();
    look(
        b -> {
          for (int l = firstLayers[b]; l < firstLayers[b + 1]; l++) {
            views(l).forEach((name, view) -> table.put(name, view.dup()));
          }
        });
    return table;
  }

  /** A layer's parameters by name; their values only while its block is in working memory. */
  private Map<String, INDArray> views(int layer) {
    Map<String, INDArray> views = new LinkedHashMap<>();
    Link link = chain.links().get(layer);
    if (link.parameters() > 0) {
      layers[layer]
          .paramTable(false)
          .forEach((key, view) -> views.put(link.name() + "_" + key, view));
    }
    return views;
  }

  void setParameter(String name, INDArray value, int iteration) {
    for (int l = 0; l < layers.length; l++) {
      INDArray view = views(l).get(name);
      if (view != null) {
        // assign() would take whatever there is of another shape.
        if (!Require.given("param " + name, value).equalShapes(view)) {
          throw new IllegalArgumentException(
              "param "
                  + name
                  + " must have shape "
                  + Arrays.toString(view.shape())
                  + ", got "
                  + Arrays.toString(value.shape()));
        }
        int block = block(l);
        blocks.fetch(block);
        view.assign(value);
        blocks.putBack(block, iteration, SET);
        return;
      }
    }
    throw new IllegalArgumentException("No parameter has the name " + name);
  }

  @Override
  public void close() {
    blocks.close();
  }
}
