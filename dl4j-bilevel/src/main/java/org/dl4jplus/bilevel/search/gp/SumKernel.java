package org.dl4jplus.bilevel.search.gp;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The kernel of the sum of two independent functions. Hyperparameters: those of the first, then
 * those of the second.
 *
 * @param first one kernel
 * @param second the other
 */
public record SumKernel(Kernel first, Kernel second) implements Kernel {

  @Override
  public double[] parameters() {
    return join(first.parameters(), second.parameters());
  }

  static double[] join(double[] one, double[] two) {
    double[] all = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, all, one.length, two.length);
    return all;
  }

  @Override
  public SumKernel with(double[] parameters) {
    int split = first.priors().size();
    return new SumKernel(
        first.with(Arrays.copyOf(parameters, split)),
        second.with(Arrays.copyOfRange(parameters, split, parameters.length)));
  }

  @Override
  public List<Prior> priors() {
    return Stream.concat(first.priors().stream(), second.priors().stream()).toList();
  }

  @Override
  public double value(double[] a, double[] b) {
    return first.value(a, b) + second.value(a, b);
  }

  @Override
  public double gradient(double[] a, double[] b, double[] target, int from) {
    return first.gradient(a, b, target, from)
        + second.gradient(a, b, target, from + first.priors().size());
  }
}
