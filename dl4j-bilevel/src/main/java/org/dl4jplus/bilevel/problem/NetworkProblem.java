package org.dl4jplus.bilevel.problem;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelBatch;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A problem whose lower variable is a network's trainable parameters: frozen layers do not take
 * part. The upper loss is the mean loss over the validation batches with dropout off; a task adds
 * what its upper variable does to the training loss.
 *
 * <p>The losses are computed in a copy of the network, so its listeners hear nothing; after each
 * outer step of a trainer the network itself holds the new parameters. In the lower problem dropout
 * masks depend on the outer step and the batch alone.
 */
public abstract class NetworkProblem implements BilevelProblem {

  private final ModelOracle network;
  private final ModelOracle lower;
  private final ModelOracle upper;
  private final List<WeightedLoss> losses;
  private final List<MultiDataSet> lowerData;
  private final List<MultiDataSet> upperData;
  private final long seed;
  private long iteration;

  /**
   * Takes a network and its data.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph
   * @param lowerData training batches, at least one
   * @param upperData validation batches, at least one; none of the training examples
   * @param seed of the dropout masks
   * @throws IllegalArgumentException for no network or no data; for batch normalization outside
   *     frozen layers, whose statistics no gradient moves; for L1, L2 or weight decay, which would
   *     not be part of both losses; for an output whose loss cannot be weighted
   */
  protected NetworkProblem(
      Model network,
      List<? extends MultiDataSet> lowerData,
      List<? extends MultiDataSet> upperData,
      long seed) {
    Require.given("network", network);
    Require.given("lowerData", lowerData);
    Require.given("upperData", upperData);
    if (lowerData.isEmpty() || upperData.isEmpty()) {
      throw new IllegalArgumentException(
          "There must be batches of training and of validation, are "
              + lowerData.size()
              + " and "
              + upperData.size());
    }
    ModelAccess access = ModelAccess.of(network);
    if (access.hasBatchNormalization()) {
      throw new IllegalArgumentException(
          "Batch normalization's statistics are not part of a bilevel problem: freeze these layers"
              + " or take layer normalization");
    }
    if (access.trainableRegularization().stream().anyMatch(list -> !list.isEmpty())) {
      throw new IllegalArgumentException(
          "The network has L1, L2 or weight decay; a bilevel task sets the regularisation itself");
    }
    this.network = new ModelOracle(network);
    this.lowerData = List.copyOf(lowerData);
    this.upperData = List.copyOf(upperData);
    this.seed = seed;
    Model training = copy(network);
    losses = weightLosses(training);
    lower = new ModelOracle(training);
    upper = new ModelOracle(withoutDropout(copy(network)));
  }

  /**
   * Reads all batches of an iterator.
   *
   * @param iterator is reset and read to its end
   * @return copies of its batches
   * @throws IllegalArgumentException for null
   */
  public static List<MultiDataSet> batches(DataSetIterator iterator) {
    if (Require.given("iterator", iterator).resetSupported()) {
      iterator.reset();
    }
    List<MultiDataSet> batches = new ArrayList<>();
    while (iterator.hasNext()) {
      batches.add(iterator.next().toMultiDataSet());
    }
    return batches;
  }

  private static Model copy(Model network) {
    if (network instanceof ComputationGraph graph) {
      ComputationGraph copy = graph.clone();
      copy.setListeners(List.of());
      return copy;
    }
    MultiLayerNetwork copy = ((MultiLayerNetwork) network).clone();
    copy.setListeners(List.of());
    return copy;
  }

  private static List<WeightedLoss> weightLosses(Model model) {
    List<WeightedLoss> losses = new ArrayList<>();
    for (Layer layer : ModelAccess.of(model).outputLayers()) {
      if (layer.conf().getLayer() instanceof BaseOutputLayer output) {
        losses.add(new WeightedLoss(output.getLossFn()));
        output.setLossFn(losses.get(losses.size() - 1));
      } else if (layer.conf().getLayer() instanceof LossLayer output) {
        losses.add(new WeightedLoss(output.getLossFn()));
        output.setLossFn(losses.get(losses.size() - 1));
      } else {
        throw new IllegalArgumentException(
            "The loss of "
                + layer.conf().getLayer().getClass().getSimpleName()
                + " cannot be weighted: take an output or a loss layer");
      }
    }
    return losses;
  }

  private static Model withoutDropout(Model model) {
    for (Layer layer : ModelAccess.of(model).layers()) {
      org.deeplearning4j.nn.conf.layers.Layer conf = layer.conf().getLayer();
      if (conf instanceof FrozenLayer frozen) {
        conf = frozen.getLayer();
      }
      conf.setIDropout(null);
      if (conf instanceof BaseLayer base) {
        base.setWeightNoise(null);
      }
    }
    return model;
  }

  /**
   * The network that the user gave.
   *
   * @return the object, which holds the parameters of the last outer step
   */
  public Model network() {
    return network.network();
  }

  /**
   * The network's present parameters, to start from.
   *
   * @return a copy, of shape [dimY]
   */
  public INDArray start() {
    return network.parameters().dup();
  }

