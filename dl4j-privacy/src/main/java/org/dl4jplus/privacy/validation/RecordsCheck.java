package org.dl4jplus.privacy.validation;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dl4jplus.privacy.gradient.PrivateRecords;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.preprocessor.AbstractDataSetNormalizer;
import org.nd4j.linalg.dataset.api.preprocessor.CompositeDataSetPreProcessor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What was done to the records before the network gets them: each by itself, by public numbers. */
final class RecordsCheck {

  private static final Logger LOG = LoggerFactory.getLogger(RecordsCheck.class);

  /** Rows that a preprocessor is tried on. */
  private static final int ROWS = 8;

  private RecordsCheck() {}

  /** Records that come by themselves and together must be the same. */
  static void check(PrivateRecords records, Permissions permissions) {
    int n = records.size();
    if (n < 1) {
      throw new IllegalArgumentException("There are no records");
    }
    if (permissions.targetDelta() != null && permissions.targetDelta() >= 1.0 / n) {
      LOG.warn(
          "targetDelta = {} should be below 1 / N = {}: otherwise the guarantee allows to"
              + " publish a record",
          permissions.targetDelta(),
          1.0 / n);
    }
    if (n > 1) {
      MultiDataSet both = records.get(new int[] {0, n - 1});
      MultiDataSet first = records.get(new int[] {0});
      MultiDataSet last = records.get(new int[] {n - 1});
      if (!equal(both, RandomRecords.join(List.of(first, last)))) {
        throw new IllegalArgumentException(
            "records: a record is not the same by itself and together with another one, so that"
                + " neighbours differ in more than one record");
      }
    }
  }

  private static boolean equal(
      org.nd4j.linalg.dataset.api.MultiDataSet a, org.nd4j.linalg.dataset.api.MultiDataSet b) {
    return equal(a.getFeatures(), b.getFeatures())
        && equal(a.getLabels(), b.getLabels())
        && equal(a.getFeaturesMaskArrays(), b.getFeaturesMaskArrays())
        && equal(a.getLabelsMaskArrays(), b.getLabelsMaskArrays());
  }

  private static boolean equal(INDArray[] a, INDArray[] b) {
    if (a == null || b == null) {
      return a == b;
    }
    boolean equal = a.length == b.length;
    for (int i = 0; equal && i < a.length; i++) {
      // To the bit, but missing values may be NaN.
      equal =
          a[i] == null || b[i] == null
              ? a[i] == b[i]
              : Arrays.equals(a[i].shape(), b[i].shape())
                  && Arrays.equals(
                      a[i].dup('c').data().asDouble(), b[i].dup('c').data().asDouble());
    }
    return equal;
  }

  /** All of an iterator's records, after a check of its preprocessor. */
  static DataSet read(DataSetIterator iterator, Permissions permissions) {
    if (iterator.resetSupported()) {
      iterator.reset();
    }
    DataSetPreProcessor processor = iterator.getPreProcessor();
    if (processor != null) {
      check(iterator, processor, permissions);
    }
    List<DataSet> all = new ArrayList<>();
    while (iterator.hasNext()) {
      all.add(iterator.next());
    }
    return DataSet.merge(all);
  }

  private static void check(
      DataSetIterator iterator, DataSetPreProcessor processor, Permissions permissions) {
    if (fitted(processor) && !permissions.statisticsArePublic()) {
      throw new IllegalArgumentException(
          processor.getClass().getSimpleName()
              + " has statistics of data, which would be released without noise if that data is"
              + " private: fit it on public data and say so by statisticsArePublic(true)");
    }
    if (!iterator.resetSupported()) {
      throw new IllegalArgumentException(
          "The iterator's preprocessor cannot be tried, since the iterator cannot be reset");
    }
    iterator.setPreProcessor(null);
    DataSet raw;
    try {
      raw = iterator.next(ROWS);
    } finally {
      iterator.setPreProcessor(processor);
      iterator.reset();
    }
    DataSet together = raw.copy();
    processor.preProcess(together);
    List<DataSet> single = new ArrayList<>();
    for (org.nd4j.linalg.dataset.api.DataSet row : raw.copy().batchBy(1)) {
      processor.preProcess(row);
      single.add((DataSet) row);
    }
    if (!equal(together.toMultiDataSet(), DataSet.merge(single).toMultiDataSet())) {
      throw new IllegalArgumentException(
          processor.getClass().getSimpleName()
              + " mixes records, or changes them at random: a record must become the same by"
              + " itself and in a batch");
    }
  }

  private static boolean fitted(DataSetPreProcessor processor) {
    if (processor instanceof CompositeDataSetPreProcessor several) {
      try {
        Field field = CompositeDataSetPreProcessor.class.getDeclaredField("preProcessors");
        field.setAccessible(true);
        for (DataSetPreProcessor one : (DataSetPreProcessor[]) field.get(several)) {
          if (fitted(one)) {
            return true;
          }
        }
        return false;
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(
            "This release of ND4J keeps its preprocessors elsewhere", e);
      }
    }
    return processor instanceof AbstractDataSetNormalizer;
  }
}
