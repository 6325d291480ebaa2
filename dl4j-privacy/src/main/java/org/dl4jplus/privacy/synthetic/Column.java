package org.dl4jplus.privacy.synthetic;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.datavec.api.transform.ColumnType;
import org.datavec.api.transform.metadata.CategoricalMetaData;
import org.datavec.api.transform.metadata.ColumnMetaData;
import org.datavec.api.transform.metadata.DoubleMetaData;
import org.datavec.api.transform.metadata.FloatMetaData;
import org.datavec.api.transform.metadata.IntegerMetaData;
import org.datavec.api.transform.metadata.LongMetaData;
import org.datavec.api.writable.DoubleWritable;
import org.datavec.api.writable.FloatWritable;
import org.datavec.api.writable.IntWritable;
import org.datavec.api.writable.LongWritable;
import org.datavec.api.writable.NullWritable;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;

/**
 * The public domain of a column. Values are numbers in [low, high] (a category is its position, a
 * whole number v fills [v - 1/2, v + 1/2]) or NaN, which is the extra category: missing, unknown or
 * not a number. What is said about a column never depends on what is in it.
 */
final class Column {

  /** Where a double has halves. */
  private static final double LARGEST_WHOLE = 0x1p51;

  private final String name;
  private final ColumnType type;
  private final List<String> states;
  private final Map<String, Integer> positions = new HashMap<>();
  private final boolean extra;
  private final boolean whole;
  private final double low;
  private final double high;
  private final boolean binned;

  /** Upper and lower ends of the cells, without the extra one. */
  private double[] edges;

  /**
   * From the schema.
   *
   * @param metadata of the column
   * @param extra whether there is a cell for values outside the domain
   * @param intervals whole numbers of more values than that are put in bins
   */
  Column(ColumnMetaData metadata, boolean extra, int intervals) {
    name = metadata.getName();
    type = metadata.getColumnType();
    this.extra = extra;
    states = metadata instanceof CategoricalMetaData c ? List.copyOf(c.getStateNames()) : List.of();
    double[] range = range(metadata);
    whole = type != ColumnType.Double && type != ColumnType.Float;
    for (int i = 0; i < states.size(); i++) {
      positions.put(states.get(i), i);
    }
    low = whole ? range[0] - 0.5 : range[0];
    high = whole ? range[1] + 0.5 : range[1];
    binned = states.isEmpty() && (whole ? high - low > intervals : high > low);
    if (!binned) {
      edges = new double[whole ? (int) (high - low) + 1 : 2];
      for (int i = 0; i < edges.length; i++) {
        edges[i] = low + i;
      }
      edges[edges.length - 1] = high;
    }
  }

  private double[] range(ColumnMetaData metadata) {
    Number min = null;
    Number max = null;
    double largest = LARGEST_WHOLE;
    if (metadata instanceof CategoricalMetaData) {
      min = 0;
      max = states.size() - 1;
    } else if (metadata instanceof IntegerMetaData i) {
      min = i.getMinAllowedValue();
      max = i.getMaxAllowedValue();
    } else if (metadata instanceof LongMetaData l) {
      min = l.getMinAllowedValue();
      max = l.getMaxAllowedValue();
    } else if (metadata instanceof DoubleMetaData d) {
      min = d.getMinAllowedValue();
      max = d.getMaxAllowedValue();
      largest = Double.MAX_VALUE / 4;
    } else if (metadata instanceof FloatMetaData f) {
      min = f.getMinAllowedValue();
      max = f.getMaxAllowedValue();
      largest = Float.MAX_VALUE;
    } else {
      throw new IllegalArgumentException(
          "column "
              + name
              + " must be categorical, integer, long, float or double, got "
              + metadata.getColumnType());
    }
    if (min == null || max == null) {
      throw new IllegalArgumentException(
          "column "
              + name
              + " must have a least and a greatest value in the schema: they are public, and the"
              + " data's own would be a release");
    }
    double[] range = {min.doubleValue(), max.doubleValue()};
    if (!(range[0] <= range[1] && Math.abs(range[0]) <= largest && Math.abs(range[1]) <= largest)) {
      throw new IllegalArgumentException(
          "column "
              + name
              + " must have a range within +-"
              + largest
              + " that is not empty, got "
              + min
              + " to "
              + max);
    }
    return range;
  }

  String name() {
    return name;
  }

  double low() {
    return low;
  }

  double high() {
    return high;
  }

  boolean whole() {
    return whole;
  }

  /** Whether private bins are needed. */
  boolean binned() {
    return binned;
  }

  void edges(double[] edges) {
    this.edges = edges;
  }

  /** Cells without the extra one. */
  int bins() {
    return edges.length - 1;
  }

  int cells() {
    return bins() + (extra ? 1 : 0);
  }

  /** An upper bound of the number of cells that is known before the bins are. */
  long mostCells(int intervals) {
    return (binned ? intervals - 1 : bins()) + (extra ? 1 : 0);
  }

  /** The extra cell is the last one. */
  int cell(double value) {
    return Double.isNaN(value) ? bins() : TwoWayMarginals.bin(edges, value);
  }

  /** Reads a value without ever failing: an error would tell that the value is there. */
  double read(Writable writable) {
    double value = Double.NaN;
    if (states.isEmpty()) {
      try {
        value = writable == null ? Double.NaN : number(writable);
      } catch (RuntimeException e) {
        // Not a number, which has its cell.
      }
    } else if (writable != null && positions.containsKey(writable.toString())) {
      value = positions.get(writable.toString());
    }
    if (Double.isNaN(value)) {
      return extra ? Double.NaN : nearest(low);
    }
    return nearest(value);
  }

  /** Text of a whole number may also be "3.0". */
  private static double number(Writable writable) {
    return writable instanceof Text
        ? Double.parseDouble(writable.toString().strip())
        : writable.toDouble();
  }

  /** The value of the domain that is nearest. */
  double nearest(double value) {
    double clamped = Math.max(low, Math.min(high, value));
    return whole ? Math.max(low + 0.5, Math.min(high - 0.5, Math.rint(clamped))) : clamped;
  }

  /** A value out of [from, to], uniformly. */
  double random(double from, double to, SplittableRandom random) {
    return nearest(from + random.nextDouble() * (to - from));
  }

  /** A value of the whole domain: the extra one as often as any cell, the others uniformly. */
  double random(SplittableRandom random) {
    return extra && random.nextInt(cells()) == 0 ? Double.NaN : random(low, high, random);
  }

  Writable write(double value) {
    if (Double.isNaN(value)) {
      return states.isEmpty() ? NullWritable.INSTANCE : new Text("");
    }
    return switch (type) {
      case Categorical -> new Text(states.get((int) value));
      case Integer -> new IntWritable((int) value);
      case Long -> new LongWritable((long) value);
      case Float -> new FloatWritable((float) value);
      default -> new DoubleWritable(value);
    };
  }
}
