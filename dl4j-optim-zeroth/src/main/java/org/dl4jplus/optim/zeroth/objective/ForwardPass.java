package org.dl4jplus.optim.zeroth.objective;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Forward passes layer by layer in inference mode that give every activation back as soon as the
 * next one is there. The platform's own scores leave some of theirs to the garbage collector, which
 * does not know how large they are.
 */
public final class ForwardPass {

  private ForwardPass() {}

  /**
   * Takes a pass through a layer that is not the last one.
   *
   * @param layer with its masks set
   * @param before what is done to its input; may be null
   * @param at the activations so far; given back
   * @param examples number of examples in the batch
   * @return the layer's activations
   */
  public static INDArray through(Layer layer, InputPreProcessor before, INDArray at, int examples) {
    LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
    layer.setInputMiniBatchSize(examples);
    INDArray input = before == null ? at : before.preProcess(at, examples, none);
    INDArray output = layer.activate(input, false, none);
    layer.clear();
    release(input, output);
    release(at, output);
    return output;
  }

  /**
   * The loss at the end of a pass.
   *
   * @param layer the last layer, with its masks set
   * @param before what is done to its input; may be null
   * @param at the activations so far; given back
   * @param labels of the batch
   * @param penalty what is added, such as L1 and L2 terms
   * @param examples number of examples in the batch
   * @return the loss
   */
  public static double loss(
      Layer layer,
      InputPreProcessor before,
      INDArray at,
      INDArray labels,
      double penalty,
      int examples) {
    LayerWorkspaceMgr none = LayerWorkspaceMgr.noWorkspaces();
    layer.setInputMiniBatchSize(examples);
    INDArray input = before == null ? at : before.preProcess(at, examples, none);
    layer.setInput(input, none);
    ((IOutputLayer) layer).setLabels(labels);
    double loss = ((IOutputLayer) layer).computeScore(penalty, false, none);
    layer.clear();
    release(input, null);
    release(at, null);
    return loss;
  }

  /** Gives an array back, unless what was made of it lies in the same memory. */
  private static void release(INDArray used, INDArray made) {
    if (used.closeable() && (made == null || !overlaps(used.data(), made.data()))) {
      used.close();
    }
  }

  private static boolean overlaps(DataBuffer one, DataBuffer other) {
    long from = one.address();
    return other.address() >= from && other.address() < from + one.length() * one.getElementSize();
  }
}
