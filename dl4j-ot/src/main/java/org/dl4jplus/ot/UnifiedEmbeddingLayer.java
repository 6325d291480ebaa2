package org.dl4jplus.ot;

import java.util.Arrays;
import java.util.Map;
import lombok.AccessLevel;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.NoArgsConstructor;
import lombok.Setter;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.dl4jplus.ot.embedding.FeatureHash;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Feature multiplexing: all categorical features look their values up in the same tables, each at
 * rows of its own hashing, {@link FeatureHash}.
 *
 * <p>Input [batch, features] of whole numbers from 0 to 2^53, of which a network in single
 * precision tells apart those up to 2^24; output [batch, (sum of chunks) * dimension], the
 * embeddings one after the other, feature by feature and chunk by chunk. The k-th of these lookups
 * goes to table k modulo {@code numTables}. Parameter "E" of [numTables * buckets, dimension], the
 * tables one below the other, drawn from N(0, 1 / dimension). As a first layer it passes no
 * gradient down.
 *
 * <p>B. Coleman, W.-C. Kang, M. Fahrbach, R. Wang, L. Hong, E. H. Chi, D. Z. Cheng, "Unified
 * Embedding: Battle-Tested Feature Representations for Web-Scale ML Systems", arXiv:2305.12102,
 * 2023.
 */
@Getter
@Setter
@NoArgsConstructor(access = AccessLevel.PROTECTED)
@EqualsAndHashCode(callSuper = true)
public class UnifiedEmbeddingLayer extends ExplicitLayer {

  private static final long serialVersionUID = 1L;
  private static final String TABLES = "E";
  private static final double LARGEST = 1L << 53;

  private int buckets;
  private int dimension;
  private int numTables;
  private int[] chunks;

  /**
   * Makes the layer.
   *
   * @param builder the settings
   * @throws IllegalArgumentException if a value is out of range
   */
  protected UnifiedEmbeddingLayer(Builder builder) {
    super(builder);
    buckets = builder.buckets;
    dimension = builder.dimension;
    numTables = builder.numTables;
    chunks = builder.chunks;
    begin(builder);
  }

  @Override
  protected void validate() {
    if (buckets < 1 || dimension < 1 || numTables < 1) {
      throw new IllegalArgumentException(
          "buckets, dimension and numTables must be >= 1: "
              + buckets
              + ", "
              + dimension
              + ", "
              + numTables);
    }
    if (chunks == null || chunks.length == 0 || Arrays.stream(chunks).anyMatch(c -> c < 1)) {
      throw new IllegalArgumentException(
          "chunks must be >= 1, one number for each feature: " + Arrays.toString(chunks));
    }
  }

  /** The settings but for JSON are the array's: a clone has its own. */
  @Override
  public UnifiedEmbeddingLayer clone() {
    UnifiedEmbeddingLayer copy = (UnifiedEmbeddingLayer) super.clone();
    copy.chunks = chunks.clone();
    return copy;
  }

  @Override
  protected void sizes(InputType inputType, boolean override) {
    long size = feedForward(inputType).getSize();
    if (size != chunks.length) {
      throw new IllegalStateException(
          "UnifiedEmbeddingLayer "
              + getLayerName()
              + " has chunks for "
              + chunks.length
              + " features, its input "
              + size);
    }
  }

  @Override
  public InputType getOutputType(int layerIndex, InputType inputType) {
    feedForward(inputType);
    return InputType.feedForward((long) Arrays.stream(chunks).sum() * dimension);
  }

  private InputType.InputTypeFeedForward feedForward(InputType inputType) {
    if (!(inputType instanceof InputType.InputTypeFeedForward)) {
      throw new IllegalStateException(
          "UnifiedEmbeddingLayer " + getLayerName() + " takes rows of values, not " + inputType);
    }
    return (InputType.InputTypeFeedForward) inputType;
  }

  @Override
  public void defineParameters(SDLayerParams params) {
    params.clear();
    params.addWeightParam(TABLES, (long) numTables * buckets, dimension);
  }

