package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;

import java.io.Serializable;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;
import lombok.Builder;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.batchsize.BatchParts;
import org.dl4jplus.optim.first.batchsize.GradientSpread;
import org.dl4jplus.optim.first.batchsize.TestBounds;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.schedule.SampleCount;

/**
 * Lets the batches of an {@link AdaptiveBatchIterator} grow as the gradients of single examples
 * come to differ more than the batch's gradient is long. With AdaGrad this is AdAdaGrad, with
 * {@link AdaGradNorm} AdAdaGradNorm; it works with any updater and leaves the network, its gradient
 * and its random stream as they were.
 *
 * <pre>{@code
 * before the update of a step with batch size b < maxBatchSize:
 *   g_i = gradients of the batch's examples, g = the batch's gradient
 *   next batch size = min( max(b, test(g_1, .., g_b)), maxBatchSize )
 * }</pre>
 *
 * <p>Fields: {@code iterator}, must be given; {@code test} NORM (see {@link BatchSizeTest}, and
 * there for the bounds) with {@code eta} 0.1, {@code theta} 0.1, {@code nu} 0.1, all above 0, and
 * {@code coordinateQuantile} 1, in [0, 1]; {@code maxBatchSize}, at least 1, must be given; {@code
 * testInterval} 1, at least 1, the number of steps from one test to the next; {@code estimator}
 * PER_EXAMPLE; {@code maxTestExamples} 256, at least 2, the number of examples in a PER_EXAMPLE
 * test (the first ones of the batch); {@code parts} 4, at least 4, the number of parts in a PARTS
 * test.
 *
 * <p>A PER_EXAMPLE test costs a pass for each example: on large networks use PARTS, which costs one
 * more pass over the batch, or a larger {@code testInterval}. A batch of one example has no
 * variance; the next one has two. A batch that is shorter than asked for, as at the end of an
 * epoch, is not tested. The learning rate is left alone: see {@link BatchScaling}, and {@link
 * SampleSchedule} for schedules that go by examples, whose count this listener keeps. With a
 * listener that replaces the gradient, attach this one first.
 *
 * <p>Truncated backpropagation through time is refused. To go on with a saved run, save {@link
 * #samples()} and the iterator's {@code batch()} beside the network, and hand them to {@link
 * #resume} and {@link AdaptiveBatchIterator#setBatchSize}.
 *
 * <p>T. T.-K. Lau, H. Liu, M. Kolar: "AdAdaGrad: Adaptive Batch Size Schemes for Adaptive Gradient
 * Methods", arXiv 2402.11215 (2024).
 */
public final class AdaptiveBatchListener extends BaseTrainingListener implements Serializable {

  /** Where the variance comes from. */
  public enum Estimator {
    /** Every example's gradient. Not with batch normalization, where there is no such thing. */
    PER_EXAMPLE,
    /** The gradients of equal parts of the batch, whose scatter is scaled to that of examples. */
    PARTS
  }

  private final AdaptiveBatchIterator iterator;
  private final BatchSizeTest test;
  private final TestBounds bounds;
  private final int maxBatchSize;
  private final int testInterval;
  private final Estimator estimator;
  private final int maxTestExamples;
  private final int parts;
  private long samples;
  private transient Map<Model, Probe> probes;

  @Builder
  private AdaptiveBatchListener(
      AdaptiveBatchIterator iterator,
      BatchSizeTest test,
      Double eta,
      Double theta,
      Double nu,
      Double coordinateQuantile,
      Integer maxBatchSize,
      Integer testInterval,
      Estimator estimator,
      Integer maxTestExamples,
      Integer parts) {
    this.iterator = Objects.requireNonNull(iterator, "iterator");
    this.test = test == null ? BatchSizeTest.NORM : test;
    bounds = new TestBounds(eta, theta, nu, coordinateQuantile);
    this.maxBatchSize = count("maxBatchSize", maxBatchSize, 0);
    this.testInterval = count("testInterval", testInterval, 1);
    this.estimator = estimator == null ? Estimator.PER_EXAMPLE : estimator;
    this.maxTestExamples = atLeast("maxTestExamples", maxTestExamples, 256, 2);
    this.parts = atLeast("parts", parts, 4, 4);
  }

  /**
   * Examples that the listener's networks have seen.
   *
   * @return the count
   */
  public synchronized long samples() {
    return samples;
  }

  /**
   * Goes on from a saved run.
   *
   * @param savedSamples what {@link #samples()} returned
   */
  public synchronized void resume(long savedSamples) {
    check(savedSamples >= 0, "samples", savedSamples, "at least 0");
    samples = savedSamples;
  }

  @Override
  public synchronized void onGradientCalculation(Model model) {
    ModelAccess access = ModelAccess.of(model);
    int batchSize = access.batchSize();
    SampleCount.set(samples);
    samples += batchSize;
    if (access.iteration() % testInterval == 0
        && batchSize == iterator.batch()
        && batchSize < maxBatchSize) {
      iterator.setBatchSize(nextBatchSize(model, access, batchSize));
    }
  }

  private int nextBatchSize(Model model, ModelAccess access, int batchSize) {
    if (batchSize == 1) {
      return 2;
    }
    Probe probe = probe(model);
    probe.batch.readMean(access);
    boolean perExample = estimator == Estimator.PER_EXAMPLE;
    int count = Math.min(batchSize, perExample ? maxTestExamples : parts);
    int rows = perExample ? 1 : batchSize / count;
    probe.spread.begin(rows);
    double norm = probe.spread.gradNormSquared();
    if (norm == 0 || !Double.isFinite(norm)) {
      return batchSize;
    }
    probe.batch.forEach(model, count, rows, probe.spread::add);
    return test.nextBatchSize(probe.spread, bounds, batchSize, maxBatchSize);
  }

  private Probe probe(Model model) {
    if (probes == null) {
      probes = new WeakHashMap<>();
    }
    return probes.computeIfAbsent(
        model,
        m -> {
          if (estimator == Estimator.PER_EXAMPLE && ModelAccess.of(m).hasBatchNormalization()) {
            throw new IllegalStateException(
                "With batch normalization an example has no gradient of its own: estimator must be "
                    + Estimator.PARTS);
          }
          BatchParts batch = new BatchParts(m);
          return new Probe(
              batch, new GradientSpread(batch.mean(), test == BatchSizeTest.COORDINATEWISE));
        });
  }

  @Override
  public void iterationDone(Model model, int iteration, int epoch) {
    SampleCount.clear();
  }

  /** What belongs to one network. */
  private record Probe(BatchParts batch, GradientSpread spread) {}
}
