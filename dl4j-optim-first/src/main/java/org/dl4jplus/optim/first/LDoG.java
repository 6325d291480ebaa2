package org.dl4jplus.optim.first;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * L-DoG, layer-wise distance over gradients: {@link DoG} with its norms and its step size for each
 * variable on its own. Fields, defaults and output averaging are DoG's. State: 1 value for each
 * parameter and 2 scalars for each variable. Needs shapes: pass the configuration through {@link
 * Optim}{@code .bind}.
 *
 * <p>M. Ivgi, O. Hinder, Y. Carmon: "DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size
 * Schedule", arXiv 2302.12022 (2023).
 */
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class LDoG extends DoG {

  /** L-DoG with its defaults. */
  public LDoG() {
    this(null, null, null, null, null, null);
  }

  @Builder(builderMethodName = "layerwiseBuilder")
  @JsonCreator
  private LDoG(
      @JsonProperty("repsRel") Double repsRel,
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("initialDistance") Double initialDistance,
      @JsonProperty("initEta") Double initEta,
      @JsonProperty("weightDecay") Double weightDecay) {
    super(repsRel, learningRate, epsilon, initialDistance, initEta, weightDecay);
  }

  @Override
  public boolean needsShapes() {
    return true;
  }
}
