package org.dl4jplus.integration.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Data divided for training and testing.
 *
 * @param train what is learnt from
 * @param test what it is tested on
 */
public record Split(DataSet train, DataSet test) {

  /**
   * Divides classified data so that both parts have the classes in the same proportions.
   *
   * @param data examples with one-hot labels
   * @param testShare share of the examples that go to the test part (rounded up), in (0, 1)
   * @param seed seed of the choice; the same seed gives the same parts
   * @return the two parts, each in random order
   * @throws IllegalArgumentException if the share is outside its range
   */
  public static Split stratified(DataSet data, double testShare, long seed) {
    if (!(testShare > 0 && testShare < 1)) {
      throw new IllegalArgumentException("testShare must be in (0, 1), got " + testShare);
    }
    Random random = new Random(seed);
    List<List<Integer>> classes = byClass(data);
    int[] shares = shares(classes, testShare);
    List<Integer> train = new ArrayList<>();
    List<Integer> test = new ArrayList<>();
    for (int c = 0; c < classes.size(); c++) {
      List<Integer> members = classes.get(c);
      Collections.shuffle(members, random);
      test.addAll(members.subList(0, shares[c]));
      train.addAll(members.subList(shares[c], members.size()));
    }
    Collections.shuffle(train, random);
    Collections.shuffle(test, random);
    return new Split(rows(data, train), rows(data, test));
  }

  /**
   * One epoch of training batches in a random order.
   *
   * @param size examples in a batch; the last batch may have fewer
   * @param seed seed of the order; the same seed gives the same batches
   * @return the batches
   */
  public List<DataSet> batches(int size, long seed) {
    List<Integer> order = indices(train.numExamples());
    Collections.shuffle(order, new Random(seed));
    List<DataSet> batches = new ArrayList<>();
    for (int start = 0; start < order.size(); start += size) {
      batches.add(rows(train, order.subList(start, Math.min(start + size, order.size()))));
    }
    return batches;
  }

  private static List<Integer> indices(int count) {
    return new ArrayList<>(IntStream.range(0, count).boxed().toList());
  }

  private static List<List<Integer>> byClass(DataSet data) {
    List<List<Integer>> classes = new ArrayList<>();
    for (int c = 0; c < data.numOutcomes(); c++) {
      classes.add(new ArrayList<>());
    }
    INDArray labels = data.getLabels().argMax(1);
    for (int i = 0; i < data.numExamples(); i++) {
      classes.get(labels.getInt(i)).add(i);
    }
    return classes;
  }

  /** Test examples of each class; what rounding down leaves goes to the largest remainders. */
  private static int[] shares(List<List<Integer>> classes, double testShare) {
    double[] exact = classes.stream().mapToDouble(c -> c.size() * testShare).toArray();
    int[] shares = Arrays.stream(exact).mapToInt(e -> (int) e).toArray();
    int rest = (int) Math.ceil(Arrays.stream(exact).sum() - 1e-9) - Arrays.stream(shares).sum();
    indices(exact.length).stream()
        .sorted(Comparator.comparingDouble((Integer c) -> shares[c] - exact[c]))
        .limit(rest)
        .forEach(c -> shares[c]++);
    return shares;
  }

  private static DataSet rows(DataSet data, List<Integer> indices) {
    int[] rows = indices.stream().mapToInt(Integer::intValue).toArray();
    return new DataSet(
        Nd4j.pullRows(data.getFeatures(), 1, rows), Nd4j.pullRows(data.getLabels(), 1, rows));
  }
}
