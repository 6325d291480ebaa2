package org.dl4jplus.optim.zeroth;

import java.nio.DoubleBuffer;
import java.util.Arrays;
import java.util.function.IntConsumer;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.MeZO.PerturbationMode;
import org.dl4jplus.optim.zeroth.OffloadedLayers.Stream;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.nd4j.linalg.dataset.api.DataSet;

/** MeZO's steps on offloaded layers. The update of the last one is made on the next way through. */
final class OffloadedSteps {

  /** Random roundings of an iteration. */
  private static final int STEP = 0;

  private static final int FLUSH = 1;

  /**
   * What a step leaves to be applied.
   *
   * @param estimates null if the step was skipped
   * @param applied the blocks that have it already, after a next step that failed half-way
   */
  private record Pending(
      int iteration, int epoch, double[] estimates, double rate, double count, boolean[] applied) {}

  private final MeZO method;
  private final Directions directions;
  private final OffloadedLayers layers;
  private final Perturber[] perturbers;

  private final GradientState state = new GradientState();
  private Pending pending;
  private long evaluations;
  private long skipped;

  /** Goes on from where a run is. */
  OffloadedSteps(MeZO method, OffloadedLayers layers, OffloadedFile.Run run) {
    this.method = method;
    this.layers = layers;
    directions = method.directions();
    perturbers = new Perturber[layers.blocks().count()];
    for (int b = 0; b < perturbers.length; b++) {
      perturbers[b] = new Perturber(layers.blocks().array(b), layers.stretches(b));
    }
    evaluations = run.evaluations();
    skipped = run.skipped();
    for (int i = 0; i < run.state().length; i++) {
      state.setScalar(i, run.state()[i]);
    }
  }

  OffloadedFile.Run run(int iteration, int epoch) {
    return new OffloadedFile.Run(
        iteration, epoch, evaluations, skipped, new double[] {state.scalar(0), state.scalar(1)});
  }

  long evaluations() {
    return evaluations;
  }

  long skipped() {
    return skipped;
  }

  /** Makes a step and leaves its update pending; NaN if it was skipped. */
  double make(DataSet batch, int iteration, int epoch) {
    int queries = method.getQueries();
    boolean twoSided = method.getPerturbationMode() == PerturbationMode.TWO_SIDED;
    double eps = method.epsilonAt(iteration, epoch);
    Stream base = twoSided ? null : layers.begin(batch);
    Stream[] plus = new Stream[queries];
    Stream[] minus = new Stream[queries];
    for (int k = 0; k < queries; k++) {
      plus[k] = layers.begin(batch);
      minus[k] = twoSided ? layers.begin(batch) : base;
    }
    pass(
        iteration,
        STEP,
        b -> {
          applyPending(b);
          if (!twoSided) {
            layers.forward(b, base, true);
          }
          Directions own = directions.from(layers.blocks().start(b));
          for (int k = 0; k < queries; k++) {
            perturbers[b].add(own, iteration, k, eps);
            layers.forward(b, plus[k], true);
            if (twoSided) {
              perturbers[b].add(own, iteration, k, -2 * eps);
              layers.forward(b, minus[k], true);
            }
            perturbers[b].add(own, iteration, k, twoSided ? eps : -eps);
          }
        });
    evaluations += twoSided ? 2L * queries : queries + 1L;
    double[] estimates = new double[queries];
    double losses = 0;
    boolean finite = true;
    for (int k = 0; k < queries; k++) {
      double up = plus[k].loss();
      double down = minus[k].loss();
      finite &= Double.isFinite(up) && Double.isFinite(down);
      estimates[k] = (up - down) / (twoSided ? 2 * eps : eps);
      losses += twoSided ? (up + down) / 2 : up;
    }
    boolean[] applied = new boolean[perturbers.length];
    if (!finite) {
      skipped++;
      pending = new Pending(iteration, epoch, null, 0, 0, applied);
      return Double.NaN;
    }
    MeZO.warnIfFlat(state, estimates);
    double rate = method.learningRateAt(iteration, epoch);
    pending = new Pending(iteration, epoch, estimates, rate, method.nextCount(state), applied);
    return losses / queries;
  }

  private void pass(int iteration, int occasion, IntConsumer work) {
    layers
        .blocks()
        .pass(
            b -> {
              work.accept(b);
              if (pending != null) {
                pending.applied()[b] = true;
              }
            },
            layers::moves,
            iteration,
            occasion);
  }

  private void applyPending(int block) {
    if (pending == null || pending.applied()[block] || !layers.moves(block)) {
      return;
    }
    if (pending.estimates() != null) {
      DoubleBuffer[] moments =
          Arrays.stream(layers.blocks().moments(block))
              .map(moment -> moment.data().asNioDouble())
              .toArray(DoubleBuffer[]::new);
      method.update(
          perturbers[block],
          directions.from(layers.blocks().start(block)),
          pending.iteration(),
          pending.estimates(),
          0,
          pending.rate(),
          moments,
          pending.count());
    }
    layers.constrain(block, pending.iteration() + 1, pending.epoch());
  }

  /** Makes the pending update. */
  void flush(int iteration) {
    if (pending != null) {
      pass(iteration, FLUSH, this::applyPending);
      pending = null;
    }
  }

  /** Drops the pending update. */
  void forget() {
    pending = null;
  }
}
