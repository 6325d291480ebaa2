package org.dl4jplus.ot.solver;

import lombok.Builder;

/**
 * The Monge gap: how much more a map T moves points than the cheapest transport between the points
 * and their images does.
 *
 * <pre>{@code
 * gap(x, y) = sum_i a_i c(x_i, y_i) - W,   y_i = T(x_i),   c(x, y) = sum_k |x_k - y_k|^p
 * W = min <P,C> + epsilon sum P log P      over plans P from the x_i to the y_j, both weighing a
 * dgap/dy_i = a_i dc/dy(x_i, y_i) - sum_j P_ji dc/dy(x_j, y_i)
 * }</pre>
 *
 * <p>A map without gap is optimal for its own images. W has the entropy of the plan, so that the
 * gap of n points of weight 1/n is never below epsilon*log(n) and comes down to it for an optimal
 * map and a small epsilon: compare gaps of equal n and epsilon only. The plan is found by {@link
 * SinkhornNewtonSparse}, since Sinkhorn's iteration alone is slow where it is a permutation.
 *
 * <p>Fields: {@code epsilon} above 0 (default {@link Geometry#defaultEpsilon()} of the costs, a
 * constant in differentiation); {@code power} p, at least 1 (2, the squared Euclidean distance);
 * {@code tolerance} on the marginals, at least 0 (1e-9); {@code maxIterations} of Newton's method,
 * at least 1 (100). It keeps no state.
 *
 * <p>T. Uscidda, M. Cuturi: "The Monge Gap: A Regularizer to Learn All Transport Maps", arXiv
 * 2302.04953 (2023).
 */
public final class MongeGap {

  /**
   * A gap and its gradient.
   *
   * <p>The array is the record's own and not copied.
   *
   * @param value the gap
   * @param displacement what the map costs: the sum of a_i*c(x_i, y_i)
   * @param transport the cheapest plan; its entropic cost is W
   * @param gradientY with respect to the images, n*d values
   */
  public record Gap(
      double value, double displacement, TransportResult transport, double[] gradientY) {}

  private final SinkhornNewtonSparse solver;
  private final double power;

  @Builder
  private MongeGap(Double epsilon, Double power, Double tolerance, Integer maxIterations) {
    this.power = Arguments.positive("power", power, 2);
    Arguments.check(this.power >= 1, "power", this.power, "at least 1");
    solver =
        SinkhornNewtonSparse.builder()
            .epsilon(epsilon)
            .tolerance(tolerance)
            .maxNewtonIterations(maxIterations)
            .build();
  }

  /**
   * The gap of a map on points of equal weight.
   *
   * @param x points [n][d]
   * @param y their images [n][d]
   * @return the gap and its gradient
   * @throws IllegalArgumentException for points that are not finite, or sets of unequal sizes
   */
  public Gap evaluate(double[][] x, double[][] y) {
    return evaluate(x, y, null);
  }

  /**
   * The gap of a map on weighted points.
   *
   * @param x points [n][d]
   * @param y their images [n][d]
   * @param weights n weights, or null for 1/n each
   * @return the gap and its gradient
   * @throws IllegalArgumentException for points or weights that are not finite, sets of unequal
   *     sizes, or weights that are negative or have no sum
   */
  public Gap evaluate(double[][] x, double[][] y, double[] weights) {
    double[] from = Arguments.flat("x", x);
    int n = x.length;
    int d = x[0].length;
    double[] to = Arguments.flat("y", y);
    if (y.length != n || y[0].length != d) {
      throw new IllegalArgumentException(
          "y must hold "
              + n
              + " points of "
              + d
              + " values, got "
              + y.length
              + " of "
              + y[0].length);
    }
    Arguments.finite("x", from, n * d);
    Arguments.finite("y", to, n * d);
    double[] costs = new double[Math.multiplyExact(n, n)];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        for (int k = 0; k < d; k++) {
          costs[i * n + j] += cost(to[j * d + k] - from[i * d + k]);
        }
      }
    }
    TransportProblem problem = TransportProblem.of(Geometry.ofCost(n, n, costs), weights, weights);
    TransportResult transport = solver.solve(problem);
    double[] a = problem.sharedA();
    double displacement = 0;
    double[] gradient = new double[n * d];
    for (int j = 0; j < n; j++) {
      displacement += a[j] * costs[j * n + j];
      for (int i = 0; i < n; i++) {
        double mass = (i == j ? a[j] : 0) - transport.plan()[i * n + j];
        for (int k = 0; k < d; k++) {
          gradient[j * d + k] += mass * slope(to[j * d + k] - from[i * d + k]);
        }
      }
    }
    return new Gap(displacement - transport.entRegCost(), displacement, transport, gradient);
  }

  private double cost(double difference) {
    return power == 2 ? difference * difference : Math.pow(Math.abs(difference), power);
  }

  private double slope(double difference) {
    return power == 2
        ? 2 * difference
        : power * Math.signum(difference) * Math.pow(Math.abs(difference), power - 1);
  }
}
