package org.dl4jplus.optim.zeroth.layers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Makes quantized layers of the platform's layers. */
final class Quantization {

  private final int bits;
  private final int groupSize;

  Quantization(int bits, int groupSize) {
    PackedIntegers.requireForm(bits, groupSize);
    this.bits = bits;
    this.groupSize = groupSize;
  }

  private static boolean fits(Object layer) {
    if (layer instanceof ConvolutionLayer convolution) {
      return layer.getClass() == ConvolutionLayer.class
          && Arrays.equals(convolution.getKernelSize(), new int[] {1, 1})
          && Arrays.equals(convolution.getStride(), new int[] {1, 1})
          && Arrays.equals(convolution.getPadding(), new int[] {0, 0});
    }
    return layer instanceof DenseLayer dense && !dense.hasLayerNorm();
  }

  /** A layer of the same form, whose integers are still to be drawn. */
  QuantizedDenseLayer layer(FeedForwardLayer layer) {
    if (!fits(Require.given("layer", layer))) {
      throw new IllegalArgumentException(
          "Only a dense layer without layer normalization and a convolution of 1 x 1 with a stride"
              + " of 1 and no padding can be quantized, got "
              + layer);
    }
    if (layer instanceof ConvolutionLayer convolution) {
      QuantizedDenseLayer result = like(layer, convolution.hasBias());
      result.setPointwise(true);
      result.setDataFormat(convolution.getCnn2dDataFormat());
      return result;
    }
    return like(layer, ((DenseLayer) layer).hasBias());
  }

  private QuantizedDenseLayer like(FeedForwardLayer layer, boolean hasBias) {
    QuantizedDenseLayer.Builder builder =
        new QuantizedDenseLayer.Builder().bits(bits).groupSize(groupSize).hasBias(hasBias);
    builder.name(layer.getLayerName()).activation(layer.getActivationFn());
    builder.setNIn(layer.getNIn());
    builder.setNOut(layer.getNOut());
    builder.setWeightInitFn(layer.getWeightInitFn());
    builder.setBiasInit(layer.getBiasInit());
    builder.setIupdater(layer.getIUpdater());
    builder.setBiasUpdater(layer.getBiasUpdater());
    builder.setRegularization(layer.getRegularization());
    builder.setRegularizationBias(layer.getRegularizationBias());
    builder.setGradientNormalization(layer.getGradientNormalization());
    builder.setGradientNormalizationThreshold(layer.getGradientNormalizationThreshold());
    builder.setIDropout(layer.getIDropout());
    QuantizedDenseLayer result = builder.build();
    List<LayerConstraint> kept = new ArrayList<>();
    for (LayerConstraint constraint : orNone(layer.getConstraints())) {
      if (hasBias && constraint.getParams().contains(QuantizedParamInitializer.BIAS)) {
        LayerConstraint own = constraint.clone();
        own.setParams(Set.of(QuantizedParamInitializer.BIAS));
        kept.add(own);
      }
    }
    result.setConstraints(kept.isEmpty() ? null : kept);
    return result;
  }

  private static List<LayerConstraint> orNone(List<LayerConstraint> constraints) {
    return constraints == null ? List.of() : constraints;
  }

  /** A layer that begins where a trained one is. */
  QuantizedDenseLayer trained(Layer trained) {
    if (!(Require.given("trained", trained).conf().getLayer() instanceof FeedForwardLayer layer)) {
      throw new IllegalArgumentException(
          "Only a dense layer can be quantized, got "
              + trained.conf().getLayer().getClass().getSimpleName());
    }
    QuantizedDenseLayer result = layer(layer);
    begin(result, trained);
    return result;
  }

  /** Gives a layer the integers, scales and bias of trained weights. */
  private void begin(QuantizedDenseLayer layer, Layer trained) {
    INDArray weights = trained.getParam(DefaultParamInitializer.WEIGHT_KEY);
    // Output by output: [in, out], or [out, in, 1, 1].
    char order = layer.isPointwise() ? 'c' : 'f';
    double[] start = new double[Math.toIntExact(layer.initializer().numParams(layer))];
    layer.setPacked(
        PackedIntegers.of(
                weights.dup(order).data().asDouble(),
                (int) layer.getNOut(),
                bits,
                layer.usedGroupSize(),
                start,
                weights.dataType())
            .packed());
    if (layer.isHasBias()) {
      double[] bias = trained.getParam(DefaultParamInitializer.BIAS_KEY).dup().data().asDouble();
      System.arraycopy(bias, 0, start, start.length - bias.length, bias.length);
    }
    layer.setStart(start);
  }

  /** A network whose layers are replaced where they can be. */
  Model network(Model network) {
    if (network instanceof MultiLayerNetwork layers) {
      return network(layers);
    } else if (network instanceof ComputationGraph graph) {
      return network(graph);
    }
    throw new IllegalArgumentException(
        "network must be a MultiLayerNetwork or a ComputationGraph, got "
            + (network == null ? null : network.getClass().getName()));
  }

  private MultiLayerNetwork network(MultiLayerNetwork network) {
    MultiLayerConfiguration conf = network.getLayerWiseConfigurations().clone();
    List<INDArray> parameters = new ArrayList<>();
    int found = 0;
    for (Layer layer : network.getLayers()) {
      found += replace(conf.getConf(layer.getIndex()), layer, parameters);
    }
    requireReplaced(found);
    MultiLayerNetwork made = new MultiLayerNetwork(conf);
    made.init(Nd4j.concat(0, parameters.toArray(INDArray[]::new)), false);
    return made;
  }

  private ComputationGraph network(ComputationGraph network) {
    ComputationGraphConfiguration conf = network.getConfiguration().clone();
    List<INDArray> parameters = new ArrayList<>();
    int found = 0;
    for (int index : network.topologicalSortOrder()) {
      GraphVertex vertex = network.getVertices()[index];
      if (conf.getVertices().get(vertex.getVertexName()) instanceof LayerVertex own) {
        found += replace(own.getLayerConf(), vertex.getLayer(), parameters);
      } else if (vertex.numParams() > 0) {
        parameters.add(vertex.params().reshape(vertex.numParams()));
      }
    }
    requireReplaced(found);
    ComputationGraph made = new ComputationGraph(conf);
    made.init(Nd4j.concat(0, parameters.toArray(INDArray[]::new)), false);
    return made;
  }

  private static void requireReplaced(int found) {
    if (found == 0) {
      throw new IllegalArgumentException("The network has no dense layer to quantize");
    }
  }

  /** Replaces a layer's configuration where it can, and adds the parameters of what is there. */
  private int replace(NeuralNetConfiguration conf, Layer layer, List<INDArray> parameters) {
    boolean frozen = conf.getLayer() instanceof FrozenLayer;
    var inner = frozen ? ((FrozenLayer) conf.getLayer()).getLayer() : conf.getLayer();
    if (!fits(inner)) {
      if (layer.numParams() > 0) {
        parameters.add(layer.params().reshape(layer.numParams()));
      }
      return 0;
    }
    QuantizedDenseLayer own = layer((FeedForwardLayer) inner);
    begin(own, layer);
    parameters.add(Nd4j.createFromArray(own.getStart()).castTo(layer.params().dataType()));
    // The network's parameters have them.
    own.setStart(null);
    conf.clearVariables();
    conf.setLayer(frozen ? new FrozenLayer(own) : own);
    return 1;
  }
}
