package org.dl4jplus.privacy.synthetic;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * One two-way marginal: the target that was released, and the counts of the synthetic rows. Bins of
 * numeric columns may be merged by powers of two, the extra cell stays alone.
 */
final class Workload {

  private final int first;
  private final int second;
  private final int firstShift;
  private final int secondShift;
  private final int firstBins;
  private final int secondBins;
  private final int firstCells;
  private final int secondCells;

  private double[] target;
  private boolean[] kept;
  private int[] counts;
  private double share;

  Workload(Column[] columns, int first, int firstShift, int second, int secondShift) {
    this.first = first;
    this.second = second;
    this.firstShift = firstShift;
    this.secondShift = secondShift;
    firstBins = columns[first].bins();
    secondBins = columns[second].bins();
    firstCells = merged(firstBins, firstShift) + columns[first].cells() - firstBins;
    secondCells = merged(secondBins, secondShift) + columns[second].cells() - secondBins;
  }

  private static int merged(int bins, int shift) {
    return (bins + (1 << shift) - 1) >> shift;
  }

  /** How often bins can be merged in pairs, at most "wanted" times, without going below 2. */
  static int shift(Column column, int wanted) {
    // An int of bins has no more halvings.
    int shift = column.binned() ? Math.min(wanted, 30) : 0;
    while (shift > 0 && merged(column.bins(), shift) < 2) {
      shift--;
    }
    return shift;
  }

  private static int cell(int cell, int bins, int shift) {
    return cell == bins ? merged(bins, shift) : cell >> shift;
  }

  private int index(int firstCell, int secondCell) {
    return cell(firstCell, firstBins, firstShift) * secondCells
        + cell(secondCell, secondBins, secondShift);
  }

  int first() {
    return first;
  }

  int second() {
    return second;
  }

  /** The true counts. */
  long[] measure(int[][] cells) {
    int[] a = Arrays.stream(cells[first]).map(c -> cell(c, firstBins, firstShift)).toArray();
    int[] b = Arrays.stream(cells[second]).map(c -> cell(c, secondBins, secondShift)).toArray();
    return TwoWayMarginals.counts(a, firstCells, b, secondCells);
  }

  /**
   * Takes the released shares, of which only the largest are looked at.
   *
   * @param noisy share of each cell
   * @param rows number of synthetic rows
   */
  void target(double[] noisy, int rows) {
    target = noisy;
    kept = new boolean[noisy.length];
    share = 1.0 / rows;
    IntStream.range(0, noisy.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -noisy[i]))
        .limit(rows)
        .forEach(i -> kept[i] = true);
  }

  /** Counts the synthetic rows, given as columns of cells. */
  void count(int[][] cells) {
    long[] measured = measure(cells);
    counts = Arrays.stream(measured).mapToInt(Math::toIntExact).toArray();
  }

  /** The sum of squared differences over the cells that are looked at. */
  double fitness() {
    double sum = 0;
    for (int i = 0; i < counts.length; i++) {
      sum += kept[i] ? square(target[i] - counts[i] * share) : 0;
    }
    return sum;
  }

  private static double square(double x) {
    return x * x;
  }

  /**
   * Moves a row to another cell.
   *
   * @param column this or the other column of the two
   * @param from its cell before
   * @param to its cell after
   * @param other the row's cell in the other column
   * @return what the fitness changes by
   */
  double move(int column, int from, int to, int other) {
    int before = column == first ? index(from, other) : index(other, from);
    int after = column == first ? index(to, other) : index(other, to);
    if (before == after) {
      return 0;
    }
    double change = 0;
    if (kept[before]) {
      double difference = target[before] - counts[before] * share;
      change += share * (2 * difference + share);
    }
    counts[before]--;
    if (kept[after]) {
      double difference = target[after] - counts[after] * share;
      change += share * (share - 2 * difference);
    }
    counts[after]++;
    return change;
  }
}
