package org.dl4jplus.optim.zeroth.estimate;

import java.io.Serializable;
import java.util.function.ToDoubleFunction;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * Estimates a gradient from values. An estimator is a configuration; what some remember from step
 * to step lies in a {@link GradientState}.
 *
 * <p>The estimators are those that the review arXiv 2510.18812, 2025, asks for.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
public abstract class GradientEstimator implements Serializable {

  /**
   * An estimate.
   *
   * @param gradient of length d
   * @param evaluations how many values it took
   * @param value f(x) if it was evaluated, else the mean of the values seen; not finite if one of
   *     them was not, and then the gradient is not to be used
   */
  public record Estimate(double[] gradient, long evaluations, double value) {}

  /** For the estimators. */
  protected GradientEstimator() {}

  /**
   * Estimates the gradient at the probe's point.
   *
   * @param probe point, values and directions
   * @return the estimate, of length d
   */
  protected abstract double[] gradient(Probe probe);

  /**
   * What directions are drawn from where a run makes them.
   *
   * @return the distribution
   */
  public Distribution distribution() {
    return Distribution.GAUSSIAN_TABLE;
  }

  /**
   * The difference whose default step suits the estimator.
   *
   * @return FORWARD or CENTRAL
   */
  public Difference steps() {
    return Difference.FORWARD;
  }

  /**
   * How many vectors of the memory the estimator uses, from 0 on.
   *
   * @return 0 for most
   */
  public int memory() {
    return 0;
  }

  /**
   * Estimates a gradient once, with nothing remembered.
   *
   * @param objective the function
   * @param x the point, of shape [n]; not changed
   * @param directions random directions
   * @param mu step of differences, above 0
   * @return the estimate
   */
  public final Estimate estimate(
      ZoObjective objective, INDArray x, Directions directions, double mu) {
    return estimate(objective, x, directions, mu, 0, new GradientState());
  }

  /**
   * Estimates a gradient in a run.
   *
   * @param objective the function
   * @param x the point, of shape [n]; not changed
   * @param directions random directions
   * @param mu step of differences, above 0
   * @param iteration number of the step, from 0
   * @param memory what lasts from step to step
   * @return the estimate
   */
  public final Estimate estimate(
      ZoObjective objective,
      INDArray x,
      Directions directions,
      double mu,
      long iteration,
      GradientState memory) {
    Require.given("objective", objective);
    Require.given("x", x);
    return estimate(values(objective, x), x.toDoubleVector(), directions, mu, iteration, memory);
  }

  static ToDoubleFunction<double[]> values(ZoObjective objective, INDArray like) {
    return point -> objective.value(Nd4j.createFromArray(point).castTo(like.dataType()));
  }

  /**
   * Estimates a gradient of a function of plain numbers.
   *
   * @param function the function; must not change or keep its argument
   * @param x the point; not changed
   * @param directions random directions
   * @param mu step of differences, above 0
   * @param iteration number of the step, from 0
   * @param memory what lasts from step to step
   * @return the estimate
   */
  public final Estimate estimate(
      ToDoubleFunction<double[]> function,
      double[] x,
      Directions directions,
      double mu,
      long iteration,
      GradientState memory) {
    Require.given("function", function);
    Require.given("x", x);
    Require.given("directions", directions);
    Require.given("memory", memory);
    long[] count = new long[1];
    ToDoubleFunction<double[]> counted =
        point -> {
          count[0]++;
          return function.applyAsDouble(point);
        };
    Probe probe = new Probe(counted, x, directions, iteration, mu, memory);
    double[] gradient = gradient(probe);
    double value = probe.reported();
    for (int i = 0; i < gradient.length && Double.isFinite(value); i++) {
      value = Double.isFinite(gradient[i]) ? value : Double.NaN;
    }
    return new Estimate(gradient, count[0], value);
  }

  static void add(double[] target, double scale, double[] z) {
    for (int i = 0; i < z.length; i++) {
      target[i] += scale * z[i];
    }
  }
}
