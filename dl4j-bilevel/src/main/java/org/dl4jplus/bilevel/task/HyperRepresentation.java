package org.dl4jplus.bilevel.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.bilevel.problem.NetworkProblem;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelAccess.Range;
import org.dl4jplus.optim.first.model.ModelAccess.TrainedPart;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Learns features for which the best head does well on other data: the upper variable are the
 * parameters of all layers but the output, the lower one those of the output.
 *
 * <pre>{@code
 * g(x, y) = mean training loss + c ||y||^2,   f(x, y) = mean validation loss
 * }</pre>
 *
 * Both losses are of the one network with the parameters (x, y):
 *
 * <pre>{@code
 * HyperRepresentation task = new HyperRepresentation(network, train, validation, 0.001, 1);
 * BilevelTrainer trainer = new BilevelTrainer(task, method, task.startX(), task.start(), 1);
 * }</pre>
 *
 * and after each outer step the network has the new ones. The output layers of a graph with several
 * make up y together. Unlike in training the features never see the training loss but through the
 * head that it leads to.
 */
public final class HyperRepresentation extends NetworkProblem {

  private final double decay;
  private final List<Range> ofX = new ArrayList<>();
  private final List<Range> ofY = new ArrayList<>();

  /**
   * Takes a network and its data.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph without regularisation,
   *     with trainable layers before its output
   * @param train batches that the head is trained on
   * @param validation batches that the features are for
   * @param decay c, at least 0; 0.001 suits small networks, and without any the lower problem may
   *     have no solution
   * @param seed of the dropout masks
   * @throws IllegalArgumentException as {@link NetworkProblem} does; for a network without
   *     trainable layers before its output or with a frozen output; for a decay below 0
   */
  public HyperRepresentation(
      Model network,
      List<? extends MultiDataSet> train,
      List<? extends MultiDataSet> validation,
      double decay,
      long seed) {
    super(network, train, validation, seed);
    this.decay = Require.nonNegative("decay", decay, 0);
    ModelAccess access = ModelAccess.of(oracle().network());
    Set<String> outputs =
        access.outputLayers().stream()
            .map(layer -> layer.conf().getLayer().getLayerName())
            .collect(Collectors.toSet());
    List<TrainedPart> parts = access.trainedParts();
    for (int i = 0; i < parts.size(); i++) {
      long from = start(parts.get(i));
      long to = i + 1 < parts.size() ? start(parts.get(i + 1)) : oracle().size();
      (outputs.contains(parts.get(i).name()) ? ofY : ofX).add(new Range(from, to));
    }
    if (ofX.isEmpty() || ofY.isEmpty()) {
      throw new IllegalArgumentException(
          "The network must have trainable layers before its output and a trainable output; it has "
              + ofX.size()
              + " and "
              + ofY.size());
    }
  }

  private static long start(TrainedPart part) {
    return part.offsets().values().iterator().next();
  }

  private static long length(List<Range> ranges) {
    return ranges.stream().mapToLong(r -> r.to() - r.from()).sum();
  }

  @Override
  public long dimX() {
    return length(ofX);
  }

  @Override
  public long dimY() {
    return length(ofY);
  }

  @Override
  public long[] lowerBlocks() {
    return ofY.stream().mapToLong(r -> r.to() - r.from()).toArray();
  }

  /**
   * The features' present parameters, to start from.
   *
   * @return a copy, of shape [dimX]
   */
  public INDArray startX() {
    return part(super.start(), ofX, Nd4j.create(dataType(), dimX()));
  }

  /** {@inheritDoc} Those of the output. */
  @Override
  public INDArray start() {
    return part(super.start(), ofY, Nd4j.create(dataType(), dimY()));
  }

  private static INDArray part(INDArray all, List<Range> ranges, INDArray out) {
    long at = 0;
    for (Range range : ranges) {
      long length = range.to() - range.from();
      out.get(NDArrayIndex.interval(at, at + length))
          .assign(all.get(NDArrayIndex.interval(range.from(), range.to())));
      at += length;
    }
    return out;
  }

  private INDArray joined(INDArray x, INDArray y) {
    INDArray all = Nd4j.create(dataType(), oracle().size());
    put(x, ofX, all);
    put(y, ofY, all);
    return all;
  }

  private static void put(INDArray part, List<Range> ranges, INDArray all) {
    long at = 0;
    for (Range range : ranges) {
      long length = range.to() - range.from();
      all.get(NDArrayIndex.interval(range.from(), range.to()))
          .assign(part.get(NDArrayIndex.interval(at, at + length)));
      at += length;
    }
  }

  private void split(INDArray gradient, INDArray gradientX, INDArray gradientY) {
    if (gradientX != null) {
      part(gradient, ofX, gradientX);
    }
    if (gradientY != null) {
      part(gradient, ofY, gradientY);
    }
  }

  /** {@inheritDoc} The mean validation loss. */
  @Override
  public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    INDArray all = joined(x, y);
    INDArray gradient = all.ulike();
    double loss = super.upper(null, all, batch, null, gradient);
    split(gradient, gradientX, gradientY);
    return loss;
  }

  @Override
  public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    INDArray all = joined(x, y);
    INDArray gradient = all.ulike();
    double loss = trainingLoss(all, batch, null, null, gradient);
    split(gradient, gradientX, gradientY);
    if (gradientY != null) {
      gradientY.addi(y.mul(2 * decay));
    }
    return loss + decay * y.mul(y).sumNumber().doubleValue();
  }

  /** {@inheritDoc} The network takes both variables as its parameters. */
  @Override
  public void accept(INDArray x, INDArray y, long iteration) {
    super.accept(x, joined(x, y), iteration);
  }
}
