package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.linalg.Largest;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.second.linalg.InverseFisher;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Removes weights of a trained network and lets the others make up for it: the optimal brain
 * surgeon with the empirical Fisher matrix F of m gradients, without a matrix of the network's
 * size.
 *
 * <pre>{@code
 * F = damping*I + (1/m) sum g_i g_i^T         one block, or blocks of blockSize parameters
 * saliency of weight k: w_k^2 / (2 [F^-1]_kk)
 * S = the weights of the smallest saliency, ranked over the whole network
 * w = w + F^-1 t,  t_k = -w_k / [F^-1]_kk on S, 0 elsewhere                 the authors' sum
 * w = w - F^-1[:,S] u,  [F^-1]_SS u = w_S                                   jointUpdate
 * w = 0 on S
 * }</pre>
 *
 * <p>The sum treats each removed weight as if it were the only one; {@code jointUpdate} is the
 * exact answer for all of them together, at the price of one more decomposition for each block.
 *
 * <pre>{@code
 * MfacPruner.builder().jointUpdate(true).build().prune(network, iterator, 0.7);
 * }</pre>
 *
 * <p>The gradients are those of the iterator's batches at the network's weights, one for each
 * batch: small batches show more of the curvature. Weights that are zero already are the first in
 * S, so that calling it again with a higher sparsity (with training in between) is a schedule.
 * Dense, convolutional and recurrent weights and tables of embeddings are candidates, biases and
 * gains are not. {@link PruningMaskConstraint} keeps the removed weights at zero in later training.
 *
 * <p>Fields: {@code numGradients} 256, at least 1: the most batches that are looked at; {@code
 * damping} 1e-5, above 0; {@code blockSize} 0 (one block), at least 0; {@code jointUpdate} false;
 * {@code includeBiases} false. Memory: numGradients values of the network's type for each
 * parameter, and numGradients^2 doubles for each block.
 *
 * <p>E. Frantar, E. Kurtic, D. Alistarh: "M-FAC: Efficient Matrix-Free Approximations of
 * Second-Order Information", arXiv 2107.03356 (2021). Their code leaves the last gradient zero.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class MfacPruner {

  private final int numGradients;
  private final double damping;
  private final int blockSize;
  private final boolean jointUpdate;
  private final boolean includeBiases;

  /** A pruner with the defaults. */
  public MfacPruner() {
    this(null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private MfacPruner(
      @JsonProperty("numGradients") Integer numGradients,
      @JsonProperty("damping") Double damping,
      @JsonProperty("blockSize") Integer blockSize,
      @JsonProperty("jointUpdate") Boolean jointUpdate,
      @JsonProperty("includeBiases") Boolean includeBiases) {
    this.numGradients = count("numGradients", numGradients, 256);
    this.damping = positive("damping", damping, 1e-5);
    this.blockSize = atLeast("blockSize", blockSize, 0, 0);
    this.jointUpdate = jointUpdate != null && jointUpdate;
    this.includeBiases = includeBiases != null && includeBiases;
  }

  /**
   * Prunes a network and sees to it that the removed weights stay zero.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph with one input and output
   * @param data batches whose gradients are taken; read from its start, up to numGradients batches
   * @param sparsity share of the candidates that is zero afterwards, from 0 to 1
   * @return how many weights that is
   * @throws IllegalArgumentException if the sparsity is out of range
   * @throws IllegalStateException if the iterator gives no batch with a finite gradient
   * @throws ArithmeticException if the gradients are too large for the damping
   */
  public long prune(Model network, DataSetIterator data, double sparsity) {
    ModelOracle oracle = new ModelOracle(network);
    List<VariableShape> variables = oracle.variables();
    Map<String, Layer> layers = layers(network);
    boolean[] candidates = new boolean[(int) oracle.size()];
    int at = 0;
    for (VariableShape variable : variables) {
      boolean candidate =
          layers.containsKey(variable.getName()) && (includeBiases || variable.matrix());
      for (long i = 0; i < variable.length(); i++) {
        candidates[at++] = candidate;
      }
    }
    INDArray gradients = gradients(network, oracle, data);
    INDArray weights = oracle.parameters().dup();
    boolean[] removed = prune(weights, gradients, candidates, sparsity);
    oracle.writeParameters(weights);
    long count = 0;
    at = 0;
    Map<Layer, Map<String, INDArray>> masks = new HashMap<>();
    for (VariableShape variable : variables) {
      double[] mask = new double[(int) variable.length()];
      long zeros = 0;
      for (int i = 0; i < mask.length; i++) {
        mask[i] = removed[at] ? 0 : 1;
        zeros += removed[at++] ? 1 : 0;
      }
      if (zeros > 0) {
        Layer layer = layers.get(variable.getName());
        String name = variable.getName().substring(layerName(layer).length() + 1);
        INDArray parameter = layer.getParam(name);
        masks
            .computeIfAbsent(layer, key -> new HashMap<>())
            .put(name, Nd4j.createFromArray(mask).reshape(parameter.ordering(), parameter.shape()));
      }
      count += zeros;
    }
    masks.forEach((layer, ofLayer) -> keep(layer.conf().getLayer(), ofLayer));
    return count;
  }

  private static String layerName(Layer layer) {
    return String.valueOf(layer.getConfig().getLayerName());
  }

  /** The layer of each variable. */
  private static Map<String, Layer> layers(Model network) {
    Layer[] all =
        network instanceof ComputationGraph graph
            ? graph.getLayers()
            : ((MultiLayerNetwork) network).getLayers();
    Map<String, Layer> layers = new HashMap<>();
    for (Layer layer : all) {
      for (String key : layer.paramTable(false).keySet()) {
        layers.put(layerName(layer) + "_" + key, layer);
      }
    }
    return layers;
  }

  /** Gives a layer the masks in the place of those that it had. */
  private static void keep(
      org.deeplearning4j.nn.conf.layers.Layer layer, Map<String, INDArray> masks) {
    if (layer instanceof BaseWrapperLayer wrapper) {
      keep(wrapper.getUnderlying(), masks);
    } else if (layer instanceof Bidirectional both) {
      keep(both.getFwd(), of(masks, "f"));
      keep(both.getBwd(), of(masks, "b"));
    } else {
      List<LayerConstraint> constraints = new ArrayList<>();
      if (layer.getConstraints() != null) {
        constraints.addAll(layer.getConstraints());
        constraints.removeIf(PruningMaskConstraint.class::isInstance);
      }
      if (!masks.isEmpty()) {
        constraints.add(PruningMaskConstraint.of(masks));
      }
      layer.setConstraints(constraints);
    }
  }

  private static Map<String, INDArray> of(Map<String, INDArray> masks, String prefix) {
    Map<String, INDArray> chosen = new HashMap<>();
    masks.forEach(
        (name, mask) -> {
          if (name.startsWith(prefix)) {
            chosen.put(name.substring(prefix.length()), mask);
          }
        });
    return chosen;
  }

  /** The gradients of the mean loss of the first batches, in rows. */
  private INDArray gradients(Model network, ModelOracle oracle, DataSetIterator data) {
    ModelAccess access = ModelAccess.of(network);
    INDArray rows =
        Nd4j.createUninitialized(
            access.parameters().dataType(), new long[] {numGradients, oracle.size()}, 'c');
    Random random = Nd4j.getRandom();
    long root = random.rootState();
    long node = random.nodeState();
    int found = 0;
    if (data.resetSupported()) {
      data.reset();
    }
    while (found < numGradients && data.hasNext()) {
      DataSet batch = data.next();
      INDArray row =
          rows.get(NDArrayIndex.point(found), NDArrayIndex.all())
              .reshape('c', new long[] {oracle.size()});
      access.setBatch(new INDArray[] {batch.getFeatures()}, new INDArray[] {batch.getLabels()});
      masks(network, batch.getFeaturesMaskArray(), batch.getLabelsMaskArray());
      access.computeGradientAndScore();
      oracle.readGradient(row);
      // One that is not finite would spoil all.
      found += Double.isFinite(row.castTo(DataType.DOUBLE).norm1Number().doubleValue()) ? 1 : 0;
    }
    masks(network, null, null);
    network.clear();
    random.setStates(root, node);
    if (found == 0) {
      throw new IllegalStateException("The iterator gave no batch with a finite gradient");
    }
    return rows.get(NDArrayIndex.interval(0, found), NDArrayIndex.all());
  }

  private static void masks(Model network, INDArray features, INDArray labels) {
    if (network instanceof ComputationGraph graph) {
      graph.clearLayerMaskArrays();
      if (features != null || labels != null) {
        graph.setLayerMaskArrays(new INDArray[] {features}, new INDArray[] {labels});
      }
    } else {
      MultiLayerNetwork plain = (MultiLayerNetwork) network;
      plain.clearLayerMaskArrays();
      if (features != null || labels != null) {
        plain.setLayerMaskArrays(features, labels);
      }
    }
  }

  /**
   * Prunes plain arrays.
   *
   * @param weights n weights, flat; changed in place
   * @param gradients m x n, gradients of the mean loss in rows
   * @param candidates which weights may be removed; null for all
   * @param sparsity share of the candidates that is zero afterwards, from 0 to 1
   * @return which weights were removed
   * @throws IllegalArgumentException if the sparsity is out of range
   * @throws ArithmeticException if the gradients are too large for the damping
   */
  public boolean[] prune(
      INDArray weights, INDArray gradients, boolean[] candidates, double sparsity) {
    check(sparsity >= 0 && sparsity <= 1, "sparsity", sparsity, "in [0, 1]");
    InverseFisher inverse = inverse(gradients);
    double[] diagonal = inverse.diagonal();
    double[] before = weights.toDoubleVector();
    boolean[] removed = smallest(saliency(before, diagonal), candidates, sparsity);
    if (jointUpdate) {
      inverse.remove(weights, removed);
      return removed;
    }
    double[] t = new double[before.length];
    for (int k = 0; k < t.length; k++) {
      t[k] = removed[k] ? -before[k] / diagonal[k] : 0;
    }
    double[] after = inverse.product(Nd4j.createFromArray(t)).toDoubleVector();
    for (int k = 0; k < t.length; k++) {
      after[k] = removed[k] ? 0 : before[k] + after[k];
    }
    weights.assign(Nd4j.createFromArray(after).castTo(weights.dataType()));
    return removed;
  }

  /**
   * The inverse that weights are judged by.
   *
   * @param gradients m x n, gradients in rows
   * @return the inverse with this pruner's damping and blocks
   */
  public InverseFisher inverse(INDArray gradients) {
    return new InverseFisher(gradients, damping, blockSize);
  }

  /**
   * What the loss is expected to grow by if a weight is removed, for each weight alone.
   *
   * @param weights the weights
   * @param diagonal the diagonal of the inverse Fisher matrix
   * @return {@code w_k^2 / (2 [F^-1]_kk)}
   */
  public static double[] saliency(double[] weights, double[] diagonal) {
    double[] saliency = new double[weights.length];
    for (int k = 0; k < saliency.length; k++) {
      saliency[k] = weights[k] * weights[k] / (2 * diagonal[k]);
    }
    return saliency;
  }

  private static boolean[] smallest(double[] saliency, boolean[] candidates, double share) {
    int n = saliency.length;
    double[] negative = new double[n];
    int[] position = new int[n];
    int count = 0;
    for (int k = 0; k < n; k++) {
      if (candidates == null || candidates[k]) {
        position[count] = k;
        negative[count++] = -saliency[k];
      }
    }
    boolean[] chosen = new boolean[n];
    int wanted = (int) Math.round(share * count);
    if (wanted > 0) {
      for (int i : Largest.of(Arrays.copyOf(negative, count), wanted)) {
        chosen[position[i]] = true;
      }
    }
    return chosen;
  }
}
