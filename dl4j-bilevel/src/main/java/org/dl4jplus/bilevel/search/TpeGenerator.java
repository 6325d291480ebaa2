package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import lombok.Builder;
import org.deeplearning4j.arbiter.optimize.api.ParameterSpace;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * The tree-structured Parzen estimator: the candidates so far are parted into the best tenth and
 * the others, each part gives a {@link ParzenEstimator}, and the next point is one that is much
 * likelier among the best.
 *
 * <pre>{@code
 * l, g from the best min(ceil(0.1 n), 25) and from the others
 * next = argmax over draws from l of log l(x) - log g(x)
 * }</pre>
 *
 * <p>One coordinate at a time by default, all of them together with {@code multivariate}. With
 * several workers {@code constantLiar} counts candidates on their way among the others, which keeps
 * workers apart.
 *
 * <p>Failed candidates count among the others. The specification, as Optuna, leaves them out: where
 * part of the space fails, g is least there, so that the search goes there and nowhere else.
 *
 * <p>J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl: "Algorithms for Hyper-Parameter Optimization",
 * NeurIPS 2011. The settings are those of Optuna 3.1.
 */
public final class TpeGenerator extends FeedbackGenerator {

  private final int nStartup;
  private final int nEiCandidates;
  private final boolean multivariate;
  private final boolean constantLiar;

  /**
   * Sets up a search.
   *
   * @param parameterSpace what to search
   * @param dataParameters passed on with every candidate; null for none
   * @param initDone whether the leaves have their indices, as read from JSON; null for no
   * @param minimize whether small scores are good; required
   * @param maxCandidates after how many candidates the search is over; null for never
   * @param nStartup how many candidates must be complete before the estimators take over from
   *     uniform draws, at least 1; null for 10
   * @param nEiCandidates draws from l for a proposal, at least 1; null for 24
   * @param multivariate whether all coordinates are looked at together; null for no
   * @param constantLiar whether candidates on their way count as bad ones; null for no
   * @throws IllegalArgumentException for bad arguments
   */
  @Builder
  @JsonCreator
  private TpeGenerator(
      @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("initDone") Boolean initDone,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("maxCandidates") Integer maxCandidates,
      @JsonProperty("nStartup") Integer nStartup,
      @JsonProperty("nEiCandidates") Integer nEiCandidates,
      @JsonProperty("multivariate") Boolean multivariate,
      @JsonProperty("constantLiar") Boolean constantLiar) {
    super(parameterSpace, dataParameters, Boolean.TRUE.equals(initDone), minimize, maxCandidates);
    this.nStartup = Require.count("nStartup", nStartup, 10);
    this.nEiCandidates = Require.count("nEiCandidates", nEiCandidates, 24);
    this.multivariate = Boolean.TRUE.equals(multivariate);
    this.constantLiar = Boolean.TRUE.equals(constantLiar);
  }

  /**
   * How many of the complete candidates count as the best.
   *
   * @param n how many are complete, at least 0
   * @return {@code min(ceil(0.1 n), 25)}
   * @throws IllegalArgumentException for a negative number
   */
  public static int below(int n) {
    return (int) Math.min(Math.ceil(0.1 * Require.atLeast("n", n, 0, 0)), 25);
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    List<Trial> complete = complete();
    if (complete.size() < nStartup) {
      return Proposal.of(random.doubles(space().size()).toArray());
    }
    Set<Integer> best = new HashSet<>();
    complete.stream()
        .sorted(Comparator.comparingDouble(this::loss))
        .limit(below(complete.size()))
        .forEach(t -> best.add(t.getIndex()));
    List<double[]> below = new ArrayList<>();
    List<double[]> above = new ArrayList<>();
    for (Trial trial : trials()) {
      if (best.contains(trial.getIndex())) {
        below.add(trial.getPoint());
      } else if (constantLiar || trial.getStatus() != Trial.Status.PENDING) {
        above.add(trial.getPoint());
      }
    }
    if (multivariate) {
      return Proposal.of(likeliest(space().dimensions(), below, above, random));
    }
    double[] point = new double[space().size()];
    for (int d = 0; d < point.length; d++) {
      point[d] =
          likeliest(
              space().dimensions().subList(d, d + 1), column(below, d), column(above, d), random)[
              0];
    }
    return Proposal.of(point);
  }

  private static List<double[]> column(List<double[]> points, int d) {
    return points.stream().map(p -> new double[] {p[d]}).toList();
  }

  private double[] likeliest(
      List<Dimension> dimensions,
      List<double[]> below,
      List<double[]> above,
      SplittableRandom random) {
    ParzenEstimator l = new ParzenEstimator(dimensions, below, multivariate);
    ParzenEstimator g = new ParzenEstimator(dimensions, above, multivariate);
    double[] likeliest = null;
    double most = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < nEiCandidates; i++) {
      double[] point = l.sample(random);
      double ratio = l.logDensity(point) - g.logDensity(point);
      if (ratio > most) {
        most = ratio;
        likeliest = point;
      }
    }
    return likeliest;
  }
}
