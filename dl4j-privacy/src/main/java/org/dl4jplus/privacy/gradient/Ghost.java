package org.dl4jplus.privacy.gradient;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.nd4j.linalg.activations.impl.ActivationRReLU;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Norms out of one pass, the weighted sum by another one whose losses are weighted by the factors.
 */
final class Ghost implements ClippingEngine {

  private final NetworkPasses passes;
  private final BookKeeping norms;

  /**
   * @throws IllegalArgumentException naming the layers that would draw something else in the second
   *     pass
   */
  Ghost(NetworkPasses passes) {
    this.passes = passes;
    norms = new BookKeeping(passes);
    List<String> reasons = new ArrayList<>();
    ModelAccess access = ModelAccess.of(passes.model());
    for (Layer layer : access.layers()) {
      String reason = reason(layer.conf().getLayer());
      if (reason != null) {
        reasons.add(layer.conf().getLayer().getLayerName() + " " + reason);
      }
    }
    if (!reasons.isEmpty()) {
      throw new IllegalArgumentException(
          "gradientEngine = GHOST is not possible, take BOOK_KEEPING: "
              + String.join(", ", reasons));
    }
  }

  private static String reason(org.deeplearning4j.nn.conf.layers.Layer layer) {
    if (layer.getIDropout() != null) {
      return "has dropout, which draws another mask in the second pass";
    }
    if (layer instanceof BaseLayer base) {
      if (base.getWeightNoise() != null) {
        return "has weight noise, which the second pass draws again";
      }
      if (base.getActivationFn() instanceof ActivationRReLU) {
        return "has an activation that draws";
      }
    }
    if (layer instanceof CnnLossLayer) {
      return "is a loss over pixels";
    }
    return layer instanceof Cnn3DLossLayer ? "is a loss over voxels" : null;
  }

  @Override
  public int addGradients(
      int[] piece, INDArray point, ClipRule rule, double[] clipped, double[] plain) {
    if (rule.perLayer()) {
      throw new IllegalArgumentException(
          "gradientEngine = GHOST has one factor for a record: clipping = PER_LAYER needs"
              + " BOOK_KEEPING or LOOP");
    }
    BookKeeping.Finite finite = norms.finite(piece, rule, point);
    if (finite.records.length > 0) {
      if (plain != null) {
        NetworkPasses.add(passes.gradientSum(), 1, plain);
      }
      double[] factors = finite.norms.factors(0);
      passes.pass(
          point,
          finite.records,
          (output, loss, labels, preOutput, activation, mask) ->
              weighted(loss.computeGradient(labels, preOutput, activation, mask), factors));
      NetworkPasses.add(passes.gradientSum(), 1, clipped);
    }
    return piece.length - finite.records.length;
  }

  /** Row b + records * t is that of record b at time step t. */
  private static INDArray weighted(INDArray errors, double[] factors) {
    double[] rows = new double[(int) errors.size(0)];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = factors[i % factors.length];
    }
    return errors
        .dup('c')
        .muliColumnVector(
            Nd4j.createFromArray(rows).castTo(errors.dataType()).reshape(rows.length, 1));
  }

  @Override
  public int addDifferences(
      int[] piece, INDArray point, INDArray reference, ClipRule rule, double[] clipped) {
    return norms.addDifferences(piece, point, reference, rule, clipped);
  }
}
