package org.dl4jplus.ot;

import java.io.Serializable;
import java.util.function.UnaryOperator;
import lombok.Builder;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.ot.robust.WassersteinPerturbation;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trains a network to be robust against shifts of its input: the gradient of every batch is
 * replaced by the one at the batch that {@link WassersteinPerturbation} has moved. The network's
 * score is the loss there. All passes of a step see the same dropout masks, which are not those of
 * the plain pass that DL4J makes first.
 *
 * <p>It costs a pass for each ascent step and one more. It works on MultiLayerNetwork and on
 * ComputationGraph with one input, under ParallelWrapper and Spark too. Truncated backpropagation
 * through time is refused. Attach no other listener that replaces the gradient.
 */
public final class WassersteinRobustListener extends BaseTrainingListener implements Serializable {

  private static final long serialVersionUID = 1L;

  /** Where the pass that this thread is in leaves the gradient of its input. */
  private static final ThreadLocal<INDArray[]> CAPTURE = new ThreadLocal<>();

  private final double gamma;
  private final double stepSize;
  private final int ascentSteps;
  private final double stopGradNorm;
  private final double maxPerturbation;

  /**
   * Makes the listener; a null is the default.
   *
   * @param gamma price of the squared distance, finite and &gt; 0, default 0.05, which belongs to
   *     28x28 images; small inputs need 1 or 2
   * @param stepSize finite and &gt; 0, below 1 / gamma, default 0.1
   * @param ascentSteps at least 1, default 10
   * @param stopGradNorm finite and &gt;= 0, default 1e-4
   * @param maxPerturbation largest distance of an example, &gt; 0, default infinity
   * @throws IllegalArgumentException if a value is out of range
   */
  @Builder
  public WassersteinRobustListener(
      Double gamma,
      Double stepSize,
      Integer ascentSteps,
      Double stopGradNorm,
      Double maxPerturbation) {
    WassersteinPerturbation checked =
        new WassersteinPerturbation(gamma, stepSize, ascentSteps, stopGradNorm, maxPerturbation);
    this.gamma = checked.getGamma();
    this.stepSize = checked.getStepSize();
    this.ascentSteps = checked.getAscentSteps();
    this.stopGradNorm = checked.getStopGradNorm();
    this.maxPerturbation = checked.getMaxPerturbation();
  }

  @Override
  public void onGradientCalculation(Model model) {
    MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces();
    try (outside) {
      if (model instanceof MultiLayerNetwork) {
        layers((MultiLayerNetwork) model);
      } else if (model instanceof ComputationGraph) {
        graph((ComputationGraph) model);
      } else {
        throw new IllegalArgumentException("model must be a network: " + model.getClass());
      }
    }
  }

  private INDArray moved(INDArray x, UnaryOperator<INDArray> inputGradient) {
    Random random = Nd4j.getRandom();
    long root = random.rootState();
    long node = random.nodeState();
    INDArray moved =
        new WassersteinPerturbation(gamma, stepSize, ascentSteps, stopGradNorm, maxPerturbation)
            .perturb(
                x,
                at -> {
                  random.setStates(root, node);
                  return inputGradient.apply(at);
                });
    random.setStates(root, node);
    return moved;
  }

  private static void refuseTruncation(BackpropType type) {
    if (type == BackpropType.TruncatedBPTT) {
      throw new IllegalStateException(
          "A second gradient of the same batch is not possible under truncated BPTT");
    }
  }

  private void layers(MultiLayerNetwork net) {
    refuseTruncation(net.getLayerWiseConfigurations().getBackpropType());
    INDArray x = net.getInput();
    INDArray labels = net.getLabels();
    INDArray moved = moved(x, at -> net.calculateGradients(at, labels, null, null).getSecond());
    net.setInput(moved);
    net.setLabels(labels);
    net.computeGradientAndScore();
    net.setInput(x);
  }

  private void graph(ComputationGraph graph) {
    ComputationGraphConfiguration conf = graph.getConfiguration();
    refuseTruncation(conf.getBackpropType());
    if (graph.getNumInputArrays() != 1) {
      throw new IllegalStateException(
          "WassersteinRobustListener takes graphs with one input, not "
              + graph.getNumInputArrays());
    }
    INDArray x = graph.getInput(0);
    WorkspaceMode training = conf.getTrainingWorkspaceMode();
    WorkspaceMode inference = conf.getInferenceWorkspaceMode();
    INDArray moved;
    try {
      // In a workspace the gradient of the input would be gone before it can be read.
      conf.setTrainingWorkspaceMode(WorkspaceMode.NONE);
      conf.setInferenceWorkspaceMode(WorkspaceMode.NONE);
      moved = moved(x, at -> inputGradient(graph, at));
    } finally {
      conf.setTrainingWorkspaceMode(training);
      conf.setInferenceWorkspaceMode(inference);
    }
    graph.setInputs(moved);
    graph.computeGradientAndScore();
    graph.setInputs(x);
  }

  private static INDArray inputGradient(ComputationGraph graph, INDArray at) {
    INDArray[] captured = new INDArray[1];
    CAPTURE.set(captured);
    try {
      graph.setInputs(at);
      graph.computeGradientAndScore();
    } finally {
      CAPTURE.remove();
    }
    if (captured[0] == null) {
      throw new IllegalStateException("The graph passes no gradient to its input");
    }
    return captured[0];
  }

  /** The one moment in which a graph still has the gradient of its input. */
  @Override
  public void onBackwardPass(Model model) {
    INDArray[] captured = CAPTURE.get();
    if (captured != null && model instanceof ComputationGraph) {
      ComputationGraph graph = (ComputationGraph) model;
      String input = graph.getConfiguration().getNetworkInputs().get(0);
      INDArray epsilon = graph.getVertex(input).getEpsilon();
      captured[0] = epsilon == null ? null : epsilon.dup();
    }
  }
}
