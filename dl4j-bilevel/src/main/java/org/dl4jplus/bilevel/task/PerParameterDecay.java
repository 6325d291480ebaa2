package org.dl4jplus.bilevel.task;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import lombok.Builder;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.bilevel.problem.NetworkProblem;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelAccess.TrainedPart;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * An L2 decay for every single weight of a network, learnt so that the validation loss falls:
 *
 * <pre>{@code
 * g(x, w) = mean training loss + 1/2 * sum over j of exp(x[j]) * w[j]^2
 * f(w)    = mean validation loss
 * }</pre>
 *
 * <pre>{@code
 * PerParameterDecay decay =
 *     PerParameterDecay.builder().network(network).training(train).validation(valid).build();
 * ImplicitFunction method =
 *     ImplicitFunction.builder()
 *         .lowerUpdater(new Sgd(decay.getLowerLearningRate()))
 *         .upperUpdater(new Adam(0.1))
 *         .innerSteps(10)
 *         .build();
 * BilevelTrainer trainer =
 *     new BilevelTrainer(decay, method, decay.logDecays(-4), decay.start(), 42);
 * trainer.fit(60);                               // the network is trained on the way
 * decay.regularize(other, trainer.x());          // a fresh network of this kind, for fit(...)
 * }</pre>
 *
 * <p>The product with the mixed derivative is {@code exp(x[j]) * w[j] * q[j]}, in closed form.
 *
 * <ul>
 *   <li>network: an initialised MultiLayerNetwork or ComputationGraph without L1, L2 and weight
 *       decay of its own; required
 *   <li>training, validation: iterators, read once; or trainingData and validationData, lists of
 *       batches, as for graphs of several inputs. Required, and without an example in common
 *   <li>lowerLearningRate: of plain descent on g, above 0; default 0.1. A decay above its inverse
 *       would make the step overshoot, so x is kept at or below log(1/lowerLearningRate)
 *   <li>biases: whether biases have decays, too; default false, as for the platform's l2. Vertices
 *       that are no layers have none
 *   <li>seed: of dropout masks; default 0
 * </ul>
 *
 * <p>J. Lorraine, P. Vicol, D. Duvenaud, "Optimizing Millions of Hyperparameters by Implicit
 * Differentiation", arXiv 1911.02590, 2020.
 */
public final class PerParameterDecay extends NetworkProblem {

  private final double lowerLearningRate;
  private final List<Stretch> stretches;
  private final long size;

  /** Neighbours among the parameters that have decays: where they begin in x, and in y. */
  private record Stretch(long x, long y, long length) {
    INDArray ofX(INDArray vector) {
      return vector.get(NDArrayIndex.interval(x, x + length));
    }

    INDArray ofY(INDArray vector) {
      return vector.get(NDArrayIndex.interval(y, y + length));
    }
  }

  @Builder
  private PerParameterDecay(
      Model network,
      DataSetIterator training,
      DataSetIterator validation,
      List<? extends MultiDataSet> trainingData,
      List<? extends MultiDataSet> validationData,
      Double lowerLearningRate,
      Boolean biases,
      Long seed) {
    super(
        network,
        data("training", training, trainingData),
        data("validation", validation, validationData),
        seed == null ? 0 : seed);
    this.lowerLearningRate = Require.positive("lowerLearningRate", lowerLearningRate, 0.1);
    stretches = stretches(network(), biases != null && biases);
    size = stretches.stream().mapToLong(Stretch::length).sum();
    if (size == 0) {
      throw new IllegalArgumentException("The network has no parameters that could decay");
    }
  }

  private static List<? extends MultiDataSet> data(
      String name, DataSetIterator iterator, List<? extends MultiDataSet> batches) {
    if ((iterator == null) == (batches == null)) {
      throw new IllegalArgumentException(
          "Exactly one of " + name + " and " + name + "Data must be given");
    }
    return iterator == null ? batches : batches(iterator);
  }

  private static List<Stretch> stretches(Model network, boolean biases) {
    List<Stretch> stretches = new ArrayList<>();
    long x = 0;
    for (TrainedPart part : ModelAccess.of(network).trainedParts()) {
      for (var variable : part.offsets().entrySet()) {
        if (decays(part, variable.getKey(), biases)) {
          long length = part.layer().getParam(variable.getKey()).length();
          Stretch last = stretches.isEmpty() ? null : stretches.get(stretches.size() - 1);
          if (last != null && last.y + last.length == variable.getValue()) {
            stretches.set(stretches.size() - 1, new Stretch(last.x, last.y, last.length + length));
          } else {
            stretches.add(new Stretch(x, variable.getValue(), length));
          }
          x += length;
        }
      }
    }
    return stretches;
  }