  @Override
  public void initializeParameters(Map<String, INDArray> params) {
    INDArray tables = params.get(TABLES);
    tables.assign(
        Nd4j.randn(tables.dataType(), tables.shape()).divi(Math.sqrt((double) dimension)));
  }

  @Override
  protected Pass forward(
      INDArray input, INDArray mask, Map<String, INDArray> parameters, boolean training) {
    if (input.rank() != 2 || input.size(1) != chunks.length) {
      throw new IllegalArgumentException(
          "input must be of shape [batch, " + chunks.length + "]: " + input.shapeInfoToString());
    }
    return new Lookups(rows(input), parameters.get(TABLES), input.shape());
  }

  /** The rows of the tables that a batch looks up. */
  private int[][] rows(INDArray input) {
    double[] values = input.dup('c').data().asDouble();
    int[][] rows = new int[values.length / chunks.length][Arrays.stream(chunks).sum()];
    for (int k = 0; k < values.length; k++) {
      double value = values[k];
      if (!(value >= 0 && value <= LARGEST) || value != Math.rint(value)) {
        throw new IllegalArgumentException(
            "input must be whole numbers in [0, 2^53]: " + value + " at " + k % chunks.length);
      }
    }
    for (int example = 0; example < rows.length; example++) {
      int lookup = 0;
      for (int f = 0; f < chunks.length; f++) {
        for (int c = 0; c < chunks[f]; c++) {
          int bucket =
              FeatureHash.bucket((long) values[example * chunks.length + f], f, c, buckets);
          rows[example][lookup] = lookup % numTables * buckets + bucket;
          lookup++;
        }
      }
    }
    return rows;
  }

  /** The lookups of a batch. */
  private record Lookups(int[][] rows, INDArray tables, long[] inputShape) implements Pass {

    @Override
    public INDArray output() {
      long dimension = tables.size(1);
      INDArray found = tables.getRows(Arrays.stream(rows).flatMapToInt(Arrays::stream).toArray());
      return found.dup('c').reshape('c', new long[] {rows.length, rows[0].length * dimension});
    }

    @Override
    public INDArray backward(INDArray epsilon, Map<String, INDArray> gradients) {
      int dimension = (int) tables.size(1);
      double[] upstream = epsilon.dup('c').data().asDouble();
      double[] sums = new double[(int) tables.length()];
      int from = 0;
      for (int[] example : rows) {
        for (int row : example) {
          for (int k = 0; k < dimension; k++) {
            sums[row * dimension + k] += upstream[from++];
          }
        }
      }
      gradients.get(TABLES).assign(Nd4j.createFromArray(sums).reshape('c', tables.shape()));
      return Nd4j.create(epsilon.dataType(), inputShape);
    }
  }

  /** Builds the layer. */
  @SuppressWarnings("unchecked")
  public static class Builder extends SameDiffLayer.Builder<Builder> {

    private int buckets = 1000;
    private int dimension = 8;
    private int numTables = 1;
    private int[] chunks;

    /** With the defaults. */
    public Builder() {}

    /**
     * Sets the rows of a table.
     *
     * @param buckets at least 1, default 1000
     * @return this
     */
    public Builder buckets(int buckets) {
      this.buckets = buckets;
      return this;
    }

    /**
     * Sets the length of a row.
     *
     * @param dimension at least 1, default 8
     * @return this
     */
    public Builder dimension(int dimension) {
      this.dimension = dimension;
      return this;
    }

    /**
     * Sets the number of tables that the lookups take turns in.
     *
     * @param numTables at least 1, default 1
     * @return this
     */
    public Builder numTables(int numTables) {
      this.numTables = numTables;
      return this;
    }

    /**
     * Sets how many lookups each feature has.
     *
     * @param chunks at least 1, one number for each feature; has to be set
     * @return this
     */
    public Builder chunks(int... chunks) {
      this.chunks = chunks.clone();
      return this;
    }

    @Override
    public UnifiedEmbeddingLayer build() {
      return new UnifiedEmbeddingLayer(this);
    }
  }
}
