package org.dl4jplus.optim.zeroth.estimate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelAccess.TrainedPart;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Node perturbation: not the weights are disturbed but what each unit of each layer receives, in
 * every example by noise of its own. With the input x of a layer, its disturbance mu xi, and what
 * that does to the losses L of the examples b:
 *
 * <pre>{@code
 * D_b = (L_b(mu xi) - L_b(-mu xi)) / (2 mu)        or (L_b(mu xi) - L_b(0)) / mu
 * g_W = mean over b of x_b^T D_b xi_b,   g_bias = mean of D_b xi_b
 * }</pre>
 *
 * All layers are disturbed at once, by independent noise. There are as many noises as units, not as
 * weights, and the examples of a batch have their own, so that the estimate varies less than one of
 * random directions of the weights: the wider the layers, the more.
 *
 * <p>It looks into a network: it serves {@link org.dl4jplus.optim.zeroth.EstimatedGradient} and
 * {@link org.dl4jplus.optim.zeroth.ZerothOrderGradientListener} on a MultiLayerNetwork or a
 * ComputationGraph, on a copy of it, and refuses plain functions. Estimates are of dense layers
 * without layer normalization and of output layers; parameters of others get a gradient of L1 and
 * L2 terms alone. Batches must have no masks.
 *
 * <ul>
 *   <li>difference: default CENTRAL
 *   <li>queries: noises that are averaged, at least 1; default 1
 * </ul>
 *
 * <p>A step takes one pass for the layers' inputs and one for every loss. Source: Barak Widrow,
 * Michael A. Lehr, "30 Years of Adaptive Neural Networks", 1990; the review arXiv 2510.18812, 2025.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class NodePerturbation extends GradientEstimator {

  private static final Map<ModelObjective, Nodes> NODES =
      Collections.synchronizedMap(new WeakHashMap<>());

  private final Difference difference;
  private final int queries;

  @Builder
  @JsonCreator
  private NodePerturbation(
      @JsonProperty("difference") Difference difference, @JsonProperty("queries") Integer queries) {
    this.difference = difference == null ? Difference.CENTRAL : difference;
    this.queries = Require.count("queries", queries, 1);
  }

  @Override
  public Difference steps() {
    return difference;
  }

  @Override
  protected double[] gradient(Probe probe) {
    throw noUnits();
  }

  private static IllegalArgumentException noUnits() {
    return new IllegalArgumentException(
        "NodePerturbation disturbs the units of a network: a plain function has none");
  }

  /**
   * Estimates the gradient of a network's loss on its batch, at its parameters.
   *
   * @param problem a {@link ModelObjective} with a batch
   * @param penalized whether L1 and L2 terms count
   * @param directions makes the noise, unit after unit of one layer after the other
   * @param mu size of the disturbance, above 0
   * @param iteration number of the step, from 0
   * @return the estimate, one entry for each parameter that may move
   * @throws IllegalArgumentException for another problem, without a layer that it can disturb, and
   *     with masks
   */
  public Estimate estimate(
      ZoProblem problem, boolean penalized, Directions directions, double mu, long iteration) {
    if (!(problem instanceof ModelObjective objective)) {
      throw noUnits();
    }
    ModelAccess access = ModelAccess.of(objective.network());
    Nodes nodes = NODES.computeIfAbsent(objective, key -> new Nodes(key.copy()));
    nodes.begin(objective);
    double[] gradient =
        new double[(int) objective.stretches().stream().mapToLong(s -> s.to() - s.from()).sum()];
    double[] base = difference == Difference.FORWARD ? nodes.losses(0) : null;
    long passes = base == null ? 1 : 2;
    double seen = base == null ? 0 : mean(base);
    for (int k = 0; k < queries; k++) {
      nodes.draw(directions, iteration, k);
      double[] plus = nodes.losses(mu);
      double[] minus = base == null ? nodes.losses(-mu) : base;
      passes += base == null ? 2 : 1;
      seen += base == null ? (mean(plus) + mean(minus)) / 2 / queries : 0;
      double[] slopes = new double[plus.length];
      for (int b = 0; b < slopes.length; b++) {
        slopes[b] = (plus[b] - minus[b]) / (base == null ? 2 * mu : mu) / (slopes.length * queries);
        // One that is not finite spoils the value, and with it the estimate.
        seen += slopes[b] - slopes[b];
      }
      nodes.add(slopes, gradient);
    }
    if (penalized) {
      objective.addPenaltyGradient(gradient);
      seen += access.penalty();
    }
    objective.count(passes);
    return new Estimate(gradient, passes, seen);
  }

  private static double mean(double[] values) {
    return Arrays.stream(values).average().orElseThrow();
  }

  /** Adds noise to what it is given; on copies only, which are not saved. */
  private static final class Noise implements Serializable {
    private static final long serialVersionUID = 1L;
    private transient INDArray noise;

    /** Adds it in place, as arrays have to stay in their workspaces. */
    private INDArray added(INDArray values) {
      return noise == null ? values : values.addi(noise.castTo(values.dataType()));
    }
  }

  /** An activation of noisy values. */
  private static final class NoisyActivation extends BaseActivationFunction {
    private static final long serialVersionUID = 1L;
    private final IActivation own;
    private final Noise noise;

    NoisyActivation(IActivation own, Noise noise) {
      this.own = own;
      this.noise = noise;
    }

    @Override
    public INDArray getActivation(INDArray in, boolean training) {
      return own.getActivation(noise.added(in), training);
    }

    @Override
    public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
      throw new UnsupportedOperationException("There is no pass back");
    }
  }

  /** A loss of noisy values. Losses look at the kind of activation, which has to stay. */
  private record NoisyLoss(ILossFunction own, Noise noise) implements ILossFunction {
    @Override
    public double computeScore(
        INDArray labels, INDArray z, IActivation activation, INDArray mask, boolean average) {
      return own.computeScore(labels, noise.added(z), activation, mask, average);
    }

    @Override
    public INDArray computeScoreArray(
        INDArray labels, INDArray z, IActivation activation, INDArray mask) {
      return own.computeScoreArray(labels, noise.added(z), activation, mask);
    }

    @Override
    public INDArray computeGradient(
        INDArray labels, INDArray z, IActivation activation, INDArray mask) {
      throw new UnsupportedOperationException("There is no pass back");
    }

    @Override
    public Pair<Double, INDArray> computeGradientAndScore(
        INDArray labels, INDArray z, IActivation activation, INDArray mask, boolean average) {
      throw new UnsupportedOperationException("There is no pass back");
    }

    @Override
    public String name() {
      return own.name();
    }
  }

  /** A layer whose units are disturbed. */
  private static final class Node {
    private final Layer layer;
    private final int nOut;
    private final Map<String, Long> offsets;
    private final Noise noise = new Noise();
    private INDArray input;
    private INDArray xi;

    Node(TrainedPart part) {
      layer = part.layer();
      offsets = part.offsets();
      BaseLayer conf = (BaseLayer) layer.conf().getLayer();
      nOut = (int) layer.getParam(DefaultParamInitializer.WEIGHT_KEY).size(1);
      if (conf instanceof OutputLayer output) {
        output.setLossFn(new NoisyLoss(output.getLossFn(), noise));
      } else {
        conf.setActivationFn(new NoisyActivation(conf.getActivationFn(), noise));
      }
    }

    static boolean fits(TrainedPart part) {
      Object conf = part.layer() == null ? null : part.layer().conf().getLayer();
      return conf instanceof DenseLayer dense && !dense.hasLayerNorm()
          || conf != null && conf.getClass() == OutputLayer.class;
    }

    /** Adds the mean of x D xi, row r being of example r modulo their number. */
    void add(double[] slopes, double[] gradient) {
      INDArray rows = Nd4j.create(DataType.DOUBLE, xi.size(0), 1);
      for (int r = 0; r < rows.length(); r++) {
        rows.putScalar(r, slopes[r % slopes.length]);
      }
      INDArray delta = xi.mul(rows);
      add(gradient, DefaultParamInitializer.BIAS_KEY, delta.sum(0));
      add(gradient, DefaultParamInitializer.WEIGHT_KEY, input.transpose().mmul(delta));
    }

    private void add(double[] gradient, String key, INDArray part) {
      Long from = offsets.get(key);
      if (from == null) {
        return;
      }
      double[] values = part.dup('f').data().asDouble();
      for (int i = 0; i < values.length; i++) {
        gradient[(int) (from + i)] += values[i];
      }
    }
  }

  /** A copy of a network with noise in its layers. */
  private static final class Nodes {
    private final ModelObjective copy;
    private final List<Node> nodes = new ArrayList<>();

    Nodes(ModelObjective copy) {
      this.copy = copy;
      for (TrainedPart part : ModelAccess.of(copy.network()).trainedParts()) {
        if (Node.fits(part)) {
          nodes.add(new Node(part));
        }
      }
      if (nodes.isEmpty()) {
        throw new IllegalArgumentException(
            "The network has no dense or output layer whose units could be disturbed");
      }
    }

    /** Takes parameters and batch, and finds the inputs of the layers. */
    void begin(ModelObjective original) {
      copy.follow(original);
      silence();
      Model network = copy.network();
      copy.batch().set(network);
      ModelAccess access = ModelAccess.of(network);
      if (access.hasMasks()) {
        throw new IllegalArgumentException("NodePerturbation is for batches without masks");
      }
      if (network instanceof ComputationGraph graph) {
        graph.feedForward(copy.batch().inputs(), false, false);
      } else {
        ((MultiLayerNetwork) network).feedForward(false, false);
      }
      int examples = copy.batch().examples();
      for (Node node : nodes) {
        node.input = node.layer.input().castTo(DataType.DOUBLE).dup();
        boolean inOrder = node.input.size(0) == examples || access.keepsOrder();
        Require.check(
            inOrder && node.input.size(0) % examples == 0,
            "rows of layer " + node.layer.conf().getLayer().getLayerName(),
            node.input.size(0),
            "the examples, step by step");
      }
    }

    private void silence() {
      nodes.forEach(node -> node.noise.noise = null);
    }

    void draw(Directions directions, long iteration, int query) {
      long from = 0;
      for (Node node : nodes) {
        long[] shape = {node.input.size(0), node.nOut};
        double[] xi = new double[Math.toIntExact(shape[0] * shape[1])];
        directions.fill(iteration, query, from, xi, xi.length);
        node.xi = Nd4j.createFromArray(xi).reshape('c', shape);
        from += xi.length;
      }
    }

    /** The losses of the examples under so much noise. */
    double[] losses(double scale) {
      for (Node node : nodes) {
        node.noise.noise = scale == 0 ? null : node.xi.mul(scale);
      }
      INDArray[] inputs = copy.batch().inputs();
      INDArray[] labels = copy.batch().labels();
      INDArray losses =
          copy.network() instanceof ComputationGraph graph
              ? graph.scoreExamples(new MultiDataSet(inputs, labels), false)
              : ((MultiLayerNetwork) copy.network())
                  .scoreExamples(new DataSet(inputs[0], labels[0]), false);
      silence();
      return losses.dup('c').data().asDouble();
    }

    void add(double[] slopes, double[] gradient) {
      nodes.forEach(node -> node.add(slopes, gradient));
    }
  }
}
