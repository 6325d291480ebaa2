package org.dl4jplus.privacy.synthetic;

import java.util.Arrays;
import org.dl4jplus.privacy.noise.DiscreteGaussianSampler;

/**
 * Bins of a numeric column that hold about equally many records: the range in equal intervals, of
 * which those with more than their share are halved again and again, by noisy counts.
 */
final class PrivateBins {

  private final Column column;
  private final int intervals;
  private final double granularity;

  PrivateBins(Column column, int intervals, double granularity) {
    this.column = column;
    this.intervals = intervals;
    this.granularity = column.whole() ? 1 : granularity;
  }

  /**
   * How often intervals can be halved: until they are no wider than the granularity. Each record is
   * in one histogram more than that.
   */
  int levels() {
    double width = (column.high() - column.low()) / intervals;
    return (int) Math.max(0, Math.floor(Math.log(width / granularity) / Math.log(2) + 1));
  }

  /**
   * The edges of the bins.
   *
   * @param values the records'; those that are NaN are in no interval
   * @param noise for the counts of levels + 1 histograms
   * @return ascending, from the column's low to its high
   */
  double[] edges(double[] values, DiscreteGaussianSampler noise) {
    double[] edges = new double[intervals + 1];
    for (int i = 0; i <= intervals; i++) {
      edges[i] =
          i == intervals
              ? column.high()
              : column.low() + i * ((column.high() - column.low()) / intervals);
    }
    double[] mass = histogram(edges, values, noise);
    scale(mass, 0, mass.length, 1);
    int levels = levels();
    for (int level = 0; level < levels; level++) {
      boolean[] split = new boolean[mass.length];
      int count = 0;
      for (int i = 0; i < mass.length; i++) {
        split[i] = mass[i] > 1.0 / intervals && edges[i + 1] - edges[i] > granularity;
        count += split[i] ? 1 : 0;
      }
      if (count == 0) {
        break;
      }
      double[] finer = new double[edges.length + count];
      double[] inherited = new double[finer.length - 1];
      boolean[] halves = new boolean[finer.length - 1];
      int next = 0;
      for (int i = 0; i < mass.length; i++) {
        finer[next] = edges[i];
        inherited[next] = mass[i];
        if (split[i]) {
          halves[next] = true;
          finer[++next] = edges[i] + (edges[i + 1] - edges[i]) / 2;
        }
        next++;
      }
      finer[next] = edges[edges.length - 1];
      // The counts of intervals that stay are not looked at: noise on them would be for nothing.
      double[] measured = histogram(finer, values, noise);
      for (int i = 0; i < inherited.length; i++) {
        if (halves[i]) {
          double parent = inherited[i];
          inherited[i] = measured[i];
          inherited[i + 1] = measured[i + 1];
          scale(inherited, i, i + 2, parent);
          i++;
        }
      }
      edges = finer;
      mass = inherited;
    }
    return quantiles(edges, mass);
  }

  /** Noisy shares of the records, clipped to [0, 1]. */
  private static double[] histogram(
      double[] edges, double[] values, DiscreteGaussianSampler noise) {
    long[] counts = new long[edges.length - 1];
    for (double value : values) {
      if (!Double.isNaN(value)) {
        counts[TwoWayMarginals.bin(edges, value)]++;
      }
    }
    return Noisy.shares(counts, values.length, noise);
  }

  /** Gives mass[from, to) a sum; equal parts of it where all are 0. */
  private static void scale(double[] mass, int from, int to, double sum) {
    double present = Arrays.stream(mass, from, to).sum();
    for (int i = from; i < to; i++) {
      mass[i] = present > 0 ? mass[i] / present * sum : sum / (to - from);
    }
  }

  /** Values that cut the distribution, uniform within each interval, into equal parts. */
  private double[] quantiles(double[] edges, double[] mass) {
    double[] cuts = new double[intervals];
    int used = 0;
    cuts[used++] = column.low();
    int interval = 0;
    double below = 0;
    for (int i = 1; i < intervals - 1; i++) {
      double target = (double) i / (intervals - 1);
      while (interval < mass.length - 1 && below + mass[interval] < target) {
        below += mass[interval++];
      }
      double part = mass[interval] > 0 ? Math.min(1, (target - below) / mass[interval]) : 1;
      double cut = edges[interval] + part * (edges[interval + 1] - edges[interval]);
      // Between two whole numbers.
      cut = column.whole() ? Math.floor(cut) + 0.5 : cut;
      if (cut > cuts[used - 1] && cut < column.high()) {
        cuts[used++] = cut;
      }
    }
    cuts[used++] = column.high();
    return Arrays.copyOf(cuts, used);
  }
}
