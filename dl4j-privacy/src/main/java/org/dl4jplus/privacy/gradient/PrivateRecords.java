package org.dl4jplus.privacy.gradient;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The records that are to be protected, one by one: row i of all arrays is one record, and one
 * person's data should be one record. The number of records is public.
 */
public interface PrivateRecords {

  /**
   * Number of records.
   *
   * @return the count
   */
  int size();

  /**
   * Some records.
   *
   * @param which their numbers, at least one
   * @return a batch of copies, in that order
   */
  MultiDataSet get(int[] which);

  /**
   * Records in memory.
   *
   * @param data all of them; copied
   * @return the records
   */
  static PrivateRecords of(DataSet data) {
    return of(((org.nd4j.linalg.dataset.DataSet) data).toMultiDataSet());
  }

  /**
   * Records in memory.
   *
   * @param data all of them; copied
   * @return the records
   * @throws IllegalArgumentException without features or if the arrays have different numbers of
   *     rows
   */
  static PrivateRecords of(org.nd4j.linalg.dataset.api.MultiDataSet data) {
    return new InMemory(data);
  }

  /** Rows are gathered by one operation for each array. */
  final class InMemory implements PrivateRecords {

    private record Rows(INDArray table, long[] shape) {
      static Rows of(INDArray array) {
        if (array == null) {
          return null;
        }
        long rows = array.size(0);
        return new Rows(
            array.dup('c').reshape('c', new long[] {rows, array.length() / rows}), array.shape());
      }

      INDArray get(int[] which) {
        long[] shape = this.shape.clone();
        shape[0] = which.length;
        return Nd4j.pullRows(table, 1, which).reshape('c', shape);
      }
    }

    private final Rows[] features;
    private final Rows[] labels;
    private final Rows[] featureMasks;
    private final Rows[] labelMasks;
    private final int size;

    private InMemory(org.nd4j.linalg.dataset.api.MultiDataSet data) {
      features = rows(data.getFeatures());
      labels = rows(data.getLabels());
      featureMasks = rows(data.getFeaturesMaskArrays());
      labelMasks = rows(data.getLabelsMaskArrays());
      if (features == null || features.length == 0) {
        throw new IllegalArgumentException("data has no features");
      }
      size = Math.toIntExact(features[0].shape[0]);
      for (Rows[] arrays : Arrays.asList(features, labels, featureMasks, labelMasks)) {
        for (Rows array : arrays == null ? new Rows[0] : arrays) {
          if (array != null && array.shape[0] != size) {
            throw new IllegalArgumentException(
                "data has arrays with different numbers of rows, so its records are not rows");
          }
        }
      }
    }

    private static Rows[] rows(INDArray[] arrays) {
      return arrays == null ? null : Arrays.stream(arrays).map(Rows::of).toArray(Rows[]::new);
    }

    private static INDArray[] get(Rows[] arrays, int[] which) {
      return arrays == null
          ? null
          : Arrays.stream(arrays)
              .map(rows -> rows == null ? null : rows.get(which))
              .toArray(INDArray[]::new);
    }

    @Override
    public int size() {
      return size;
    }

    @Override
    public MultiDataSet get(int[] which) {
      return new MultiDataSet(
          get(features, which),
          get(labels, which),
          get(featureMasks, which),
          get(labelMasks, which));
    }
  }
}
