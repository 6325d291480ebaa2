package org.dl4jplus.bilevel;

import java.util.Arrays;
import java.util.SplittableRandom;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ScaleBiO: the min-max form of a bilevel problem in one loop, with ordinary gradients alone and,
 * where asked, with most layers frozen at a time. Made for {@link
 * org.dl4jplus.bilevel.task.SourceReweighting}, it takes any problem:
 *
 * <pre>{@code
 * min over (y, x), max over u of  f(x, y) + a (g(x, y) - g(x, u)),
 *   u descends a grad_u g(x, u),  y descends grad_y f + a grad_y g,
 *   x descends grad_x f + a (grad_x g(x, y) - grad_x g(x, u))
 * }</pre>
 *
 * all at the values before the step, on one training batch, each by the updater. A run has
 * outerIterations of innerSteps steps; at the start of each, the first included, a is multiplied by
 * tau, so that in iteration i (from 0) {@code a = alpha tau^(i+1)}, and learning rates are {@code
 * tau^-i lr (1 + cos(pi t/T))/2} with t the step and T their number.
 *
 * <ul>
 *   <li>alpha: above 0, default 10
 *   <li>tau: at least 1, default 1
 *   <li>outerIterations: at least 1, default 1
 *   <li>innerSteps: at least 0; default 0, one iteration without end and constant learning rates
 *   <li>lrU, lrW: of u and y, above 0, defaults 1e-5, which is meant for language models
 *   <li>lrLambda: of x, above 0, default 1e-2
 *   <li>weightDecay: of u and y, decoupled, at least 0, default 5e-4
 *   <li>updater: any, on each variable or block as one vector; default Adam, with the decay that is
 *       AdamW. Its own learning rate does not count
 *   <li>lisaLayers: how many of the problem's inner {@link BilevelProblem#lowerBlocks()} train at a
 *       time, drawn anew every lisaPeriod steps and apart for u and y; the first and the last
 *       always train. At least 0; default 0, all train. More than there are counts as all of them,
 *       with a warning. A frozen block does not move at all, not even by its updater's momentum,
 *       and memory for its updater is made when it first trains
 *   <li>lisaPeriod: at least 1, default 20
 *   <li>seed: of the draws of layers, default 0
 * </ul>
 *
 * <p>The state holds "u", which starts at y, and the updaters' memory. Defaults are those of the
 * official GPT-2 script. Source: Rui Pan, Dylan Zhang, Hanning Zhang, Xingyuan Pan, Minrui Xu,
 * Jipeng Zhang, Renjie Pi, Xiaoyu Wang, Tong Zhang, "ScaleBiO: Scalable Bilevel Optimization for
 * LLM Data Reweighting", arXiv 2406.19976, 2024; layer sampling from Rui Pan et al., "LISA:
 * Layerwise Importance Sampling for Memory-Efficient Large Language Model Fine-Tuning", arXiv
 * 2403.17919, 2024.
 */
@Getter
@ToString
@EqualsAndHashCode
public final class ScaleBiO implements BilevelAlgorithm {

  private static final Logger LOG = LoggerFactory.getLogger(ScaleBiO.class);

  /** Weight of the lower loss. */
  private final double alpha;

  /** Growth of that weight in each outer iteration. */
  private final double tau;

  /** Outer iterations. */
  private final int outerIterations;

  /** Steps of an outer iteration; 0 for no end. */
  private final int innerSteps;

  /** Learning rate of u. */
  private final double lrU;

  /** Learning rate of y. */
  private final double lrW;

  /** Learning rate of x. */
  private final double lrLambda;

  /** Decoupled decay of u and y. */
  private final double weightDecay;

  /** What makes steps of gradients. */
  private final IUpdater updater;

  /** Inner layers that train at a time; 0 for all. */
  private final int lisaLayers;

  /** Steps between draws of layers. */
  private final int lisaPeriod;

  /** Seed of the draws. */
  private final long seed;

