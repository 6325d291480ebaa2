package org.dl4jplus.optim.second;

import java.util.Base64;
import java.util.BitSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonIgnore;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Keeps pruned weights of a layer at zero: after every update of the network they are set to zero
 * again. {@link MfacPruner} puts it where it prunes; masks of any other origin do as well.
 *
 * <pre>{@code
 * layerConfiguration.setConstraints(
 *     List.of(PruningMaskConstraint.of(Map.of("W", maskOfZerosAndOnes))));
 * }</pre>
 *
 * <p>It is part of the layer's configuration and survives JSON and saving. It names its parameters
 * itself: what {@code constrainWeights} and its kin say about parameters is of no effect.
 */
@EqualsAndHashCode
@ToString
public final class PruningMaskConstraint implements LayerConstraint {

  private final TreeMap<String, String> removed;

  // Made from the masks when first needed.
  @EqualsAndHashCode.Exclude @ToString.Exclude private transient Map<String, INDArray> arrays;

  /**
   * Creates the constraint as JSON holds it.
   *
   * @param removed for each parameter the places that are to be zero: the bits of an array in
   *     row-major order, the lowest bit of a byte first, in Base64
   */
  @JsonCreator
  public PruningMaskConstraint(@JsonProperty("removed") Map<String, String> removed) {
    this.removed = new TreeMap<>(removed);
    this.removed.forEach((name, bits) -> bits(name));
  }

  /**
   * Creates a constraint from masks.
   *
   * @param masks for each parameter ("W", say) an array of its shape: 0 where the weight is to be
   *     zero
   * @return the constraint
   */
  public static PruningMaskConstraint of(Map<String, INDArray> masks) {
    Map<String, String> removed = new TreeMap<>();
    masks.forEach(
        (name, mask) -> {
          double[] values = mask.dup('c').reshape('c', new long[] {mask.length()}).toDoubleVector();
          BitSet bits = new BitSet(values.length);
          for (int i = 0; i < values.length; i++) {
            bits.set(i, values[i] == 0);
          }
          removed.put(name, Base64.getEncoder().encodeToString(bits.toByteArray()));
        });
    return new PruningMaskConstraint(removed);
  }

  private BitSet bits(String name) {
    try {
      return BitSet.valueOf(Base64.getDecoder().decode(removed.get(name)));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "removed must hold Base64 for each parameter, got for " + name + ": " + e.getMessage(),
          e);
    }
  }

  /**
   * The places that are zero, as JSON holds them.
   *
   * @return a copy
   */
  public Map<String, String> getRemoved() {
    return new TreeMap<>(removed);
  }

  @Override
  public void applyConstraint(Layer layer, int iteration, int epoch) {
    for (String name : removed.keySet()) {
      INDArray parameter = layer.getParam(name);
      if (parameter == null) {
        throw new IllegalStateException(
            "Layer '" + layer.conf().getLayer().getLayerName() + "' has no parameter " + name);
      }
      parameter.muli(mask(name, parameter));
    }
  }

  private synchronized INDArray mask(String name, INDArray parameter) {
    if (arrays == null) {
      arrays = new ConcurrentHashMap<>();
    }
    INDArray mask = arrays.get(name);
    if (mask == null
        || mask.dataType() != parameter.dataType()
        || !mask.equalShapes(parameter)
        || mask.ordering() != parameter.ordering()) {
      BitSet bits = bits(name);
      if (bits.length() > parameter.length()) {
        throw new IllegalStateException(
            "The mask of "
                + name
                + " is for more than the "
                + parameter.length()
                + " entries of the parameter");
      }
      double[] values = new double[(int) parameter.length()];
      for (int i = 0; i < values.length; i++) {
        values[i] = bits.get(i) ? 0 : 1;
      }
      // It stays longer than the workspace of this iteration.
      mask =
          Nd4j.createFromArray(values)
              .castTo(parameter.dataType())
              .reshape('c', parameter.shape())
              .dup(parameter.ordering())
              .detach();
      arrays.put(name, mask);
    }
    return mask;
  }

  /** The masks name the parameters already. */
  @Override
  public void setParams(Set<String> params) {
    // See the class comment.
  }

  @Override
  @JsonIgnore
  public Set<String> getParams() {
    return Set.copyOf(removed.keySet());
  }

  @Override
  public LayerConstraint clone() {
    return new PruningMaskConstraint(removed);
  }
}
