package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.bilevel.BilevelAlgorithm;
import org.dl4jplus.bilevel.BilevelTrainer;
import org.dl4jplus.bilevel.F2sa;
import org.dl4jplus.bilevel.PenaltyMethod;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * How far the directions of the two penalty methods are from the hypergradient: a decay for each
 * coefficient of a linear regression on diabetes, where all minimisers are exact.
 */
final class PenaltyBiasHeadline implements Headline {

  private static final double STEP = 1e-4;

  @Override
  public String name() {
    return "penalty-bias";
  }

  @Override
  public List<Row> measure() {
    Ridge ridge = new Ridge();
    INDArray x = Nd4j.valueArrayOf(new long[] {ridge.dimX()}, -2.0, DataType.DOUBLE);
    INDArray exact = ridge.hypergradient(x);
    List<Row> rows = new ArrayList<>();
    double before = Double.NaN;
    for (double lambda : new double[] {50, 100, 200, 400}) {
      F2sa method = F2sa.builder().lambda0(lambda).alpha0(STEP).innerSteps(1).build();
      double error = direction(ridge, method, x, 1, lambda).distance2(exact);
      if (lambda > 50) {
        rows.add(
            Row.ratio(
                "error of the hypergradient when lambda doubles",
                "F2SA, lambda = " + (int) (lambda / 2),
                before,
                "lambda = " + (int) lambda,
                error,
                Bar.atMost(1 / 1.9)));
      }
      before = error;
    }
    double first = Double.NaN;
    for (double sigma : new double[] {0.1, 0.05, 0.025}) {
      PenaltyMethod method =
          PenaltyMethod.builder()
              .sigma(sigma)
              .sigmaMin(0.0)
              .alpha(STEP)
              .normaliseBySigma(true)
              .innerSteps(1)
              .build();
      double error = direction(ridge, method, x, sigma, 1).distance2(exact) / sigma;
      if (sigma < 0.1) {
        rows.add(
            Row.ratio(
                "error of the hypergradient over sigma",
                "penalty method, sigma = 0.1",
                first,
                "sigma = " + sigma,
                error,
                Bar.atMost(1.1)));
      } else {
        first = error;
      }
    }
    return rows;
  }

  /** The direction of a step of x that starts at the exact minimisers. */
  private static INDArray direction(
      Ridge ridge, BilevelAlgorithm method, INDArray x, double weightF, double weightG) {
    BilevelTrainer trainer =
        new BilevelTrainer(ridge, method, x, ridge.minimiser(x, weightF, weightG), 1);
    trainer.state().vector("z", () -> ridge.minimiser(x, 0, 1));
    trainer.step();
    return x.sub(trainer.x()).divi(STEP);
  }

  /** f and g are halves of mean squares; g has sum_j exp(x_j) w_j^2 / 2 on top. */
  private static final class Ridge implements BilevelProblem {

    private final INDArray train;
    private final INDArray trainTargets;
    private final INDArray validation;
    private final INDArray validationTargets;

    Ridge() {
      DataSet data = BundledData.diabetes();
      INDArray rows = data.getFeatures().castTo(DataType.DOUBLE);
      rows.subiRowVector(rows.mean(0)).diviRowVector(rows.std(0));
      INDArray targets = data.getLabels().castTo(DataType.DOUBLE);
      targets = targets.reshape(new long[] {targets.length()});
      targets.subi(targets.mean()).divi(targets.std());
      long half = rows.rows() / 2;
      train = rows.get(NDArrayIndex.interval(0, half), NDArrayIndex.all()).dup();
      validation = rows.get(NDArrayIndex.interval(half, rows.rows()), NDArrayIndex.all()).dup();
      trainTargets = targets.get(NDArrayIndex.interval(0, half)).dup();
      validationTargets = targets.get(NDArrayIndex.interval(half, rows.rows())).dup();
    }

    @Override
    public long dimX() {
      return train.columns();
    }

    @Override
    public long dimY() {
      return train.columns();
    }

    private static INDArray gram(INDArray rows) {
      return rows.transpose().mmul(rows).divi(rows.rows());
    }

    private static INDArray side(INDArray rows, INDArray targets) {
      return rows.transpose().mmul(targets).divi(rows.rows());
    }

    private static INDArray decay(INDArray x) {
      return Nd4j.diag(Transforms.exp(x, true));
    }

    private static INDArray solve(INDArray matrix, INDArray side) {
      double[] values = side.toDoubleVector();
      Cholesky.solve(matrix.toDoubleMatrix(), values);
      return Nd4j.createFromArray(values);
    }

    INDArray minimiser(INDArray x, double weightF, double weightG) {
      INDArray matrix =
          gram(train).addi(decay(x)).muli(weightG).addi(gram(validation).muli(weightF));
      INDArray side =
          side(train, trainTargets)
              .muli(weightG)
              .addi(side(validation, validationTargets).muli(weightF));
      return solve(matrix, side);
    }

    INDArray hypergradient(INDArray x) {
      INDArray w = minimiser(x, 0, 1);
      INDArray inY = w.ulike();
      upper(x, w, ALL, null, inY);
      INDArray q = solve(gram(train).addi(decay(x)), inY);
      return decay(x).mmul(w).muli(q).negi();
    }

    private static double loss(INDArray rows, INDArray targets, INDArray w, INDArray gradient) {
      INDArray errors = rows.mmul(w).subi(targets);
      if (gradient != null) {
        gradient.assign(side(rows, errors));
      }
      return 0.5 * errors.mul(errors).meanNumber().doubleValue();
    }

    @Override
    public double upper(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      if (gradientX != null) {
        gradientX.assign(0);
      }
      return loss(validation, validationTargets, y, gradientY);
    }

    @Override
    public double lower(INDArray x, INDArray y, int batch, INDArray gradientX, INDArray gradientY) {
      double loss = loss(train, trainTargets, y, gradientY);
      INDArray pull = decay(x).mmul(y);
      if (gradientY != null) {
        gradientY.addi(pull);
      }
      pull.muli(y).muli(0.5);
      if (gradientX != null) {
        gradientX.assign(pull);
      }
      return loss + pull.sumNumber().doubleValue();
    }
  }
}
