package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.dl4jplus.optim.zeroth.ZORankSGD;
import org.dl4jplus.optim.zeroth.objective.RankingOracle;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What a path by rankings depends on: the order of values, and how many are ranked. */
final class RankingHeadline implements Headline {

  private static final int N = 20;
  private static final int ROUNDS = 100;
  private static final int SEEDS = 10;

  @Override
  public String name() {
    return "ranking";
  }

  @Override
  public List<Row> measure() {
    ZORankSGD method = ZORankSGD.builder().queries(8).topK(3).build();
    INDArray plain = path(method, v -> v);
    double largest = 0;
    for (DoubleUnaryOperator transform :
        List.<DoubleUnaryOperator>of(Math::exp, Math::log, Math::sqrt, v -> v * v * v)) {
      INDArray moved = path(method, transform);
      largest = Math.max(largest, moved.sub(plain).amaxNumber().doubleValue());
    }
    return List.of(
        Row.difference(
            "largest deviation of any iterate in 100 rounds on exp f, log f, sqrt f, f^3",
            "path on f",
            0,
            "ZO-RankSGD",
            largest,
            Bar.atMost(0)),
        Row.ratio(
            "value after 100 rounds on a quadratic in 20 dimensions, step size 5, mean of 10 runs",
            "ZO-RankSGD, best 1 of 8 named",
            end(1),
            "best 4 of 8 ranked",
            end(4),
            Bar.atMost(0.5)));
  }

  private static double value(INDArray point) {
    double[] x = point.toDoubleVector();
    double value = 0;
    for (int i = 0; i < N; i++) {
      double left = x[i] - Math.sin(i);
      value += 0.5 * (0.5 + 2.5 * i / (N - 1)) * left * left;
    }
    return value;
  }

  /** All iterates, one in each row. */
  private static INDArray path(ZORankSGD method, DoubleUnaryOperator transform) {
    INDArray x = Nd4j.zeros(DataType.DOUBLE, N);
    INDArray path = Nd4j.create(DataType.DOUBLE, ROUNDS, N);
    RankingOracle oracle = RankingOracle.of(p -> transform.applyAsDouble(value(p)));
    int[] round = {0};
    method.minimize(
        (candidates, k) -> {
          path.putRow(round[0]++, x);
          return oracle.topK(candidates, k);
        },
        x,
        ROUNDS);
    return path;
  }

  private static double end(int topK) {
    double mean = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      ZORankSGD method =
          ZORankSGD.builder().queries(8).topK(topK).stepSize(5.0).seed((long) seed).build();
      INDArray x = Nd4j.zeros(DataType.DOUBLE, N);
      method.minimize(RankingOracle.of(RankingHeadline::value), x, ROUNDS);
      mean += value(x) / SEEDS;
    }
    return mean;
  }
}
