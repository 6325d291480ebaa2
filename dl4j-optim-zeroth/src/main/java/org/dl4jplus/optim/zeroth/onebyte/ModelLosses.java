package org.dl4jplus.optim.zeroth.onebyte;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.SplitMixStream;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.objective.ModelObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A network's losses on a machine's data. Where every data set is a single example, a sample's
 * batch is made of {@code batchSize} of them, or of all if there are fewer; else the data sets are
 * the batches, and a sample's is one of them:
 *
 * <pre>{@code
 * examples:  batchSize of n, chosen by the stream of derive(seed, 1)
 * batches:   number mix(seed) mod B, unsigned
 * }</pre>
 */
public final class ModelLosses implements LocalLosses {

  private final ModelObjective objective;
  private final List<MultiDataSet> data;
  private final int batchSize;
  private final boolean examples;
  // All examples in one, where they are rows that can be pulled out of it.
  private final MultiDataSet rows;

  /**
   * Losses of a network.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph; its parameters are where
   *     losses are evaluated
   * @param data examples or minibatches; not copied
   * @param batchSize examples of a batch
   * @throws IllegalArgumentException without data
   */
  public ModelLosses(Model model, List<? extends MultiDataSet> data, int batchSize) {
    if (Require.given("data", data).isEmpty()) {
      throw new IllegalArgumentException("data are empty: a machine needs an example at least");
    }
    data.forEach(one -> Require.given("an example", one));
    objective = new ModelObjective(model);
    this.data = new ArrayList<>(data);
    this.batchSize = batchSize;
    examples = data.stream().allMatch(one -> one.getFeatures(0).size(0) == 1);
    rows =
        examples && data.stream().allMatch(ModelLosses::isRow)
            ? org.nd4j.linalg.dataset.MultiDataSet.merge(data)
            : null;
  }

  private static boolean isRow(MultiDataSet one) {
    return !one.hasMaskArrays()
        && Stream.of(one.getFeatures(), one.getLabels())
            .flatMap(Arrays::stream)
            .allMatch(array -> array.rank() == 2);
  }

  @Override
  public ZoProblem problem() {
    return objective;
  }

  @Override
  public void choose(long seed) {
    if (!examples) {
      objective.use(data.get((int) Long.remainderUnsigned(CounterNoise.mix(seed), data.size())));
      return;
    }
    int[] chosen =
        new SplitMixStream(CounterNoise.deriveSeed(seed, 1))
            .choose(Math.min(batchSize, data.size()), data.size());
    objective.use(
        rows == null
            ? org.nd4j.linalg.dataset.MultiDataSet.merge(
                Arrays.stream(chosen).mapToObj(data::get).toList())
            : new org.nd4j.linalg.dataset.MultiDataSet(
                pull(rows.getFeatures(), chosen), pull(rows.getLabels(), chosen)));
  }

  private static INDArray[] pull(INDArray[] arrays, int[] chosen) {
    return Arrays.stream(arrays)
        .map(array -> Nd4j.pullRows(array, 1, chosen))
        .toArray(INDArray[]::new);
  }
}
