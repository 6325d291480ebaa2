package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
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
 * Hyperband: successive halving from several starting points between many short trainings and a few
 * long ones, since it is not known which pays.
 *
 * <pre>{@code
 * sMax = floor(log_eta(R/r)), by whole numbers
 * bracket s = sMax .. 0:  n = ceil((sMax + 1) eta^s/(s + 1)) new configurations
 *   rung i = 0 .. s:      n_i = floor(n/eta^i) configurations, trained up to R eta^(i-s) epochs
 *                         the best n_(i+1) of them go on to the next rung
 * }</pre>
 *
 * <p>A promotion is a candidate of its own, with a {@link TrainingPart} in its data. A rung begins
 * when the one before has come to its end; a worker that would wait for that begins with the next
 * bracket. Ties go to the configuration with the lower number. Candidates that failed are not
 * promoted, and where too few are left the next rung is smaller. Epochs that are no whole number
 * are rounded to the nearest. After the last bracket the search is over, unless more {@code rounds}
 * are asked for.
 *
 * <p>L. Li, K. Jamieson, G. DeSalvo, A. Rostamizadeh, A. Talwalkar: "Hyperband: A Novel
 * Bandit-Based Approach to Hyperparameter Optimization", JMLR 18 (2018), arXiv 1603.06560.
 */
public final class HyperbandGenerator extends HalvingGenerator {

  /**
   * A step of a bracket.
   *
   * @param configurations how many are trained
   * @param resource up to which resource, counted from the start
   */
  public record Rung(int configurations, double resource) {}

  /**
   * One run of successive halving.
   *
   * @param s how often it halves
   * @param rungs its {@code s + 1} steps
   */
  public record Bracket(int s, List<Rung> rungs) {

    private int configurations() {
      return rungs.get(0).configurations();
    }
  }

  private final int rounds;
  private final boolean table;
  private final transient List<Bracket> brackets = new ArrayList<>();

  /**
   * Sets up a search.
   *
   * @param parameterSpace what to search
   * @param dataParameters passed on with every candidate; null for none
   * @param initDone whether the leaves have their indices, as read from JSON; null for no
   * @param minimize whether small scores are good; required
   * @param maxCandidates after how many candidates, promotions included, the search is over at the
   *     latest; null for no such limit
   * @param minResource fewest epochs r of a configuration, at least 1; null for 1
   * @param maxResource most epochs R of a configuration, at least {@code minResource}; null for the
   *     larger of 27 and that
   * @param eta one in so many is promoted, at least 2; null for 3
   * @param rounds how often all brackets are run, at least 1; null for 1
   * @param table whether brackets start with {@code floor((sMax + 1)/(s + 1)) eta^s}
   *     configurations, as in the paper's table; null for no
   * @throws IllegalArgumentException for bad arguments
   */
  @Builder
  @JsonCreator
  private HyperbandGenerator(
      @JsonProperty("parameterSpace") ParameterSpace<?> parameterSpace,
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("initDone") Boolean initDone,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("maxCandidates") Integer maxCandidates,
      @JsonProperty("minResource") Integer minResource,
      @JsonProperty("maxResource") Integer maxResource,
      @JsonProperty("eta") Integer eta,
      @JsonProperty("rounds") Integer rounds,
      @JsonProperty("table") Boolean table) {
    super(
        parameterSpace,
        dataParameters,
        initDone,
        minimize,
        maxCandidates,
        minResource,
        maxResource,
        eta);
    this.rounds = Require.count("rounds", rounds, 1);
    this.table = Boolean.TRUE.equals(table);
    for (int i = 0; i < this.rounds; i++) {
      brackets.addAll(brackets(this.minResource, this.maxResource, this.eta, this.table));
    }
  }

