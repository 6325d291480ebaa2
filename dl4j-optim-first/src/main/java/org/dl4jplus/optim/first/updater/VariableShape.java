package org.dl4jplus.optim.first.updater;

import java.io.Serializable;
import java.util.Arrays;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * One trainable variable as a shape-aware updater sees it: its dimensions as they lie in memory,
 * outputs first.
 *
 * <p>A dense weight is {@code [nIn, nOut]} in 'f' order, which is the same memory as a row-major
 * {@code [nOut, nIn]} matrix; a convolution kernel is {@code [nOut, nIn, kH, kW]} in 'c' order.
 * Both are described here as row-major with the outputs in the first dimension, so that a row is
 * what feeds one output unit.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class VariableShape implements Serializable {

  /** What the variable does in the network. */
  public enum Kind {
    /** A weight of an inner layer. */
    WEIGHT,
    /** A weight of the network's last layer. */
    OUTPUT,
    /** A table of embeddings. */
    EMBEDDING,
    /** A bias, a gain or another parameter that is no matrix, whatever its array's rank. */
    VECTOR,
    /** Not one variable but all of a SameDiff graph: a step sees each in its own shape. */
    ANY
  }

  private final String name;
  private final long[] dimensions;
  private final Kind kind;

  /**
   * Creates a shape.
   *
   * @param name the variable's name, for messages
   * @param dimensions row-major dimensions, outputs first
   * @param kind what the variable does
   */
  @JsonCreator
  public VariableShape(
      @JsonProperty("name") String name,
      @JsonProperty("dimensions") long[] dimensions,
      @JsonProperty("kind") Kind kind) {
    this.name = name;
    this.dimensions = dimensions.clone();
    this.kind = kind;
  }

  /**
   * Describes an array by its shape and order.
   *
   * @param name the variable's name
   * @param shape the array's shape
   * @param order 'c' if the memory is row-major in that shape, 'f' if column-major
   * @param kind what the variable does
   * @return the shape
   */
  public static VariableShape of(String name, long[] shape, char order, Kind kind) {
    long[] dimensions = shape.clone();
    if (order == 'f') {
      for (int i = 0; i < shape.length; i++) {
        dimensions[i] = shape[shape.length - 1 - i];
      }
    }
    return new VariableShape(name, dimensions, kind);
  }

  /**
   * The dimensions.
   *
   * @return a copy
   */
  public long[] getDimensions() {
    return dimensions.clone();
  }

  /**
   * Whether methods for matrices apply.
   *
   * @return false for vectors
   */
  public boolean matrix() {
    return kind != Kind.VECTOR && dimensions.length > 1;
  }

  /**
   * Number of entries.
   *
   * @return the product of the dimensions
   */
  public long length() {
    return Arrays.stream(dimensions).reduce(1, (a, b) -> a * b);
  }

  /**
   * Rows of the variable as a matrix: output units.
   *
   * @return the first dimension
   */
  public long rows() {
    return dimensions.length == 0 ? 1 : dimensions[0];
  }

  /**
   * Columns of the variable as a matrix: everything but the outputs.
   *
   * @return the product of the other dimensions
   */
  public long columns() {
    return rows() == 0 ? 0 : length() / rows();
  }
}
