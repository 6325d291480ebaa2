package org.dl4jplus.privacy.factorization;

import java.util.Arrays;
import org.dl4jplus.optim.first.updater.Require;

/**
 * At which steps one record can take part, which decides how much it can change of {@code C G}.
 *
 * <pre>{@code
 * sens^2 = max over patterns SUM_{i,j in pattern} |X_ij|,   X = C^T C
 * }</pre>
 *
 * <p>That is exact where X has no negative entries and the gradients of a record can agree, and an
 * upper bound otherwise. It is the sensitivity for gradients of norm 1 under REPLACE_ZERO; under
 * REPLACE_ONE it doubles.
 *
 * <p>C. A. Choquette-Choo et al.: "Multi-Epoch Matrix Factorization Mechanisms for Private Machine
 * Learning", arXiv:2211.06530 (2023).
 *
 * @param order which patterns there are
 * @param steps of the run, at least 1
 * @param times how often a record takes part at most, at least 1
 * @param separation gap between two participations, at least 1
 */
public record Participation(Order order, int steps, int times, int separation) {

  /** Which patterns there are. */
  public enum Order {
    /** Gaps are exactly the separation: every epoch has the same batches in the same order. */
    FIXED_EPOCH,
    /** Gaps are at least the separation. */
    MIN_SEP
  }

  /** So many patterns are tried one by one before an upper bound has to do. */
  private static final long PATTERNS = 1L << 24;

  /** Rows whose entries are all looked at for the upper bound. */
  private static final int ROWS = 1 << 13;

  /**
   * Checks the numbers.
   *
   * @param order which patterns there are
   * @param steps of the run, at least 1
   * @param times how often a record takes part at most, at least 1
   * @param separation gap between two participations, at least 1
   * @throws IllegalArgumentException for numbers out of range, and where fixed epochs are more than
   *     times
   */
  public Participation {
    if (order == null) {
      throw new IllegalArgumentException("order must be given");
    }
    Require.atLeast("steps", steps, 1, 1);
    Require.atLeast("times", times, 1, 1);
    Require.atLeast("separation", separation, 1, 1);
    if (order == Order.FIXED_EPOCH && (long) times * separation < steps) {
      throw new IllegalArgumentException(
          "times = "
              + times
              + " must be at least steps / separation = "
              + steps
              + " / "
              + separation
              + ": a record takes part in every epoch");
    }
  }

  /**
   * Batches that are fixed once and repeated in every epoch.
   *
   * @param steps of the run
   * @param epochs at least steps / stepsPerEpoch
   * @param stepsPerEpoch how many batches there are
   * @return the participation
   * @throws IllegalArgumentException for numbers out of range
   */
  public static Participation fixedEpoch(int steps, int epochs, int stepsPerEpoch) {
    return new Participation(Order.FIXED_EPOCH, steps, epochs, stepsPerEpoch);
  }

  /**
   * Any order in which a record rests between two participations.
   *
   * @param steps of the run
   * @param times how often a record takes part at most
   * @param separation least difference of two of its steps
   * @return the participation
   * @throws IllegalArgumentException for numbers out of range
   */
  public static Participation minSeparation(int steps, int times, int separation) {
    return new Participation(Order.MIN_SEP, steps, times, separation);
  }

  /**
   * Whether this holds for a run over fixed batches.
   *
   * @param runSteps how many steps the run has
   * @param stepsPerEpoch batches in each epoch
   * @return false if a record could take part more often, or with other gaps, than this says
   */
  public boolean coversFixedEpochs(int runSteps, int stepsPerEpoch) {
    boolean gaps =
        order == Order.FIXED_EPOCH ? separation == stepsPerEpoch : separation <= stepsPerEpoch;
    return runSteps <= steps && gaps && (long) times * stepsPerEpoch >= runSteps;
  }

