package org.dl4jplus.ot;

import java.util.Arrays;
import java.util.stream.IntStream;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.dl4jplus.ot.solver.SinkhornDivergence;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Sinkhorn's divergence between the outputs of a batch and its labels, both taken as sets of
 * points: which output belongs to which row of labels does not matter.
 *
 * <pre>{@code
 * S(outputs, labels) = OT(outputs, labels) - OT(outputs, outputs)/2 - OT(labels, labels)/2
 * score of a row = S / rows
 * }</pre>
 *
 * <p>The cost is the squared Euclidean distance, each row weighs the same. The sum of the scores is
 * S; networks divide score and gradient by the size of the batch, as they do with every loss. With
 * a mask, of one value for each row, rows weigh in proportion to it, outputs and labels alike; rows
 * at 0 are left out, and a batch of such rows has score 0.
 *
 * <p>Fields: {@code epsilon} above 0 (0.05 of the population standard deviation of the distances
 * from outputs to labels, found anew for each batch and a constant in differentiation); {@code
 * maxIterations} at least 1 (2000); {@code tolerance} on the marginals, at least 0 (1e-6); {@code
 * value} (REGULARIZED; SHARP leaves the entropies out of the value).
 *
 * <p>J. Feydy, T. Sejourne, F.-X. Vialard, S. Amari, A. Trouve, G. Peyre: "Interpolating between
 * Optimal Transport and MMD using Sinkhorn Divergences", arXiv 1810.08278 (2018).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
public final class LossSinkhornDivergence extends BatchLoss {

  private static final long serialVersionUID = 1L;

  /** Weight of the entropy; null finds one for each batch. */
  private final Double epsilon;

  /** Most iterations. */
  private final int maxIterations;

  /** On the marginals. */
  private final double tolerance;

  /** What the transport problems count with. */
  private final SinkhornDivergence.Value value;

  /** A loss with its defaults. */
  public LossSinkhornDivergence() {
    this(null, null, null, null);
  }

  @Builder
  @JsonCreator
  private LossSinkhornDivergence(
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("maxIterations") Integer maxIterations,
      @JsonProperty("tolerance") Double tolerance,
      @JsonProperty("value") SinkhornDivergence.Value value) {
    this.epsilon = epsilon;
    this.maxIterations = maxIterations == null ? 2000 : maxIterations;
    this.tolerance = tolerance == null ? 1e-6 : tolerance;
    this.value = value == null ? SinkhornDivergence.Value.REGULARIZED : value;
    // Refuses what is out of range.
    solver();
  }

  private SinkhornDivergence solver() {
    return SinkhornDivergence.builder()
        .epsilon(epsilon)
        .maxIterations(maxIterations)
        .tolerance(tolerance)
        .value(value)
        .build();
  }

  @Override
  Evaluation evaluate(double[][] labels, double[][] outputs, double[] mask) {
    double[] scores = new double[outputs.length];
    double[][] gradient = new double[outputs.length][outputs[0].length];
    int[] rows = IntStream.range(0, outputs.length).filter(e -> mask[e] > 0).toArray();
    if (rows.length > 0) {
      double total = Arrays.stream(mask).sum();
      double[] weights = Arrays.stream(rows).mapToDouble(e -> mask[e] / total).toArray();
      SinkhornDivergence.Divergence divergence =
          solver().solve(choose(outputs, rows), choose(labels, rows), weights, weights);
      int width = outputs[0].length;
      for (int k = 0; k < rows.length; k++) {
        scores[rows[k]] = divergence.value() / rows.length;
        System.arraycopy(divergence.gradientX(), k * width, gradient[rows[k]], 0, width);
      }
    }
    return new Evaluation(scores, gradient);
  }

  private static double[][] choose(double[][] matrix, int[] rows) {
    return Arrays.stream(rows).mapToObj(e -> matrix[e]).toArray(double[][]::new);
  }
}
