package org.dl4jplus.integration.contract;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.dl4jplus.bilevel.task.SourceWeightedIterator;
import org.dl4jplus.optim.first.AdaptiveBatchIterator;
import org.dl4jplus.optim.first.AdaptiveBatchListener;
import org.dl4jplus.optim.first.AdaptiveBatchListener.Estimator;
import org.dl4jplus.optim.first.GraBIterator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * Iterators over given minibatches. A new class of iterators gets an entry, which says how it is
 * made, what it learns from, and how a saved run goes on.
 */
final class IteratorVariants {

  /**
   * What works on the loss of the one network that it was made with, asks each example for its
   * source, and refuses to be saved: dl4j-bilevel's own tests train with it.
   */
  static final Set<Class<?>> ELSEWHERE = Set.of(SourceWeightedIterator.class);

  /** One setting of an iterator's class. */
  interface Variant {

    /** The class. */
    Class<? extends DataSetIterator> type();

    /** The setting. */
    String label();

    /** At the start of the first epoch. */
    DataSetIterator over(List<DataSet> batches);

    /** What the network needs to train on it; nothing by default. */
    default List<TrainingListener> listeners(DataSetIterator iterator) {
      return List.of();
    }

    /** At the start of an epoch, as a saved run goes on. */
    DataSetIterator goneOn(DataSetIterator saved, List<DataSet> batches) throws Exception;
  }

  private record Adaptive(int size, boolean grows) implements Variant {

    @Override
    public Class<? extends DataSetIterator> type() {
      return AdaptiveBatchIterator.class;
    }

    @Override
    public String label() {
      return (grows ? "from " : "of ") + size;
    }

    @Override
    public DataSetIterator over(List<DataSet> batches) {
      return over(batches, size);
    }

    private static DataSetIterator over(List<DataSet> batches, int size) {
      return new AdaptiveBatchIterator(new ExistingDataSetIterator(batches), size);
    }

    @Override
    public List<TrainingListener> listeners(DataSetIterator iterator) {
      return grows
          ? List.of(
              AdaptiveBatchListener.builder()
                  .iterator((AdaptiveBatchIterator) iterator)
                  .eta(1.0)
                  .estimator(Estimator.PARTS)
                  .maxBatchSize(40)
                  .build())
          : List.of();
    }

    @Override
    public DataSetIterator goneOn(DataSetIterator saved, List<DataSet> batches) {
      return over(batches, saved.batch());
    }
  }

  private record Ordered(GraBIterator.Order order) implements Variant {

    @Override
    public Class<? extends DataSetIterator> type() {
      return GraBIterator.class;
    }

    @Override
    public String label() {
      return order.name();
    }

    @Override
    public DataSetIterator over(List<DataSet> batches) {
      return new GraBIterator(batches, order, 3);
    }

    @Override
    public List<TrainingListener> listeners(DataSetIterator iterator) {
      return List.of(((GraBIterator) iterator).listener());
    }

    @Override
    public DataSetIterator goneOn(DataSetIterator saved, List<DataSet> batches) throws Exception {
      return Models.copy(saved);
    }
  }

  private IteratorVariants() {}

  static List<Variant> all() {
    // Sizes that cut the given batches of twelve, leave them whole and join them.
    List<Variant> all =
        new ArrayList<>(
            List.of(
                new Adaptive(7, false),
                new Adaptive(12, false),
                new Adaptive(30, false),
                new Adaptive(7, true)));
    for (GraBIterator.Order order : GraBIterator.Order.values()) {
      all.add(new Ordered(order));
    }
    return all;
  }
}
