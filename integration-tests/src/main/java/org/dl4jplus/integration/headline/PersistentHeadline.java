package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.zeroth.ESSingle;
import org.dl4jplus.optim.zeroth.PersistentES;
import org.dl4jplus.optim.zeroth.UnrolledES;
import org.dl4jplus.optim.zeroth.objective.UnrolledProblem;
import org.dl4jplus.optim.zeroth.search.UnrolledRun;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The variance of persistent estimates where truncations have independent losses. */
final class PersistentHeadline implements Headline {

  private static final int N = 5;
  private static final int PARTICLES = 10;
  private static final int RUNS = 150;
  private static final int[] TRUNCATIONS = {5, 20, 80};

  @Override
  public String name() {
    return "persistent";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    for (int truncations : TRUNCATIONS) {
      double single = 0;
      double persistent = 0;
      for (long run = 0; run < RUNS; run++) {
        single +=
            squares(
                ESSingle.builder()
                    .particles(PARTICLES)
                    .truncation(1)
                    .horizon(truncations)
                    .seed(run)
                    .build(),
                truncations);
        persistent +=
            squares(
                PersistentES.builder()
                    .particles(PARTICLES)
                    .truncation(1)
                    .horizon(truncations)
                    .seed(run)
                    .build(),
                truncations);
      }
      rows.add(
          Row.ratio(
              "variance of the gradient of an inner problem with "
                  + truncations
                  + " truncations of independent losses, 150 runs",
              "ES-Single",
              single / RUNS,
              "PES",
              persistent / RUNS,
              Bar.atLeast(0.25 * truncations)));
    }
    return rows;
  }

  /** The squared length of the gradient that an inner problem gives; its mean is 0. */
  private static double squares(UnrolledES method, int truncations) {
    UnrolledRun<Integer> run = method.run(new Fresh());
    INDArray theta = Nd4j.zeros(DataType.DOUBLE, N);
    INDArray sum = Nd4j.zeros(DataType.DOUBLE, N);
    for (int t = 0; t < truncations; t++) {
      sum.addi(run.gradient(theta));
    }
    double norm = sum.norm2Number().doubleValue();
    return norm * norm;
  }

  /** The loss of a step is a . theta with a new a. */
  private static final class Fresh implements UnrolledProblem<Integer> {

    @Override
    public Integer init(long seed) {
      return 0;
    }

    @Override
    public Unrolled<Integer> unroll(INDArray theta, Integer state, int steps, long dataSeed) {
      double[] at = theta.toDoubleVector();
      double loss = 0;
      for (int i = 0; i < at.length; i++) {
        loss += at[i] * CounterNoise.at(Distribution.GAUSSIAN, dataSeed, i);
      }
      return new Unrolled<>(loss, state + steps);
    }
  }
}
