package org.dl4jplus.bilevel.task;

import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.bilevel.problem.NetworkProblem;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Finds wrong labels: learns a weight for every training example so that a network trained with
 * them does well on a few clean validation examples.
 *
 * <pre>{@code
 * g(x, w) = mean over i of sigmoid(x_i) loss_i(w) + c ||w||^2,   f(w) = mean validation loss
 * dg/dx_i = sigmoid'(x_i) loss_i(w) / (number of examples)
 * }</pre>
 *
 * The examples are numbered through the training batches in their order. The gradient in x comes in
 * closed form with that in w. Since it has the size of one example's share, steps of x want the
 * number of examples as a factor:
 *
 * <pre>{@code
 * DataHyperCleaning task = new DataHyperCleaning(network, train, validation, 0.001, 1);
 * BilevelAlgorithm method = F2sa.builder().alpha0(1.0).gamma0(1.0).xi(20.0 * task.dimX())
 *     .xiDecay(0.0).delta0(0.02).deltaDecay(0.0).build();
 * BilevelTrainer trainer = new BilevelTrainer(task, method, task.startX(), task.start(), 1);
 * trainer.fit(300);
 * INDArray weights = task.weights(trainer.x());    // low: the label is probably wrong
 * }</pre>
 *
 * (The step sizes are those of softmax regression; deeper networks need smaller ones.) Labels must
 * have one row for each example.
 */
public final class DataHyperCleaning extends NetworkProblem {

  private final double decay;
  private final long[] offsets;

  /**
   * Takes a network and its data.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph without regularisation
   * @param train training batches, with labels that may be wrong
   * @param validation batches with labels that are right
   * @param decay c, at least 0; 0.001 suits small networks, and without any the lower problem has
   *     no single solution
   * @param seed of the dropout masks
   * @throws IllegalArgumentException as {@link NetworkProblem} does; for labels of sequences; for a
   *     decay below 0
   */
  public DataHyperCleaning(
      Model network,
      List<? extends MultiDataSet> train,
      List<? extends MultiDataSet> validation,
      double decay,
      long seed) {
    super(network, train, validation, seed);
    this.decay = Require.nonNegative("decay", decay, 0);
    offsets = new long[train.size() + 1];
    for (int i = 0; i < train.size(); i++) {
      offsets[i + 1] = offsets[i] + Rows.onePerExample(train.get(i));
    }
  }

  @Override
  public long dimX() {
    return offsets[offsets.length - 1];
  }

  /**
   * Logits to start from.
   *
   * @return zeros, of shape [dimX]: every example counts half
   */
  public INDArray startX() {
    return Nd4j.zeros(dataType(), dimX());
  }

  /**
   * What each example counts.
   *
   * @param x the logits
   * @return weights between 0 and 1, of shape [dimX], in the order of the batches
   */
  public INDArray weights(INDArray x) {
    return Transforms.sigmoid(x, true);
  }

  private INDArray of(INDArray x, int batch) {
    return x.get(NDArrayIndex.interval(offsets[batch], offsets[batch + 1]));
  }

  @Override
  public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    long examples = batch == ALL ? dimX() : offsets[batch + 1] - offsets[batch];
    if (gradientX != null) {
      gradientX.assign(0);
    }
    double loss =
        trainingLoss(
            y,
            batch,
            number -> weights(of(x, number)),
            gradientX == null
                ? null
                : (number, losses) -> {
                  INDArray weights = weights(of(x, number));
                  of(gradientX, number)
                      .assign(weights.mul(weights.rsub(1)).muli(losses).divi(examples));
                },
            gradientY);
    if (gradientY != null) {
      gradientY.addi(y.mul(2 * decay));
    }
    return loss + decay * y.mul(y).sumNumber().doubleValue();
  }
}
