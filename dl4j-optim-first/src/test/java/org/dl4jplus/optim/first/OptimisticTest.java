package org.dl4jplus.optim.first;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.dl4jplus.optim.first.OptimisticSgd.FirstHint;
import org.dl4jplus.optim.first.SingleCallExtragradient.Variant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.InverseSchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class OptimisticTest {

  /** What given gradients lead to from a given start. */
  private static INDArray run(IUpdater updater, INDArray... gradients) {
    INDArray p = Numbers.normal(new Random(9), gradients[0].shape());
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), p);
    for (INDArray g : gradients) {
      optimizer.step(g);
    }
    return p;
  }

  private static INDArray[] gradients(int count) {
    Random random = new Random(8);
    INDArray[] gradients = new INDArray[count];
    for (int i = 0; i < count; i++) {
      gradients[i] = Numbers.normal(random, 5);
    }
    return gradients;
  }

  /** Distance from the saddle point after playing min over x, max over y of x*y from (1, 1). */
  private static double bilinear(IUpdater updater) {
    INDArray z = Nd4j.createFromArray(1.0, 1.0);
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, List.of(), z);
    for (int i = 0; i < 2000; i++) {
      optimizer.step(Nd4j.createFromArray(z.getDouble(1), -z.getDouble(0)));
    }
    return Numbers.norm(z);
  }

  /** How much both players of rock-paper-scissors could gain together after 2000 steps. */
  private static double rockPaperScissors(IUpdater updater, List<MirrorStep> steps) {
    double[] x = {0.7, 0.2, 0.1};
    double[] y = {0.1, 0.6, 0.3};
    INDArray z = Nd4j.createFromArray(new double[][] {x, y});
    ArrayOptimizer optimizer = new ArrayOptimizer(updater, steps, z);
    for (int i = 0; i < 2000; i++) {
      // The first player pays the second x'Ay, with A antisymmetric.
      optimizer.step(Nd4j.createFromArray(new double[][] {losses(y), losses(x)}));
      double[] both = z.data().asDouble();
      System.arraycopy(both, 0, x, 0, 3);
      System.arraycopy(both, 3, y, 0, 3);
      assertEquals(1, x[0] + x[1] + x[2], 1e-12);
      assertEquals(1, y[0] + y[1] + y[2], 1e-12);
    }
    return -Arrays.stream(losses(y)).min().orElseThrow()
        - Arrays.stream(losses(x)).min().orElseThrow();
  }

  /** Ay: what each choice loses against y. */
  private static double[] losses(double[] y) {
    return new double[] {y[1] - y[2], y[2] - y[0], y[0] - y[1]};
  }

  @Test
  void anUnchangedGradientIsPlainDescent() {
    INDArray g = Nd4j.createFromArray(1.0, -2.0);
    INDArray expected = run(new Sgd(0.1), g, g, g);
    Numbers.assertClose(expected, run(new OptimisticSgd(0.1), g, g, g), 1e-15);
  }

  @Test
  void withoutOptimismItIsPlainDescent() {
    OptimisticSgd plain =
        OptimisticSgd.builder().beta(0.0).firstHint(FirstHint.ZERO).learningRate(0.1).build();
    INDArray[] g = gradients(4);
    Numbers.assertClose(run(new Sgd(0.1), g), run(plain, g), 1e-15);
  }

  @Test
  void optimisticAdamStartsAsAdam() {
    INDArray p = Nd4j.createFromArray(0.0, 0.0);
    new ArrayOptimizer(new OptimisticAdam(0.1), List.of(), p).step(Nd4j.createFromArray(3.0, -0.5));
    Numbers.assertClose(Nd4j.createFromArray(-0.1, 0.1), p, 1e-8);
  }

  @ParameterizedTest
  @EnumSource(Variant.class)
  void extragradientSolvesTheBilinearGame(Variant variant) {
    // The contraction is 1 - rate^2/2 a step or so: (1 - 0.005)^2000 = 4e-5.
    double distance =
        bilinear(SingleCallExtragradient.builder().variant(variant).learningRate(0.1).build());
    assertTrue(distance < 2e-4, () -> "" + distance);
    assertTrue(bilinear(new Sgd(0.1)) > 1e4);
  }

  @Test
  void atAConstantRateTheyAreOneMethod() {
    INDArray[] g = gradients(6);
    INDArray expected =
        run(OptimisticSgd.builder().learningRate(0.2).firstHint(FirstHint.ZERO).build(), g);
    for (Variant variant : Variant.values()) {
      Numbers.assertClose(
          expected,
          run(SingleCallExtragradient.builder().variant(variant).learningRate(0.2).build(), g),
          1e-14);
    }
  }

  @Test
  void extragradientFollowsItsTwoSequences() {
    ISchedule falling = new InverseSchedule(ScheduleType.ITERATION, 0.3, 0.5, 1);
    INDArray[] g = gradients(6);
    INDArray start = Numbers.normal(new Random(9), 5);
    for (Variant variant : Variant.values()) {
      // base(t+1) = base(t) - lr(t) g(t); the leading point is looked up from there.
      INDArray base = start.dup();
      INDArray lead = start.dup();
      for (int i = 0; i < g.length; i++) {
        double lr = falling.valueAt(i, 0);
        INDArray next = base.sub(g[i].mul(lr));
        lead =
            variant == Variant.REFLECTED
                ? next.mul(2).sub(base)
                : next.sub(g[i].mul(falling.valueAt(i + 1, 0)));
        base = next;
      }
      Numbers.assertClose(
          lead,
          run(
              SingleCallExtragradient.builder()
                  .variant(variant)
                  .learningRateSchedule(falling)
                  .build(),
              g),
          1e-14);
    }
  }

  @Test
  void aRateThatTurnsOutOtherwiseLeavesNoRemainder() {
    // At the end of epoch 0 the next rate is taken to be epoch 0's.
    ISchedule byEpoch = new MapSchedule.Builder(ScheduleType.EPOCH).add(0, 0.5).add(1, 0.1).build();
    INDArray p = Nd4j.createFromArray(0.0);
    ArrayOptimizer optimizer =
        new ArrayOptimizer(new SingleCallExtragradient(byEpoch), List.of(), p);
    optimizer.step(0, 0, Nd4j.createFromArray(1.0));
    optimizer.step(1, 1, Nd4j.createFromArray(0.0));
    assertEquals(-0.5, p.getDouble(0), 1e-15);
  }

  @Test
  void theAdaptiveRateByHand() {
    OptimisticOmd omd = OptimisticOmd.builder().diameter(2.0).delta(1.0).gradientBound(0.5).build();
    INDArray p = Nd4j.createFromArray(0.0, 0.0);
    ArrayOptimizer optimizer = new ArrayOptimizer(omd, List.of(), p);
    double rate1 = 2 / Math.sqrt(2);
    double rate2 = 2 / Math.sqrt(2 + 25);
    double rate3 = 2 / Math.sqrt(2 + 25 + 16);
    optimizer.step(Nd4j.createFromArray(3.0, 4.0));
    double x = -(rate1 + rate2) * 3;
    double y = -(rate1 + rate2) * 4;
    Numbers.assertClose(Nd4j.createFromArray(x, y), p, 1e-14);
    optimizer.step(Nd4j.createFromArray(3.0, 0.0));
    x -= (rate2 + rate3) * 3 - rate2 * 3;
    y += rate2 * 4;
    Numbers.assertClose(Nd4j.createFromArray(x, y), p, 1e-14);
    assertTrue(Double.isNaN(omd.getLearningRate(0, 0)));
  }

  @Test
  void withStrongConvexityItFindsTheMinimum() {
    INDArray p = Nd4j.createFromArray(5.0);
    ArrayOptimizer optimizer =
        new ArrayOptimizer(OptimisticOmd.builder().strongConvexity(4.0).build(), List.of(), p);
    for (int i = 0; i < 500; i++) {
      optimizer.step(Nd4j.createFromArray(4 * (p.getDouble(0) - 1)));
    }
    assertEquals(1, p.getDouble(0), 1e-3);
  }

  @Test
  void zeroGradientsAreHarmless() {
    INDArray zero = Nd4j.create(DataType.DOUBLE, 3);
    INDArray start = Numbers.normal(new Random(9), 3);
    for (IUpdater updater :
        List.of(
            new OptimisticSgd(),
            OptimisticAdam.builder().epsilon(0.0).build(),
            new OptimisticOmd(),
            new SingleCallExtragradient())) {
      assertEquals(start, run(updater, zero, zero, zero));
    }
  }

  @Test
  void entropicMirrorSettlesRockPaperScissors() {
    // The border, where plain mirror descent ends up, has 1 to 2.
    double plain = rockPaperScissors(new Sgd(0.1), List.of(new MirrorStep(3)));
    assertTrue(plain > 1, () -> "" + plain);
    double optimistic = rockPaperScissors(new EntropicMirror(0.1), List.of());
    assertTrue(optimistic < 0.05, () -> "" + optimistic);
  }

  @Test
  void mirrorStepIsTheSecondHalfOfEntropicMirror() {
    INDArray start = Nd4j.createFromArray(new double[][] {{0.7, 0.2, 0.1}, {0.1, 0.6, 0.3}});
    INDArray whole = start.dup();
    INDArray halves = start.dup();
    ArrayOptimizer a = new ArrayOptimizer(new EntropicMirror(0.3), List.of(), whole);
    ArrayOptimizer b =
        new ArrayOptimizer(
            OptimisticSgd.builder().learningRate(0.3).firstHint(FirstHint.ZERO).build(),
            List.of(new MirrorStep(3)),
            halves);
    Random random = new Random(1);
    for (int i = 0; i < 10; i++) {
      INDArray g = Numbers.normal(random, 2, 3);
      a.step(g);
      b.step(g);
    }
    Numbers.assertClose(whole, halves, 1e-14);
  }

  @Test
  void aRowOfADenseWeightFeedsOneOutput() {
    // Columns of [nIn, nOut] in 'f' order.
    INDArray p = Nd4j.valueArrayOf(new long[] {4, 2}, 0.25, DataType.DOUBLE).dup('f');
    new ArrayOptimizer(new EntropicMirror(), List.of(), p)
        .step(Numbers.normal(new Random(1), 4, 2));
    Numbers.assertClose(Nd4j.createFromArray(1.0, 1.0), p.sum(0), 1e-12);
  }

  @Test
  void aVectorIsOneRow() {
    INDArray p = Nd4j.createFromArray(0.25f, 0.75f);
    new ArrayOptimizer(new EntropicMirror(1.0), List.of(), p)
        .step(Nd4j.createFromArray(0f, (float) (Math.log(3) / 2)));
    Numbers.assertClose(Nd4j.createFromArray(0.5f, 0.5f), p, 1e-6);
  }

  @Test
  void lostEntriesComeBackAndHugeStepsStayFinite() {
    INDArray p = Nd4j.createFromArray(0.5f, 0.5f);
    ArrayOptimizer optimizer = new ArrayOptimizer(new EntropicMirror(1.0), List.of(), p);
    optimizer.step(Nd4j.createFromArray(1e6f, 0f));
    Numbers.assertClose(Nd4j.createFromArray(0f, 1f), p, 0);
    optimizer.step(Nd4j.createFromArray(0f, 1e7f));
    Numbers.assertClose(Nd4j.createFromArray(1f, 0f), p, 1e-6);
  }

  @Test
  void rateZeroLeavesRowsAlone() {
    INDArray start = Nd4j.createFromArray(0.3f, 0.3f, 0.4f);
    INDArray p = start.dup();
    new ArrayOptimizer(new EntropicMirror(0.0), List.of(), p)
        .step(Nd4j.createFromArray(1f, 2f, 3f));
    assertEquals(start, p);
    new ArrayOptimizer(new Sgd(0.0), List.of(new MirrorStep(3)), p)
        .step(Nd4j.createFromArray(1f, 2f, 3f));
    assertEquals(start, p);
  }

  @Test
  void whatIsNoDistributionIsRejected() {
    for (double[] row : new double[][] {{0.5, 0.6}, {-0.5, 1.5}, {0, 1}}) {
      ArrayOptimizer optimizer =
          new ArrayOptimizer(new EntropicMirror(), List.of(), Nd4j.createFromArray(row));
      INDArray g = Nd4j.create(DataType.DOUBLE, 2);
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> optimizer.step(g))
              .getMessage()
              .contains("sum to 1"));
    }
    assertThrows(IllegalArgumentException.class, () -> new MirrorStep(0));
    INDArray p = Nd4j.createFromArray(0.5, 0.5);
    MirrorStep three = new MirrorStep(3);
    assertThrows(IllegalArgumentException.class, () -> three.apply(p, p.dup(), 1, 0, 0));
  }
}
