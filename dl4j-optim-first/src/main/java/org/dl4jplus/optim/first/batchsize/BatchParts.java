package org.dl4jplus.optim.first.batchsize;

import java.util.function.Consumer;
import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelBatch;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Gradients of parts of a network's current batch at its current parameters. Afterwards everything
 * is as it was: batch and masks, gradient, score, batch normalization's statistics and the random
 * stream. Every part sees the dropout masks of one stream. The memory is kept for the next batch.
 */
public final class BatchParts {

  private final ModelOracle oracle;
  private final INDArray mean;
  private INDArray gradient;

  /**
   * Looks at a network.
   *
   * @param model an initialised MultiLayerNetwork or ComputationGraph; not held
   */
  public BatchParts(Model model) {
    oracle = ModelOracle.weak(model);
    mean = oracle.parameters().ulike();
  }

  /**
   * The memory of {@link #readMean}.
   *
   * @return an array of shape [n]
   */
  public INDArray mean() {
    return mean;
  }

  /**
   * Reads the gradient of the mean loss of the whole batch.
   *
   * @param access the network, after a backward pass
   * @return {@link #mean()}
   */
  public INDArray readMean(ModelAccess access) {
    readMean(access.batchSize(), access, mean);
    return mean;
  }

  private void readMean(int rows, ModelAccess access, INDArray out) {
    oracle.readGradient(out);
    rescale(rows, access, out);
  }

  /** Where {@code miniBatch} is off the oracle's loss is a sum. */
  private static void rescale(int rows, ModelAccess access, INDArray out) {
    if (access.gradientScale() != rows) {
      out.divi((double) rows / access.gradientScale());
    }
  }

  /**
   * Runs a forward and a backward pass on each part. Rows that are left over are not used.
   *
   * @param model the network, inside a listener
   * @param parts number of parts, at least 1
   * @param rows examples in a part; parts * rows must not be above the batch size
   * @param action takes the gradient of each part's mean loss; the array is used again for the next
   */
  public void forEach(Model model, int parts, int rows, Consumer<INDArray> action) {
    ModelAccess access = ModelAccess.of(model);
    access.requireSecondPass();
    if (gradient == null) {
      gradient = mean.ulike();
    }
    ModelBatch whole = ModelBatch.of(model);
    try {
      for (int part = 0; part < parts; part++) {
        whole.rows(part * rows, (part + 1) * rows).set(model);
        oracle.lossAndGradient(oracle.parameters(), gradient);
        rescale(rows, access, gradient);
        action.accept(gradient);
      }
    } finally {
      whole.set(model);
      oracle.restore();
    }
  }
}
