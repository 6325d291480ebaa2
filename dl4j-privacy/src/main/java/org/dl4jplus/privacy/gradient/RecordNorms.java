package org.dl4jplus.privacy.gradient;

import java.util.List;
import java.util.stream.IntStream;
import org.dl4jplus.optim.first.tape.LayerRecord;
import org.dl4jplus.optim.first.tape.Tape;

/** Norms of the gradients of some records: of the whole gradient, or of each layer's part of it. */
final class RecordNorms {

  private final ClipRule rule;
  private final Precision precision;

  /** By layers, where the rule is, and records. */
  private final double[][] norms;

  private RecordNorms(ClipRule rule, Precision precision, double[][] squares) {
    this.rule = rule;
    this.precision = precision;
    norms = squares;
    for (double[] part : norms) {
      for (int i = 0; i < part.length; i++) {
        part[i] = Math.sqrt(part[i]);
      }
    }
  }

  /** Of the examples of a tape. */
  static RecordNorms of(Tape tape, ClipRule rule, Precision precision) {
    if (!rule.perLayer()) {
      return new RecordNorms(rule, precision, new double[][] {tape.squaredNorms()});
    }
    List<LayerRecord> layers = tape.requireAll().layers();
    double[][] squares = new double[layers.size()][tape.examples()];
    for (int i = 0; i < squares.length; i++) {
      layers.get(i).addSquaredNorms(squares[i]);
    }
    return new RecordNorms(rule, precision, squares);
  }

  /** Of a single record, whose layers begin at the given entries of its gradient. */
  static RecordNorms of(double[] gradient, int[] layers, ClipRule rule, Precision precision) {
    int[] starts = rule.perLayer() ? layers : new int[1];
    double[][] squares = new double[starts.length][1];
    for (int k = 0; k < starts.length; k++) {
      int end = k + 1 < starts.length ? starts[k + 1] : gradient.length;
      for (int i = starts[k]; i < end; i++) {
        squares[k][0] += gradient[i] * gradient[i];
      }
    }
    return new RecordNorms(rule, precision, squares);
  }

  /** Those of the records whose norms are all finite. */
  int[] finite(int[] records) {
    return IntStream.range(0, records.length)
        .filter(
            i -> {
              for (double[] part : norms) {
                if (!precision.finite(part[i])) {
                  return false;
                }
              }
              return true;
            })
        .map(i -> records[i])
        .toArray();
  }

  /** The factors of all records, whose norms must be finite, in a layer. */
  double[] factors(int layer) {
    double[] factors = norms[rule.perLayer() ? layer : 0].clone();
    for (int i = 0; i < factors.length; i++) {
      factors[i] =
          precision.factor(
              rule.perLayer()
                  ? rule.layerFactor(layer, norms.length, factors[i])
                  : rule.factor(factors[i]));
    }
    return factors;
  }
}
