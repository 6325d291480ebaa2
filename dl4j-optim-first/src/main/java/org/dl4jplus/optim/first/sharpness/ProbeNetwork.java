package org.dl4jplus.optim.first.sharpness;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * A copy of a network in double precision, without dropout and listeners, that holds one batch: its
 * gradients there are exact enough to be subtracted.
 */
public final class ProbeNetwork {

  private final Model copy;
  private final ModelAccess access;
  private final ModelOracle oracle;

  /**
   * Copies a network.
   *
   * @param network a MultiLayerNetwork or ComputationGraph
   * @param probe the batch, without masks
   */
  public ProbeNetwork(Model network, MultiDataSet probe) {
    copy =
        network instanceof ComputationGraph graph ? copy(graph) : copy((MultiLayerNetwork) network);
    access = ModelAccess.of(copy);
    access.setBatch(inDouble(probe.getFeatures()), inDouble(probe.getLabels()));
    oracle = new ModelOracle(copy);
  }

  private static Model copy(MultiLayerNetwork network) {
    MultiLayerNetwork copy = network.convertDataType(DataType.DOUBLE);
    if (copy == network) {
      copy = network.clone();
    }
    copy.setListeners(List.of());
    withoutDropout(copy.getLayers());
    return copy;
  }

  private static Model copy(ComputationGraph network) {
    ComputationGraph copy = network.convertDataType(DataType.DOUBLE);
    if (copy == network) {
      copy = network.clone();
    }
    copy.setListeners(List.of());
    withoutDropout(copy.getLayers());
    return copy;
  }

  private static void withoutDropout(org.deeplearning4j.nn.api.Layer... layers) {
    Stream.of(layers).forEach(layer -> layer.conf().getLayer().setIDropout(null));
  }

  private static INDArray[] inDouble(INDArray[] arrays) {
    return Arrays.stream(arrays).map(a -> a.castTo(DataType.DOUBLE)).toArray(INDArray[]::new);
  }

  /**
   * The loss of the batch at a network's present parameters.
   *
   * @param network the network that was copied, or one like it
   * @return the copy, valid as long as this object lives
   */
  public GradientOracle at(Model network) {
    access.parameters().assign(ModelAccess.of(network).parameters());
    return oracle;
  }
}
