package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.atLeast;
import static org.dl4jplus.optim.first.updater.Require.count;

import java.io.Serializable;
import java.util.Map;
import java.util.WeakHashMap;
import lombok.Builder;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.batchsize.BatchParts;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.GradientTurn;

/**
 * Measures the {@link NoiseScale} of a network's gradients while it trains. The big batch is the
 * one that is trained on; the small ones are equal parts of it, whose squared norms are averaged.
 * It changes nothing, and a measurement costs about one more pass over the batch.
 *
 * <p>Fields: {@code decay} 0.99, in [0, 1); {@code parts} 2, at least 2; {@code every} 1, at least
 * 1, the number of steps from one measurement to the next. Batches with fewer examples than {@code
 * parts} are passed over, and truncated backpropagation through time is refused. With several
 * networks (workers' copies) the measurements go into one average.
 *
 * <p>Used for {@link SurgeRule}, arXiv 2405.14578 (2024).
 */
public final class NoiseScaleListener extends BaseTrainingListener implements Serializable {

  private final NoiseScale scale;
  private final int parts;
  private final int every;
  private transient Map<Model, BatchParts> batches;

  /** A listener with its defaults. */
  public NoiseScaleListener() {
    this(null, null, null);
  }

  @Builder
  private NoiseScaleListener(Double decay, Integer parts, Integer every) {
    scale = new NoiseScale(decay);
    this.parts = atLeast("parts", parts, 2, 2);
    this.every = count("every", every, 1);
  }

  /**
   * The average so far.
   *
   * @return the live average
   */
  public NoiseScale scale() {
    return scale;
  }

  @Override
  public synchronized void onGradientCalculation(Model model) {
    ModelAccess access = ModelAccess.of(model);
    int rows = access.batchSize() / parts;
    if (rows == 0 || access.iteration() % every != 0) {
      return;
    }
    if (batches == null) {
      batches = new WeakHashMap<>();
    }
    BatchParts batch = batches.computeIfAbsent(model, BatchParts::new);
    batch.readMean(access);
    double big = GradientTurn.dot(batch.mean(), batch.mean());
    double[] small = new double[1];
    batch.forEach(model, parts, rows, g -> small[0] += GradientTurn.dot(g, g) / parts);
    scale.add(rows, small[0], access.batchSize(), big);
  }
}
