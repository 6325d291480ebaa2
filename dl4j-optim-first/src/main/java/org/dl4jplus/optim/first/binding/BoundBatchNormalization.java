package org.dl4jplus.optim.first.binding;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Batch normalization whose gain and offset take part in the steps that updaters need. The
 * platform's layer runs no regularization for them, so an updater that reads parameter values would
 * never see theirs. {@code Optim.bind} puts this in its place; it computes and saves the same.
 */
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class BoundBatchNormalization extends BatchNormalization {

  /** For JSON; use {@link #of}. */
  public BoundBatchNormalization() {}

  /**
   * Copies a layer configuration.
   *
   * @param layer the platform's layer
   * @return the same with steps
   */
  static BoundBatchNormalization of(BatchNormalization layer) {
    ObjectMapper mapper = NeuralNetConfiguration.mapper();
    try {
      ObjectNode tree = (ObjectNode) mapper.readTree(mapper.writeValueAsString(layer));
      tree.put("@class", BoundBatchNormalization.class.getName());
      return mapper.readValue(mapper.writeValueAsString(tree), BoundBatchNormalization.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public List<Regularization> getRegularizationByParam(String paramName) {
    return getRegularizationBias();
  }
}
