package org.dl4jplus.optim.zeroth.search;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.ESSingle;
import org.dl4jplus.optim.zeroth.PersistentES;
import org.dl4jplus.optim.zeroth.TruncatedES;
import org.dl4jplus.optim.zeroth.UnrolledES;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.objective.UnrolledProblem;
import org.dl4jplus.optim.zeroth.objective.UnrolledProblem.Unrolled;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The particles of an {@link UnrolledES} on their way through inner problems. The estimates may go
 * to any updater:
 *
 * <pre>{@code
 * UnrolledRun<State> run = new PersistentES().run(problem);
 * ArrayOptimizer optimizer = new ArrayOptimizer(new Adam(1e-2), List.of(), theta);
 * for (int i = 0; i < 1000; i++) {
 *   optimizer.step(run.gradient(theta));
 * }
 * }</pre>
 *
 * @param <S> states of the inner problem
 */
public final class UnrolledRun<S extends Serializable> {

  /** Tell the streams of starts and data from those of the perturbations. */
  private static final long STARTS = 0x57A27L;

  private static final long DATA = 0xDA7AL;

  /**
   * A run as it was between two truncations.
   *
   * @param sums of the perturbations, one row a pair; empty before the first truncation
   * @param states of the particles, first those of the pairs' first halves
   * @param ages inner steps that each pair has made
   * @param problems inner problems that each pair has ended
   * @param truncations that were made
   * @param skipped those that gave no estimate
   * @param <S> kind of state
   */
  public record Saved<S extends Serializable>(
      double[][] sums,
      ArrayList<S> states,
      int[] ages,
      long[] problems,
      long truncations,
      int skipped)
      implements Serializable {}

  private final UnrolledES method;
  private final UnrolledProblem<S> problem;
  private final int pairs;
  private Directions noise;
  private double[][] sums;
  private ArrayList<S> states;
  private int[] ages;
  private long[] problems;
  private long truncations;
  private int skipped;
  private double loss = Double.NaN;

  /**
   * A run.
   *
   * @param method its configuration
   * @param problem the inner problem
   * @param saved where it goes on, null for a new run
   * @throws IllegalArgumentException for a saved run with another number of particles
   */
  public UnrolledRun(UnrolledES method, UnrolledProblem<S> problem, Saved<S> saved) {
    this.method = Require.given("method", method);
    this.problem = Require.given("problem", problem);
    pairs = method.getParticles() / 2;
    noise = Directions.of(method.getNoise(), method.getSeed(), 0);
    if (saved == null) {
      begin();
      return;
    }
    if (saved.ages.length != pairs) {
      throw new IllegalArgumentException(
          "The saved run has " + 2 * saved.ages.length + " particles, not " + 2 * pairs);
    }
    sums = copy(saved.sums);
    states = new ArrayList<>(saved.states);
    ages = saved.ages.clone();
    problems = saved.problems.clone();
    truncations = saved.truncations;
    skipped = saved.skipped;
  }

  private void begin() {
    sums = new double[0][];
    ages = new int[pairs];
    problems = new long[pairs];
    states = new ArrayList<>();
    for (int half = 0; half < 2; half++) {
      for (int pair = 0; pair < pairs; pair++) {
        states.add(start(pair, 0));
      }
    }
    if (method.isStagger() && !(method instanceof TruncatedES)) {
      long lengths = (method.getHorizon() - 1) / method.getTruncation() + 1;
      for (int pair = 0; pair < pairs; pair++) {
        ages[pair] = (int) (pair * lengths / pairs) * method.getTruncation();
      }
    }
  }

  private static double[][] copy(double[][] rows) {
    return Arrays.stream(rows).map(double[]::clone).toArray(double[][]::new);
  }

  private S start(int pair, long number) {
    int shared = method instanceof TruncatedES ? 0 : pair;
    return problem.init(CounterNoise.deriveSeed(method.getSeed(), STARTS, number, shared));
  }

  private long dataSeed(int pair) {
    return CounterNoise.deriveSeed(method.getSeed(), DATA, problems[pair], ages[pair], pair);
  }

  /**
   * Perturbs along directions of another source.
   *
   * @param directions query k is for pair k. The iteration is the number of the truncation, with
   *     ES-Single that of the pair's inner problem
   * @return this run
   */
  public UnrolledRun<S> along(Directions directions) {
    noise = Require.given("directions", directions);
    return this;
  }

