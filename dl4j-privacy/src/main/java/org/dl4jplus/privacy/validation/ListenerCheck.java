package org.dl4jplus.privacy.validation;

import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.listeners.CheckpointListener;
import org.deeplearning4j.optimize.listeners.EvaluativeListener;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listeners that would release something, or wait in vain. */
final class ListenerCheck {

  private static final Logger LOG = LoggerFactory.getLogger(ListenerCheck.class);

  private static final int PIECE = 256;

  private ListenerCheck() {}

  static void check(Collection<TrainingListener> listeners, PrivateRecords records) {
    for (TrainingListener listener : listeners) {
      String name = listener.getClass().getSimpleName();
      if (listener instanceof DpListener) {
        throw new IllegalArgumentException(
            "The network is under a DpTrainer already: close that first");
      }
      if (listener instanceof GradientListener) {
        throw new IllegalArgumentException(
            name + " works on gradients without noise, which no listener gets to see");
      }
      if (listener instanceof CheckpointListener) {
        throw new IllegalArgumentException(
            name + " saves the network without its ledger: use DpTrainer.save");
      }
      if (listener instanceof EvaluativeListener evaluation && sees(evaluation, records)) {
        throw new IllegalArgumentException(
            name
                + " evaluates records that are trained on, without noise: give it other data, or"
                + " use DpTrainer.score");
      }
      if (hearsPasses(listener)) {
        LOG.warn("{} will hear no forward and backward passes: they are private", name);
      }
    }
  }

  private static boolean hearsPasses(TrainingListener listener) {
    try {
      return !(listener instanceof DpListener)
          && listener.getClass().getMethod("onGradientCalculation", Model.class).getDeclaringClass()
              != BaseTrainingListener.class;
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean sees(EvaluativeListener listener, PrivateRecords records) {
    Set<Integer> known = new HashSet<>();
    for (int from = 0; from < records.size(); from += PIECE) {
      int[] which = IntStream.range(from, Math.min(from + PIECE, records.size())).toArray();
      add(records.get(which).getFeatures(), known);
    }
    if (field(listener, "ds") instanceof DataSet data) {
      return meets(new INDArray[] {data.getFeatures()}, known);
    }
    if (field(listener, "mds") instanceof MultiDataSet data) {
      return meets(data.getFeatures(), known);
    }
    MultiDataSetIterator iterator =
        field(listener, "dsIterator") instanceof DataSetIterator data
            ? new MultiDataSetIteratorAdapter(data)
            : (MultiDataSetIterator) field(listener, "mdsIterator");
    if (iterator == null) {
      return false;
    }
    if (!iterator.resetSupported()) {
      throw new IllegalArgumentException(
          listener.getClass().getSimpleName()
              + " has data that cannot be read twice, to see whether it is trained on");
    }
    iterator.reset();
    boolean meets = false;
    while (iterator.hasNext() && !meets) {
      meets = meets(iterator.next().getFeatures(), known);
    }
    iterator.reset();
    return meets;
  }

  private static void add(INDArray[] features, Set<Integer> hashes) {
    for (int row = 0; row < features[0].size(0); row++) {
      hashes.add(hash(features, row));
    }
  }

  private static boolean meets(INDArray[] features, Set<Integer> known) {
    return IntStream.range(0, (int) features[0].size(0))
        .anyMatch(row -> known.contains(hash(features, row)));
  }

  /** Of the values only: equal hashes of different records stop a run that would be fine. */
  private static int hash(INDArray[] features, int row) {
    int hash = 1;
    for (INDArray array : features) {
      INDArray one = array.slice(row);
      hash = 31 * hash + Arrays.hashCode(one.dup('c').data().asFloat());
    }
    return hash;
  }

  private static Object field(EvaluativeListener listener, String name) {
    try {
      Field field = EvaluativeListener.class.getDeclaredField(name);
      field.setAccessible(true);
      return field.get(listener);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("This release of DL4J keeps its data elsewhere", e);
    }
  }
}
