package org.dl4jplus.integration.headline;

import java.util.Arrays;
import java.util.List;
import org.dl4jplus.optim.second.kronecker.DampedInverse;
import org.dl4jplus.optim.second.kronecker.ShermanMorrison;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How the time to renew a layer's inverse grows with its width: MKOR's update, K-FAC's inversion.
 */
final class KroneckerCostHeadline implements Headline {

  private static final int[] WIDTHS = {128, 256, 512, 1024, 2048};
  private static final int ROUNDS = 5;
  private static final double LONG_ENOUGH = 2e9;

  @Override
  public String name() {
    return "kronecker-cost";
  }

  @Override
  public List<Row> measure() {
    double[] update = new double[WIDTHS.length];
    double[] inversion = new double[WIDTHS.length];
    for (int i = 0; i < WIDTHS.length; i++) {
      INDArray rows = Nd4j.rand(DataType.FLOAT, 2L * WIDTHS[i], WIDTHS[i]).subi(0.5);
      INDArray factor = rows.transpose().mmul(rows).divi(rows.rows()).dup('c');
      INDArray inverse = Nd4j.eye(WIDTHS[i]).castTo(DataType.FLOAT);
      INDArray vector = rows.getRow(0).dup();
      update[i] = seconds(() -> ShermanMorrison.towardsIdentity(inverse, 0.95, vector));
      inversion[i] = seconds(() -> DampedInverse.invert(factor, 0.1, inverse));
    }
    int last = WIDTHS.length - 1;
    return List.of(
        Row.ratio(
            "growth of the time to renew an inverse from width 1024 to 2048 (8 for a cube, 4 for a"
                + " square)",
            "K-FAC",
            inversion[last] / inversion[last - 1],
            "MKOR",
            update[last] / update[last - 1],
            Bar.atMost(1)),
        Row.difference(
            "exponent of the time to renew an inverse, widths 128 to 2048",
            "K-FAC",
            exponent(inversion),
            "MKOR",
            exponent(update),
            Bar.NONE),
        Row.ratio(
            "time of MKOR's update, width 1024 beside 256",
            "256",
            update[1],
            "1024",
            update[3],
            Bar.atMost(30)),
        Row.ratio(
            "seconds to renew an inverse of width 2048",
            "K-FAC",
            inversion[last],
            "MKOR",
            update[last],
            Bar.atMost(0.2)));
  }

  /** The least of many runs: nothing else slows that one down. */
  private static double seconds(Runnable work) {
    double least = Double.POSITIVE_INFINITY;
    long begin = System.nanoTime();
    for (int round = 0; round < ROUNDS || System.nanoTime() - begin < LONG_ENOUGH; round++) {
      long start = System.nanoTime();
      work.run();
      least = Math.min(least, (System.nanoTime() - start) / 1e9);
    }
    return least;
  }

  /** The slope of log time over log width, by least squares. */
  private static double exponent(double[] times) {
    double[] x = Arrays.stream(WIDTHS).mapToDouble(Math::log).toArray();
    double[] y = Arrays.stream(times).map(Math::log).toArray();
    double xMean = Arrays.stream(x).average().orElseThrow();
    double yMean = Arrays.stream(y).average().orElseThrow();
    double products = 0;
    double squares = 0;
    for (int i = 0; i < x.length; i++) {
      products += (x[i] - xMean) * (y[i] - yMean);
      squares += (x[i] - xMean) * (x[i] - xMean);
    }
    return products / squares;
  }
}
