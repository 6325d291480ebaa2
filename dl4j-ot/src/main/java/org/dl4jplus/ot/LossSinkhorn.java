package org.dl4jplus.ot;

import java.util.Arrays;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.dl4jplus.ot.solver.Geometry;
import org.dl4jplus.ot.solver.Sinkhorn;
import org.dl4jplus.ot.solver.TransportProblem;
import org.dl4jplus.ot.solver.TransportResult;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The entropic transport cost between histograms: each row of the output against its row of labels,
 * with a fixed cost between bins.
 *
 * <pre>{@code
 * score of a row = min <P,C> + epsilon KL(P|ab')  over P1 = a, P'1 = b,   a = output, b = labels
 * d score/d a = f - a'f,  f the potentials of the rows of P
 * }</pre>
 *
 * <p>Rows are non-negative with sum 1, as softmax makes them: rows of labels and of outputs that
 * are off by more than 1e-3 are refused, and what rounding leaves is divided out, in the gradient
 * too. Bins may be 0. With entropy the score of equal rows is not 0. Masks have one value for each
 * row and multiply its score.
 *
 * <p>Fields: {@code cost} C, k rows and k columns of finite values, output bin by label bin
 * (required); {@code epsilon} above 0 (0.05 of the costs' population standard deviation); {@code
 * maxIterations} at least 1 (2000); {@code tolerance} on the marginals, at least 0 (1e-6; the
 * gradient is as good as the marginals are).
 *
 * <p>M. Cuturi: "Sinkhorn Distances: Lightspeed Computation of Optimal Transport", arXiv 1306.0895
 * (2013). C. Frogner, C. Zhang, H. Mobahi, M. Araya-Polo, T. Poggio: "Learning with a Wasserstein
 * Loss", arXiv 1506.05439 (2015).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
public final class LossSinkhorn extends BatchLoss {

  private static final long serialVersionUID = 1L;

  private static final double MASS = 1e-3;

  /** Cost from each output bin to each label bin. */
  private final double[][] cost;

  /** Weight of the entropy. */
  private final double epsilon;

  /** Most iterations. */
  private final int maxIterations;

  /** On the marginals. */
  private final double tolerance;

  @Builder
  @JsonCreator
  private LossSinkhorn(
      @JsonProperty("cost") double[][] cost,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("maxIterations") Integer maxIterations,
      @JsonProperty("tolerance") Double tolerance) {
    if (cost == null || cost.length == 0 || cost[0] == null || cost[0].length != cost.length) {
      throw new IllegalArgumentException(
          "cost must be a square matrix, got " + (cost == null ? null : cost.length + " rows"));
    }
    Geometry geometry = Geometry.ofCost(cost);
    this.cost = new double[cost.length][];
    Arrays.setAll(this.cost, i -> cost[i].clone());
    this.epsilon = epsilon == null ? geometry.defaultEpsilon() : epsilon;
    this.maxIterations = maxIterations == null ? 2000 : maxIterations;
    this.tolerance = tolerance == null ? 1e-6 : tolerance;
    // Refuses what is out of range.
    solver();
  }

  private Sinkhorn solver() {
    return Sinkhorn.builder()
        .epsilon(epsilon)
        .maxIterations(maxIterations)
        .tolerance(tolerance)
        .build();
  }

  @Override
  Evaluation evaluate(double[][] labels, double[][] outputs, double[] mask) {
    Sinkhorn solver = solver();
    Geometry geometry = Geometry.ofCost(cost);
    int k = cost.length;
    double[] scores = new double[outputs.length];
    double[][] gradient = new double[outputs.length][outputs[0].length];
    if (outputs[0].length != k) {
      throw new IllegalArgumentException(
          "the output must have as many columns as cost, " + k + ", got " + outputs[0].length);
    }
    for (int e = 0; e < outputs.length; e++) {
      if (mask[e] == 0) {
        continue;
      }
      double mass = mass("output", outputs[e]);
      double[] a = divide(outputs[e], mass);
      double[] b = divide(labels[e], mass("labels", labels[e]));
      TransportResult result = solver.solve(TransportProblem.of(geometry, a, b));
      scores[e] = mask[e] * result.regOtCost();
      double mean = 0;
      for (int i = 0; i < k; i++) {
        mean += a[i] * result.f()[i];
      }
      for (int i = 0; i < k; i++) {
        gradient[e][i] = mask[e] * (result.f()[i] - mean) / mass;
      }
    }
    return new Evaluation(scores, gradient);
  }

  private static double mass(String name, double[] row) {
    double mass = Arrays.stream(row).sum();
    if (!(Math.abs(mass - 1) <= MASS)) {
      throw new IllegalArgumentException("rows of " + name + " must sum to 1, got " + mass);
    }
    return mass;
  }

  private static double[] divide(double[] row, double by) {
    return Arrays.stream(row).map(v -> v / by).toArray();
  }
}
