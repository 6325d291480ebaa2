package org.dl4jplus.bilevel.search;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Singular;
import org.dl4jplus.bilevel.search.BayesianSearchGenerator.Acquisition;
import org.dl4jplus.bilevel.search.acquisition.BeliefWeights;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a user believes of a search before it begins: where the best configuration lies, what score
 * it has, which of two configurations is better.
 *
 * <pre>{@code
 * Beliefs.builder()
 *     .location(Beliefs.near("updater.learningRate", 1e-3, 0.1))
 *     .best(new Beliefs.Best(0.02, 0.01))
 *     .build()
 * }</pre>
 *
 * <p>By {@link Rule#COLABO}, functions are drawn from the Gaussian process before data; those whose
 * optimum agrees with the beliefs count more, and each is conditioned on the data. The acquisition
 * is the weighted mean over the draws. By {@link Rule#PI_BO}, the acquisition is multiplied by a
 * power of the believed density of the best configuration. Either influence decays with the number
 * of observations, so that a wrong belief is forgotten:
 *
 * <pre>{@code
 * COLABO: weights to the power decayBeta/n^decayPower
 * PI_BO:  log(max(acquisition, 1e-30)) + decayBeta/n * log(max(prior, 1e-12))
 * }</pre>
 *
 * <p>The official runs draw 76,800 functions of 2,048 features and look for the optimum of each at
 * 6,144 points; here the defaults are 1,024 draws of 512 features and 1,280 points ({@code 5 *
 * optimumPoints}), some tenths of a second for a candidate.
 *
 * <p>C. Hvarfner, F. Hutter, L. Nardi: "A General Framework for User-Guided Bayesian Optimization",
 * arXiv 2311.14645 (2024); C. Hvarfner, D. Stoll, A. Souza, M. Lindauer, F. Hutter, L. Nardi:
 * "piBO: Augmenting Acquisition Functions with User Beliefs for Bayesian Optimization", arXiv
 * 2204.11051 (2022).
 */
@EqualsAndHashCode
public final class Beliefs implements Serializable {

  private static final Logger log = LoggerFactory.getLogger(Beliefs.class);

  private static final double LOG_LEAST_ACQUISITION = Math.log(1e-30);
  private static final double LOG_LEAST_PRIOR = Math.log(1e-12);
  private static final int BISECTIONS = 60;

  /** How beliefs act. */
  public enum Rule {
    /** On draws of functions; takes all kinds of beliefs. */
    COLABO,
    /** On the acquisition; takes beliefs of the location only. */
    PI_BO
  }

  /**
   * The best value of a parameter.
   *
   * @param parameter its name in {@link SpaceModel}
   * @param value the value
   * @param confidence how far the best value may lie from it, as a share of the parameter's range:
   *     the standard deviation of a normal density in the unit cube; above 0. Another category is
   *     at distance 1
   */
  public record Location(
      @JsonProperty("parameter") String parameter,
      @JsonProperty("value") Object value,
      @JsonProperty("confidence") double confidence)
      implements Serializable {

    /**
     * Creates a belief.
     *
     * @param parameter its name
     * @param value the value
     * @param confidence share of the range
     * @throws IllegalArgumentException outside the ranges
     */
    public Location {
      Require.given("parameter", parameter);
      Require.given("value", value);
      Require.positive("confidence", confidence, 1);
    }
  }

  /**
   * The best score.
   *
   * @param score the score
   * @param confidence its standard deviation, above 0
   */
  public record Best(
      @JsonProperty("score") double score, @JsonProperty("confidence") double confidence)
      implements Serializable {

    /**
     * Creates a belief.
     *
     * @param score the score
     * @param confidence its standard deviation
     * @throws IllegalArgumentException outside the ranges
     */
    public Best {
      Require.finite("score", score, 0);
      Require.positive("confidence", confidence, 1);
    }
  }

  /**
   * One configuration is better than another.
   *
   * @param better the values of all parameters, by their names in {@link SpaceModel}
   * @param worse the same of the other configuration
   * @param flip the probability that it is the other way round, in (0, 0.5)
   */
  public record Preference(
      @JsonProperty("better") Map<String, Object> better,
      @JsonProperty("worse") Map<String, Object> worse,
      @JsonProperty("flip") double flip)
      implements Serializable {

    /**
     * Creates a belief.
     *
     * @param better the values of one configuration
     * @param worse the values of the other
     * @param flip the probability of the opposite
     * @throws IllegalArgumentException outside the ranges
     */
    public Preference {
      Require.given("better", better);
      Require.given("worse", worse);
      Require.between("flip", flip, 0.2, 0, 0.5);
      better = new TreeMap<>(better);
      worse = new TreeMap<>(worse);
    }
  }

  @JsonProperty private final Rule rule;
  @JsonProperty private final List<Location> locations;
  @JsonProperty private final Best best;
  @JsonProperty private final List<Preference> preferences;
  @JsonProperty private final double decayBeta;
  @JsonProperty private final double decayPower;
  @JsonProperty private final int draws;
  @JsonProperty private final double fraction;
  @JsonProperty private final int features;
  @JsonProperty private final int optimumPoints;

  /**
   * Collects beliefs.
   *
   * @param rule how they act; default COLABO
   * @param locations where the best configuration lies
   * @param best the best score; null for none
   * @param preferences which configurations are better than others
   * @param decayBeta how strong they are, above 0; default 10
   * @param decayPower how fast they are forgotten, at least 0; default 2
   * @param draws functions drawn, at least 2; default 1,024
   * @param fraction share of them that is drawn again by weight and kept, in (0, 1]; default 0.1
   * @param features of the functions, at least 1; default 512
   * @param optimumPoints points of each kind among which the optimum of a draw is sought, at least
   *     1: samples of the belief, two kinds near its mode, and twice as many Sobol points; default
   *     256
   * @throws IllegalArgumentException outside the ranges, or without any belief
   */
  @Builder
  @JsonCreator
  private Beliefs(
      @JsonProperty("rule") Rule rule,
      @Singular @JsonProperty("locations") List<Location> locations,
      @JsonProperty("best") Best best,
      @Singular @JsonProperty("preferences") List<Preference> preferences,
      @JsonProperty("decayBeta") Double decayBeta,
      @JsonProperty("decayPower") Double decayPower,
      @JsonProperty("draws") Integer draws,
      @JsonProperty("fraction") Double fraction,
      @JsonProperty("features") Integer features,
      @JsonProperty("optimumPoints") Integer optimumPoints) {
    this.rule = rule == null ? Rule.COLABO : rule;
    this.locations = locations == null ? List.of() : List.copyOf(locations);
    this.best = best;
    this.preferences = preferences == null ? List.of() : List.copyOf(preferences);
    this.decayBeta = Require.positive("decayBeta", decayBeta, 10);
    this.decayPower = Require.nonNegative("decayPower", decayPower, 2);
    this.draws = Require.atLeast("draws", draws, 1024, 2);
    this.fraction = Require.within("fraction", fraction, 0.1, Double.MIN_NORMAL, 1);
    this.features = Require.count("features", features, 512);
    this.optimumPoints = Require.count("optimumPoints", optimumPoints, 256);
    if (this.locations.isEmpty() && best == null && this.preferences.isEmpty()) {
      throw new IllegalArgumentException("There is no belief: locations, best or preferences");
    }
    if (this.rule == Rule.PI_BO && (best != null || !this.preferences.isEmpty())) {
      throw new IllegalArgumentException("PI_BO takes locations only");
    }
  }

  /**
   * A belief of where the best value of a parameter lies, within a quarter of its range.
   *
   * @param parameter its name in {@link SpaceModel}
   * @param value the value
   * @return the belief
   */
  public static Location near(String parameter, Object value) {
    return near(parameter, value, 0.25);
  }

  /**
   * A belief of where the best value of a parameter lies.
   *
   * @param parameter its name in {@link SpaceModel}
   * @param value the value
   * @param confidence share of the parameter's range, above 0
   * @return the belief
   */
  public static Location near(String parameter, Object value, double confidence) {
    return new Location(parameter, value, confidence);
  }

  /**
   * A belief that one configuration is better than another, right with probability 0.8.
   *
   * @param better the values of all parameters, by their names in {@link SpaceModel}
   * @param worse the same of the other configuration
   * @return the belief
   */
  public static Preference prefer(Map<String, Object> better, Map<String, Object> worse) {
    return new Preference(better, worse, 0.2);
  }

  Rule rule() {
    return rule;
  }

  int draws() {
    return draws;
  }

  double fraction() {
    return fraction;
  }

  int features() {
    return features;
  }

  int optimumPoints() {
    return optimumPoints;
  }

  boolean located() {
    return !locations.isEmpty();
  }

  /** Refuses what cannot be understood. */
  void check(SpaceModel space, Acquisition acquisition) {
    if (acquisition == Acquisition.UCB
        || rule == Rule.COLABO
            && acquisition != Acquisition.EI
            && acquisition != Acquisition.LOG_EI
            && acquisition != Acquisition.MAX_VALUE_ENTROPY) {
      throw new IllegalArgumentException("Beliefs by " + rule + " do not go with " + acquisition);
    }
    for (Location location : locations) {
      if (Double.isNaN(coordinate(space, location.parameter(), location.value()))) {
        log.warn(
            "{} = {} lies outside the space: the belief is passed over",
            location.parameter(),
            location.value());
      }
    }
    for (Preference preference : preferences) {
      point(space, preference.better());
      point(space, preference.worse());
    }
  }

  /** The coordinate of a value; NaN where the space does not reach it. */
  private static double coordinate(SpaceModel space, String parameter, Object value) {
    int d = dimension(space, parameter);
    Dimension dimension = space.dimensions().get(d);
    if (dimension.kind() != Dimension.Kind.CONTINUOUS) {
      for (int cell = 0; cell < dimension.cells(); cell++) {
        if (same(space.value(d, dimension.centre(cell)), value)) {
          return dimension.centre(cell);
        }
      }
      return Double.NaN;
    }
    double target = number(parameter, value);
    double low = dimension.snap(0);
    double high = dimension.snap(1);
    double atLow = number(parameter, space.value(d, low));
    double atHigh = number(parameter, space.value(d, high));
    double slack = 1e-6 * Math.abs(atHigh - atLow);
    if (!(target >= Math.min(atLow, atHigh) - slack && target <= Math.max(atLow, atHigh) + slack)) {
      return Double.NaN;
    }
    for (int k = 0; k < BISECTIONS; k++) {
      double middle = (low + high) / 2;
      if (number(parameter, space.value(d, middle)) < target == atLow < atHigh) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (low + high) / 2;
  }

  private static double number(String parameter, Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw new IllegalArgumentException(parameter + " must be a number, got " + value);
  }

  /** Numbers by value, since JSON does not keep their types; others by their texts. */
  private static boolean same(Object one, Object two) {
    if (one instanceof Number a && two instanceof Number b) {
      return a.doubleValue() == b.doubleValue();
    }
    return one.equals(two) || one.toString().equals(two.toString());
  }

  private static int dimension(SpaceModel space, String parameter) {
    List<Dimension> dimensions = space.dimensions();
    for (int d = 0; d < dimensions.size(); d++) {
      if (dimensions.get(d).name().equals(parameter)) {
        return d;
      }
    }
    throw new IllegalArgumentException(
        "The space has no parameter "
            + parameter
            + ", it has "
            + dimensions.stream().map(Dimension::name).toList());
  }

  private static double[] point(SpaceModel space, Map<String, Object> values) {
    double[] point = new double[space.size()];
    for (int d = 0; d < point.length; d++) {
      Dimension dimension = space.dimensions().get(d);
      Object value = values.get(dimension.name());
      if (value == null && !dimension.fixed()) {
        throw new IllegalArgumentException(
            "A preference needs a value of " + dimension.name() + ", has " + values);
      }
      point[d] = dimension.fixed() ? 0.5 : coordinate(space, dimension.name(), value);
      if (Double.isNaN(point[d])) {
        throw new IllegalArgumentException(
            "A preference has " + dimension.name() + " = " + value + ", outside the space");
      }
    }
    return space.snap(point);
  }

  /** The configurations of the preferences: better, worse, better, worse.. */
  double[][] compared(SpaceModel space) {
    double[][] points = new double[2 * preferences.size()][];
    for (int i = 0; i < preferences.size(); i++) {
      points[2 * i] = point(space, preferences.get(i).better());
      points[2 * i + 1] = point(space, preferences.get(i).worse());
    }
    return points;
  }

  /** A point with believed coordinates at their centres. */
  double[] mode(SpaceModel space, double[] point) {
    return spread(space, point, null, 0);
  }

  /**
   * A point with believed coordinates near their centres.
   *
   * @param random null for the centres themselves
   * @param deviation negative for that of the belief
   */
  double[] spread(SpaceModel space, double[] point, SplittableRandom random, double deviation) {
    double[] moved = point.clone();
    for (Location location : locations) {
      double centre = coordinate(space, location.parameter(), location.value());
      if (Double.isNaN(centre)) {
        continue;
      }
      int d = dimension(space, location.parameter());
      Dimension dimension = space.dimensions().get(d);
      double spread = deviation < 0 ? location.confidence() : deviation;
      if (random == null) {
        moved[d] = centre;
      } else if (dimension.kind() == Dimension.Kind.CATEGORICAL) {
        double other = Math.exp(-0.5 / (spread * spread));
        boolean stays = random.nextDouble() * (1 + (dimension.cells() - 1) * other) < 1;
        moved[d] = stays ? centre : point[d];
      } else {
        do {
          moved[d] = centre + spread * random.nextGaussian();
        } while (deviation < 0 && (moved[d] < 0 || moved[d] > 1));
      }
    }
    return moved;
  }

  /** The logarithm of the believed density of the best configuration. */
  ToDoubleFunction<double[]> logPrior(SpaceModel space) {
    double[] centres = new double[locations.size()];
    int[] at = new int[locations.size()];
    for (int i = 0; i < at.length; i++) {
      Location location = locations.get(i);
      at[i] = dimension(space, location.parameter());
      centres[i] = coordinate(space, location.parameter(), location.value());
    }
    return point -> {
      double sum = 0;
      for (int i = 0; i < at.length; i++) {
        Dimension dimension = space.dimensions().get(at[i]);
        double confidence = locations.get(i).confidence();
        double u = dimension.snap(point[at[i]]);
        if (Double.isNaN(centres[i])) {
          continue;
        }
        sum +=
            dimension.kind() == Dimension.Kind.CATEGORICAL
                ? BeliefWeights.logValue(u == centres[i] ? 0 : 1, 0, confidence)
                : BeliefWeights.logLocation(u, centres[i], confidence);
      }
      return sum;
    };
  }

  /** The logarithm of the belief in a best score. */
  double logBest(double score) {
    return best == null ? 0 : BeliefWeights.logValue(score, best.score(), best.confidence());
  }

  /** The logarithm of the belief in values of the {@link #compared} configurations. */
  double logPreferences(double[] values) {
    double sum = 0;
    for (int i = 0; i < preferences.size(); i++) {
      double flip = preferences.get(i).flip();
      sum += Math.log(values[2 * i] > values[2 * i + 1] ? 1 - flip : flip);
    }
    return sum;
  }

  double[] weights(double[] logBeliefs, int observations) {
    return BeliefWeights.weights(
        logBeliefs, observations, decayBeta, decayPower, BeliefWeights.FLOOR);
  }

  double piBo(double logAcquisition, double logPrior, int observations) {
    return Math.max(logAcquisition, LOG_LEAST_ACQUISITION)
        + decayBeta / observations * Math.max(logPrior, LOG_LEAST_PRIOR);
  }
}
