package org.dl4jplus.integration.headline;

import java.util.List;
import java.util.Random;
import org.dl4jplus.integration.data.BundledData;
import org.dl4jplus.optim.first.linalg.SymmetricEigen;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Logistic regression on standardized breast cancer data as a plain function, in double precision:
 * the mean of log(1 + exp(-y*x.w)) and l2/2*||w||^2, starting at 0.
 */
final class Logistic implements GradientOracle {

  private final INDArray rows;
  private final double l2;
  private final INDArray parameters;
  private INDArray batch;

  private Logistic(INDArray rows, double l2) {
    this.rows = rows;
    this.l2 = l2;
    parameters = Nd4j.zeros(DataType.DOUBLE, rows.columns());
    batch = rows;
  }

  /** The last column is the intercept's. */
  static Logistic breastCancer(double l2) {
    DataSet data = BundledData.breastCancer();
    INDArray x = data.getFeatures().castTo(DataType.DOUBLE);
    x.subiRowVector(x.mean(0));
    x.diviRowVector(Transforms.sqrt(x.mul(x).mean(0)));
    INDArray ones = Nd4j.ones(DataType.DOUBLE, x.rows(), 1);
    INDArray y = data.getLabels().castTo(DataType.DOUBLE).getColumn(0, true).mul(2).subi(1);
    // A row times its label is all that the loss depends on.
    return new Logistic(Nd4j.hstack(x, ones).mulColumnVector(y), l2);
  }

  /** The same rows with their columns multiplied by e^-6 to e^6. */
  Logistic scaled(long seed) {
    Random random = new Random(seed);
    double[] factors = new double[rows.columns()];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = Math.exp(12 * random.nextDouble() - 6);
    }
    return new Logistic(rows.mulRowVector(Nd4j.createFromArray(factors)), l2);
  }

  /** What the next steps see. */
  void choose(List<Integer> indices) {
    batch = Nd4j.pullRows(rows, 1, indices.stream().mapToInt(i -> i).toArray());
  }

  int count() {
    return rows.rows();
  }

  @Override
  public INDArray parameters() {
    return parameters;
  }

  @Override
  public double lossAndGradient(INDArray point, INDArray gradientOut) {
    INDArray margins = batch.mmul(point);
    // -1/(1 + exp(m))
    INDArray slopes = Transforms.sigmoid(margins.neg(), false).negi();
    gradientOut.assign(batch.transpose().mmul(slopes).divi(batch.rows()).addi(point.mul(l2)));
    return mean(margins) + l2 / 2 * point.mul(point).sumNumber().doubleValue();
  }

  private static double mean(INDArray margins) {
    double sum = 0;
    for (double m : margins.toDoubleVector()) {
      sum += Math.log1p(Math.exp(-Math.abs(m))) + Math.max(-m, 0);
    }
    return sum / margins.length();
  }

  /** Of all rows. */
  double loss(INDArray point) {
    return mean(rows.mmul(point)) + l2 / 2 * point.mul(point).sumNumber().doubleValue();
  }

  /** The Hessian's largest eigenvalue, which is the one at 0. */
  double smoothness() {
    INDArray hessian = hessian(parameters.ulike().assign(0));
    INDArray top = SymmetricEigen.vectors(hessian).getColumn(0).dup();
    return GradientTurn.dot(top, hessian.mmul(top));
  }

  private INDArray hessian(INDArray point) {
    INDArray p = Transforms.sigmoid(rows.mmul(point));
    INDArray weights = p.mul(p.rsub(1)).divi(rows.rows()).reshape(rows.rows(), 1);
    return rows.transpose()
        .mmul(rows.mulColumnVector(weights))
        .addi(Nd4j.eye(rows.columns()).castTo(DataType.DOUBLE).muli(l2));
  }

  /** The lowest loss of all rows, by Newton's method with halved steps. */
  double optimum() {
    INDArray w = parameters.ulike().assign(0);
    INDArray gradient = w.ulike();
    batch = rows;
    for (int i = 0; i < 60; i++) {
      double before = lossAndGradient(w, gradient);
      INDArray hessian = hessian(w);
      INDArray vectors = SymmetricEigen.vectors(hessian);
      INDArray values = vectors.mul(hessian.mmul(vectors)).sum(0);
      INDArray step = vectors.mmul(vectors.transpose().mmul(gradient).divi(values));
      while (loss(w.sub(step)) > before && step.norm2Number().doubleValue() > 1e-14) {
        step.divi(2);
      }
      w.subi(step);
    }
    return loss(w);
  }
}