  /**
   * Saves the run.
   *
   * @return its state; serializable
   */
  public Saved<S> save() {
    return new Saved<>(
        copy(sums), new ArrayList<>(states), ages.clone(), problems.clone(), truncations, skipped);
  }

  /**
   * Estimates the gradient on the next truncation, and moves the particles on.
   *
   * @param theta outer parameters, of shape [n]; not changed
   * @return the estimate, DOUBLE of shape [n]; zero where there is none, see {@link #loss}
   */
  public INDArray gradient(INDArray theta) {
    double[] center = Require.given("theta", theta).toDoubleVector();
    int n = center.length;
    if (sums.length == 0) {
      sums = new double[pairs][n];
    }
    if (sums[0].length != n) {
      throw new IllegalArgumentException(
          "theta must have " + sums[0].length + " entries as before, got " + n);
    }
    // All is computed before anything is kept, so that a problem that throws leaves the run as it
    // was.
    double[][] weights = copy(sums);
    double[] losses = new double[2 * pairs];
    ArrayList<S> next = new ArrayList<>(states);
    for (int pair = 0; pair < pairs; pair++) {
      double[] eps = perturbation(pair, n);
      for (int half = 0; half < 2; half++) {
        int particle = pair + half * pairs;
        double[] point = center.clone();
        for (int i = 0; i < n; i++) {
          point[i] += half == 0 ? eps[i] : -eps[i];
        }
        Unrolled<S> unrolled = unroll(point, states.get(particle), pair);
        losses[particle] = unrolled.loss();
        next.set(particle, unrolled.state());
      }
      for (int i = 0; i < n; i++) {
        weights[pair][i] = eps[i] + (method instanceof PersistentES ? sums[pair][i] : 0);
      }
    }
    if (method instanceof TruncatedES) {
      S state = unroll(center, states.get(0), 0).state();
      next.replaceAll(any -> state);
    }
    INDArray estimate = estimate(weights, losses, n);
    states = next;
    sums = weights;
    truncations++;
    endInnerProblems();
    return estimate;
  }

  private double[] perturbation(int pair, int n) {
    double[] eps = new double[n];
    long number = method instanceof ESSingle ? problems[pair] : truncations;
    noise.fill(number, pair, 0, eps, n);
    for (int i = 0; i < n; i++) {
      eps[i] *= method.getSigma();
    }
    return eps;
  }

  private Unrolled<S> unroll(double[] theta, S state, int pair) {
    INDArray point = Nd4j.createFromArray(theta);
    return problem.unroll(point, state, method.getTruncation(), dataSeed(pair));
  }

  private INDArray estimate(double[][] weights, double[] losses, int n) {
    double largest =
        Arrays.stream(losses).filter(Double::isFinite).max().orElse(Double.NEGATIVE_INFINITY);
    boolean all = Arrays.stream(losses).allMatch(Double::isFinite);
    if (!all && (!method.isLossClip() || largest == Double.NEGATIVE_INFINITY)) {
      skipped++;
      loss = Double.NaN;
      return Nd4j.zeros(DataType.DOUBLE, n);
    }
    double[] clipped = Arrays.stream(losses).map(l -> Double.isFinite(l) ? l : largest).toArray();
    loss = Arrays.stream(clipped).average().orElseThrow();
    double[] sum = new double[n];
    double scale = 1 / (2 * pairs * method.getSigma() * method.getSigma());
    for (int pair = 0; pair < pairs; pair++) {
      double difference = scale * (clipped[pair] - clipped[pair + pairs]);
      for (int i = 0; i < n; i++) {
        sum[i] += difference * weights[pair][i];
      }
    }
    return Nd4j.createFromArray(sum);
  }

  private void endInnerProblems() {
    for (int pair = 0; pair < pairs; pair++) {
      ages[pair] += method.getTruncation();
      if (ages[pair] >= method.getHorizon()) {
        ages[pair] = 0;
        problems[pair]++;
        Arrays.fill(sums[pair], 0);
        S state = start(pair, problems[pair]);
        states.set(pair, state);
        states.set(pair + pairs, state);
      }
    }
  }

  /**
   * The mean loss of the last truncation over the particles.
   *
   * @return the mean; NaN before the first one, and where there was no estimate
   */
  public double loss() {
    return loss;
  }

  /**
   * Truncations that gave no estimate.
   *
   * @return the count
   */
  public int skippedSteps() {
    return skipped;
  }
}
