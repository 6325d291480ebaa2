package org.dl4jplus.privacy.audit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Models trained in the attacker's own house on known parts of the records, in the way of the model
 * under attack.
 *
 * @param records candidates: features and one-hot labels [n, classes]
 * @param models the models
 * @param membership for each model and record, whether the model was trained on it
 */
public record ShadowModels(DataSet records, List<Model> models, boolean[][] membership) {

  /**
   * Puts models together that were trained elsewhere.
   *
   * @param records candidates: features and one-hot labels [n, classes]
   * @param models the models
   * @param membership for each model and record, whether the model was trained on it
   * @throws IllegalArgumentException for labels that are no rows of classes, for records with
   *     masks, for models that are no networks, or if the numbers do not agree
   */
  public ShadowModels {
    int n = classes(records).length;
    models = List.copyOf(models);
    models.forEach(ModelAccess::of);
    Require.check(
        membership.length == models.size(),
        "membership.length",
        membership.length,
        "the number of models, " + models.size());
    for (boolean[] row : membership) {
      Require.check(row.length == n, "membership of a model", row.length, "of length " + n);
    }
  }

  /**
   * Trains pairs of models, the one on a random half of the records and the other on the rest, so
   * that each record is in half of the models.
   *
   * @param records features and one-hot labels [n, classes], at least 2 records, without masks
   * @param trainer the training
   * @param count number of models, even, at least 2
   * @param seed of the halves
   * @return the models
   * @throws IllegalArgumentException outside the ranges
   */
  public static ShadowModels train(DataSet records, ModelTrainer trainer, int count, long seed) {
    Require.check(count >= 2 && count % 2 == 0, "count", count, "even and at least 2");
    int n = classes(records).length;
    Require.check(n >= 2, "number of records", n, "at least 2");
    SplittableRandom random = new SplittableRandom(seed);
    boolean[][] membership = new boolean[count][n];
    List<Model> models = new ArrayList<>();
    for (int s = 0; s < count; s += 2) {
      int[] order = shuffled(n, random);
      for (int k = 0; k < n; k++) {
        membership[k < n / 2 ? s : s + 1][order[k]] = true;
      }
      models.add(trainer.train(rows(records, membership[s])));
      models.add(trainer.train(rows(records, membership[s + 1])));
    }
    return new ShadowModels(records, models, membership);
  }

  private static int[] shuffled(int n, SplittableRandom random) {
    int[] order = IntStream.range(0, n).toArray();
    for (int i = n - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }

  private static DataSet rows(DataSet records, boolean[] chosen) {
    int[] rows = IntStream.range(0, chosen.length).filter(i -> chosen[i]).toArray();
    return new DataSet(rows(records.getFeatures(), rows), rows(records.getLabels(), rows));
  }

  /** A copy of some examples, whatever the rank. */
  static INDArray rows(INDArray array, int[] rows) {
    long[] shape = array.shape().clone();
    shape[0] = rows.length;
    INDArray chosen = Nd4j.create(array.dataType(), shape, 'c');
    for (int i = 0; i < rows.length; i++) {
      chosen.slice(i).assign(array.slice(rows[i]));
    }
    return chosen;
  }

  /** The class of each record. */
  static int[] classes(DataSet records) {
    INDArray labels = records.getLabels();
    if (labels == null || labels.rank() != 2 || labels.size(1) < 2) {
      throw new IllegalArgumentException(
          "labels must be one-hot of shape [records, at least 2 classes], got "
              + (labels == null ? null : Arrays.toString(labels.shape())));
    }
    if (records.getFeaturesMaskArray() != null || records.getLabelsMaskArray() != null) {
      throw new IllegalArgumentException("records must have no masks");
    }
    return labels.argMax(1).toIntVector();
  }

  /**
   * The same without some models.
   *
   * @param left indices of those to leave out
   * @return a view of the others
   */
  public ShadowModels without(int... left) {
    int[] kept =
        IntStream.range(0, models.size())
            .filter(s -> Arrays.stream(left).noneMatch(l -> l == s))
            .toArray();
    return new ShadowModels(
        records,
        Arrays.stream(kept).mapToObj(models::get).toList(),
        Arrays.stream(kept).mapToObj(s -> membership[s]).toArray(boolean[][]::new));
  }
}
