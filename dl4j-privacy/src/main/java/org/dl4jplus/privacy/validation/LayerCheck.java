package org.dl4jplus.privacy.validation;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.nd4j.linalg.lossfunctions.impl.LossFMeasure;

/** Layers and losses that are known to look at more than one record. */
final class LayerCheck {

  private LayerCheck() {}

  static void check(Model model, Permissions permissions) {
    for (Part part : Part.of(model)) {
      String reason = reason(part);
      if (reason != null) {
        throw new IllegalArgumentException(part.describe() + " cannot be trained: " + reason);
      }
      Object loss = part.loss();
      if (loss == null) {
        continue;
      }
      if (loss instanceof LossFMeasure) {
        throw new IllegalArgumentException(
            part.describe() + " has the loss LossFMeasure, which is one number for a whole batch");
      }
      if (!Part.ofPlatform(loss) && !permissions.lossesPerExample()) {
        throw new IllegalArgumentException(
            part.describe()
                + " has the loss "
                + loss.getClass().getSimpleName()
                + ", which is not the platform's: if the loss of a record does not depend on the"
                + " others in its batch, say so by lossesPerExample(true)");
      }
    }
  }

  /** Why a layer cannot be trained, or null. */
  static String reason(Part part) {
    if (part.frozen()) {
      return null;
    }
    if (part.conf() instanceof BatchNormalization) {
      return "batch normalization makes each record's gradient depend on the others, and its"
          + " running statistics would be released without noise; use layer normalization, or"
          + " freeze it";
    }
    if (part.conf() instanceof CenterLossOutputLayer) {
      return "its centers are statistics of the records, which would be released without noise";
    }
    if (part.conf() instanceof OCNNOutputLayer) {
      return "its threshold is a quantile of the records, which would be released without noise";
    }
    return null;
  }
}