  private static boolean decays(TrainedPart part, String variable, boolean biases) {
    if (part.layer() == null) {
      return false;
    }
    org.deeplearning4j.nn.conf.layers.Layer conf = part.layer().conf().getLayer();
    return conf.initializer().isWeightParam(conf, variable)
        || biases && conf.initializer().isBiasParam(conf, variable);
  }

  /**
   * The rate that bounds the decays.
   *
   * @return above 0
   */
  public double getLowerLearningRate() {
    return lowerLearningRate;
  }

  /**
   * The same decay for every weight, to start from.
   *
   * @param logDecay log of the coefficient, finite
   * @return an upper variable, of shape [dimX]
   */
  public INDArray logDecays(double logDecay) {
    Require.finite("logDecay", logDecay, 0);
    return Nd4j.valueArrayOf(new long[] {size}, logDecay, dataType());
  }

  @Override
  public long dimX() {
    return size;
  }

  @Override
  public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    double loss = trainingLoss(y, batch, null, null, gradientY);
    for (Stretch stretch : stretches) {
      INDArray weights = stretch.ofY(y);
      INDArray pull = Transforms.exp(stretch.ofX(x), true).muli(weights);
      if (gradientY != null) {
        stretch.ofY(gradientY).addi(pull);
      }
      INDArray terms = pull.muli(weights).divi(2);
      if (gradientX != null) {
        stretch.ofX(gradientX).assign(terms);
      }
      loss += terms.sumNumber().doubleValue();
    }
    return loss;
  }

  @Override
  public void lowerMixedProduct(INDArray x, INDArray y, int batch, INDArray v, INDArray out) {
    for (Stretch stretch : stretches) {
      INDArray product = Transforms.exp(stretch.ofX(x), true).muli(stretch.ofY(y));
      stretch.ofX(out).assign(product.muli(stretch.ofY(v)));
    }
  }

  @Override
  public int mixedCalls() {
    return 0;
  }

  @Override
  public void projectX(INDArray x) {
    double most = Math.log(1 / lowerLearningRate);
    x.assign(Transforms.min(x, most, true));
  }

  /**
   * Hands decays to a network that is trained by {@code fit}: a {@link LearnedL2} in the
   * configuration of each layer. It is saved and loaded with the network; one from an earlier call
   * is replaced.
   *
   * @param other a network like this problem's, of the same layers; not this problem's own, whose
   *     losses already have the decay
   * @param x log decays, of shape [dimX]
   * @throws IllegalArgumentException for a network with other parameters, or x of another length
   */
  public void regularize(Model other, INDArray x) {
    Require.given("x", x);
    if (Require.given("other", other) == network()) {
      throw new IllegalArgumentException(
          "other must be another network than the problem's: a clone, say");
    }
    List<TrainedPart> parts = ModelAccess.of(other).trainedParts();
    if (x.length() != size
        || other.numParams() != network().numParams()
        || !offsets(parts).equals(offsets(ModelAccess.of(network()).trainedParts()))) {
      throw new IllegalArgumentException(
          "The network must have the layers of the problem's, and x the length " + size);
    }
    double[] logDecays = x.castTo(DataType.DOUBLE).dup().data().asDouble();
    for (TrainedPart part : parts) {
      List<Long> offsets = new ArrayList<>();
      List<double[]> values = new ArrayList<>();
      for (var variable : part.offsets().entrySet()) {
        INDArray parameters =
            part.layer() == null ? null : part.layer().getParam(variable.getKey());
        int from = parameters == null ? -1 : (int) indexInX(variable.getValue());
        if (from >= 0) {
          offsets.add(parameters.offset());
          values.add(Arrays.copyOfRange(logDecays, from, from + (int) parameters.length()));
        }
      }
      if (!offsets.isEmpty()) {
        new LearnedL2(
                offsets.stream().mapToLong(Long::longValue).toArray(),
                values.toArray(double[][]::new))
            .attach(part.layer().conf().getLayer());
      }
    }
  }

  private static List<Object> offsets(List<TrainedPart> parts) {
    List<Object> offsets = new ArrayList<>();
    parts.forEach(part -> offsets.add(part.offsets()));
    return offsets;
  }

  /** Where a variable begins in x, given where it begins in y; -1 where it has no decay. */
  private long indexInX(long offset) {
    return stretches.stream()
        .filter(s -> offset >= s.y && offset < s.y + s.length)
        .mapToLong(s -> s.x + offset - s.y)
        .findFirst()
        .orElse(-1);
  }
}
