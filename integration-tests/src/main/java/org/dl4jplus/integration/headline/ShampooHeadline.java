package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.dl4jplus.optim.first.ArrayOptimizer;
import org.dl4jplus.optim.first.linalg.Qr;
import org.dl4jplus.optim.second.ScalableShampoo;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Shampoo on matrix least squares {@code 1/2 |A W B - C|^2}, where A and B have condition 10. */
final class ShampooHeadline implements Headline {

  private static final int SEEDS = 3;
  private static final int STEPS = 100;
  private static final int ROWS = 12;
  private static final int COLUMNS = 10;
  private static final double CONDITION = 10;
  private static final double MOMENTUM = 0.9;
  private static final double[] RATES = {0.003, 0.01, 0.03, 0.1, 0.3, 1};

  @Override
  public String name() {
    return "shampoo";
  }

  @Override
  public List<Row> measure() {
    double momentum = best((rate, w) -> heavyBall(rate, w, UnaryOperator.identity()));
    double adaGrad = best((rate, w) -> heavyBall(rate, w, adaGrad()));
    double shampoo = best(ShampooHeadline::shampoo);
    String claim = "loss of ill-conditioned matrix least squares after 100 steps, best of 6 rates";
    return List.of(
        Row.ratio(claim, "AdaGrad, momentum", adaGrad, "Shampoo", shampoo, Bar.atMost(0.3)),
        Row.ratio(claim, "SGD, momentum", momentum, "Shampoo", shampoo, Bar.atMost(0.5)));
  }

  /** A method: makes what takes steps on a matrix. */
  private interface Start {
    Take at(double rate, INDArray w);
  }

  /** Takes one step. */
  private interface Take {
    void step(INDArray gradient);
  }

  private static double best(Start method) {
    return Digits.lowest(rate -> Digits.mean(SEEDS, seed -> loss(method, rate, seed)), RATES);
  }

  private static double loss(Start method, double rate, int seed) {
    Random random = new Random(seed);
    INDArray a = conditioned(random, ROWS);
    INDArray b = conditioned(random, COLUMNS);
    INDArray c = a.mmul(normal(random, ROWS, COLUMNS)).mmul(b);
    INDArray w = Nd4j.create(DataType.DOUBLE, ROWS, COLUMNS);
    Take take = method.at(rate, w);
    for (int step = 0; step < STEPS; step++) {
      INDArray rest = a.mmul(w).mmul(b).subi(c);
      take.step(a.transpose().mmul(rest).mmul(b.transpose()).dup('c'));
    }
    double norm = a.mmul(w).mmul(b).subi(c).norm2Number().doubleValue();
    return norm * norm / 2;
  }

  private static INDArray normal(Random random, int rows, int columns) {
    double[][] values = new double[rows][columns];
    for (double[] row : values) {
      for (int i = 0; i < columns; i++) {
        row[i] = random.nextGaussian();
      }
    }
    return Nd4j.createFromArray(values);
  }

  /** Singular values from 1 down to 1/10, evenly on a logarithmic scale. */
  private static INDArray conditioned(Random random, int n) {
    INDArray values = Nd4j.create(DataType.DOUBLE, n, n);
    for (int i = 0; i < n; i++) {
      values.putScalar(i, i, Math.pow(CONDITION, -i / (n - 1.0)));
    }
    return Qr.q(normal(random, n, n)).mmul(values).mmul(Qr.q(normal(random, n, n)));
  }

  private static Take shampoo(double rate, INDArray w) {
    ArrayOptimizer optimizer =
        new ArrayOptimizer(
            ScalableShampoo.builder()
                .learningRate(rate)
                .momentum(MOMENTUM)
                .matrixEpsilon(1e-6)
                .mergeSmallDimensions(false)
                .build(),
            List.of(),
            w);
    return optimizer::step;
  }

  private static Take heavyBall(double rate, INDArray w, UnaryOperator<INDArray> direction) {
    INDArray velocity = w.ulike();
    return gradient -> w.subi(velocity.muli(MOMENTUM).addi(direction.apply(gradient)).mul(rate));
  }

  private static UnaryOperator<INDArray> adaGrad() {
    INDArray squares = Nd4j.create(DataType.DOUBLE, ROWS, COLUMNS);
    return gradient ->
        gradient.div(Transforms.sqrt(squares.addi(gradient.mul(gradient)), true).addi(1e-8));
  }
}
