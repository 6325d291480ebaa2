package org.dl4jplus.ot;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.ot.pooling.KCenter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Starts the prototypes of generalised sum pooling among the data: over the first steps it collects
 * what average pooling would give, shortened to length 1 where it is longer, and then sets the
 * prototypes to a {@link KCenter} choice of what it has. Add it to the listeners of a new network;
 * each of the network's pooling layers gets its own, once.
 *
 * <p>The authors' layer pools by the average while they collect; this one pools with the prototypes
 * that it was made with. Under ParallelWrapper set the prototypes before, on one network.
 *
 * <p>Y. Z. Gurbuz, O. Sener, A. A. Alatan, "Generalized Sum Pooling for Metric Learning",
 * arXiv:2308.09228, 2023.
 */
public final class GspPrototypeInitListener extends BaseTrainingListener {

  private static final String PROTOTYPES = "P";

  private final int memorySize;
  private final Map<Integer, List<double[]>> memories = new HashMap<>();
  private final Set<Integer> done = new HashSet<>();

  /** With a memory of 1024 examples. */
  public GspPrototypeInitListener() {
    this(1024);
  }

  /**
   * With a memory of one's own size.
   *
   * @param memorySize examples to choose from, at least as many as a layer has prototypes
   * @throws IllegalArgumentException if it is below 1
   */
  public GspPrototypeInitListener(int memorySize) {
    if (memorySize < 1) {
      throw new IllegalArgumentException("memorySize must be >= 1: " + memorySize);
    }
    this.memorySize = memorySize;
  }

  @Override
  public void onForwardPass(Model model, List<INDArray> activations) {
    collect(layers(model));
  }

  @Override
  public void onForwardPass(Model model, Map<String, INDArray> activations) {
    collect(layers(model));
  }

  private static Layer[] layers(Model model) {
    return model instanceof ComputationGraph
        ? ((ComputationGraph) model).getLayers()
        : ((MultiLayerNetwork) model).getLayers();
  }

  private void collect(Layer[] layers) {
    for (int l = 0; l < layers.length; l++) {
      if (layers[l].conf().getLayer() instanceof GeneralizedSumPoolingLayer && !done.contains(l)) {
        List<double[]> memory = memories.computeIfAbsent(l, unused -> new ArrayList<>());
        add(layers[l].input(), layers[l].getMaskArray(), memory);
      }
    }
  }

  private void add(INDArray input, INDArray mask, List<double[]> memory) {
    int channels = (int) input.size(1);
    double[] values = input.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    double[] counted =
        mask == null ? null : mask.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    int examples = (int) input.size(0);
    int locations = values.length / examples / channels;
    for (int e = 0; e < examples && memory.size() < memorySize; e++) {
      double[] sum = new double[channels];
      double count = 0;
      for (int i = 0; i < locations; i++) {
        if (counted == null || counted[e * locations + i] != 0) {
          count++;
          for (int c = 0; c < channels; c++) {
            sum[c] += values[(e * channels + c) * locations + i];
          }
        }
      }
      if (count > 0) {
        memory.add(clipped(sum, count));
      }
    }
  }

  private static double[] clipped(double[] sum, double count) {
    double squares = 0;
    for (double v : sum) {
      squares += v / count * v / count;
    }
    double by = count * Math.max(1, Math.sqrt(squares));
    for (int c = 0; c < sum.length; c++) {
      sum[c] /= by;
    }
    return sum;
  }

  @Override
  public void iterationDone(Model model, int iteration, int epoch) {
    Layer[] layers = layers(model);
    memories.forEach(
        (l, memory) -> {
          if (memory.size() == memorySize) {
            set(layers[l], memory.toArray(new double[0][]));
            done.add(l);
          }
        });
    memories.keySet().removeAll(done);
  }

  private static void set(Layer layer, double[][] points) {
    int count = ((GeneralizedSumPoolingLayer) layer.conf().getLayer()).getNumPrototypes();
    double[][] prototypes =
        Arrays.stream(KCenter.choose(points, count))
            .mapToObj(i -> points[i])
            .toArray(double[][]::new);
    layer.paramTable().get(PROTOTYPES).assign(Nd4j.createFromArray(prototypes));
  }
}