  /**
   * The sensitivity of {@code C G}, from the numbers of C as they are.
   *
   * <p>FIXED_EPOCH: each of the patterns. MIN_SEP: dynamic programming where X is 0 at distances of
   * the separation and more; else each pattern if there are at most 2^24; else the upper bound
   * {@code times * max_j (|X_jj| + the times - 1 largest |X_ij| at allowed distances)}, since a
   * quadratic form is at most its number of terms times its largest row sum.
   *
   * @param factorization of as many steps
   * @return at least 0
   * @throws IllegalArgumentException for another number of steps, and for more than 8192 of them
   *     where only the upper bound is left
   */
  public double sensitivity(Factorization factorization) {
    if (factorization.steps() != steps) {
      throw new IllegalArgumentException(
          "the factorization has " + factorization.steps() + " steps, the participation " + steps);
    }
    double square;
    if (order == Order.FIXED_EPOCH) {
      square = fixedEpochs(factorization);
    } else if (factorization.bands() <= separation) {
      square = separated(factorization);
    } else if (patterns() <= PATTERNS) {
      square = extend(factorization, new int[Math.min(times, steps)], 0, 0);
    } else {
      square = bound(factorization);
    }
    return Math.sqrt(square);
  }

  private double fixedEpochs(Factorization factorization) {
    double largest = 0;
    for (int start = 0; start < Math.min(separation, steps); start++) {
      double sum = 0;
      for (int i = start; i < steps; i += separation) {
        sum += Math.abs(factorization.gram(i, i));
        for (int j = i + separation; j < steps; j += separation) {
          sum += 2 * Math.abs(factorization.gram(i, j));
        }
      }
      largest = Math.max(largest, sum);
    }
    return largest;
  }

  /** The heaviest choice of diagonal entries; best[i] is over the steps before i. */
  private double separated(Factorization factorization) {
    double[] diagonal = new double[steps];
    Arrays.setAll(diagonal, i -> Math.abs(factorization.gram(i, i)));
    double[] fewer = new double[steps + 1];
    for (int used = 0; used < Math.min(times, 1 + (steps - 1) / separation); used++) {
      double[] best = new double[steps + 1];
      for (int i = 0; i < steps; i++) {
        best[i + 1] = Math.max(best[i], diagonal[i] + fewer[Math.max(0, i + 1 - separation)]);
      }
      fewer = best;
    }
    return fewer[steps];
  }

  /** How many patterns there are, or any number above the limit. */
  private long patterns() {
    long total = 0;
    long[] ending = new long[steps];
    Arrays.fill(ending, 1);
    for (int used = 0; used < times; used++) {
      long all = Arrays.stream(ending).sum();
      total += all;
      if (all == 0 || total > PATTERNS) {
        return total;
      }
      long[] longer = new long[steps];
      for (int i = separation; i < steps; i++) {
        longer[i] = longer[i - 1] + ending[i - separation];
      }
      ending = longer;
    }
    return total;
  }

  private double extend(Factorization factorization, int[] pattern, int used, double sum) {
    double largest = sum;
    if (used < pattern.length) {
      int first = used == 0 ? 0 : pattern[used - 1] + separation;
      for (int i = first; i < steps; i++) {
        double more = Math.abs(factorization.gram(i, i));
        for (int j = 0; j < used; j++) {
          more += 2 * Math.abs(factorization.gram(pattern[j], i));
        }
        pattern[used] = i;
        largest = Math.max(largest, extend(factorization, pattern, used + 1, sum + more));
      }
    }
    return largest;
  }

  private double bound(Factorization factorization) {
    Require.check(
        steps <= ROWS,
        "steps",
        steps,
        "at most " + ROWS + " for MIN_SEP and a factorization with more bands than the separation");
    int count = Math.min(times, 1 + (steps - 1) / separation);
    double largest = 0;
    for (int j = 0; j < steps; j++) {
      double[] row = new double[steps];
      for (int i = 0; i < steps; i++) {
        row[i] = Math.abs(i - j) < separation ? 0 : Math.abs(factorization.gram(i, j));
      }
      Arrays.sort(row);
      double sum = Math.abs(factorization.gram(j, j));
      for (int i = 1; i < count; i++) {
        sum += row[steps - i];
      }
      largest = Math.max(largest, sum);
    }
    return count * largest;
  }
}
