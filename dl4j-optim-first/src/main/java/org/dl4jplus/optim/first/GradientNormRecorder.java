package org.dl4jplus.optim.first;

import java.io.Serializable;
import java.util.Arrays;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.dl4jplus.optim.first.RefinedSchedule.NormType;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelAccess.Range;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Records the norm of every step's gradient, for {@link RefinedSchedule}: of the mean loss, over
 * the parameters that are trained, before clipping and regularization. It changes nothing. A run of
 * a million steps takes 8 MB.
 */
public final class GradientNormRecorder extends BaseTrainingListener implements Serializable {

  private final NormType normType;
  private double[] norms = new double[1024];
  private int size;

  /** Records L2 norms, as SGD and its like need them. */
  public GradientNormRecorder() {
    this(NormType.L2);
  }

  /**
   * Records norms.
   *
   * @param normType which; L1 for Adam and its like
   */
  public GradientNormRecorder(NormType normType) {
    this.normType = normType;
  }

  /**
   * The norms so far.
   *
   * @return one for each step, a copy
   */
  public synchronized double[] norms() {
    return Arrays.copyOf(norms, size);
  }

  /** Forgets the norms. */
  public synchronized void clear() {
    size = 0;
  }

  @Override
  public synchronized void onGradientCalculation(Model model) {
    ModelAccess access = ModelAccess.of(model);
    INDArray gradient = access.gradient();
    double sum = 0;
    for (Range range : access.trainableRanges()) {
      INDArray part = gradient.get(NDArrayIndex.interval(range.from(), range.to()));
      sum +=
          normType == NormType.L1 ? part.norm1Number().doubleValue() : GradientTurn.dot(part, part);
    }
    if (size == norms.length) {
      norms = Arrays.copyOf(norms, 2 * size);
    }
    norms[size++] = (normType == NormType.L1 ? sum : Math.sqrt(sum)) / access.gradientScale();
  }
}
