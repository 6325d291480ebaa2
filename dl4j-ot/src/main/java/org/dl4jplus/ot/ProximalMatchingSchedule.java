package org.dl4jplus.ot;

import java.util.List;
import java.util.Map;
import lombok.Builder;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * Brings the gamma of a network's {@link LossProximalMatching} losses down in stages of equal
 * length, after a start with the mean distance. Add it to the network's listeners.
 *
 * <pre>{@code
 * gamma = 0                                            step < pretrainSteps
 * gamma = gammaMin factor^(stages - 1 - stage)         stage = 0..stages-1, then the last
 * }</pre>
 *
 * <p>Steps are counted by the network's iterations, so that a network that was saved trains on in
 * its stage. The paper takes a learning rate of 1e-3 before and 1e-4 in the stages: that is the
 * updater's, by a MapSchedule.
 *
 * <p>Fields: {@code gammaMin} finite and above 0, has to be set (the paper's: 0.08 times the root
 * of the dimension); {@code matchingSteps} of all stages together, at least 1, has to be set;
 * {@code pretrainSteps} at least 0 (as many as matchingSteps); {@code stages} at least 1 (4);
 * {@code factor} from one stage's gamma to that of the stage before, at least 1 (2).
 *
 * <p>Z. Fang, S. Buchanan, J. Sulam: "What's in a Prior? Learned Proximal Networks for Inverse
 * Problems", arXiv 2310.14344 (2023).
 */
public final class ProximalMatchingSchedule extends BaseTrainingListener {

  private final double gammaMin;
  private final int matchingSteps;
  private final int pretrainSteps;
  private final int stages;
  private final double factor;

  @Builder
  private ProximalMatchingSchedule(
      Double gammaMin,
      Integer matchingSteps,
      Integer pretrainSteps,
      Integer stages,
      Double factor) {
    require(gammaMin != null && gammaMin > 0, "gammaMin", gammaMin, "finite and above 0");
    require(Double.isFinite(gammaMin), "gammaMin", gammaMin, "finite and above 0");
    require(matchingSteps != null && matchingSteps >= 1, "matchingSteps", matchingSteps, ">= 1");
    this.gammaMin = gammaMin;
    this.matchingSteps = matchingSteps;
    this.pretrainSteps = pretrainSteps == null ? matchingSteps : pretrainSteps;
    this.stages = stages == null ? 4 : stages;
    this.factor = factor == null ? 2 : factor;
    require(this.pretrainSteps >= 0, "pretrainSteps", pretrainSteps, ">= 0");
    require(this.stages >= 1, "stages", stages, ">= 1");
    require(this.factor >= 1 && Double.isFinite(this.factor), "factor", factor, "finite and >= 1");
  }

  private static void require(boolean right, String name, Number value, String range) {
    if (!right) {
      throw new IllegalArgumentException(name + " must be " + range + ", got " + value);
    }
  }

  /**
   * The gamma of a step.
   *
   * @param step how many came before, at least 0
   * @return 0 at first, then gamma
   */
  public double gamma(int step) {
    if (step < pretrainSteps) {
      return 0;
    }
    long stage = Math.min(stages - 1L, (step - (long) pretrainSteps) * stages / matchingSteps);
    return gammaMin * Math.pow(factor, stages - 1.0 - stage);
  }

  @Override
  public void onForwardPass(Model model, List<INDArray> activations) {
    MultiLayerNetwork network = (MultiLayerNetwork) model;
    apply(network.getLayers(), network.getIterationCount());
  }

  @Override
  public void onForwardPass(Model model, Map<String, INDArray> activations) {
    ComputationGraph graph = (ComputationGraph) model;
    apply(graph.getLayers(), graph.getIterationCount());
  }

  private void apply(Layer[] layers, int step) {
    for (Layer layer : layers) {
      ILossFunction loss = loss(layer.conf().getLayer());
      if (loss instanceof LossProximalMatching) {
        ((LossProximalMatching) loss).setGamma(gamma(step));
      }
    }
  }

  private static ILossFunction loss(org.deeplearning4j.nn.conf.layers.Layer layer) {
    if (layer instanceof BaseOutputLayer) {
      return ((BaseOutputLayer) layer).getLossFn();
    }
    return layer instanceof LossLayer ? ((LossLayer) layer).getLossFn() : null;
  }
}
