package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.optim.first.multiobjective.Aggregator;
import org.dl4jplus.optim.first.multiobjective.ConFIG;
import org.dl4jplus.optim.first.multiobjective.MGDA;
import org.dl4jplus.optim.first.multiobjective.Mean;
import org.dl4jplus.optim.first.multiobjective.UPGrad;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** How many classes of digits a step makes worse, along a path of SGD. */
final class ConflictHeadline implements Headline {

  private static final int STEPS = 80;
  private static final double CONFLICT = -0.001;

  @Override
  public String name() {
    return "conflicts";
  }

  @Override
  public List<Row> measure() {
    Map<String, Aggregator> aggregators = new LinkedHashMap<>();
    aggregators.put("mean", new Mean());
    aggregators.put("UPGrad, regEps 1e-7", UPGrad.builder().regEps(1e-7).build());
    aggregators.put("MGDA", new MGDA());
    aggregators.put("ConFIG", new ConFIG());
    Map<String, Integer> conflicts = count(aggregators);
    int mean = conflicts.remove("mean");
    List<Row> rows = new ArrayList<>();
    conflicts.forEach(
        (name, count) ->
            rows.add(
                Row.ratio(
                    "of 800 class gradients, those that a step opposes",
                    "mean",
                    mean,
                    name,
                    count,
                    Bar.atMost(0))));
    return rows;
  }

  private static Map<String, Integer> count(Map<String, Aggregator> aggregators) {
    Map<String, Integer> conflicts = new LinkedHashMap<>();
    Digits digits = Digits.of(300, 1);
    List<DataSet> classes = classes(digits.train());
    MultiLayerNetwork network = Digits.network(1, new Sgd(0.2), 0, 32);
    Random random = new Random(1);
    List<DataSet> batches = new ArrayList<>();
    while (batches.size() < STEPS) {
      batches.addAll(digits.batches(30, random));
    }
    for (DataSet batch : batches.subList(0, STEPS)) {
      INDArray jacobian =
          Nd4j.vstack(
              classes.stream()
                  .map(part -> Gradients.of(network, part))
                  .map(row -> row.reshape(new long[] {1, row.length()}))
                  .toList());
      aggregators.forEach(
          (name, aggregator) ->
              conflicts.merge(
                  name, opposed(jacobian, aggregator.aggregate(jacobian)), Integer::sum));
      network.fit(batch);
    }
    return conflicts;
  }

  private static int opposed(INDArray jacobian, INDArray direction) {
    double length = GradientTurn.norm(direction);
    return (int)
        IntStream.range(0, jacobian.rows())
            .mapToObj(i -> jacobian.getRow(i).dup())
            .filter(
                row ->
                    GradientTurn.dot(row, direction) < CONFLICT * GradientTurn.norm(row) * length)
            .count();
  }

  private static List<DataSet> classes(DataSet data) {
    INDArray labels = data.getLabels().argMax(1);
    return IntStream.range(0, Digits.CLASSES)
        .mapToObj(
            c ->
                Digits.rows(
                    data,
                    IntStream.range(0, data.numExamples())
                        .filter(i -> labels.getInt(i) == c)
                        .boxed()
                        .toList()))
        .toList();
  }
}
