package org.dl4jplus.optim.first.tape;

import java.util.List;
import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A layer whose gradients are products of its inputs and errors, summed over the positions. */
class LinearRecord extends LayerRecord {

  // Entries of gradients that are formed at a time.
  private static final long BLOCK = 1L << 22;
  private static final double UNIT_ROUNDOFF = 0x1p-53;

  private final String name;
  private final int examples;
  private final int positions;
  private final int[] unmaskedRows;
  private final Supplier<INDArray> inputs;
  private final INDArray errors;
  private final WeightLayout layout;
  private final Memory scaled;
  private INDArray inputRows;

  /** No unmasked rows (null) means all of them; the memory is for what is scaled. */
  LinearRecord(
      String name,
      int examples,
      int[] unmaskedRows,
      Supplier<INDArray> inputs,
      INDArray errors,
      WeightLayout layout,
      Memory scaled) {
    this.name = name;
    this.scaled = scaled;
    this.examples = examples;
    this.unmaskedRows = unmaskedRows;
    this.inputs = inputs;
    this.errors = errors;
    this.layout = layout;
    positions = (int) (errors.size(0) / examples);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int examples() {
    return examples;
  }

  @Override
  public int positions() {
    return positions;
  }

  @Override
  public INDArray inputRows() {
    if (inputRows == null) {
      inputRows = inputs.get();
    }
    return inputRows;
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
  public void addSquaredNorms(double[] sums) {
    if (positions == 1) {
      double[] a = Rows.squaredNorms(inputRows());
      double[] d = Rows.squaredNorms(errors);
      for (int i = 0; i < examples; i++) {
        sums[i] += (a[i] + (hasBias() ? 1 : 0)) * d[i];
      }
      return;
    }
    boolean ghost = ghost(positions);
    long width = ghost ? 2L * positions * positions : layout.inputs() * layout.outputs();
    int step = step(width);
    for (int i = 0; i < examples; i += step) {
      int to = Math.min(examples, i + step);
      INDArray a = block(inputRows(), i, to);
      INDArray d = block(errors, i, to);
      double[] squares = ghost ? ghostNorms(a, d) : squares(Nd4j.matmul(a, d, true, false, false));
      double[] biases = hasBias() ? squares(d.sum(1).reshape('c', to - i, 1, d.size(2))) : null;
      for (int k = 0; k < squares.length; k++) {
        sums[i + k] += squares[k] + (biases == null ? 0 : biases[k]);
      }
    }
  }

  private double[] ghostNorms(INDArray a, INDArray d) {
    INDArray products = Nd4j.matmul(a, a, false, true, false);
    double[] sums = products.muli(Nd4j.matmul(d, d, false, true, false)).sum(1, 2).toDoubleVector();
    double[] bounds = a.norm2(2).muli(d.norm2(2)).sum(1).toDoubleVector();
    double terms = 2.0 * positions + a.size(2) + d.size(2);
    for (int k = 0; k < sums.length; k++) {
      sums[k] = Math.max(0, sums[k]) + terms * UNIT_ROUNDOFF * bounds[k] * bounds[k];
    }
    return sums;
  }

  private static double[] squares(INDArray matrices) {
    double[] norms = matrices.norm2(1, 2).toDoubleVector();
    for (int k = 0; k < norms.length; k++) {
      norms[k] *= norms[k];
    }
    return norms;
  }

  /** How many examples are worked on at a time. */
  private static int step(long width) {
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE / 2, BLOCK / width));
  }

  /** Rows of some examples, [examples, positions, width], in double precision. */
  private INDArray block(INDArray rows, int from, int to) {
    return Rows.asDouble(Rows.of(rows, (long) from * positions, (long) to * positions))
        .reshape('c', new long[] {to - from, positions, rows.size(1)});
  }

  /** Whether inner products of rows cost less than the gradients. */
  private boolean ghost(int otherPositions) {
    return 2L * positions * otherPositions <= layout.inputs() * layout.outputs();
  }

  @Override
  public void weightedSum(double[] weights, INDArray out) {
    double[] sum = new double[(int) layout.outputs()];
    layout.writeProduct(inputRows(), Rows.scaled(errors, weights, positions, scaled, sum), out);
    if (hasBias()) {
      layout.writeBias(Nd4j.createFromArray(sum), out);
    }
  }

