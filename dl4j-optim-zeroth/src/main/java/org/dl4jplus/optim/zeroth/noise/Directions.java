package org.dl4jplus.optim.zeroth.noise;

import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Random directions that can be made again, whole or in part, on any thread. */
@FunctionalInterface
public interface Directions {

  /**
   * Makes a slice of a direction.
   *
   * @param iteration number of the step
   * @param query number of the direction in the step, from 0
   * @param from first entry
   * @param target takes the entries {@code from}, {@code from + 1}, ...
   * @param length how many
   */
  void fill(long iteration, int query, long from, double[] target, int length);

  /**
   * Adds a multiple of a slice to values of single precision: x + scale z in double precision,
   * rounded once.
   *
   * @param iteration number of the step
   * @param query number of the direction in the step, from 0
   * @param from first entry
   * @param target changed in place
   * @param length how many
   * @param scale the multiple
   * @param scratch of at least this length, overwritten
   */
  default void add(
      long iteration,
      int query,
      long from,
      float[] target,
      int length,
      double scale,
      double[] scratch) {
    fill(iteration, query, from, scratch, length);
    for (int i = 0; i < length; i++) {
      target[i] = (float) (target[i] + scale * scratch[i]);
    }
  }

  /**
   * Goes back to where a perturbation began and makes a step, on values of single precision:
   *
   * <pre>{@code
   * t = x + back z                          rounded to single precision
   * x = t - rate (scale z + decay t)        rounded once more
   * }</pre>
   *
   * @param iteration number of the step
   * @param query number of the direction in the step, from 0
   * @param from first entry
   * @param target changed in place
   * @param length how many
   * @param descent the numbers
   * @param decays whether weight decay applies
   * @param scratch of at least this length, overwritten
   */
  default void descend(
      long iteration,
      int query,
      long from,
      float[] target,
      int length,
      Descent descent,
      boolean decays,
      double[] scratch) {
    fill(iteration, query, from, scratch, length);
    double decay = decays ? descent.decay() : 0;
    for (int i = 0; i < length; i++) {
      target[i] =
          Descent.of(target[i], scratch[i], descent.back(), descent.scale(), descent.rate(), decay);
    }
  }

  /**
   * Numbers of a step.
   *
   * @param back multiple of the direction that goes back
   * @param scale the estimate
   * @param rate learning rate
   * @param decay weight decay
   */
  record Descent(double back, double scale, double rate, double decay) {
    static float of(float x, double z, double back, double scale, double rate, double decay) {
      double at = (float) (x + back * z);
      return (float) (at - rate * (scale * z + decay * at));
    }
  }

  /**
   * Makes a slice of a direction as an array of the backend.
   *
   * @param iteration number of the step
   * @param query number of the direction in the step, from 0
   * @param from first entry
   * @param length how many
   * @return a new array of shape [length], DOUBLE
   */
  default INDArray array(long iteration, int query, long from, int length) {
    double[] slice = new double[length];
    fill(iteration, query, from, slice, length);
    return Nd4j.createFromArray(slice);
  }

  /**
   * The same directions without their first entries.
   *
   * @param offset how many are left out
   * @return directions whose entry 0 is entry {@code offset} of these
   */
  default Directions from(long offset) {
    Directions whole = this;
    return new Directions() {
      @Override
      public void fill(long iteration, int query, long from, double[] target, int length) {
        whole.fill(iteration, query, offset + from, target, length);
      }

      @Override
      public void add(
          long iteration,
          int query,
          long from,
          float[] target,
          int length,
          double scale,
          double[] scratch) {
        whole.add(iteration, query, offset + from, target, length, scale, scratch);
      }

      @Override
      public void descend(
          long iteration,
          int query,
          long from,
          float[] target,
          int length,
          Descent descent,
          boolean decays,
          double[] scratch) {
        whole.descend(iteration, query, offset + from, target, length, descent, decays, scratch);
      }

      @Override
      public INDArray array(long iteration, int query, long from, int length) {
        return whole.array(iteration, query, offset + from, length);
      }
    };
  }

  /**
   * Directions of a run, by {@link CounterNoise}: entry i of query k in iteration t is entry i of
   * the stream {@code deriveSeed(base, t, k, worker)}.
   *
   * @param distribution of the entries
   * @param base the run's seed
   * @param worker number of the worker, 0 where there is one
   * @return the directions
   */
  static Directions of(Distribution distribution, long base, long worker) {
    return new CounterDirections(distribution, base, worker);
  }

  /**
   * The seed of a direction.
   *
   * @param base the run's seed
   * @param iteration number of the step
   * @param query number of the direction in the step
   * @param worker number of the worker
   * @return the seed
   */
  static long stepSeed(long base, long iteration, long query, long worker) {
    return CounterNoise.deriveSeed(base, iteration, query, worker);
  }
}