  /**
   * The plan of one round.
   *
   * @param minResource fewest epochs r of a configuration, at least 1
   * @param maxResource most epochs R of a configuration, at least r
   * @param eta one in so many is promoted, at least 2
   * @param table whether brackets start as in the paper's table
   * @return the brackets, that with most configurations first
   * @throws IllegalArgumentException for a number outside its range, or more configurations than an
   *     int holds
   */
  public static List<Bracket> brackets(int minResource, int maxResource, int eta, boolean table) {
    Require.count("minResource", minResource, 1);
    Require.atLeast("maxResource", maxResource, 1, minResource);
    Require.atLeast("eta", eta, 2, 2);
    int most = 0;
    for (long power = eta; minResource * power <= maxResource; power *= eta) {
      most++;
    }
    List<Bracket> brackets = new ArrayList<>();
    for (int s = most; s >= 0; s--) {
      long power = power(eta, s);
      long n = table ? (most + 1) / (s + 1) * power : ((most + 1) * power + s) / (s + 1);
      Require.check(n <= Integer.MAX_VALUE, "configurations of a bracket", n, "below 2^31");
      List<Rung> rungs = new ArrayList<>();
      for (int i = 0; i <= s; i++) {
        rungs.add(new Rung((int) (n / power(eta, i)), maxResource / (double) power(eta, s - i)));
      }
      brackets.add(new Bracket(s, List.copyOf(rungs)));
    }
    return brackets;
  }

  private static long power(int eta, int exponent) {
    long power = 1;
    for (int i = 0; i < exponent; i++) {
      power *= eta;
    }
    return power;
  }

  private static int epochs(Rung rung) {
    return (int) Math.round(rung.resource());
  }

  @Override
  protected boolean isReady() {
    return next() != null;
  }

  @Override
  protected boolean isFinished() {
    // While something is on its way its outcome may open another rung.
    return trials().stream().noneMatch(t -> t.getStatus() == Trial.Status.PENDING)
        && next() == null;
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    Next next = next();
    double[] point =
        next.from() == null ? random.doubles(space().size()).toArray() : next.from().getPoint();
    return new Proposal(point, next.part().data(), next.from() == null);
  }

  private record Next(TrainingPart part, Trial from) {}

  /** What the first bracket that does not wait does next; null where all wait or are at an end. */
  private Next next() {
    int first = 0;
    for (Bracket bracket : brackets) {
      Next next = next(bracket, first);
      if (next != null) {
        return next;
      }
      first += bracket.configurations();
    }
    return null;
  }

  /** Configurations of a bracket have their numbers in a row. */
  private Next next(Bracket bracket, int first) {
    int begun = at(bracket, first, 0).size();
    if (begun < bracket.configurations()) {
      int budget = epochs(bracket.rungs().get(0));
      return new Next(TrainingPart.first(first + begun, 0, budget), null);
    }
    List<List<Trial>> promotions = promotions(bracket, first);
    for (int i = 0; i < promotions.size(); i++) {
      int started = at(bracket, first, i + 1).size();
      if (started < promotions.get(i).size()) {
        Trial from = promotions.get(i).get(started);
        int number = number(from);
        int further = epochs(bracket.rungs().get(i + 1)) - epochs(bracket.rungs().get(i));
        return new Next(TrainingPart.resumed(number, i + 1, further, number, i), from);
      }
    }
    return null;
  }

  /** Who goes on, the best first, from each of the rungs that have come to their end. */
  private List<List<Trial>> promotions(Bracket bracket, int first) {
    List<List<Trial>> promotions = new ArrayList<>();
    int entrants = bracket.configurations();
    for (int rung = 0; rung < bracket.s(); rung++) {
      List<Trial> here = at(bracket, first, rung);
      if (here.size() < entrants
          || here.stream().anyMatch(t -> t.getStatus() == Trial.Status.PENDING)) {
        break;
      }
      promotions.add(best(here, bracket.rungs().get(rung + 1).configurations()));
      entrants = promotions.get(rung).size();
    }
    return promotions;
  }

  private List<Trial> at(Bracket bracket, int first, int rung) {
    return trials().stream()
        .filter(t -> at(t, rung))
        .filter(t -> number(t) >= first && number(t) < first + bracket.configurations())
        .toList();
  }

  /** Those that are not promoted, and those whose network has been trained on. */
  @Override
  protected List<Trial> discarded() {
    Set<String> wentOn = trainedOn();
    List<Trial> discarded = new ArrayList<>();
    int first = 0;
    for (Bracket bracket : brackets) {
      List<List<Trial>> promotions = promotions(bracket, first);
      for (int rung = 0; rung < promotions.size(); rung++) {
        List<Trial> promoted = promotions.get(rung);
        at(bracket, first, rung).stream()
            .filter(
                t ->
                    !promoted.contains(t)
                        || wentOn.contains(TrainingPart.of(t.getData()).checkpoint()))
            .forEach(discarded::add);
      }
      first += bracket.configurations();
    }
    return discarded;
  }
}
