package org.dl4jplus.optim.zeroth;

import java.util.List;
import java.util.TreeMap;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Directions;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * QZO: fine-tunes a network of quantized layers by losses alone. The integers stay; two losses
 * along a random direction z of the scales S move these.
 *
 * <pre>{@code
 * d  = (L(S + eps z) - L(S - eps z)) / (2 eps)
 * S <- max(S - lr clip(d, -C, C) z, minScale)
 * }</pre>
 *
 * In a network only the scales of {@link org.dl4jplus.optim.zeroth.layers.QuantizedDenseLayer}
 * move, unless trainUnquantized is set; of a plain function all entries are scales. The floor acts
 * on what a step leaves, not on perturbed scales, which may be below 0. The clip bounds a step; it
 * does not leave the estimate unbiased. The loss that is reported is the mean of both.
 *
 * <ul>
 *   <li>learningRate: lr, at least 0; default 1e-7, the paper's for language models (its scripts
 *       have 1e-5); 1e-3 to 1e-2 suits small networks. learningRateSchedule takes its place
 *   <li>epsilon: eps, above 0; default 1e-3. epsilonSchedule takes its place
 *   <li>relativeEpsilon: whether eps counts in units of a layer's scales, times their root mean
 *       square before the step; each layer's d is by its own eps. Default false
 *   <li>clip: C, above 0; default 100
 *   <li>minScale: at least 0; default 1e-7, the published code's
 *   <li>trainUnquantized: whether biases and layers that are not quantized move as well, by {@code
 *       - lr clip(d, -C, C) z}, without a floor and with eps as it is; default false
 *   <li>noise: distribution of z; default GAUSSIAN_TABLE
 *   <li>seed: of the run, default 0; the direction of a step is a function of seed and iteration.
 *       Its first entries are of what is not quantized, where that moves, the others of the scales,
 *       both in the order of the parameters
 * </ul>
 *
 * <p>A step in which a loss is not finite is skipped; a loss that throws leaves the parameters
 * where they were, up to rounding. Nothing is remembered from step to step. Source: Sifeng Shang,
 * Jiayi Zhou, Chenyu Lin, Minxian Li, Kaiyang Zhou, "Fine-tuning Quantized Neural Networks with
 * Zeroth-order Optimization", arXiv 2505.13430, 2025, and its published code.
 */
@Getter
@ToString
@EqualsAndHashCode(callSuper = false)
public final class QZO extends ZerothOrderMethod {

  /** Keeps the size of scales that are all 0 above 0. */
  private static final double SMALLEST = 1e-7;

  private final double learningRate;
  private final ISchedule learningRateSchedule;
  private final double epsilon;
  private final ISchedule epsilonSchedule;
  private final boolean relativeEpsilon;
  private final double clip;
  private final double minScale;
  private final boolean trainUnquantized;
  private final Distribution noise;
  private final long seed;

