package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.count;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * An iterator whose batch size can change between one batch and the next. It cuts and joins the
 * batches of another iterator, whose order of examples it keeps; the last batch of an epoch may be
 * short.
 *
 * <p>{@link AdaptiveBatchListener} sets the size while a network trains. It does not allow reading
 * ahead ({@link #asyncSupported()} is false): a batch is made when it is asked for, with the size
 * of that moment. The wrapped iterator may have any batch size: small ones join at a small cost.
 * ParallelWrapper works; it has taken some batches already when one of its workers' tests changes
 * the size. To go on with a saved run, wrap the source at the start of an epoch with the {@link
 * #batch()} of the saved one: between epochs the size is all that the iterator remembers.
 *
 * <pre>{@code
 * AdaptiveBatchIterator batches = new AdaptiveBatchIterator(data, 8);
 * net.addListeners(AdaptiveBatchListener.builder().iterator(batches).maxBatchSize(1024).build());
 * net.fit(batches, epochs);
 * }</pre>
 */
public final class AdaptiveBatchIterator implements DataSetIterator {

  private final DataSetIterator data;
  private volatile int batchSize;
  private DataSet rest;
  private DataSetPreProcessor preProcessor;

  /**
   * Wraps an iterator.
   *
   * @param data where the examples come from; its own preprocessor stays in force
   * @param initialBatchSize first batch size, at least 1
   */
  public AdaptiveBatchIterator(DataSetIterator data, int initialBatchSize) {
    this.data = Objects.requireNonNull(data, "data");
    batchSize = count("initialBatchSize", initialBatchSize, 0);
  }

  /**
   * Sets the size of the batches to come.
   *
   * @param newBatchSize size, at least 1
   */
  public void setBatchSize(int newBatchSize) {
    batchSize = count("batchSize", newBatchSize, 0);
  }

  @Override
  public boolean hasNext() {
    return rest != null || data.hasNext();
  }

  @Override
  public DataSet next() {
    return next(batchSize);
  }

  @Override
  public DataSet next(int num) {
    count("num", num, 0);
    if (!hasNext()) {
      throw new NoSuchElementException("The epoch is over");
    }
    List<DataSet> pieces = new ArrayList<>();
    int missing = num;
    while (missing > 0 && hasNext()) {
      DataSet piece = rest == null ? data.next() : rest;
      int rows = piece.numExamples();
      rest = rows > missing ? rows(piece, missing, rows) : null;
      pieces.add(rest == null ? piece : rows(piece, 0, missing));
      missing -= Math.min(rows, missing);
    }
    DataSet batch = pieces.size() == 1 ? pieces.get(0) : DataSet.merge(pieces);
    if (preProcessor == null) {
      return batch;
    }
    // A single piece may be the source's own, which it will give again.
    DataSet copy = batch.copy();
    preProcessor.preProcess(copy);
    return copy;
  }

  /** A copy: what the source does with its arrays later must not show in the rest. */
  private static DataSet rows(DataSet piece, int from, int to) {
    return ((DataSet) piece.getRange(from, to)).copy();
  }

  @Override
  public void reset() {
    rest = null;
    data.reset();
  }

  @Override
  public boolean resetSupported() {
    return data.resetSupported();
  }

  /** {@inheritDoc} Never. */
  @Override
  public boolean asyncSupported() {
    return false;
  }

  /** {@inheritDoc} The size of the next batch. */
  @Override
  public int batch() {
    return batchSize;
  }

  @Override
  public int inputColumns() {
    return data.inputColumns();
  }

  @Override
  public int totalOutcomes() {
    return data.totalOutcomes();
  }

  /** {@inheritDoc} It works on whole batches, after the wrapped iterator's own. */
  @Override
  public void setPreProcessor(DataSetPreProcessor newPreProcessor) {
    preProcessor = newPreProcessor;
  }

  @Override
  public DataSetPreProcessor getPreProcessor() {
    return preProcessor;
  }

  @Override
  public List<String> getLabels() {
    return data.getLabels();
  }
}
