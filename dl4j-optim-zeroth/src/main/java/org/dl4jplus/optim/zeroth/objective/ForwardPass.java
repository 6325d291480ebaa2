package org.dl4jplus.optim.zeroth.objective;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.AllocationPolicy;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.memory.enums.ResetPolicy;
import org.nd4j.linalg.api.memory.enums.SpillPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Forward passes layer by layer in inference mode, in the memory of two activations each, which is
 * used again by the next ones. The platform's own scores leave arrays to the garbage collector,
 * which does not know how large they are, so that training would take more memory than inference.
 */
public final class ForwardPass {

  private static final String WORKSPACE = "WS_ZEROTH_ORDER_LAYER";
  private static final String LOOP = "WS_ZEROTH_ORDER_LOOP";
  private static final WorkspaceConfiguration MEMORY =
      WorkspaceConfiguration.builder()
          .initialSize(0)
          .overallocationLimit(0.02)
          .policyAllocation(AllocationPolicy.OVERALLOCATE)
          .policyLearning(LearningPolicy.FIRST_LOOP)
          .policyReset(ResetPolicy.BLOCK_LEFT)
          .policySpill(SpillPolicy.REALLOCATE)
          .build();

  /** Memory that passes hand to each other; for one thread. */
  public static final class Memory {
    private final DataType type;
    private final List<INDArray> spare = new ArrayList<>();
    private final LayerWorkspaceMgr workspaces =
        LayerWorkspaceMgr.builder()
            .with(ArrayType.ACTIVATIONS, WORKSPACE, MEMORY)
            .with(ArrayType.INPUT, WORKSPACE, MEMORY)
            .with(ArrayType.FF_WORKING_MEM, WORKSPACE, MEMORY)
            .with(ArrayType.RNN_FF_LOOP_WORKING_MEM, LOOP, MEMORY)
            .build();

    /**
     * Memory for the activations of a network.
     *
     * @param type the network's
     */
    public Memory(DataType type) {
      this.type = type;
    }

    @SuppressWarnings("try") // The scope is left by closing it.
    private INDArray take(long length) {
      for (int i = 0; i < spare.size(); i++) {
        if (spare.get(i).length() >= length) {
          return spare.remove(i);
        }
      }
      if (!spare.isEmpty()) {
        // It is too small from now on.
        spare.remove(0);
      }
      try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
        return Nd4j.createUninitialized(type, length);
      }
    }

    private void give(INDArray array) {
      if (array != null) {
        spare.add(array);
      }
    }
  }

  private final Memory memory;
  private INDArray own;
  private INDArray at;

  /**
   * Begins a pass.
   *
   * @param memory for the activations
   * @param features a batch; copied, since layers may work in place
   */
  public ForwardPass(Memory memory, INDArray features) {
    this.memory = memory;
    keep(features);
  }

  /** Copies what a layer has made to where the next layer does not overwrite it. */
  @SuppressWarnings("try") // The scope is left by closing it.
  private void keep(INDArray made) {
    if (own != null && overlaps(own.data(), made.data())) {
      at = made;
    } else if (made.dataType() == memory.type && made.length() > 0) {
      INDArray next = memory.take(made.length());
      at =
          next.get(NDArrayIndex.interval(0, made.length()))
              .reshape(made.ordering(), made.shape())
              .assign(made);
      memory.give(own);
      own = next;
    } else {
      try (MemoryWorkspace ignored = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
        at = made.dup();
      }
      end();
    }
  }

  private static boolean overlaps(DataBuffer one, DataBuffer other) {
    long from = one.address();
    return other.address() >= from && other.address() < from + one.length() * one.getElementSize();
  }

  /**
   * Goes through a layer that is not the last one.
   *
   * @param layer with its masks set
   * @param before what is done to its input; may be null
   * @param examples number of examples in the batch
   */
  @SuppressWarnings("try") // The scope is left by closing it.
  public void through(Layer layer, InputPreProcessor before, int examples) {
    layer.setInputMiniBatchSize(examples);
    try (MemoryWorkspace ignored = memory.workspaces.notifyScopeEntered(ArrayType.FF_WORKING_MEM)) {
      keep(layer.activate(input(before, examples), false, memory.workspaces));
      layer.clear();
    }
  }

  private INDArray input(InputPreProcessor before, int examples) {
    return before == null ? at : before.preProcess(at, examples, memory.workspaces);
  }

  /**
   * Ends the pass with the last layer's loss.
   *
   * @param layer the last layer, with its masks set
   * @param before what is done to its input; may be null
   * @param labels of the batch
   * @param penalty what is added, such as L1 and L2 terms
   * @param examples number of examples in the batch
   * @return the loss
   */
  @SuppressWarnings("try") // The scope is left by closing it.
  public double loss(
      Layer layer, InputPreProcessor before, INDArray labels, double penalty, int examples) {
    layer.setInputMiniBatchSize(examples);
    try (MemoryWorkspace ignored = memory.workspaces.notifyScopeEntered(ArrayType.FF_WORKING_MEM)) {
      layer.setInput(input(before, examples), memory.workspaces);
      ((IOutputLayer) layer).setLabels(labels);
      double loss = ((IOutputLayer) layer).computeScore(penalty, false, memory.workspaces);
      layer.clear();
      return loss;
    } finally {
      end();
    }
  }

  /**
   * Ends the pass with the activations of the layer that was the last one.
   *
   * @return a copy of them
   */
  public INDArray output() {
    INDArray output = at.dup();
    end();
    return output;
  }

  private void end() {
    memory.give(own);
    own = null;
  }
}
