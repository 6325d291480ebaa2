package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.second.MfacPruner;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Nesterovs;

/** 70% of a trained network's weights removed at once, without training afterwards. */
final class PruningHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int EPOCHS = 12;
  private static final int GRADIENTS = 512;
  private static final double SPARSITY = 0.7;

  @Override
  public String name() {
    return "pruning";
  }

  @Override
  public List<Row> measure() {
    double[] drops = new double[3];
    for (int seed = 1; seed <= SEEDS; seed++) {
      Digits digits = Digits.of(1200, seed);
      MultiLayerNetwork network = Digits.network(seed, new Nesterovs(0.05, 0.9), 0, 32, 32);
      Random random = new Random(seed);
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        for (DataSet batch : digits.batches(64, random)) {
          network.fit(batch);
        }
      }
      double before = digits.accuracy(network);
      MultiLayerNetwork magnitude = network.clone();
      removeSmallest(magnitude);
      drops[0] += (before - digits.accuracy(magnitude)) / SEEDS;
      List<DataSet> batches = new ArrayList<>();
      while (batches.size() < GRADIENTS) {
        batches.addAll(digits.batches(8, random));
      }
      for (int joint = 0; joint < 2; joint++) {
        MultiLayerNetwork pruned = network.clone();
        MfacPruner.builder()
            .numGradients(GRADIENTS)
            .jointUpdate(joint == 1)
            .build()
            .prune(pruned, new ListDataSetIterator<>(batches, 8), SPARSITY);
        drops[1 + joint] += (before - digits.accuracy(pruned)) / SEEDS;
      }
    }
    String claim = "test accuracy lost when 70% of the weights go";
    return List.of(
        Row.ratio(claim, "by magnitude", drops[0], "M-FAC", drops[1], Bar.atMost(0.7)),
        Row.ratio(claim, "by magnitude", drops[0], "M-FAC, joint", drops[2], Bar.atMost(0.35)));
  }

  /** Zeros for the smallest weights of all layers together. */
  private static void removeSmallest(MultiLayerNetwork network) {
    List<INDArray> weights =
        network.paramTable().entrySet().stream()
            .filter(e -> e.getKey().endsWith("_W"))
            .map(e -> e.getValue())
            .toList();
    double[] sizes =
        weights.stream()
            .flatMapToDouble(w -> Arrays.stream(w.dup('c').data().asDouble()))
            .map(Math::abs)
            .sorted()
            .toArray();
    double least = sizes[(int) Math.round(SPARSITY * sizes.length)];
    for (INDArray w : weights) {
      for (long i = 0; i < w.rows(); i++) {
        for (long j = 0; j < w.columns(); j++) {
          if (Math.abs(w.getDouble(i, j)) < least) {
            w.putScalar(i, j, 0);
          }
        }
      }
    }
  }
}
