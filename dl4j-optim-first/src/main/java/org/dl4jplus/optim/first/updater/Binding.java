package org.dl4jplus.optim.first.updater;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * What an updater was told about the variables it serves.
 *
 * <p>The platform merges neighbouring variables with equal updaters into one block. The key is
 * unique per layer, so that a shape-aware updater never finds a stranger's variables in its block;
 * within a layer, a <em>run</em> lists the variables of one block in their order (an LSTM's input
 * weights, recurrent weights and biases, say).
 */
@Getter
@EqualsAndHashCode
@ToString
public final class Binding implements Serializable {

  /**
   * For updaters that need parameter values or steps but no shapes: their blocks may span layers.
   */
  public static final Binding WITHOUT_SHAPES = new Binding(null, false, List.of());

  private final String key;
  private final boolean shaped;
  private final List<List<VariableShape>> runs;

  /**
   * Creates a binding.
   *
   * @param key what makes the updater's configuration unlike its neighbours'; null if it may share
   *     a block with them
   * @param shaped whether each variable is a block of its own and its gradient comes in its own
   *     shape (SameDiff)
   * @param runs the variables of each block, in order
   */
  @JsonCreator
  public Binding(
      @JsonProperty("key") String key,
      @JsonProperty("shaped") boolean shaped,
      @JsonProperty("runs") List<List<VariableShape>> runs) {
    this.key = key;
    this.shaped = shaped;
    this.runs = runs.stream().map(List::copyOf).toList();
  }

  /**
   * The variables of a block.
   *
   * @param gradient the block's gradient
   * @return its variables, in order
   * @throws IllegalStateException if no block fits
   */
  List<VariableShape> run(INDArray gradient) {
    if (shaped) {
      long[] dimensions =
          VariableShape.of("", gradient.shape(), 'f', VariableShape.Kind.ANY).getDimensions();
      for (List<VariableShape> run : runs) {
        if (Arrays.equals(run.get(0).getDimensions(), dimensions)) {
          return run;
        }
      }
      throw unknown(Arrays.toString(gradient.shape()));
    }
    for (List<VariableShape> run : runs) {
      if (run.stream().mapToLong(VariableShape::length).sum() == gradient.length()) {
        return run;
      }
    }
    throw unknown(Long.toString(gradient.length()));
  }

  private IllegalStateException unknown(String given) {
    return new IllegalStateException(
        "The updater is bound to "
            + runs
            + " but was given parameters of size "
            + given
            + "; call Optim.bind(...) again after changing the network");
  }

  /** A variable of this length. */
  VariableShape variable(long length) {
    return runs.stream()
        .flatMap(List::stream)
        .filter(v -> v.length() == length)
        .findFirst()
        .orElseThrow(() -> unknown(Long.toString(length)));
  }
}
