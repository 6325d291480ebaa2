package org.dl4jplus.optim.zeroth;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.objective.MovableEntries;
import org.dl4jplus.optim.zeroth.search.ConsensusSearch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Consensus-based optimization: particles drift to a mean of themselves that is weighted by their
 * values, and spread by noise the more, the farther they are from it.
 *
 * <pre>{@code
 * w_i = exp(-alpha f(x_i)) / sum_j exp(-alpha f(x_j)),   c = sum_i w_i x_i
 * v_i = h_i (x_i - c)
 * x_i <- x_i - lambda dt v_i + sigma sqrt(dt) ||v_i|| z_i     ISOTROPIC
 * x_i <- x_i - lambda dt v_i + sigma sqrt(dt) v_i * z_i       ANISOTROPIC
 * }</pre>
 *
 * <p>On a network, attached or by {@link #minimize}, the particles start as the parameters plus
 * noise, all are evaluated on the same batch, and the parameters become the consensus c; alpha
 * grows after each step. For vectors there is {@link #search(INDArray)}, with particles of one's
 * own. Each step takes as many evaluations as there are particles in a batch.
 *
 * <ul>
 *   <li>particles: default 100; of a {@code search} it is as many as are given
 *   <li>startDeviation: of the start's noise, at least 0; default 1
 *   <li>dt: length of a step, above 0; default 0.01
 *   <li>alpha: sharpness of the weights, above 0; default 1. 1e4 to 1e5 picks the lowest value
 *   <li>alphaFactor, alphaMax: after each step alpha is multiplied by alphaFactor, at least 1,
 *       while it is below alphaMax; default 1.05 and 1e5. {@link ConsensusSearch#tell} alone keeps
 *       alpha
 *   <li>sigma: strength of the noise, at least 0; default 5.1
 *   <li>lambda: strength of the drift, at least 0; default 1
 *   <li>noise: default ANISOTROPIC. The library that the other defaults are from has ISOTROPIC,
 *       which spreads without end where 2 lambda is at most d sigma^2, as it is with these defaults
 *       from d = 1 on: there is a warning then
 *   <li>correction: h_i. NONE, 1; HEAVISIDE, 0 where f(x_i) is at most f(c), else 1; HEAVISIDE_REG,
 *       1/2 + tanh((f(x_i) - f(c)) / correctionEpsilon) / 2. The latter two take one more
 *       evaluation; default NONE
 *   <li>correctionEpsilon: above 0; default 1e-3
 *   <li>batchSize: particles that are evaluated in a step, the next ones of a random order; 0, the
 *       default, for all
 *   <li>batchPartial: whether only they are moved; default true. A correction needs it, or all
 *       particles in the batch
 *   <li>distribution: of z; default GAUSSIAN_TABLE
 *   <li>seed: of the run, default 0
 * </ul>
 *
 * <p>A value that is not finite has no weight; a step in which none is finite is skipped. Source:
 * Konstantin Riedl, Timo Klock, Carina Geldhauser, Massimo Fornasier, "Gradient is All You Need?",
 * arXiv 2306.09778, 2023, and the library CBX.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class CBO extends ZerothOrderMethod {

  /** Tells the stream of the start from those of the noise. */
  private static final long START = 0x57A27L;

  /** How noise grows with the distance from the consensus. */
  public enum Noise {
    /** By its length, equally in all directions. */
    ISOTROPIC,
    /** In each coordinate by the distance in it. */
    ANISOTROPIC
  }

  /** Whether particles that are better than the consensus stay. */
  public enum Correction {
    /** They do not. */
    NONE,
    /** They do. */
    HEAVISIDE,
    /** They do, by degrees. */
    HEAVISIDE_REG
  }

  private final int particles;
  private final double startDeviation;
  private final double dt;
  private final double alpha;
  private final double alphaFactor;
  private final double alphaMax;
  private final double sigma;
  private final double lambda;
  private final Noise noise;
  private final Correction correction;
  private final double correctionEpsilon;
  private final int batchSize;
  private final boolean batchPartial;
  private final Distribution distribution;
  private final long seed;

  /** With the defaults. */
  public CBO() {
    this(null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private CBO(
      @JsonProperty("particles") Integer particles,
      @JsonProperty("startDeviation") Double startDeviation,
      @JsonProperty("dt") Double dt,
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("alphaFactor") Double alphaFactor,
      @JsonProperty("alphaMax") Double alphaMax,
      @JsonProperty("sigma") Double sigma,
      @JsonProperty("lambda") Double lambda,
      @JsonProperty("noise") Noise noise,
      @JsonProperty("correction") Correction correction,
      @JsonProperty("correctionEpsilon") Double correctionEpsilon,
      @JsonProperty("batchSize") Integer batchSize,
      @JsonProperty("batchPartial") Boolean batchPartial,
      @JsonProperty("distribution") Distribution distribution,
      @JsonProperty("seed") Long seed) {
    this.particles = Require.count("particles", particles, 100);
    this.startDeviation = Require.nonNegative("startDeviation", startDeviation, 1);
    this.dt = Require.positive("dt", dt, 0.01);
    this.alpha = Require.positive("alpha", alpha, 1);
    this.alphaFactor = Require.positive("alphaFactor", alphaFactor, 1.05);
    Require.check(this.alphaFactor >= 1, "alphaFactor", this.alphaFactor, "at least 1");
    this.alphaMax = Require.positive("alphaMax", alphaMax, 1e5);
    this.sigma = Require.nonNegative("sigma", sigma, 5.1);
    this.lambda = Require.nonNegative("lambda", lambda, 1);
    this.noise = noise == null ? Noise.ANISOTROPIC : noise;
    this.correction = correction == null ? Correction.NONE : correction;
    this.correctionEpsilon = Require.positive("correctionEpsilon", correctionEpsilon, 1e-3);
    this.batchSize = Require.atLeast("batchSize", batchSize, 0, 0);
    this.batchPartial = batchPartial == null || batchPartial;
    this.distribution = distribution == null ? Distribution.GAUSSIAN_TABLE : distribution;
    if (this.distribution == Distribution.UNIFORM) {
      throw new IllegalArgumentException(
          "distribution = UNIFORM has no mean of 0: choose another one");
    }
    this.seed = seed == null ? 0 : seed;
  }

  /**
   * A run over vectors.
   *
   * @param start particles, of shape [number, dimension]
   * @return the run
   * @throws IllegalArgumentException for particles that are not finite, or fewer than a batch, or
   *     for a correction that lacks values
   */
  public ConsensusSearch search(INDArray start) {
    return new ConsensusSearch(this, Require.given("start", start).toDoubleMatrix(), null, null);
  }

  /**
   * Goes on with a run that was saved.
   *
   * @param saved by {@link ConsensusSearch#save}
   * @return the run
   */
  public ConsensusSearch search(GradientState saved) {
    return new ConsensusSearch(this, saved);
  }

  @Override
  public double step(ZoStep step) {
    MovableEntries entries = new MovableEntries(step.problem());
    double[] start = entries.read();
    ConsensusSearch search =
        step.state().vector(0) == null
            ? new ConsensusSearch(this, around(start), null, null)
            : search(step.state());
    double[] end = start;
    try {
      boolean ended = false;
      while (!ended) {
        double[][] points = search.ask();
        double[] losses = new double[points.length];
        for (int i = 0; i < points.length; i++) {
          losses[i] = entries.lossAt(points[i]);
        }
        ended = search.tell(losses);
      }
      if (Double.isFinite(search.loss())) {
        search.raiseAlpha();
        end = search.consensus();
      }
      search.save(step.state());
    } finally {
      entries.write(end);
    }
    return search.loss();
  }

  private double[][] around(double[] center) {
    double[][] points = new double[particles][center.length];
    for (int i = 0; i < particles; i++) {
      long stream = CounterNoise.deriveSeed(seed, START, i);
      CounterNoise.fill(distribution, stream, 0, points[i], center.length);
      for (int j = 0; j < center.length; j++) {
        points[i][j] = center[j] + startDeviation * points[i][j];
      }
    }
    return points;
  }
}
