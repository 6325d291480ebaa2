package org.dl4jplus.bilevel.task;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.bilevel.problem.NetworkProblem;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Learns how much each source of training data is worth for the validation loss. The upper variable
 * are logits p, one for each source, that start at 0; the lower problem trains the network on
 * examples weighted by {@link SourceWeights}. Made for {@link org.dl4jplus.bilevel.ScaleBiO}:
 *
 * <pre>{@code
 * SourceReweighting task = new SourceReweighting(network, train, 3, validation, 1);
 * BilevelTrainer trainer = new BilevelTrainer(
 *     task, ScaleBiO.builder().lrU(1e-3).lrW(1e-3).build(), task.startX(), task.start(), 1);
 * trainer.fit(1000);
 * double[] worth = task.probabilities(trainer.x());
 * }</pre>
 *
 * The batches must hold all sources in random order, and say whose each example is: in their
 * example meta data, a number from 0. A batch counts its own examples of each source. Labels must
 * have one row for each example.
 */
public final class SourceReweighting extends NetworkProblem {

  private final int count;
  private final List<int[]> sources;

  /**
   * Takes a network and data with sources in their example meta data.
   *
   * @param network an initialised MultiLayerNetwork or ComputationGraph
   * @param train training batches, each example's meta data its source
   * @param count number of sources, at least 1
   * @param validation batches of what counts
   * @param seed of the dropout masks
   * @throws IllegalArgumentException as {@link NetworkProblem} does; for meta data that are missing
   *     or no numbers, or a source out of range
   */
  public SourceReweighting(
      Model network,
      List<? extends MultiDataSet> train,
      int count,
      List<? extends MultiDataSet> validation,
      long seed) {
    super(network, train, validation, seed);
    if (count < 1) {
      throw new IllegalArgumentException("count must be at least 1, got " + count);
    }
    this.count = count;
    sources = new ArrayList<>();
    for (MultiDataSet batch : train) {
      int[] of = sources(batch.getExampleMetaData(), Rows.onePerExample(batch));
      // Refuses what is out of range.
      new SourceWeights(new double[count], of);
      sources.add(of);
    }
  }

  /** Sources out of example meta data. */
  static int[] sources(List<Serializable> metaData, long rows) {
    if (metaData == null || metaData.size() != rows) {
      throw new IllegalArgumentException(
          "Each of the "
              + rows
              + " examples must have its source as meta data; there are "
              + (metaData == null ? 0 : metaData.size()));
    }
    int[] sources = new int[metaData.size()];
    for (int i = 0; i < sources.length; i++) {
      if (!(metaData.get(i) instanceof Integer source)) {
        throw new IllegalArgumentException(
            "An example's meta data must be its source, an Integer from 0, got " + metaData.get(i));
      }
      sources[i] = source;
    }
    return sources;
  }

  @Override
  public long dimX() {
    return count;
  }

  /**
   * Logits to start from.
   *
   * @return zeros, of shape [count]
   */
  public INDArray startX() {
    return Nd4j.zeros(dataType(), count);
  }

  /**
   * What each source is worth.
   *
   * @param x the logits
   * @return a probability for each source
   */
  public double[] probabilities(INDArray x) {
    return new SourceWeights(x.toDoubleVector(), new int[0]).probabilities();
  }

  @Override
  public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
    double[] logits = x.toDoubleVector();
    if (gradientX != null) {
      gradientX.assign(0);
    }
    long examples = examples(batch);
    return trainingLoss(
        y,
        batch,
        number -> {
          double[] weights = new SourceWeights(logits, sources.get(number)).weights();
          // The network divides by their number.
          INDArray rows = Nd4j.createFromArray(weights).muli(weights.length);
          return rows.castTo(dataType());
        },
        gradientX == null
            ? null
            : (number, losses) -> {
              int[] of = sources.get(number);
              double[] gradient = new SourceWeights(logits, of).gradient(losses.toDoubleVector());
              double share = (double) of.length / examples;
              for (int s = 0; s < count; s++) {
                gradientX.putScalar(s, gradientX.getDouble(s) + share * gradient[s]);
              }
            },
        gradientY);
  }

  private long examples(int batch) {
    return batch == ALL
        ? sources.stream().mapToLong(of -> of.length).sum()
        : sources.get(batch).length;
  }
}
