package org.dl4jplus.privacy.gradient;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Each record passes the network alone, so that any layers will do. */
final class Loop implements ClippingEngine {

  private final NetworkPasses passes;
  private final int[] layers;

  Loop(NetworkPasses passes) {
    this.passes = passes;
    layers = passes.layers();
  }

  @Override
  public int addGradients(
      int[] piece, INDArray point, ClipRule rule, double[] clipped, double[] plain) {
    int left = 0;
    for (int record : piece) {
      double[] gradient = gradient(record, point);
      if (!addClipped(gradient, rule, clipped)) {
        left++;
      } else if (plain != null) {
        NetworkPasses.add(gradient, 1, plain);
      }
    }
    return left;
  }

  @Override
  public int addDifferences(
      int[] piece, INDArray point, INDArray reference, ClipRule rule, double[] clipped) {
    int left = 0;
    for (int record : piece) {
      List<double[]> gradients =
          NetworkPasses.alike(() -> gradient(record, point), () -> gradient(record, reference));
      double[] difference = gradients.get(0);
      NetworkPasses.add(gradients.get(1), -1, difference);
      left += addClipped(difference, rule, clipped) ? 0 : 1;
    }
    return left;
  }

  private double[] gradient(int record, INDArray point) {
    passes.pass(point, new int[] {record}, null);
    return passes.gradientSum();
  }

  /** False where the gradient is not finite, and then nothing is added. */
  private boolean addClipped(double[] gradient, ClipRule rule, double[] clipped) {
    RecordNorms norms = RecordNorms.of(gradient, layers, rule, passes.precision());
    if (norms.finite(new int[1]).length == 0) {
      return false;
    }
    for (int k = 0; k < layers.length; k++) {
      double factor = norms.factors(k)[0];
      int end = k + 1 < layers.length ? layers[k + 1] : gradient.length;
      for (int i = layers[k]; i < end; i++) {
        clipped[i] += factor * gradient[i];
      }
    }
    return true;
  }
}
