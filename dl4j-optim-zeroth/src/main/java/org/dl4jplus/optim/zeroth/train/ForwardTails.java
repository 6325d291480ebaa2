package org.dl4jplus.optim.zeroth.train;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Losses of a network, each with one parameter moved, on several threads. Every thread has its own
 * copy of the network; a loss starts at the layer of the moved parameter, whose input is kept from
 * the pass without any move.
 *
 * <p>The threads take short runs of neighbouring coordinates as they get free, which balances the
 * load without knowing what a layer costs. No loss depends on the thread that computes it.
 */
public final class ForwardTails {

  /** Coordinates that a thread takes at a time. */
  private static final int RUN = 32;

  private final MultiLayerNetwork network;
  private final boolean reuse;
  private final List<Copy> copies = new ArrayList<>();

  /**
   * Copies a network.
   *
   * @param network an initialised network
   * @param threads how many, at least 1
   * @param reuse false to start at the first layer always
   * @throws IllegalArgumentException if the last layer has no loss
   */
  public ForwardTails(MultiLayerNetwork network, int threads, boolean reuse) {
    if (!(network.getOutputLayer() instanceof IOutputLayer)) {
      throw new IllegalArgumentException("The last layer has no loss");
    }
    // A copy must not keep what it was made from alive.
    this.network = copy(network);
    this.reuse = reuse;
    for (int i = 0; i < threads; i++) {
      copies.add(new Copy(i == 0 ? this.network : copy(network)));
    }
  }

  private static MultiLayerNetwork copy(MultiLayerNetwork network) {
    MultiLayerNetwork copy = new MultiLayerNetwork(network.getLayerWiseConfigurations().clone());
    copy.init(network.params().dup(), false);
    return copy;
  }

  /**
   * Number of threads.
   *
   * @return the count
   */
  public int threads() {
    return copies.size();
  }

  /**
   * Whether losses start at the layer that moves.
   *
   * @return false if they start at the first layer
   */
  public boolean reuses() {
    return reuse;
  }

  /**
   * Losses of a batch.
   *
   * @param parameters where, of shape [n]; not changed
   * @param features the batch; without masks
   * @param labels its labels
   * @param coordinates which parameters to move, one at a time, in ascending order
   * @param by how far
   * @return the loss without a move, then one for each coordinate
   */
  public double[] losses(
      INDArray parameters, INDArray features, INDArray labels, int[] coordinates, double by) {
    for (Copy copy : copies) {
      copy.start(parameters, features, labels);
    }
    double[] losses = new double[coordinates.length + 1];
    INDArray[] inputs = new INDArray[network.getnLayers()];
    losses[0] = copies.get(0).base(features, inputs);
    if (!Double.isFinite(losses[0])) {
      return losses;
    }
    int[] layers = layers(coordinates);
    AtomicInteger next = new AtomicInteger();
    List<Runnable> work = new ArrayList<>();
    for (Copy copy : copies) {
      work.add(
          () -> {
            for (int from = next.getAndAdd(RUN);
                from < coordinates.length;
                from = next.getAndAdd(RUN)) {
              for (int i = from; i < Math.min(from + RUN, coordinates.length); i++) {
                int layer = reuse ? layers[i] : 0;
                losses[i + 1] = copy.moved(coordinates[i], by, layer, inputs[layer]);
              }
            }
          });
    }
    Workers.run(work);
    return losses;
  }

  private int[] layers(int[] coordinates) {
    int[] layers = new int[coordinates.length];
    int layer = 0;
    long end = network.getLayer(0).numParams();
    for (int i = 0; i < coordinates.length; i++) {
      while (coordinates[i] >= end) {
        layer++;
        end += network.getLayer(layer).numParams();
      }
      layers[i] = layer;
    }
    return layers;
  }

  /** A network of one thread. */
  private record Copy(MultiLayerNetwork own) {

    void start(INDArray parameters, INDArray features, INDArray labels) {
      own.params().assign(parameters.reshape(own.params().shape()));
      own.setInput(features);
      own.setLabels(labels);
    }

    double base(INDArray features, INDArray[] inputs) {
      INDArray at = features;
      for (int l = 0; l < inputs.length; l++) {
        // Some layers work in place.
        inputs[l] = at.dup();
        if (l < inputs.length - 1) {
          at = own.getLayer(l).activate(prepared(l, at), false, LayerWorkspaceMgr.noWorkspaces());
        }
      }
      return loss(at);
    }

    double moved(int coordinate, double by, int layer, INDArray input) {
      INDArray parameters = own.params();
      double saved = parameters.getDouble(coordinate);
      parameters.putScalar(coordinate, saved + by);
      try {
        int last = own.getnLayers() - 1;
        INDArray at = keeps(own.getLayer(layer)) ? input : input.dup();
        for (int l = layer; l < last; l++) {
          at = own.getLayer(l).activate(prepared(l, at), false, LayerWorkspaceMgr.noWorkspaces());
        }
        return loss(at);
      } finally {
        parameters.putScalar(coordinate, saved);
      }
    }

    private static boolean keeps(Layer layer) {
      return layer instanceof org.deeplearning4j.nn.layers.feedforward.dense.DenseLayer
          || layer instanceof org.deeplearning4j.nn.layers.BaseOutputLayer
          || layer instanceof org.deeplearning4j.nn.layers.convolution.ConvolutionLayer;
    }

    private double loss(INDArray at) {
      LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
      Layer last = own.getOutputLayer();
      last.setInput(prepared(own.getnLayers() - 1, at), none);
      IOutputLayer output = (IOutputLayer) last;
      output.setLabels(own.getLabels());
      return output.computeScore(own.calcRegularizationScore(true), false, none);
    }

    private INDArray prepared(int layer, INDArray input) {
      InputPreProcessor before = own.getLayerWiseConfigurations().getInputPreProcess(layer);
      return before == null
          ? input
          : before.preProcess(
              input, (int) own.getInput().size(0), LayerWorkspaceMgr.noWorkspaces());
    }
  }
}
