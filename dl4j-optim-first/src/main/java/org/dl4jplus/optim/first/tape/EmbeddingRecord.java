package org.dl4jplus.optim.first.tape;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * An embedding: each row picks a row of the weights. Tokens of an example that are the same share a
 * gradient, and are added before anything is squared.
 */
final class EmbeddingRecord extends LayerRecord {

  private final String name;
  private final int[] tokens;
  private final INDArray errors;
  private final WeightLayout layout;
  private final int positions;
  private final int[] unmaskedRows;
  private final List<Map<Integer, double[]>> gradients = new ArrayList<>();
  private final double[][] sums;

  EmbeddingRecord(
      String name,
      int examples,
      int[] unmaskedRows,
      int[] tokens,
      INDArray errors,
      WeightLayout layout) {
    this.name = name;
    this.tokens = tokens;
    this.errors = errors;
    this.layout = layout;
    this.unmaskedRows = unmaskedRows;
    positions = tokens.length / examples;
    sums = new double[examples][];
    double[][] rows = Rows.asDouble(errors).toDoubleMatrix();
    int width = (int) layout.outputs();
    for (int i = 0; i < examples; i++) {
      Map<Integer, double[]> byToken = new HashMap<>();
      sums[i] = new double[width];
      for (int row = i * positions; row < (i + 1) * positions; row++) {
        add(byToken.computeIfAbsent(tokens[row], t -> new double[width]), 1, rows[row]);
        add(sums[i], 1, rows[row]);
      }
      gradients.add(byToken);
    }
  }

  private static void add(double[] to, double factor, double[] values) {
    for (int j = 0; j < to.length; j++) {
      to[j] += factor * values[j];
    }
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int j = 0; j < x.length; j++) {
      sum += x[j] * y[j];
    }
    return sum;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int examples() {
    return sums.length;
  }

  @Override
  public int positions() {
    return positions;
  }

  @Override
  public INDArray inputRows() {
    INDArray rows = Nd4j.create(errors.dataType(), tokens.length, layout.inputs());
    for (int row = 0; row < tokens.length; row++) {
      rows.putScalar(row, tokens[row], 1);
    }
    return rows;
  }

  @Override
  public INDArray errorRows() {
    return errors;
  }

  @Override
  public boolean hasBias() {
    return layout.hasBias();
  }

  @Override
  public boolean isLinear() {
    return true;
  }

  @Override
  public int[] unmaskedRows() {
    return unmaskedRows == null ? null : unmaskedRows.clone();
  }

  @Override
  public INDArray readMatrix(INDArray vector) {
    return layout.read(vector);
  }

  @Override
  public void writeMatrix(INDArray matrix, INDArray vector) {
    layout.write(matrix, vector);
  }

  @Override
  public void addSquaredNorms(double[] norms) {
    for (int i = 0; i < norms.length; i++) {
      norms[i] += product(i, this, i);
    }
  }

  /** Inner product of two gradients. */
  private double product(int i, EmbeddingRecord other, int j) {
    double sum = hasBias() ? dot(sums[i], other.sums[j]) : 0;
    Map<Integer, double[]> theirs = other.gradients.get(j);
    for (var mine : gradients.get(i).entrySet()) {
      double[] same = theirs.get(mine.getKey());
      sum += same == null ? 0 : dot(mine.getValue(), same);
    }
    return sum;
  }

  @Override
  public void weightedSum(double[] weights, INDArray out) {
    write(weights, 0, out);
  }

  @Override
  public void gradients(INDArray rows) {
    for (int i = 0; i < sums.length; i++) {
      write(new double[] {1}, i, rows.get(NDArrayIndex.point(i), NDArrayIndex.all()));
    }
  }

  /** The weights belong to the examples from the first one on. */
  private void write(double[] weights, int first, INDArray vector) {
    Map<Integer, double[]> total = new HashMap<>();
    double[] bias = new double[(int) layout.outputs()];
    for (int i = 0; i < weights.length; i++) {
      double weight = weights[i];
      gradients
          .get(first + i)
          .forEach(
              (token, values) ->
                  add(total.computeIfAbsent(token, t -> new double[bias.length]), weight, values));
      add(bias, weight, sums[first + i]);
    }
    long from = layout.offsets()[0];
    vector.get(NDArrayIndex.interval(from, from + layout.inputs() * layout.outputs())).assign(0);
    total.forEach((token, values) -> row(vector, token).assign(Nd4j.createFromArray(values)));
    if (hasBias()) {
      layout.writeBias(Nd4j.createFromArray(bias), vector);
    }
  }

  /** The entries of a token: a row of the weights, which lie in 'f' order. */
  private INDArray row(INDArray vector, int token) {
    long from = layout.offsets()[0];
    return vector.get(
        NDArrayIndex.interval(
            from + token, layout.inputs(), from + layout.inputs() * layout.outputs()));
  }

  @Override
  public void addProducts(INDArray vector, double[] products) {
    Map<Integer, double[]> rows = new HashMap<>();
    double[] bias = hasBias() ? Rows.asDouble(layout.readBias(vector)).toDoubleVector() : null;
    for (int i = 0; i < products.length; i++) {
      double sum = bias == null ? 0 : dot(bias, sums[i]);
      for (var mine : gradients.get(i).entrySet()) {
        double[] row =
            rows.computeIfAbsent(
                mine.getKey(), token -> Rows.asDouble(row(vector, token)).toDoubleVector());
        sum += dot(mine.getValue(), row);
      }
      products[i] += sum;
    }
  }

  @Override
  public void addGramian(LayerRecord other, INDArray gramian) {
    EmbeddingRecord that = (EmbeddingRecord) other;
    for (int i = 0; i < sums.length; i++) {
      for (int j = 0; j < that.sums.length; j++) {
        gramian.putScalar(i, j, gramian.getDouble(i, j) + product(i, that, j));
      }
    }
  }

  @Override
  public LayerRecord minus(LayerRecord other) {
    EmbeddingRecord that = (EmbeddingRecord) other;
    if (!Arrays.equals(tokens, that.tokens)) {
      throw new UnsupportedOperationException(
          name + " saw other tokens in one pass than in the other");
    }
    return new EmbeddingRecord(
        name, sums.length, unmaskedRows, tokens, errors.sub(that.errors), layout);
  }
}
