package org.dl4jplus.optim.first;

import java.util.Arrays;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What Adafactor and AdaLomo share: a second moment factored into row and column means, clipping of
 * the update's root mean square, and steps relative to the size of the parameters. See {@link
 * Adafactor} for the formula.
 *
 * @param epsilon1 summand of the squares
 * @param epsilon2 least size of the parameters
 * @param clipThreshold largest root mean square of an update before it is scaled
 * @param decayRate exponent of the averaging weight {@code 1 - t^decayRate}
 * @param beta1 weight of the first moment; null for none
 * @param scaleParameter whether steps are relative to the size of the parameters
 * @param weightDecay decay, relative to the step
 */
record FactoredRule(
    double epsilon1,
    double epsilon2,
    double clipThreshold,
    double decayRate,
    Double beta1,
    boolean scaleParameter,
    double weightDecay) {

  /** Puts in the defaults and checks the ranges. */
  static FactoredRule checked(
      Double epsilon1,
      Double epsilon2,
      Double clipThreshold,
      Double decayRate,
      Double beta1,
      Boolean scaleParameter,
      Double weightDecay) {
    double decay = decayRate == null ? -0.8 : decayRate;
    boolean sinks = decay <= 0 && decay > Double.NEGATIVE_INFINITY;
    return new FactoredRule(
        Require.positive("epsilon1", epsilon1, 1e-30),
        Require.nonNegative("epsilon2", epsilon2, 1e-3),
        Require.positive("clipThreshold", clipThreshold, 1),
        Require.check(sinks, "decayRate", decay, "finite and at most 0"),
        beta1 == null ? null : (Double) Require.beta("beta1", beta1, 0),
        scaleParameter == null || scaleParameter,
        Require.nonNegative("weightDecay", weightDecay, 0));
  }

  boolean needsParameters() {
    return scaleParameter || weightDecay > 0;
  }

  /** Rows of the last two axes; 0 if the variable is no matrix. */
  private static int factoredRows(VariableShape shape) {
    long[] d = shape.getDimensions();
    return shape.matrix() ? (int) d[d.length - 2] : 0;
  }

  private static int factoredColumns(VariableShape shape) {
    long[] d = shape.getDimensions();
    return (int) d[d.length - 1];
  }

  StateLayout layout(VariableShape shape) {
    StateLayout layout = new StateLayout();
    if (beta1 != null) {
      layout.vector("m", shape.length());
    }
    if (factoredRows(shape) == 0) {
      return layout.vector("v", shape.length());
    }
    return layout
        .vector("rowMeans", shape.length() / factoredColumns(shape))
        .vector("columnMeans", shape.length() / factoredRows(shape));
  }

  /**
   * Turns the step's gradient into the update.
   *
   * @param step the step
   * @param rate rate before it is made relative to the parameters
   */
  void apply(Step step, double rate) {
    double b = 1 - Math.pow(step.t(), decayRate);
    double lr = scaleParameter ? rate * Math.max(epsilon2, parameterSize(step)) : rate;
    double squared =
        factoredRows(step.shape()) == 0 ? scaleByMoment(step, b) : scaleByFactors(step, b);
    double factor = lr / Math.max(1, Math.sqrt(squared / step.length()) / clipThreshold);
    double decay = weightDecay * lr;
    step.forEach(
        lane -> {
          Vector g = lane.gradient().scale(factor);
          if (beta1 != null) {
            g.set(lane.state(0).ema(beta1, g));
          }
          if (decay > 0) {
            g.addScaled(decay, lane.parameters());
          }
        });
  }

  private static double parameterSize(Step step) {
    return Math.sqrt(step.sum(lane -> lane.parameters().squaredNorm()) / step.length());
  }

  /** Divides the gradient by the root of its second moment and returns the squared norm. */
  private double scaleByMoment(Step step, double b) {
    int v = firstFactor();
    return step.sum(
        lane -> {
          Vector g = lane.gradient();
          Vector moment = lane.state(v).combineSquare(b, 1 - b, g).shift((1 - b) * epsilon1);
          return g.divSqrt(moment, 1, 0).squaredNorm();
        });
  }

  private int firstFactor() {
    return beta1 == null ? 0 : 1;
  }

  /**
   * The same by the factors. These are small beside the gradient and kept in double precision
   * within the step.
   */
  private double scaleByFactors(Step step, double b) {
    int rows = factoredRows(step.shape());
    int columns = factoredColumns(step.shape());
    int batch = (int) (step.length() / rows / columns);
    INDArray g = step.gradient().reshape('c', new long[] {(long) batch * rows, columns});
    INDArray g3 = batch == 1 ? g : g.reshape('c', new long[] {batch, rows, columns});
    double[] rowMeans = average(step.state(firstFactor()), b, g.norm2(1), columns);
    double[] columnMeans =
        average(step.state(firstFactor() + 1), b, g3.norm2(batch == 1 ? 0 : 1), rows);
    for (int i = 0; i < batch; i++) {
      double mean = Arrays.stream(rowMeans, i * rows, (i + 1) * rows).average().orElseThrow();
      for (int j = i * rows; j < (i + 1) * rows; j++) {
        rowMeans[j] = Math.sqrt(mean / rowMeans[j]);
      }
    }
    for (int j = 0; j < columnMeans.length; j++) {
      columnMeans[j] = 1 / Math.sqrt(columnMeans[j]);
    }
    g.muliColumnVector(Nd4j.createFromArray(rowMeans).castTo(g.dataType()));
    INDArray forColumns = Nd4j.createFromArray(columnMeans).castTo(g.dataType());
    if (batch == 1) {
      g.muliRowVector(forColumns);
    } else {
      g3.muli(forColumns.reshape('c', new long[] {batch, 1, columns}));
    }
    return step.sum(lane -> lane.gradient().squaredNorm());
  }

  /** Takes the means of the squares, given as norms, into their average. */
  private double[] average(INDArray state, double b, INDArray norms, int count) {
    double[] averages = state.toDoubleVector();
    double[] fresh = norms.reshape('c', new long[] {norms.length()}).toDoubleVector();
    for (int i = 0; i < averages.length; i++) {
      averages[i] = b * averages[i] + (1 - b) * (fresh[i] * fresh[i] / count + epsilon1);
    }
    state.assign(Nd4j.createFromArray(averages));
    return averages;
  }
}
