package org.dl4jplus.optim.zeroth.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dl4jplus.optim.first.noise.CounterNoise;
import org.dl4jplus.optim.first.noise.CounterNoise.Distribution;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;

/**
 * The coordinates that parameters are moved by: x = base + P u, variable by variable. A variable
 * that is no matrix has its entries as coordinates, a matrix of [out, in] fewer ones:
 *
 * <pre>{@code
 * coordinates = r (out + in),   r = min(rank, out, in)
 * }</pre>
 *
 * P is a function of the seed, the period and the number of the variable; it is held as {@link
 * Kind} says.
 */
public final class Subspace {

  /** How the parameters follow from the coordinates. */
  public enum Kind {
    /** Every entry is a coordinate. */
    FULL,
    /**
     * P has Gaussian columns, made orthonormal, or of N(0, 1 / coordinates) where a matrix has
     * fewer entries than coordinates. It is held: entries times coordinates numbers.
     */
    HYBRID,
    /**
     * A coordinate moves ceil(3 entries / coordinates) random entries, each by plus or minus one
     * over the root of their number. Nothing is held; one entry in twenty is moved by no
     * coordinate. A matrix with fewer entries than coordinates has its entries as coordinates.
     */
    SPARSE
  }

  /** Entries that are moved, and by how much. */
  public static final class Move {

    private final double[] by;
    private final int[] touched;
    private final boolean[] marked;
    private int count;

    /**
     * No move.
     *
     * @param length of the parameters
     */
    public Move(int length) {
      by = new double[length];
      touched = new int[length];
      marked = new boolean[length];
    }

    private void add(int entry, double amount) {
      if (!marked[entry]) {
        marked[entry] = true;
        touched[count++] = entry;
      }
      by[entry] += amount;
    }

    /** Takes all moves back. */
    public void clear() {
      for (int i = 0; i < count; i++) {
        by[touched[i]] = 0;
        marked[touched[i]] = false;
      }
      count = 0;
    }

    /**
     * How many entries are moved.
     *
     * @return the count
     */
    public int count() {
      return count;
    }

    /**
     * An entry that is moved.
     *
     * @param i from 0 to below {@link #count()}
     * @return its number among the parameters
     */
    public int entry(int i) {
      return touched[i];
    }

    /**
     * How far an entry is moved.
     *
     * @param entry its number among the parameters
     * @return the sum of its moves
     */
    public double by(int entry) {
      return by[entry];
    }
  }

  /** Numbers in all dense projections together. */
  private static final long LARGEST_DENSE = 1L << 24;

  private static final int MOVES_PER_ENTRY = 3;

  private interface Variable {
    int coordinates();

    void add(int coordinate, double amount, Move move);
  }

  private record Direct(int from, int coordinates) implements Variable {
    @Override
    public void add(int coordinate, double amount, Move move) {
      move.add(from + coordinate, amount);
    }
  }

  private record Dense(int from, double[][] columns) implements Variable {
    @Override
    public int coordinates() {
      return columns.length;
    }

    @Override
    public void add(int coordinate, double amount, Move move) {
      double[] column = columns[coordinate];
      for (int i = 0; i < column.length; i++) {
        move.add(from + i, amount * column[i]);
      }
    }
  }

  private record Sparse(int from, int entries, int coordinates, int each, long seed)
      implements Variable {
    @Override
    public void add(int coordinate, double amount, Move move) {
      double step = amount / Math.sqrt(each);
      for (int m = 0; m < each; m++) {
        long word = CounterNoise.word(seed, (long) coordinate * each + m);
        // The sign's bit is none of those that choose the entry.
        int entry = (int) ((word & Long.MAX_VALUE) % entries);
        move.add(from + entry, word < 0 ? -step : step);
      }
    }
  }

  private final List<Variable> variables = new ArrayList<>();
  private final int[] first;
  private final int size;

  /**
   * Coordinates of a problem.
   *
   * @param problem whose parameters
   * @param kind how they follow
   * @param rank bounds r, at least 1
   * @param most coordinates that are wanted, 0 for no bound; those of matrices shrink by a common
   *     factor, to one each at least
   * @param seed of the run
   * @param period number of the subspace in the run
   * @throws IllegalArgumentException if the projections of HYBRID were too large to hold
   */
  public Subspace(ZoProblem problem, Kind kind, int rank, int most, long seed, long period) {
    List<Stretch> stretches = problem.stretches();
    long[] coordinates = new long[stretches.size()];
    long direct = 0;
    long projected = 0;
    for (int i = 0; i < coordinates.length; i++) {
      long length = length(stretches.get(i));
      int rows = problem.rows(i);
      if (kind != Kind.FULL && rows > 1 && length > rows) {
        long columns = length / rows;
        coordinates[i] = Math.min(rank, Math.min(rows, columns)) * (rows + columns);
      }
      if (kind == Kind.SPARSE && coordinates[i] >= length) {
        coordinates[i] = 0;
      }
      projected += coordinates[i];
      direct += coordinates[i] == 0 ? length : 0;
    }
    double factor =
        most > 0 && direct + projected > most ? Math.max(0, most - direct) / (double) projected : 1;
    long held = 0;
    first = new int[coordinates.length];
    int next = 0;
    for (int i = 0; i < coordinates.length; i++) {
      int from = Math.toIntExact(stretches.get(i).from());
      int length = Math.toIntExact(length(stretches.get(i)));
      long own = CounterNoise.deriveSeed(seed, period, i);
      Variable variable = new Direct(from, length);
      if (coordinates[i] > 0) {
        int count = (int) Math.max(1, Math.floor(coordinates[i] * factor));
        if (kind == Kind.HYBRID) {
          held += (long) count * length;
          Require.check(
              held <= LARGEST_DENSE,
              "numbers in the projections",
              held,
              "at most " + LARGEST_DENSE + " for HYBRID: use SPARSE");
          variable = new Dense(from, columns(length, count, own));
        } else {
          int each = (int) (((long) MOVES_PER_ENTRY * length + count - 1) / count);
          variable = new Sparse(from, length, count, each, own);
        }
      }
      variables.add(variable);
      first[i] = next;
      next = Math.addExact(next, variable.coordinates());
    }
    size = next;
  }

  private static long length(Stretch stretch) {
    return stretch.to() - stretch.from();
  }

  private static double[][] columns(int length, int count, long seed) {
    double[][] columns = new double[count][length];
    for (int c = 0; c < count; c++) {
      CounterNoise.fill(
          Distribution.GAUSSIAN, CounterNoise.deriveSeed(seed, c), 0, columns[c], length);
    }
    if (length >= count) {
      HaarRotation.orthonormalize(columns);
    } else {
      for (double[] column : columns) {
        for (int i = 0; i < length; i++) {
          column[i] /= Math.sqrt(count);
        }
      }
    }
    return columns;
  }

  /**
   * Number of coordinates.
   *
   * @return the count
   */
  public int size() {
    return size;
  }

  /**
   * Moves along a coordinate.
   *
   * @param coordinate from 0 to below {@link #size()}
   * @param amount how far
   * @param move takes what that moves
   */
  public void add(int coordinate, double amount, Move move) {
    int found = Arrays.binarySearch(first, coordinate);
    int variable = found >= 0 ? found : -found - 2;
    variables.get(variable).add(coordinate - first[variable], amount, move);
  }
}