  /** With the defaults. */
  public QZO() {
    this(null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private QZO(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("epsilonSchedule") ISchedule epsilonSchedule,
      @JsonProperty("relativeEpsilon") Boolean relativeEpsilon,
      @JsonProperty("clip") Double clip,
      @JsonProperty("minScale") Double minScale,
      @JsonProperty("trainUnquantized") Boolean trainUnquantized,
      @JsonProperty("noise") Distribution noise,
      @JsonProperty("seed") Long seed) {
    this.learningRate = Require.rate("learningRate", learningRate, 1e-7);
    this.learningRateSchedule = learningRateSchedule;
    this.epsilon = Require.positive("epsilon", epsilon, 1e-3);
    this.epsilonSchedule = epsilonSchedule;
    this.relativeEpsilon = relativeEpsilon != null && relativeEpsilon;
    this.clip = Require.positive("clip", clip, 100);
    this.minScale = Require.nonNegative("minScale", minScale, 1e-7);
    this.trainUnquantized = trainUnquantized != null && trainUnquantized;
    this.noise = noise == null ? Distribution.GAUSSIAN_TABLE : noise;
    if (this.noise == Distribution.UNIFORM) {
      throw new IllegalArgumentException("noise = UNIFORM has no mean of 0: choose another one");
    }
    this.seed = seed == null ? 0 : seed;
  }

  @Override
  public double step(ZoStep step) {
    return step(step, Directions.of(noise, seed, 0));
  }

  /**
   * Makes a step along a direction of another source.
   *
   * @param step the step
   * @param directions the source, of query 0 alone; must give the same direction whenever it is
   *     asked
   * @return the loss to report; not finite if the step was skipped
   * @throws IllegalArgumentException if nothing may move
   */
  public double step(ZoStep step, Directions directions) {
    int t = step.iteration();
    double eps = Require.positive("epsilon", at(epsilonSchedule, epsilon, step), 0);
    TreeMap<Long, Part> parts = parts(step, eps);
    // What the perturbation has left to take back, in units of eps.
    double back = -1;
    double plus;
    double minus;
    try {
      add(step, directions, parts, 1);
      plus = step.problem().loss();
      add(step, directions, parts, -2);
      back = 1;
      minus = step.problem().loss();
    } catch (RuntimeException e) {
      add(step, directions, parts, back);
      throw e;
    }
    double difference = plus - minus;
    if (!Double.isFinite(difference)) {
      add(step, directions, parts, back);
      return Double.NaN;
    }
    double rate = at(learningRateSchedule, learningRate, step);
    step.perturber()
        .apply(
            (x, from, length, decays, scratch) -> {
              Part part = parts.floorEntry(from).getValue();
              if (!part.moves) {
                return;
              }
              double[] z = scratch[0];
              directions.fill(t, 0, part.place(from), z, length);
              double estimate = difference / (2 * part.eps);
              double scale = rate * Math.max(-clip, Math.min(clip, estimate));
              double floor = part.scales ? minScale : Double.NEGATIVE_INFINITY;
              for (int i = 0; i < length; i++) {
                double restored = step.perturber().rounded(x[i] + part.eps * z[i]);
                x[i] = Math.max(restored - scale * z[i], floor);
              }
            });
    return (plus + minus) / 2;
  }

  private static double at(ISchedule schedule, double constant, ZoStep step) {
    return schedule == null ? constant : schedule.valueAt(step.iteration(), step.epoch());
  }

  private static void add(
      ZoStep step, Directions directions, TreeMap<Long, Part> parts, double scale) {
    step.perturber()
        .apply(
            (x, from, length, decays, scratch) -> {
              Part part = parts.floorEntry(from).getValue();
              if (part.moves) {
                double[] z = scratch[0];
                directions.fill(step.iteration(), 0, part.place(from), z, length);
                for (int i = 0; i < length; i++) {
                  x[i] += scale * part.eps * z[i];
                }
              }
            });
  }

  /** Root mean square of a stretch. */
  private double size(ZoStep step, Stretch stretch) {
    double sum = 0;
    INDArrayIndex range = NDArrayIndex.interval(stretch.from(), stretch.to());
    double[] values = step.problem().parameters().get(range).toDoubleVector();
    for (double value : values) {
      sum += value * value;
    }
    return Math.max(Math.sqrt(sum / values.length), SMALLEST);
  }

  /** A stretch of the parameters, and where its entries lie in a direction. */
  private record Part(Stretch stretch, boolean scales, boolean moves, long first, double eps) {
    long place(long entry) {
      return first + entry - stretch.from();
    }
  }

  /** The stretches by their first entries. */
  private TreeMap<Long, Part> parts(ZoStep step, double eps) {
    List<Stretch> stretches = step.problem().stretches();
    TreeMap<Long, Part> parts = new TreeMap<>();
    long next = 0;
    boolean found = false;
    for (boolean scales : new boolean[] {false, true}) {
      for (int i = 0; i < stretches.size(); i++) {
        Stretch stretch = stretches.get(i);
        if (step.problem().quantized(i) == scales) {
          boolean moves = scales || trainUnquantized;
          double own = scales && relativeEpsilon ? eps * size(step, stretch) : eps;
          parts.put(stretch.from(), new Part(stretch, scales, moves, next, own));
          next += moves ? stretch.to() - stretch.from() : 0;
          found |= moves;
        }
      }
    }
    if (!found) {
      throw new IllegalArgumentException(
          "The network has no QuantizedDenseLayer: QuantizedDenseLayer.quantize makes one of a"
              + " trained network, or set trainUnquantized");
    }
    return parts;
  }
}
