package org.dl4jplus.integration.headline;

import java.util.Arrays;
import java.util.List;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.dl4jplus.optim.second.Mfac;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What M-FAC's inverse of a matrix of the parameters' size costs. */
final class MfacCostHeadline implements Headline {

  private static final int LENGTH = 100_000;
  private static final int WINDOW = 32;

  @Override
  public String name() {
    return "mfac-cost";
  }

  @Override
  public List<Row> measure() {
    Cost one = Cost.of(LENGTH, WINDOW);
    Cost two = Cost.of(2 * LENGTH, WINDOW);
    Cost four = Cost.of(4 * LENGTH, WINDOW);
    Cost wide = Cost.of(LENGTH, 2 * WINDOW);
    // Linear growth, with room for caches and noise.
    return List.of(
        Row.ratio(
            "seconds of a step", "100k parameters", one.time, "200k", two.time, Bar.atMost(2.6)),
        Row.ratio(
            "seconds of a step", "100k parameters", one.time, "400k", four.time, Bar.atMost(5.2)),
        Row.ratio(
            "numbers kept", "100k parameters", one.state, "200k", two.state, Bar.atMost(2.001)),
        Row.ratio(
            "numbers kept", "100k parameters", one.state, "400k", four.state, Bar.atMost(4.001)),
        Row.ratio(
            "seconds of a step",
            "32 gradients",
            one.time,
            "64 gradients",
            wide.time,
            Bar.atMost(2.6)));
  }

  /**
   * What a window costs.
   *
   * @param time seconds of a step, the median
   * @param state numbers that are kept
   */
  private record Cost(double time, double state) {

    static Cost of(int length, int window) {
      INDArray p = Nd4j.create(DataType.FLOAT, length);
      ArrayOptimizer optimizer =
          new ArrayOptimizer(Mfac.builder().numGradients(window).build(), List.of(), p);
      INDArray gradient = Nd4j.rand(DataType.FLOAT, length).subi(0.5);
      // The window fills before the clock runs.
      double[] times = new double[25];
      for (int i = -window; i < times.length; i++) {
        long start = System.nanoTime();
        optimizer.step(gradient);
        if (i >= 0) {
          times[i] = (System.nanoTime() - start) / 1e9;
        }
        gradient.putScalar(i + window, 1 + i);
      }
      Arrays.sort(times);
      return new Cost(times[times.length / 2], optimizer.state().length());
    }
  }
}