  @Builder
  @JsonCreator
  private ScaleBiO(
      @JsonProperty("alpha") Double alpha,
      @JsonProperty("tau") Double tau,
      @JsonProperty("outerIterations") Integer outerIterations,
      @JsonProperty("innerSteps") Integer innerSteps,
      @JsonProperty("lrU") Double lrU,
      @JsonProperty("lrW") Double lrW,
      @JsonProperty("lrLambda") Double lrLambda,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("updater") IUpdater updater,
      @JsonProperty("lisaLayers") Integer lisaLayers,
      @JsonProperty("lisaPeriod") Integer lisaPeriod,
      @JsonProperty("seed") Long seed) {
    this.alpha = Require.positive("alpha", alpha, 10);
    this.tau = Require.positive("tau", tau, 1);
    Require.check(this.tau >= 1, "tau", this.tau, "at least 1");
    this.outerIterations = Require.count("outerIterations", outerIterations, 1);
    this.innerSteps = Require.atLeast("innerSteps", innerSteps, 0, 0);
    if (this.innerSteps == 0 && this.outerIterations > 1) {
      throw new IllegalArgumentException(
          "outerIterations = " + this.outerIterations + " need innerSteps of at least 1");
    }
    this.lrU = Require.positive("lrU", lrU, 1e-5);
    this.lrW = Require.positive("lrW", lrW, 1e-5);
    this.lrLambda = Require.positive("lrLambda", lrLambda, 1e-2);
    this.weightDecay = Require.nonNegative("weightDecay", weightDecay, 5e-4);
    this.updater = updater == null ? new Adam() : updater;
    this.lisaLayers = Require.atLeast("lisaLayers", lisaLayers, 0, 0);
    this.lisaPeriod = Require.count("lisaPeriod", lisaPeriod, 20);
    this.seed = seed == null ? 0 : seed;
  }

  @Override
  public Report step(BilevelStep step) {
    BilevelProblem problem = step.problem();
    BilevelState state = step.state();
    Batches batches = step.batches();
    long k = state.iteration();
    // What goes on after the last step goes on as that one.
    long iteration = innerSteps == 0 ? 0 : Math.min(k / innerSteps, outerIterations - 1);
    double weight = alpha * Math.pow(tau, iteration + 1);
    double rates = Math.pow(tau, -iteration) * cosine(k);
    INDArray x = state.x();
    INDArray y = state.y();
    INDArray u = state.vector("u", y::dup);

    INDArray ofX = x.ulike();
    INDArray ofY = y.ulike();
    double loss = problem.upper(x, y, batches.upper("f"), ofX, ofY);
    int batch = batches.lower("g");
    INDArray inX = x.ulike();
    INDArray inY = y.ulike();
    problem.lower(x, y, batch, inX, inY);
    ofY.addi(inY.muli(weight));
    INDArray inXAtU = x.ulike();
    problem.lower(x, u, batch, inXAtU, inY);
    ofX.addi(inX.subi(inXAtU).muli(weight));
    double norm = GradientTurn.norm(ofX);

    train(step, "u", u, inY.muli(weight), rates * lrU);
    train(step, "y", y, ofY, rates * lrW);
    new StoredUpdater(at(rates * lrLambda), "updater.x", state, x).step(ofX);
    problem.projectX(x);
    problem.projectY(y);
    problem.projectY(u);
    return new Report(loss, norm);
  }

  private double cosine(long k) {
    if (innerSteps == 0) {
      return 1;
    }
    double steps = (double) outerIterations * innerSteps;
    return 0.5 * (1 + Math.cos(Math.PI * Math.min(k, steps) / steps));
  }

  private IUpdater at(double rate) {
    IUpdater configured = updater.clone();
    if (configured.hasLearningRate()) {
      configured.setLrAndSchedule(rate, null);
    }
    return configured;
  }

  private void train(
      BilevelStep step, String name, INDArray parameters, INDArray gradient, double rate) {
    long[] lengths =
        lisaLayers == 0 ? new long[] {parameters.length()} : step.problem().lowerBlocks();
    boolean[] trains = trains(lengths.length, name.equals("u") ? 0 : 1, step.state().iteration());
    long from = 0;
    for (int i = 0; i < lengths.length; i++) {
      if (trains[i]) {
        var range = NDArrayIndex.interval(from, from + lengths[i]);
        INDArray block = parameters.get(range);
        StoredUpdater updates =
            new StoredUpdater(at(rate), "updater." + name + "." + i, step.state(), block);
        // Before the updater's step and apart from it, as in AdamW.
        block.muli(1 - rate * weightDecay);
        updates.step(gradient.get(range));
      }
      from += lengths[i];
    }
  }

  /** Which blocks train: the ends, and a draw without replacement of those between. */
  private boolean[] trains(int blocks, int which, long k) {
    boolean[] trains = new boolean[blocks];
    int inner = Math.max(blocks - 2, 0);
    if (lisaLayers >= inner) {
      if (lisaLayers > inner && k == 0 && which == 0) {
        LOG.warn("lisaLayers = {}, but there are {} inner layers: all train", lisaLayers, inner);
      }
      Arrays.fill(trains, true);
      return trains;
    }
    trains[0] = true;
    trains[blocks - 1] = true;
    SplittableRandom random =
        new SplittableRandom(CounterNoise.deriveSeed(seed, k / lisaPeriod, which));
    for (int left = lisaLayers; left > 0; ) {
      int i = 1 + random.nextInt(inner);
      left -= trains[i] ? 0 : 1;
      trains[i] = true;
    }
    return trains;
  }
}
