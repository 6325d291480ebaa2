package org.dl4jplus.optim.zeroth;

import java.util.Arrays;
import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.MovableEntries;
import org.dl4jplus.optim.zeroth.objective.RankingOracle;
import org.dl4jplus.optim.zeroth.search.RankSearch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * ZO-RankSGD: minimization by rankings alone, as a person gives them. Rounds of two kinds
 * alternate.
 *
 * <pre>{@code
 * estimation    candidates c_i = x + mu z_i, of which the k best of m are ranked
 *               w_i = m - 1 - 2 r  for rank r = 0, 1, .. (PAPER), m - 2 r (OFFICIAL_CODE)
 *               w_i = -k           for the others
 *               D <- (a D + sum_i w_i (c_i - x) / E) / (a + 1),  E = k (k-1) / 2 + k (m - k)
 *               a <- a + 1,  p the best c_i
 * line search   candidates x + s b^j D for j = 0 .. L-3, p, and x, of which the best is asked
 *               if it is not x:  x <- it,  D <- 0,  a <- 0
 * }</pre>
 *
 * <p>Only comparisons count: any strictly increasing transform of a function gives the same path,
 * to the bit, as long as it does not make values equal. On a network each step is a round on the
 * network's batch, ranked by the losses; a step in which none is finite is skipped. What is
 * reported is the lowest loss of the round. For vectors and an oracle there is {@link
 * #minimize(RankingOracle, INDArray, int)}, and {@link RankSearch} for loops of one's own.
 *
 * <ul>
 *   <li>queries: m, at least 2; default 6
 *   <li>topK: k, from 1 to m; default 3, or m if that is less
 *   <li>smoothing: mu, above 0; default 0.1
 *   <li>stepSize: s, above 0; default 1
 *   <li>lineSearchQueries: L, at least 3; default 6
 *   <li>lineSearchFactor: b, in (0, 1); default 0.5
 *   <li>edgeWeights: PAPER, wins minus losses against the others, or OFFICIAL_CODE, one more;
 *       default PAPER
 *   <li>orthogonal: whether the z_i are made orthogonal, keeping their lengths; then m is at most
 *       the dimension; default false
 *   <li>patience: rounds without progress after which {@code minimize} by an oracle stops, at least
 *       1; default 100
 *   <li>noise: distribution of z; default GAUSSIAN_TABLE
 *   <li>seed: of the run, default 0
 * </ul>
 *
 * <p>Source: Zhiwei Tang, Dmitry Rybin, Tsung-Hui Chang, "Zeroth-Order Optimization Meets Human
 * Feedback: Provable Learning via Ranking Oracles", arXiv 2303.03751, 2023.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class ZORankSGD extends ZerothOrderMethod {

  /** What a ranked candidate counts. */
  public enum EdgeWeights {
    /** Its wins minus its losses. */
    PAPER,
    /** One more. */
    OFFICIAL_CODE
  }

  private final int queries;
  private final int topK;
  private final double smoothing;
  private final double stepSize;
  private final int lineSearchQueries;
  private final double lineSearchFactor;
  private final EdgeWeights edgeWeights;
  private final boolean orthogonal;
  private final int patience;
  private final Distribution noise;
  private final long seed;

  /** With the defaults. */
  public ZORankSGD() {
    this(null, null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private ZORankSGD(
      @JsonProperty("queries") Integer queries,
      @JsonProperty("topK") Integer topK,
      @JsonProperty("smoothing") Double smoothing,
      @JsonProperty("stepSize") Double stepSize,
      @JsonProperty("lineSearchQueries") Integer lineSearchQueries,
      @JsonProperty("lineSearchFactor") Double lineSearchFactor,
      @JsonProperty("edgeWeights") EdgeWeights edgeWeights,
      @JsonProperty("orthogonal") Boolean orthogonal,
      @JsonProperty("patience") Integer patience,
      @JsonProperty("noise") Distribution noise,
      @JsonProperty("seed") Long seed) {
    this.queries = Require.atLeast("queries", queries, 6, 2);
    this.topK = Require.count("topK", topK, Math.min(3, this.queries));
    Require.check(this.topK <= this.queries, "topK", this.topK, "at most queries");
    this.smoothing = Require.positive("smoothing", smoothing, 0.1);
    this.stepSize = Require.positive("stepSize", stepSize, 1);
    this.lineSearchQueries = Require.atLeast("lineSearchQueries", lineSearchQueries, 6, 3);
    this.lineSearchFactor = Require.between("lineSearchFactor", lineSearchFactor, 0.5, 0, 1);
    this.edgeWeights = edgeWeights == null ? EdgeWeights.PAPER : edgeWeights;
    this.orthogonal = orthogonal != null && orthogonal;
    this.patience = Require.count("patience", patience, 100);
    this.noise = noise == null ? Distribution.GAUSSIAN_TABLE : noise;
    if (this.noise == Distribution.UNIFORM) {
      throw new IllegalArgumentException("noise = UNIFORM has no mean of 0: choose another one");
    }
    this.seed = seed == null ? 0 : seed;
  }

  /**
   * The directions of a run.
   *
   * @return functions of seed, round and candidate
   */
  public Directions directions() {
    return Directions.of(noise, seed, 0);
  }

  /**
   * A run over vectors.
   *
   * @param start where it starts, of shape [n]
   * @return the run
   */
  public RankSearch search(INDArray start) {
    return new RankSearch(this, Require.given("start", start).toDoubleVector(), null);
  }

  /**
   * Goes on with a run that was saved.
   *
   * @param saved by {@link RankSearch#save}
   * @return the run
   */
  public RankSearch search(GradientState saved) {
    return new RankSearch(this, saved);
  }

  /**
   * Minimises by an oracle.
   *
   * @param oracle ranks points of the parameters' type
   * @param parameters the start, of shape [n]; moved in place after each round
   * @param rounds how many at most; fewer if there is no progress in {@code patience} of them
   * @return how many were made
   */
  public int minimize(RankingOracle oracle, INDArray parameters, int rounds) {
    Require.given("oracle", oracle);
    RankSearch search = search(Require.given("parameters", parameters));
    for (int round = 0; round < rounds; round++) {
      List<INDArray> candidates =
          Arrays.stream(search.ask())
              .map(point -> Nd4j.createFromArray(point).castTo(parameters.dataType()))
              .toList();
      search.tell(oracle.topK(candidates, search.k()));
      parameters.assign(Nd4j.createFromArray(search.point()));
      search.moveTo(parameters.toDoubleVector());
      if (search.idleRounds() >= patience) {
        return round + 1;
      }
    }
    return rounds;
  }

  @Override
  public double step(ZoStep step) {
    MovableEntries entries = new MovableEntries(step.problem());
    double[] x = entries.read();
    RankSearch search =
        step.state().vector(0) == null ? new RankSearch(this, x, null) : search(step.state());
    search.moveTo(x);
    double[] end = x;
    try {
      double[][] points = search.ask();
      double[] losses = new double[points.length];
      for (int i = 0; i < points.length; i++) {
        losses[i] = entries.lossAt(points[i]);
      }
      int[] order = RankingOracle.lowest(losses, search.k());
      double lowest = losses[order[0]];
      if (Double.isFinite(lowest)) {
        search.tell(order);
        search.save(step.state());
        end = search.point();
      }
      return lowest;
    } finally {
      entries.write(end);
    }
  }
}
