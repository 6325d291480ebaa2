package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.within;

import java.util.Arrays;
import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.linalg.Largest;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.sharpness.Climb;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Sparse sharpness-aware minimization: only the parameters with the largest Fisher information are
 * perturbed.
 *
 * <pre>{@code
 * F_i = sum over examples of (d loss(example) / d w_i)^2,  at w, with the true labels
 * mask = 1 for the floor(n*(1-sparsity)) largest F of all n parameters, of equal ones the first
 * e = mask*rho*g/(||g|| + perturbEpsilon);  the updater gets the gradient at w + e
 * }</pre>
 *
 * <p>Fields: {@code rho} 0.05, at least 0; {@code sparsity} 0.2, in [0, 1]: the part that is not
 * perturbed; {@code fisherSamples} 1024, at least 1; {@code maskUpdateEpochs} 5, at least 1: epochs
 * from one mask to the next; {@code perturbEpsilon} 1e-7, at least 0; {@code seed} 0, of the draw
 * of examples. The examples are drawn from the batch in which the mask is due, the first one of its
 * epoch: all of them if there are fewer than {@code fisherSamples}. Each takes a pass through the
 * network alone; batch normalization then sees a batch of one, and masks of features or labels are
 * refused. State: 1 value for each parameter.
 *
 * <p>The norm is that of the whole gradient. Sparsity 0 is SAM, sparsity 1 the plain step. The
 * authors' code starts with an empty mask, so that its first step is plain; here the mask is there
 * before the first step.
 *
 * <p>Q. Zhong, L. Ding, L. Shen, P. Mi, J. Liu, B. Du, D. Tao: "Improving Sharpness-Aware
 * Minimization with Fisher Mask for Better Generalization on Language Models", arXiv 2210.05497
 * (2022). SSAM-F: arXiv 2210.05177 (2022).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class FisherMaskSam extends GradientListener {

  /** Lets 10 * (1 - 0.9) be 1. */
  private static final double ROUNDING = 1e-9;

  private final double rho;
  private final double sparsity;
  private final int fisherSamples;
  private final int maskUpdateEpochs;
  private final double perturbEpsilon;
  private final long seed;

  /**
   * With the other defaults.
   *
   * @param rho how far it looks, at least 0
   * @param sparsity the part of the parameters that is not perturbed, in [0, 1]
   */
  public FisherMaskSam(double rho, double sparsity) {
    this(rho, sparsity, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private FisherMaskSam(
      @JsonProperty("rho") Double rho,
      @JsonProperty("sparsity") Double sparsity,
      @JsonProperty("fisherSamples") Integer fisherSamples,
      @JsonProperty("maskUpdateEpochs") Integer maskUpdateEpochs,
      @JsonProperty("perturbEpsilon") Double perturbEpsilon,
      @JsonProperty("seed") Long seed) {
    this.rho = nonNegative("rho", rho, 0.05);
    this.sparsity = within("sparsity", sparsity, 0.2, 0, 1);
    this.fisherSamples = count("fisherSamples", fisherSamples, 1024);
    this.maskUpdateEpochs = count("maskUpdateEpochs", maskUpdateEpochs, 5);
    this.perturbEpsilon = nonNegative("perturbEpsilon", perturbEpsilon, 1e-7);
    this.seed = seed == null ? 0 : seed;
  }

  @Override
  protected void transform(GradientTurn turn) {
    INDArray g = turn.gradient();
    INDArray w = turn.parameters();
    double scale = new Climb(false, 0, perturbEpsilon).scale(rho, w, g);
    if (scale == 0 || sparsity == 1) {
      return;
    }
    INDArray point = turn.scratch(0);
    point.assign(w);
    if (sparsity > 0) {
      updateMask(turn, point);
      Operands operands = new Operands(point, null, List.of(g, turn.state(0)));
      VectorExecutor.of(operands)
          .forEach(
              lane ->
                  lane.gradient()
                      .addScaled(scale, lane.temp(0).set(lane.state(0)).mul(lane.state(1))),
              operands);
    } else {
      GradientTurn.axpy(point, scale, g, point);
    }
    turn.evaluate(point, g);
  }

  /** The mask is vector 0; number 0 is the epoch after the one it was made in, 0 for none. */
  private void updateMask(GradientTurn turn, INDArray w) {
    double made = turn.scalar(0);
    if (made > 0 && turn.epoch() - (made - 1) < maskUpdateEpochs) {
      return;
    }
    INDArray fisher = turn.scratch(1);
    fisher.assign(0);
    for (int example : examples(turn)) {
      INDArray gradient = turn.scratch(2);
      turn.oracle().exampleLossAndGradient(example, w, gradient);
      Operands operands = new Operands(fisher, null, List.of(gradient));
      VectorExecutor.of(operands)
          .forEach(lane -> lane.gradient().combineSquare(1, 1, lane.state(0)), operands);
    }
    if (!Double.isFinite(GradientTurn.dot(fisher, fisher))) {
      // The last mask stays, and the next step tries again.
      return;
    }
    // The one step of an epoch that takes memory: the order statistics are Java's.
    double[] values = fisher.toDoubleVector();
    int keep = (int) Math.floor(values.length * (1 - sparsity) + ROUNDING);
    double[] mask = new double[values.length];
    if (keep > 0) {
      for (int position : Largest.of(values, keep)) {
        mask[position] = 1;
      }
    }
    turn.state(0).assign(Nd4j.createFromArray(mask));
    turn.setScalar(0, turn.epoch() + 1.0);
  }

  /** The batch's examples, shuffled and cut. */
  private int[] examples(GradientTurn turn) {
    int[] all = new int[turn.oracle().examples()];
    long stream = CounterNoise.deriveSeed(seed, turn.epoch());
    for (int i = 0; i < all.length; i++) {
      int other = (int) (CounterNoise.uniform(stream, i) * (i + 1));
      all[i] = all[other];
      all[other] = i;
    }
    return Arrays.copyOf(all, Math.min(all.length, fisherSamples));
  }
}
