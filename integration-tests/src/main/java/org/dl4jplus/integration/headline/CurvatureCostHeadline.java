package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.dl4jplus.integration.headline.CurvatureMethods.Method;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * What a step of each second-order method costs beside the plain step, and what it remembers from
 * step to step in multiples of the parameters.
 */
final class CurvatureCostHeadline implements Headline {

  private static final int[] WIDTHS = {Digits.PIXELS, 128, 128, Digits.CLASSES};
  private static final int BATCH = 64;
  // Whole periods of every method's refresh: the mean step is what training pays.
  private static final int STEPS = 100;
  private static final int ROUNDS = 5;
  // The first thousand steps of a process are slow, whoever makes them.
  private static final int WARM_UP = 20;
  private static final double RATE = 1e-3;

  private static final Method PLAIN = new Method("plain", Sgd::new, null, RATE);

  @Override
  public String name() {
    return "curvature-cost";
  }

  @Override
  public List<Row> measure() {
    INDArray labels = Digits.anyLabels(BATCH);
    DataSet batch = new DataSet(Nd4j.rand(DataType.FLOAT, BATCH, Digits.PIXELS), labels);
    List<Method> methods = new ArrayList<>(List.of(CurvatureMethods.ADAM));
    methods.addAll(CurvatureMethods.ALL);
    MultiLayerNetwork first = network(PLAIN);
    for (int i = 0; i < WARM_UP; i++) {
      fit(first, batch);
    }
    List<Row> rows = new ArrayList<>();
    for (Method method : methods) {
      MultiLayerNetwork plain = network(PLAIN);
      MultiLayerNetwork ours = network(method);
      Turns turns = Turns.of(1, ROUNDS, () -> fit(plain, batch), () -> fit(ours, batch));
      String on = ", dense 64-128-128-10, float, batch 64";
      rows.add(
          Row.ratio(
              "seconds of 100 steps" + on,
              "plain",
              turns.first(),
              method.name(),
              turns.second(),
              Bar.NONE));
      rows.add(
          Row.ratio(
              "numbers kept from step to step" + on,
              "parameters",
              plain.numParams(),
              method.name(),
              remembered(ours),
              Bar.NONE));
    }
    return rows;
  }

  private static MultiLayerNetwork network(Method method) {
    return method.network(1, RATE, DataType.FLOAT, WIDTHS);
  }

  private static double remembered(MultiLayerNetwork network) {
    INDArray updater = network.getUpdater().getStateViewArray();
    double numbers = updater == null ? 0 : updater.length();
    for (Object listener : network.getListeners()) {
      numbers += ((GradientListener) listener).state(network).length();
    }
    return numbers;
  }

  private static void fit(MultiLayerNetwork network, DataSet batch) {
    for (int step = 0; step < STEPS; step++) {
      network.fit(batch);
    }
  }
}
