package org.dl4jplus.bilevel.task;

import java.io.NotSerializableException;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.dl4jplus.bilevel.problem.WeightedLoss;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Ordinary training with weights that were learned: sets the weights of each batch's examples in
 * the network's {@link WeightedLoss} as the batch goes out.
 *
 * <pre>{@code
 * // The network's output layer has the loss new WeightedLoss(new LossMCXENT()).
 * network.fit(new SourceWeightedIterator(iterator, network, trainer.x().toDoubleVector()));
 * }</pre>
 *
 * Weights are those of {@link SourceWeights} times the number of examples, by which the network
 * divides. At the end of the data they are taken back. Batches are not fetched ahead, since weights
 * and batch must belong together. It cannot be serialized: its weights are those of this network.
 */
public final class SourceWeightedIterator implements DataSetIterator {

  private static final long serialVersionUID = 1L;

  private final DataSetIterator inner;
  private final transient List<WeightedLoss> losses;
  private final double[] logits;

  /**
   * Wraps an iterator.
   *
   * @param inner gives batches whose example meta data are sources, Integers from 0
   * @param network an initialised MultiLayerNetwork or ComputationGraph whose output layers have a
   *     {@link WeightedLoss}
   * @param logits one for each source
   * @throws IllegalArgumentException for an output layer with another loss, or no logits
   */
  public SourceWeightedIterator(DataSetIterator inner, Model network, double... logits) {
    this.inner = Require.given("inner", inner);
    new SourceWeights(logits, new int[0]);
    this.logits = logits.clone();
    losses =
        ModelAccess.of(network).outputLayers().stream().map(SourceWeightedIterator::loss).toList();
  }

  private static WeightedLoss loss(Layer layer) {
    if (layer != null
        && layer.conf().getLayer() instanceof BaseOutputLayer output
        && output.getLossFn() instanceof WeightedLoss loss) {
      return loss;
    }
    throw new IllegalArgumentException(
        "The network's output layers must have a WeightedLoss as their loss");
  }

  private Object writeReplace() throws NotSerializableException {
    // A copy would set the weights of no network.
    throw new NotSerializableException(getClass().getName());
  }

  private DataSet weighted(DataSet batch) {
    int[] sources =
        SourceReweighting.sources(batch.getExampleMetaData(), batch.getLabels().size(0));
    double[] weights = new SourceWeights(logits, sources).weights();
    var rows =
        Nd4j.createFromArray(weights).muli(weights.length).castTo(batch.getLabels().dataType());
    losses.forEach(loss -> loss.setWeights(rows));
    return batch;
  }

  @Override
  public boolean hasNext() {
    boolean more = inner.hasNext();
    if (!more) {
      losses.forEach(loss -> loss.setWeights(null));
    }
    return more;
  }

  @Override
  public DataSet next() {
    return weighted(inner.next());
  }

  @Override
  public DataSet next(int number) {
    return weighted(inner.next(number));
  }

  @Override
  public int inputColumns() {
    return inner.inputColumns();
  }

  @Override
  public int totalOutcomes() {
    return inner.totalOutcomes();
  }

  @Override
  public boolean resetSupported() {
    return inner.resetSupported();
  }

  @Override
  public boolean asyncSupported() {
    return false;
  }

  @Override
  public void reset() {
    inner.reset();
  }

  @Override
  public int batch() {
    return inner.batch();
  }

  @Override
  public void setPreProcessor(DataSetPreProcessor preProcessor) {
    inner.setPreProcessor(preProcessor);
  }

  @Override
  public DataSetPreProcessor getPreProcessor() {
    return inner.getPreProcessor();
  }

  @Override
  public List<String> getLabels() {
    return inner.getLabels();
  }
}
