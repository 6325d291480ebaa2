package org.dl4jplus.optim.zeroth.offload;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.Convolution1DUtils;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A configuration as a list of layers, none of which has parameters yet. */
public final class Chain {

  /**
   * A layer.
   *
   * @param name as in the names of parameters
   * @param configuration of the layer
   * @param before what is done to its input; may be null
   * @param parameters how many it has
   */
  public record Link(
      String name,
      NeuralNetConfiguration configuration,
      InputPreProcessor before,
      long parameters) {

    /**
     * Makes the layer.
     *
     * @param index number of the layer
     * @param view its parameters, of shape [n]; null without
     * @param initialise whether they get their first values
     * @param type of the parameters
     * @return the platform's layer
     */
    public Layer layer(int index, INDArray view, boolean initialise, DataType type) {
      return configuration
          .getLayer()
          .instantiate(configuration, null, index, view, initialise, type);
    }
  }

  private final List<Link> links;
  private final List<Integer> initialOrder;
  private final DataType type;
  private final long seed;

  private Chain(List<Link> links, List<Integer> initialOrder, DataType type, long seed) {
    this.links = links;
    this.initialOrder = initialOrder;
    this.type = type;
    this.seed = seed;
  }

  /**
   * The layers of a MultiLayerNetwork.
   *
   * @param configuration of the network; its layers' configurations are used, not copied
   * @return the chain
   * @throws IllegalArgumentException for truncated backpropagation through time
   */
  public static Chain of(MultiLayerConfiguration configuration) {
    requireNoState(configuration.getBackpropType());
    List<Link> links = new ArrayList<>();
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < configuration.getConfs().size(); i++) {
      order.add(i);
      links.add(
          link(
              Integer.toString(i),
              configuration.getConf(i),
              configuration.getInputPreProcess(i),
              configuration.getDataType()));
      if (i > 0 && i < configuration.getConfs().size() - 1) {
        requireOneFormat(links.get(i - 1), links.get(i));
      }
    }
    return new Chain(links, order, configuration.getDataType(), configuration.getConf(0).getSeed());
  }

  /**
   * The layers of a ComputationGraph.
   *
   * @param configuration of the network; its layers' configurations are used, not copied
   * @return the chain
   * @throws IllegalArgumentException if it is no chain of layers from one input to one output, or
   *     for truncated backpropagation through time
   */
  public static Chain of(ComputationGraphConfiguration configuration) {
    requireNoState(configuration.getBackpropType());
    if (configuration.getNetworkInputs().size() != 1
        || configuration.getNetworkOutputs().size() != 1) {
      throw noChain(
          configuration.getNetworkInputs().size()
              + " inputs and "
              + configuration.getNetworkOutputs().size()
              + " outputs");
    }
    Map<String, String> next = new LinkedHashMap<>();
    configuration
        .getVertexInputs()
        .forEach(
            (name, inputs) -> {
              if (inputs.size() != 1) {
                throw noChain(name + " has " + inputs.size() + " inputs");
              }
              String other = next.put(inputs.get(0), name);
              if (other != null) {
                throw noChain(inputs.get(0) + " feeds " + other + " and " + name);
              }
            });
    List<Link> links = new ArrayList<>();
    List<String> names = new ArrayList<>();
    String at = next.get(configuration.getNetworkInputs().get(0));
    for (; at != null; at = next.get(at)) {
      GraphVertex vertex = configuration.getVertices().get(at);
      if (!(vertex instanceof LayerVertex layer)) {
        throw noChain(at + " is no layer but a " + vertex.getClass().getSimpleName());
      }
      names.add(at);
      links.add(
          link(at, layer.getLayerConf(), layer.getPreProcessor(), configuration.getDataType()));
    }
    List<Integer> order =
        configuration.getVertices().keySet().stream().map(names::indexOf).toList();
    if (order.contains(-1) || !names.contains(configuration.getNetworkOutputs().get(0))) {
      throw noChain("some vertices are not on the way from the input to the output");
    }
    return new Chain(
        links,
        order,
        configuration.getDataType(),
        configuration.getDefaultConfiguration().getSeed());
  }

  private static Link link(
      String name, NeuralNetConfiguration layer, InputPreProcessor before, DataType type) {
    layer.getLayer().setDataType(type);
    return new Link(name, layer, before, layer.getLayer().initializer().numParams(layer));
  }

  private static IllegalArgumentException noChain(String why) {
    return new IllegalArgumentException(
        "Only a chain of layers can be trained block by block: " + why);
  }

  /**
   * What lies before each layer of a network.
   *
   * @param model an initialised network
   * @return one entry for each of its layers, in order; empty if the network is no chain, or one
   *     between whose layers the platform turns arrays by itself
   */
  public static Optional<List<Link>> links(Model model) {
    try {
      return Optional.of(
          model instanceof ComputationGraph graph
              ? of(graph.getConfiguration()).links()
              : of(((MultiLayerNetwork) model).getLayerWiseConfigurations()).links());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static void requireNoState(BackpropType type) {
    if (type == BackpropType.TruncatedBPTT) {
      throw new IllegalArgumentException(
          "Truncated BPTT keeps a state between steps: not possible block by block");
    }
  }

  /** The platform turns arrays between layers of different formats by itself; this does not. */
  private static void requireOneFormat(Link one, Link two) {
    var first = one.configuration().getLayer();
    var second = two.configuration().getLayer();
    boolean images =
        ConvolutionUtils.layerHasConvolutionLayout(first)
            && ConvolutionUtils.layerHasConvolutionLayout(second)
            && ConvolutionUtils.getFormatForLayer(first)
                != ConvolutionUtils.getFormatForLayer(second);
    boolean sequences =
        Convolution1DUtils.hasRnnDataFormat(first)
            && Convolution1DUtils.hasRnnDataFormat(second)
            && Convolution1DUtils.getRnnFormatFromLayer(first)
                != Convolution1DUtils.getRnnFormatFromLayer(second);
    if (images || sequences) {
      throw new IllegalArgumentException(
          "Layers " + one.name() + " and " + two.name() + " have different data formats");
    }
  }

  /**
   * The layers.
   *
   * @return in the order in which data passes them and parameters are flattened
   */
  public List<Link> links() {
    return links;
  }

  /**
   * The order in which the platform draws first values.
   *
   * @return numbers of layers
   */
  public List<Integer> initialOrder() {
    return initialOrder;
  }

  /**
   * Type of the parameters.
   *
   * @return the network's type
   */
  public DataType type() {
    return type;
  }

  /**
   * What the platform seeds its generator with before it draws first values.
   *
   * @return the configuration's seed
   */
  public long seed() {
    return seed;
  }
}