  @Override
  public void addProducts(INDArray vector, double[] sums) {
    INDArray image = inputRows().mmul(layout.readWeights(vector));
    if (hasBias()) {
      image.addiRowVector(layout.readBias(vector));
    }
    double[] products = Rows.products(image, errors);
    for (int i = 0; i < products.length; i++) {
      sums[i / positions] += products[i];
    }
  }

  @Override
  public void gradients(INDArray rows) {
    for (int i = 0; i < examples; i++) {
      INDArray row = rows.get(NDArrayIndex.point(i), NDArrayIndex.all());
      long from = (long) i * positions;
      INDArray d = Rows.of(errors, from, from + positions);
      layout.writeWeights(Rows.of(inputRows(), from, from + positions).transpose().mmul(d), row);
      if (hasBias()) {
        layout.writeBias(d.sum(0), row);
      }
    }
  }

  @Override
  public void addGramian(LayerRecord other, INDArray gramian) {
    LinearRecord that = (LinearRecord) other;
    if (positions == 1 && that.positions == 1) {
      INDArray a = inputProducts(inputRows(), that);
      gramian.addi((hasBias() ? a.addi(1) : a).muli(errorProducts(errors, that)));
    } else if (ghost(that.positions)) {
      for (int i = 0; i < examples; i++) {
        long from = (long) i * positions;
        INDArray a = inputProducts(Rows.of(inputRows(), from, from + positions), that);
        INDArray d = errorProducts(Rows.of(errors, from, from + positions), that);
        INDArray sums = (hasBias() ? a.addi(1) : a).muli(d).sum(0);
        gramian
            .getRow(i)
            .addi(sums.reshape('c', new long[] {that.examples, that.positions}).sum(1));
      }
    } else {
      long width = layout.inputs() * layout.outputs() + layout.outputs();
      int step = step(width);
      for (int i = 0; i < examples; i += step) {
        int to = Math.min(examples, i + step);
        INDArray mine = formed(i, to);
        for (int j = 0; j < that.examples; j += step) {
          int end = Math.min(that.examples, j + step);
          gramian
              .get(NDArrayIndex.interval(i, to), NDArrayIndex.interval(j, end))
              .addi(mine.mmul((this == that && i == j ? mine : that.formed(j, end)).transpose()));
        }
      }
    }
  }

  @Override
  public LayerRecord minus(LayerRecord other) {
    LinearRecord that = (LinearRecord) other;
    INDArray change = errors.sub(that.errors);
    LinearRecord weights =
        new LinearRecord(
            name,
            examples,
            null,
            () -> paired(inputRows().sub(that.inputRows()), that.inputRows()),
            paired(errors, change),
            layout.withoutBias(),
            scaled);
    return hasBias()
        ? new CompositeRecord(weights, List.of(VectorPart.of(layout.bias(), change, examples)))
        : weights;
  }

  /** For each example its rows of the one array, and below them those of the other. */
  private INDArray paired(INDArray upper, INDArray lower) {
    long[] shape = {examples, 1, positions * upper.size(1)};
    return Nd4j.concat(1, upper.reshape('c', shape), lower.reshape('c', shape))
        .reshape('c', new long[] {2L * examples * positions, upper.size(1)});
  }

  /** Inner products of inputs with all rows of another record, in double precision. */
  private INDArray inputProducts(INDArray rows, LinearRecord that) {
    return Rows.asDouble(rows).mmul(Rows.asDouble(that.inputRows()).transpose());
  }

  private INDArray errorProducts(INDArray rows, LinearRecord that) {
    return Rows.asDouble(rows).mmul(Rows.asDouble(that.errors).transpose());
  }

  /** Gradients of some examples as rows, in double precision. */
  private INDArray formed(int from, int to) {
    INDArray a = block(inputRows(), from, to);
    INDArray d = block(errors, from, to);
    long length = layout.inputs() * layout.outputs();
    INDArray weights =
        Nd4j.matmul(a, d, true, false, false).reshape('c', new long[] {to - from, length});
    return hasBias() ? Nd4j.hstack(weights, d.sum(1)) : weights;
  }
}