  /**
   * The training batches.
   *
   * @return in the order of their numbers
   */
  public List<MultiDataSet> lowerData() {
    return lowerData;
  }

  /**
   * The validation batches.
   *
   * @return in the order of their numbers
   */
  public List<MultiDataSet> upperData() {
    return upperData;
  }

  /**
   * The copy of the network in which the lower problem is computed; its oracle knows the variables
   * that make up y.
   *
   * @return the oracle
   */
  protected final ModelOracle oracle() {
    return lower;
  }

  @Override
  public long dimY() {
    return lower.size();
  }

  @Override
  public DataType dataType() {
    return lower.parameters().dataType();
  }

  /** {@inheritDoc} The layers with trainable parameters. */
  @Override
  public long[] lowerBlocks() {
    List<ModelAccess.TrainedPart> parts = ModelAccess.of(lower.network()).trainedParts();
    long[] lengths = new long[parts.size()];
    long end = dimY();
    for (int i = lengths.length - 1; i >= 0; i--) {
      long from = parts.get(i).offsets().values().iterator().next();
      lengths[i] = end - from;
      end = from;
    }
    return lengths;
  }

  @Override
  public int lowerBatches() {
    return lowerData.size();
  }

  @Override
  public int upperBatches() {
    return upperData.size();
  }

  /** {@inheritDoc} The mean validation loss, which does not depend on x of its own. */
  @Override
  public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    if (gradientX != null) {
      gradientX.assign(0);
    }
    return mean(
        upperData,
        batch,
        y,
        gradientY,
        (number, out) -> pass(upper, upperData.get(number), y, out));
  }

  /**
   * The weighted mean training loss at a point, for tasks to build {@link #lower} on.
   *
   * @param y the parameters, of shape [dimY]
   * @param batch number of the batch, or {@link #ALL}
   * @param weights gives the weights of a batch's rows; null for weights of 1
   * @param exampleLosses hears of the unweighted losses of a batch's rows; null for nobody
   * @param gradientY takes the gradient, of shape [dimY]; null where it is not wanted
   * @return the sum of the weighted losses over the number of examples
   */
  protected final double trainingLoss(
      INDArray y, int batch, Weights weights, ExampleLosses exampleLosses, INDArray gradientY) {
    return mean(
        lowerData,
        batch,
        y,
        gradientY,
        (number, out) -> {
          INDArray rows = weights == null ? null : weights.of(number);
          losses.forEach(loss -> loss.setWeights(rows));
          Random random = Nd4j.getRandom();
          long root = random.rootState();
          long node = random.nodeState();
          random.setStates(
              CounterNoise.deriveSeed(seed, iteration, number, 0),
              CounterNoise.deriveSeed(seed, iteration, number, 1));
          double loss;
          try {
            loss = pass(lower, lowerData.get(number), y, out);
          } finally {
            random.setStates(root, node);
            losses.forEach(l -> l.setWeights(null));
          }
          if (exampleLosses != null) {
            INDArray sum = losses.get(0).exampleLosses().dup();
            losses.subList(1, losses.size()).forEach(l -> sum.addi(l.exampleLosses()));
            exampleLosses.of(number, sum);
          }
          return loss;
        });
  }

  /** Gives the weights of a batch's rows. */
  @FunctionalInterface
  protected interface Weights {

    /**
     * The weights of a batch.
     *
     * @param batch its number
     * @return one for each row of its labels
     */
    INDArray of(int batch);
  }

  /** Hears of the losses of single rows. */
  @FunctionalInterface
  protected interface ExampleLosses {

    /**
     * The losses of a batch.
     *
     * @param batch its number
     * @param losses one for each row of its labels, before weights
     */
    void of(int batch, INDArray losses);
  }

  private interface Pass {
    double of(int batch, INDArray gradientOut);
  }

  private static double mean(
      List<MultiDataSet> data, int batch, INDArray y, INDArray gradientY, Pass pass) {
    INDArray out = gradientY == null ? y.ulike() : gradientY;
    if (batch != ALL || data.size() == 1) {
      return pass.of(batch == ALL ? 0 : batch, out);
    }
    long examples = data.stream().mapToLong(d -> d.getFeatures(0).size(0)).sum();
    INDArray one = y.ulike();
    out.assign(0);
    double loss = 0;
    for (int i = 0; i < data.size(); i++) {
      double share = (double) data.get(i).getFeatures(0).size(0) / examples;
      loss += share * pass.of(i, one);
      out.addi(one.muli(share));
    }
    return loss;
  }

  private static double pass(ModelOracle oracle, MultiDataSet batch, INDArray y, INDArray out) {
    ModelBatch.set(oracle.network(), batch);
    try {
      return oracle.lossAndGradient(y, out);
    } finally {
      oracle.restore();
    }
  }

  /** {@inheritDoc} The network takes y as its parameters. */
  @Override
  public void accept(INDArray x, INDArray y, long iteration) {
    this.iteration = iteration;
    network.writeParameters(y);
  }
}
