package org.dl4jplus.bilevel.search.gp;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.updater.Require;

/**
 * A kernel of the scaled distance:
 *
 * <pre>{@code
 * r        = sqrt(sum over c of ((a[c] - b[c]) / lengthScale[c])^2)
 * MATERN52: variance (1 + sqrt(5) r + 5 r^2/3) exp(-sqrt(5) r)
 * MATERN32: variance (1 + sqrt(3) r) exp(-sqrt(3) r)
 * RBF:      variance exp(-r^2/2)
 * }</pre>
 *
 * Several inputs may share a length-scale, as those of a categorical parameter do. Inputs beyond
 * the known ones are passed over. Hyperparameters: variance, then the length-scales.
 */
public final class StationaryKernel implements Kernel {

  /** How the covariance falls with the distance. */
  public enum Form {
    /** Functions with two derivatives. */
    MATERN52,
    /** Functions with one derivative. */
    MATERN32,
    /** Functions with all derivatives. */
    RBF
  }

  private static final double SQRT3 = Math.sqrt(3);
  private static final double SQRT5 = Math.sqrt(5);

  private final Form form;
  private final double[] logs;
  private final int[] groups;
  private final List<Prior> priors;
  private final double variance;
  private final double[] inverseSquares;

  private StationaryKernel(Form form, double[] logs, int[] groups, List<Prior> priors) {
    this.form = form;
    this.logs = logs;
    this.groups = groups;
    this.priors = priors;
    variance = Math.exp(logs[0]);
    inverseSquares = new double[groups.length];
    for (int c = 0; c < groups.length; c++) {
      inverseSquares[c] = Math.exp(-2 * logs[1 + groups[c]]);
    }
  }

  /**
   * A kernel with a length-scale for each input.
   *
   * @param form how the covariance falls
   * @param variance signal variance, above 0
   * @param lengthScales one for each input, above 0
   * @return the kernel
   * @throws IllegalArgumentException for a number that is not positive
   */
  public static StationaryKernel of(Form form, double variance, double... lengthScales) {
    int count = Require.given("lengthScales", lengthScales).length;
    return of(form, variance, lengthScales, IntStream.range(0, count).toArray());
  }

  /**
   * A kernel whose inputs share length-scales.
   *
   * @param form how the covariance falls
   * @param variance signal variance, above 0
   * @param lengthScales above 0
   * @param groups for each input the number of its length-scale
   * @return the kernel
   * @throws IllegalArgumentException for a number that is not positive, or a group without a
   *     length-scale
   */
  public static StationaryKernel of(
      Form form, double variance, double[] lengthScales, int[] groups) {
    Require.given("form", form);
    Require.given("groups", groups);
    double[] logs = new double[1 + Require.given("lengthScales", lengthScales).length];
    logs[0] = Math.log(Require.positive("variance", variance, 1));
    for (int i = 0; i < lengthScales.length; i++) {
      logs[1 + i] = Math.log(Require.positive("lengthScales[" + i + "]", lengthScales[i], 1));
    }
    for (int c = 0; c < groups.length; c++) {
      Require.check(
          groups[c] >= 0 && groups[c] < lengthScales.length,
          "groups[" + c + "]",
          groups[c],
          "in [0, " + (lengthScales.length - 1) + "]");
    }
    List<Prior> priors = new ArrayList<>();
    priors.add(Prior.VARIANCE);
    priors.addAll(Collections.nCopies(lengthScales.length, Prior.LENGTH_SCALE));
    return new StationaryKernel(form, logs, groups.clone(), List.copyOf(priors));
  }

  /**
   * The kernel with another prior of all its length-scales.
   *
   * @param prior what is held likely of them
   * @return a new kernel
   */
  public StationaryKernel withLengthScalePrior(Prior prior) {
    List<Prior> changed = new ArrayList<>(Collections.nCopies(logs.length, prior));
    changed.set(0, priors.get(0));
    return new StationaryKernel(form, logs, groups, List.copyOf(changed));
  }

  /**
   * How the covariance falls.
   *
   * @return the form
   */
  public Form form() {
    return form;
  }

  /**
   * The signal variance.
   *
   * @return above 0
   */
  public double variance() {
    return variance;
  }

  /**
   * The length-scale of each input.
   *
   * @return a new array
   */
  public double[] lengthScales() {
    return Arrays.stream(groups).mapToDouble(g -> Math.exp(logs[1 + g])).toArray();
  }

  @Override
  public double[] parameters() {
    return logs.clone();
  }

  @Override
  public StationaryKernel with(double[] parameters) {
    if (parameters.length != logs.length) {
      throw new IllegalArgumentException(
          "parameters must be " + logs.length + " numbers, got " + parameters.length);
    }
    return new StationaryKernel(form, parameters.clone(), groups, priors);
  }

  @Override
  public List<Prior> priors() {
    return priors;
  }

  private double square(double[] a, double[] b) {
    double square = 0;
    for (int c = 0; c < groups.length; c++) {
      double d = a[c] - b[c];
      square += d * d * inverseSquares[c];
    }
    return square;
  }

  @Override
  public double value(double[] a, double[] b) {
    double square = square(a, b);
    switch (form) {
      case MATERN52:
        double r5 = SQRT5 * Math.sqrt(square);
        return variance * (1 + r5 + 5 * square / 3) * Math.exp(-r5);
      case MATERN32:
        double r3 = SQRT3 * Math.sqrt(square);
        return variance * (1 + r3) * Math.exp(-r3);
      default:
        return variance * Math.exp(-square / 2);
    }
  }

  @Override
  public double gradient(double[] a, double[] b, double[] target, int from) {
    double square = square(a, b);
    double value;
    double slope;
    switch (form) {
      case MATERN52 -> {
        double r = SQRT5 * Math.sqrt(square);
        double e = variance * Math.exp(-r);
        value = e * (1 + r + 5 * square / 3);
        slope = e * (1 + r) * 5 / 3;
      }
      case MATERN32 -> {
        double r = SQRT3 * Math.sqrt(square);
        double e = variance * Math.exp(-r);
        value = e * (1 + r);
        slope = 3 * e;
      }
      default -> {
        value = variance * Math.exp(-square / 2);
        slope = value;
      }
    }
    Arrays.fill(target, from, from + logs.length, 0);
    target[from] = value;
    for (int c = 0; c < groups.length; c++) {
      double d = a[c] - b[c];
      target[from + 1 + groups[c]] += slope * d * d * inverseSquares[c];
    }
    return value;
  }
}
