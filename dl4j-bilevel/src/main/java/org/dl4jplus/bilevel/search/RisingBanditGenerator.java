package org.dl4jplus.bilevel.search;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import lombok.Builder;
import org.deeplearning4j.arbiter.optimize.api.Candidate;
import org.deeplearning4j.arbiter.optimize.api.OptimizationResult;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonIgnoreProperties;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A search over families of algorithms, each with a space and a search of its own: candidates are
 * given to the families in turn, and a family goes when its best score, drawn on as steeply as it
 * has risen of late, stays below what another has already reached.
 *
 * <pre>{@code
 * y_k(n)  best reward of arm k after n candidates, in [0, 1]
 * w_k = (y_k(n) - y_k(n - C))/C
 * u_k = min(y_k + w_k (T - t), 1),  l_k = y_k     t candidates so far of T
 *   or  min(y_k + w_k B/c_k, 1)                   B updates left, c_k those of a candidate
 * after a round, once each arm has more than C: arm j goes if l_i >= u_j for an arm i
 * }</pre>
 *
 * <p>None of K arms goes before {@code K (C + 1)} candidates, so the right one gets at most {@code
 * 1 - (K - 1)(C + 1)/T} of them: with 4 arms and the default window T should be 100 and more. A
 * short window frees candidates sooner, and sooner drops the right arm when its best has not moved.
 *
 * <p>Of two arms that could remove each other (both at 1, say) the first stays; the last arm never
 * goes. A failed candidate leaves its arm's best as it was. An arm whose search has come to its own
 * end goes, too. A round ends when all its candidates have been heard of, so more workers than arms
 * left wait.
 *
 * <p>Rewards are scores where large ones are good, which must lie in [0, 1], and {@code 1/(1 +
 * score)} where small ones are, which must not be negative. With {@code worst} and {@code best} the
 * reward is {@code (score - worst)/(best - worst)}, clipped to [0, 1].
 *
 * <p>The arms are generators of this module over any spaces, also over {@code MultiLayerSpace} and
 * {@code ComputationGraphSpace} in one search: the task creators of {@code
 * org.dl4jplus.bilevel.arbiter} look at each candidate. Their seeds come from this search's, and
 * their own limits hold. Candidates carry the name of the arm as {@link #ARM}; where arms train in
 * parts, network t of arm k of K has the number {@code t K + k}.
 *
 * <p>Y. Li, J. Jiang, J. Gao, Y. Shao, C. Zhang, B. Cui: "Efficient Automatic CASH via Rising
 * Bandits", AAAI 2020, arXiv 2012.04371.
 */
@JsonIgnoreProperties({"rng", "candidateCounter", "parameterSpace"})
public final class RisingBanditGenerator extends FeedbackGenerator {

  /** Key of the name of a candidate's arm. */
  public static final String ARM = "dl4jplus.arm";

  private final Map<String, FeedbackGenerator> arms;
  private final Integer totalPulls;
  private final Long updateBudget;
  private final int window;
  private final Double worst;
  private final Double best;

  /** Candidates so far when an arm went; 0 for one that has not. */
  private int[] goneAt;

  private final transient List<String> names;
  private transient boolean ready;

  /**
   * Sets up a search.
   *
   * @param dataParameters passed on with every candidate; null for none
   * @param minimize whether small scores are good; required, and the same for all arms
   * @param arms the searches by name, in order, at least 2 without parameter space objects in
   *     common; the builder takes them one by one, too
   * @param totalPulls after how many candidates T the search is over; required unless there is an
   *     {@code updateBudget}
   * @param updateBudget parameter updates after which the search is over, which then also takes the
   *     place of T in the bounds; needs tasks that tell them; null for none
   * @param window candidates C over which the growth is measured, at least 1; null for 7
   * @param worst score of reward 0; null for the standard rewards
   * @param best score of reward 1; null for the standard rewards
   * @throws IllegalArgumentException for bad arguments
   */
  @Builder
  @JsonCreator
  private RisingBanditGenerator(
      @JsonProperty("dataParameters") Map<String, Object> dataParameters,
      @JsonProperty("minimize") Boolean minimize,
      @JsonProperty("arms") Map<String, FeedbackGenerator> arms,
      @JsonProperty("totalPulls") Integer totalPulls,
      @JsonProperty("updateBudget") Long updateBudget,
      @JsonProperty("window") Integer window,
      @JsonProperty("worst") Double worst,
      @JsonProperty("best") Double best) {
    super(new ArmsSpace(arms), dataParameters, false, minimize, totalPulls);
    arms.forEach(
        (name, arm) -> {
          if (arm.isMinimize() != minimize) {
            throw new IllegalArgumentException(
                "Arm " + name + " has minimize=" + arm.isMinimize() + ", the search " + minimize);
          }
        });
    if (totalPulls == null && updateBudget == null) {
      throw new IllegalArgumentException("totalPulls or updateBudget must be given");
    }
    this.arms = new LinkedHashMap<>(arms);
    this.totalPulls = totalPulls;
    this.updateBudget = updateBudget;
    if (updateBudget != null) {
      Require.check(updateBudget > 0, "updateBudget", updateBudget, "above 0");
    }
    this.window = Require.count("window", window, 7);
    if ((worst == null) != (best == null)) {
      throw new IllegalArgumentException("worst and best must be given together");
    }
    if (worst != null) {
      Require.finite("worst", worst, 0);
      Require.finite("best", best, 0);
      Require.check(
          minimize ? best < worst : best > worst, "best", best, "on the good side of worst");
    }
    this.worst = worst;
    this.best = best;
    names = List.copyOf(this.arms.keySet());
    goneAt = new int[names.size()];
  }

  /** Collects the settings. */
  public static final class RisingBanditGeneratorBuilder {

    private Map<String, FeedbackGenerator> arms;

    RisingBanditGeneratorBuilder() {}

    /**
     * Adds a family behind those before it.
     *
     * @param name its name
     * @param generator its search
     * @return this
     */
    public RisingBanditGeneratorBuilder arm(String name, FeedbackGenerator generator) {
      arms = new LinkedHashMap<>(arms == null ? Map.of() : arms);
      arms.put(name, generator);
      return this;
    }
  }

  /**
   * The arms that are still pulled.
   *
   * @return their names, in order
   */
  public List<String> live() {
    return IntStream.range(0, goneAt.length)
        .filter(k -> goneAt[k] == 0)
        .mapToObj(names::get)
        .toList();
  }

  /**
   * The arms that have gone.
   *
   * @return for each name how many candidates there had been, in order
   */
  public Map<String, Integer> gone() {
    Map<String, Integer> gone = new LinkedHashMap<>();
    for (int k = 0; k < goneAt.length; k++) {
      if (goneAt[k] > 0) {
        gone.put(names.get(k), goneAt[k]);
      }
    }
    return gone;
  }

  /**
   * The search of a family.
   *
   * @param name its name
   * @return the arm, with its own candidates
   * @throws IllegalArgumentException for a name that no arm has
   */
  public FeedbackGenerator arm(String name) {
    FeedbackGenerator arm = arms.get(name);
    if (arm == null) {
      throw new IllegalArgumentException("There is no arm " + name + ", the arms are " + names);
    }
    return arm;
  }

  /** An arm read from JSON would propose again what this search itself repeats. */
  private void prepare() {
    for (int k = 0; k < names.size() && !ready; k++) {
      FeedbackGenerator arm = arms.get(names.get(k));
      arm.setRngSeed(CounterNoise.deriveSeed(seed(), k));
      arm.trials().stream()
          .filter(t -> t.getStatus() == Trial.Status.PENDING)
          .forEach(t -> arm.getCandidate());
    }
    ready = true;
  }

  @Override
  protected boolean isFinished() {
    dropEnded();
    return live().isEmpty() || updateBudget != null && updatesLeft() <= 0;
  }

  private void dropEnded() {
    prepare();
    for (int k = 0; k < goneAt.length; k++) {
      FeedbackGenerator arm = arms.get(names.get(k));
      if (goneAt[k] == 0 && !arm.hasMoreCandidates() && arm.isDone()) {
        goneAt[k] = Math.max(1, trials().size());
      }
    }
  }

  @Override
  protected boolean isReady() {
    int next = next();
    return next >= 0 && arms.get(names.get(next)).hasMoreCandidates();
  }

  /** The arm whose turn it is; -1 while the round waits for its candidates. */
  private int next() {
    dropEnded();
    int next = -1;
    int fewest = Integer.MAX_VALUE;
    int most = 0;
    boolean waiting = false;
    for (int k = 0; k < goneAt.length; k++) {
      if (goneAt[k] == 0) {
        List<Trial> pulls = arms.get(names.get(k)).trials();
        if (pulls.size() < fewest) {
          fewest = pulls.size();
          next = k;
        }
        most = Math.max(most, pulls.size());
        waiting |= pulls.stream().anyMatch(t -> t.getStatus() == Trial.Status.PENDING);
      }
    }
    return fewest == most && waiting ? -1 : next;
  }

  @Override
  protected Proposal propose(int index, SplittableRandom random) {
    int k = next();
    Candidate<Object> candidate = arms.get(names.get(k)).getCandidate();
    Map<String, Object> data = new TreeMap<>(candidate.getDataParameters());
    TrainingPart part = TrainingPart.of(data);
    if (part != null) {
      data.putAll(renumbered(part, names.size(), k).data());
    }
    data.put(ARM, names.get(k));
    ArmsSpace space = (ArmsSpace) (Object) getParameterSpace();
    return new Proposal(space.join(k, candidate.getFlatParameters()), data, false);
  }

  /** Arms count their networks each for itself. */
  private static TrainingPart renumbered(TrainingPart part, int count, int k) {
    int trial = part.trial() * count + k;
    if (part.resumeFrom() == null) {
      return TrainingPart.first(trial, part.rung(), part.budget());
    }
    String rung = part.resumeFrom().substring(part.resumeFrom().lastIndexOf('-') + 1);
    return TrainingPart.resumed(
        trial, part.rung(), part.budget(), part.parent() * count + k, Integer.parseInt(rung));
  }

  @Override
  protected void observe(Trial trial) {
    prepare();
    String name = (String) trial.getData().get(ARM);
    FeedbackGenerator arm = arms.get(name);
    int index = -1;
    for (Trial other : trials().subList(0, trial.getIndex() + 1)) {
      index += name.equals(other.getData().get(ARM)) ? 1 : 0;
    }
    if (trial.getStatus() == Trial.Status.COMPLETE) {
      reward(trial);
      if (updateBudget != null
          && (trial.getMetrics() == null || trial.getMetrics().getCostUpdates() < 1)) {
        throw new IllegalStateException(
            "Candidate "
                + trial.getIndex()
                + " must come with SearchMetrics that tell its updates, since there is an"
                + " updateBudget");
      }
      arm.reportResults(
          new OptimizationResult(null, trial.getScore(), index, trial.getMetrics(), null, null));
    } else {
      arm.reportFailure(index, trial.getFailure(), trial.getMetrics());
    }
    dropEnded();
    eliminate();
  }

  @Override
  protected List<Trial> discarded() {
    List<Trial> discarded = new ArrayList<>();
    Map<String, Iterator<Trial>> candidates = new HashMap<>();
    Map<String, List<Trial>> ofArms = new HashMap<>();
    arms.forEach(
        (name, arm) -> {
          candidates.put(name, arm.trials().iterator());
          ofArms.put(name, arm.discarded());
        });
    for (Trial trial : trials()) {
      String name = (String) trial.getData().get(ARM);
      if (ofArms.get(name).contains(candidates.get(name).next())) {
        discarded.add(trial);
      }
    }
    return discarded;
  }

  private double reward(Trial trial) {
    double score = trial.getScore();
    if (worst != null) {
      return Math.min(Math.max((score - worst) / (best - worst), 0), 1);
    }
    if (score < 0 || !isMinimize() && score > 1) {
      throw new IllegalStateException(
          "A score must be "
              + (isMinimize() ? "at least 0" : "in [0, 1]")
              + " unless worst and best are given; candidate "
              + trial.getIndex()
              + " has "
              + score);
    }
    return isMinimize() ? 1 / (1 + score) : score;
  }

  /** Best rewards of an arm after each of its candidates. */
  private double[] curve(int k) {
    List<Trial> pulls = arms.get(names.get(k)).trials();
    double[] curve = new double[pulls.size()];
    double most = 0;
    for (int i = 0; i < curve.length; i++) {
      if (pulls.get(i).getStatus() == Trial.Status.COMPLETE) {
        most = Math.max(most, reward(pulls.get(i)));
      }
      curve[i] = most;
    }
    return curve;
  }

  /** Takes stock where a round has just ended. */
  private void eliminate() {
    List<Integer> live =
        IntStream.range(0, goneAt.length).filter(k -> goneAt[k] == 0).boxed().toList();
    List<List<Trial>> pulls = live.stream().map(k -> arms.get(names.get(k)).trials()).toList();
    boolean ended =
        pulls.stream().mapToInt(List::size).distinct().count() == 1
            && pulls.stream()
                .flatMap(List::stream)
                .noneMatch(t -> t.getStatus() == Trial.Status.PENDING);
    if (!ended || pulls.get(0).size() <= window) {
      return;
    }
    double[] lower = new double[goneAt.length];
    double[] upper = new double[goneAt.length];
    for (int k : live) {
      double[] curve = curve(k);
      int n = curve.length;
      lower[k] = curve[n - 1];
      double growth = (lower[k] - curve[n - 1 - window]) / window;
      upper[k] = Math.min(lower[k] + growth * pullsLeft(k), 1);
    }
    for (int i : live) {
      for (int j : live) {
        if (i != j && goneAt[i] == 0 && goneAt[j] == 0 && lower[i] >= upper[j]) {
          goneAt[j] = trials().size();
        }
      }
    }
  }

  /** Candidates that the search could still give to an arm. */
  private double pullsLeft(int k) {
    if (updateBudget == null) {
      return totalPulls - trials().size();
    }
    List<Trial> pulls = arms.get(names.get(k)).trials();
    double spent = updates(pulls);
    return spent == 0 ? Double.MAX_VALUE : Math.max(0, updatesLeft()) * pulls.size() / spent;
  }

  private long updatesLeft() {
    return updateBudget - updates(trials());
  }

  private static long updates(List<Trial> trials) {
    return trials.stream()
        .mapToLong(t -> t.getMetrics() == null ? 0 : t.getMetrics().getCostUpdates())
        .sum();
  }
}
