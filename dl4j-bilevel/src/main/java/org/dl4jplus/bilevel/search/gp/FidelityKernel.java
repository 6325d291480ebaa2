package org.dl4jplus.bilevel.search.gp;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.dl4jplus.optim.first.updater.Require;

/**
 * The kernel of functions that are known cheaply and roughly, or dearly and exactly. The last input
 * of a point is its fidelity s in [0, 1]:
 *
 * <pre>{@code
 * k = exact(a, b) + (1 - s)(1 - s')(1 + s s')^power rough(a, b)
 * }</pre>
 *
 * Hyperparameters: those of the exact kernel, then those of the rough one.
 *
 * @param exact kernel of the function at fidelity 1
 * @param rough kernel of what low fidelities add
 * @param power at least 0
 */
public record FidelityKernel(Kernel exact, Kernel rough, double power) implements Kernel {

  /**
   * Creates a kernel.
   *
   * @param exact kernel of the function at fidelity 1
   * @param rough kernel of what low fidelities add
   * @param power at least 0
   * @throws IllegalArgumentException for a power outside its range
   */
  public FidelityKernel {
    Require.nonNegative("power", power, 1);
  }

  private double weight(double[] a, double[] b) {
    double s = a[a.length - 1];
    double t = b[b.length - 1];
    return s == 1 || t == 1 ? 0 : (1 - s) * (1 - t) * Math.pow(1 + s * t, power);
  }

  @Override
  public double[] parameters() {
    return SumKernel.join(exact.parameters(), rough.parameters());
  }

  @Override
  public FidelityKernel with(double[] parameters) {
    int split = exact.priors().size();
    return new FidelityKernel(
        exact.with(Arrays.copyOf(parameters, split)),
        rough.with(Arrays.copyOfRange(parameters, split, parameters.length)),
        power);
  }

  @Override
  public List<Prior> priors() {
    return Stream.concat(exact.priors().stream(), rough.priors().stream()).toList();
  }

  @Override
  public double value(double[] a, double[] b) {
    double weight = weight(a, b);
    return exact.value(a, b) + (weight == 0 ? 0 : weight * rough.value(a, b));
  }

  @Override
  public double gradient(double[] a, double[] b, double[] target, int from) {
    double value = exact.gradient(a, b, target, from);
    int start = from + exact.priors().size();
    double weight = weight(a, b);
    value += weight * rough.gradient(a, b, target, start);
    int end = start + rough.priors().size();
    for (int i = start; i < end; i++) {
      target[i] *= weight;
    }
    return value;
  }
}
