package org.dl4jplus.ot;

import java.util.Arrays;
import java.util.stream.IntStream;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.dl4jplus.ot.solver.MongeGap;
import org.dl4jplus.ot.solver.SinkhornDivergence;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Trains a network T as a map that carries one set of points to another, and as an optimal one:
 * Sinkhorn's divergence of its outputs from the targets, with the Monge gap as a regularizer.
 *
 * <pre>{@code
 * loss = S(T(x), y) + lambda gap(x, T(x))
 * score of a row = loss / rows
 *
 * network.fit(LossMongeMap.data(x, y))     // x [n, d], y [n, d]; the output layer has nOut d
 * }</pre>
 *
 * <p>The labels are [x, y] side by side, 2*d columns, since the gap needs the points themselves;
 * rows of x and y need not belong together. Points weigh the same. The sum of the scores is the
 * loss; networks divide score and gradient by the size of the batch, as they do with every loss.
 * With a mask, of one value for each row, rows of x, T(x) and y weigh in proportion to it; rows at
 * 0 are left out, and a batch of such rows has score 0.
 *
 * <p>Fields: {@code lambda} at least 0 (1; at 0 no gap is computed); {@code epsilon} of the
 * divergence and {@code gapEpsilon} of the gap, above 0 (0.05 of the population standard deviation
 * of the costs, found anew for each batch and a constant in differentiation); {@code power} of the
 * gap's cost, at least 1 (2, see {@link MongeGap}); {@code maxIterations} of the divergence, at
 * least 1 (2000); {@code tolerance} on its marginals, at least 0 (1e-3).
 *
 * <p>T. Uscidda, M. Cuturi: "The Monge Gap: A Regularizer to Learn All Transport Maps", arXiv
 * 2302.04953 (2023).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
public final class LossMongeMap extends BatchLoss {

  private static final long serialVersionUID = 1L;

  /** Weight of the gap. */
  private final double lambda;

  /** Weight of the divergence's entropy; null finds one for each batch. */
  private final Double epsilon;

  /** Weight of the gap's entropy; null finds one for each batch. */
  private final Double gapEpsilon;

  /** Power of the gap's cost. */
  private final double power;

  /** Most iterations of the divergence. */
  private final int maxIterations;

  /** On the marginals of the divergence. */
  private final double tolerance;

  /** A loss with its defaults. */
  public LossMongeMap() {
    this(null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private LossMongeMap(
      @JsonProperty("lambda") Double lambda,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("gapEpsilon") Double gapEpsilon,
      @JsonProperty("power") Double power,
      @JsonProperty("maxIterations") Integer maxIterations,
      @JsonProperty("tolerance") Double tolerance) {
    this.lambda = lambda == null ? 1 : lambda;
    this.epsilon = epsilon;
    this.gapEpsilon = gapEpsilon;
    this.power = power == null ? 2 : power;
    this.maxIterations = maxIterations == null ? 2000 : maxIterations;
    this.tolerance = tolerance == null ? 1e-3 : tolerance;
    if (!(this.lambda >= 0) || Double.isInfinite(this.lambda)) {
      throw new IllegalArgumentException("lambda must be finite and >= 0, got " + this.lambda);
    }
    // Both refuse what is out of range.
    fitting();
    gap();
  }

  private SinkhornDivergence fitting() {
    return SinkhornDivergence.builder()
        .epsilon(epsilon)
        .maxIterations(maxIterations)
        .tolerance(tolerance)
        .build();
  }

  private MongeGap gap() {
    return MongeGap.builder().epsilon(gapEpsilon).power(power).build();
  }

  /**
   * Makes a batch for this loss.
   *
   * @param x points [n, d], which are the network's input too
   * @param y targets [n, d], in any order
   * @return features x and labels [x, y]
   * @throws IllegalArgumentException if they are not matrices of one shape
   */
  public static DataSet data(INDArray x, INDArray y) {
    if (x.rank() != 2 || !x.equalShapes(y)) {
      throw new IllegalArgumentException(
          "x and y must be matrices of one shape, got "
              + Arrays.toString(x.shape())
              + " and "
              + Arrays.toString(y.shape()));
    }
    return new DataSet(x, Nd4j.hstack(x, y));
  }

  @Override
  long labelColumns(long outputs) {
    return 2 * outputs;
  }

  @Override
  Evaluation evaluate(double[][] labels, double[][] outputs, double[] mask) {
    int d = outputs[0].length;
    double[] scores = new double[outputs.length];
    double[][] gradient = new double[outputs.length][d];
    int[] rows = IntStream.range(0, outputs.length).filter(e -> mask[e] > 0).toArray();
    if (rows.length > 0) {
      double total = Arrays.stream(mask).sum();
      double[] weights = Arrays.stream(rows).mapToDouble(e -> mask[e] / total).toArray();
      double[][] images = choose(outputs, rows, 0, d);
      SinkhornDivergence.Divergence divergence =
          fitting().solve(images, choose(labels, rows, d, 2 * d), weights, weights);
      double loss = divergence.value();
      double[] sum = divergence.gradientX();
      if (lambda > 0) {
        MongeGap.Gap gap = gap().evaluate(choose(labels, rows, 0, d), images, weights);
        loss += lambda * gap.value();
        for (int k = 0; k < sum.length; k++) {
          sum[k] += lambda * gap.gradientY()[k];
        }
      }
      for (int k = 0; k < rows.length; k++) {
        scores[rows[k]] = loss / rows.length;
        System.arraycopy(sum, k * d, gradient[rows[k]], 0, d);
      }
    }
    return new Evaluation(scores, gradient);
  }

  private static double[][] choose(double[][] matrix, int[] rows, int from, int to) {
    return Arrays.stream(rows)
        .mapToObj(e -> Arrays.copyOfRange(matrix[e], from, to))
        .toArray(double[][]::new);
  }
}
