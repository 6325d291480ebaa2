package org.dl4jplus.optim.first.oracle;

import java.util.SplittableRandom;
import org.dl4jplus.optim.first.tape.OutputErrors;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;
import org.nd4j.linalg.lossfunctions.impl.LossL2;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossSparseMCXENT;

/** Draws labels from the distributions that the losses stand for. */
public final class SampledLabels implements OutputErrors {

  private final SplittableRandom random;

  /**
   * Labels for one pass.
   *
   * @param seed of the draws
   */
  public SampledLabels(long seed) {
    random = new SplittableRandom(seed);
  }

  @Override
  public INDArray errors(
      int output,
      ILossFunction loss,
      INDArray labels,
      INDArray preOutput,
      IActivation activation,
      INDArray mask) {
    INDArray drawn = activation.getActivation(preOutput.dup('c'), true);
    if (loss instanceof LossMCXENT && activation instanceof ActivationSoftmax) {
      drawn = classes(drawn, loss instanceof LossSparseMCXENT);
    } else if (loss instanceof LossBinaryXENT && activation instanceof ActivationSigmoid) {
      for (long i = 0; i < drawn.length(); i++) {
        drawn.putScalar(i, random.nextDouble() < drawn.getDouble(i) ? 1 : 0);
      }
    } else if (loss instanceof LossL2 && activation instanceof ActivationIdentity) {
      for (long i = 0; i < drawn.length(); i++) {
        drawn.putScalar(i, drawn.getDouble(i) + random.nextGaussian());
      }
    } else {
      throw new IllegalStateException(
          "Labels cannot be drawn for the loss "
              + loss.getClass().getSimpleName()
              + " with the activation "
              + activation
              + " of output "
              + output
              + ": only for MCXENT with softmax, XENT with sigmoid, MSE and L2 with identity");
    }
    return loss.computeGradient(drawn, preOutput, activation, mask);
  }

  private INDArray classes(INDArray probabilities, boolean sparse) {
    int rows = (int) probabilities.size(0);
    int count = (int) probabilities.size(1);
    INDArray labels =
        Nd4j.create(probabilities.dataType(), new long[] {rows, sparse ? 1 : count}, 'c');
    double[][] p = probabilities.toDoubleMatrix();
    for (int i = 0; i < rows; i++) {
      double rest = random.nextDouble();
      int drawn = 0;
      // The last class takes what rounding leaves.
      while (drawn < count - 1 && (rest -= p[i][drawn]) >= 0) {
        drawn++;
      }
      labels.putScalar(i, sparse ? 0 : drawn, sparse ? drawn : 1);
    }
    return labels;
  }
}
