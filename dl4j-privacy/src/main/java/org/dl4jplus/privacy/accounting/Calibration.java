package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.optim.first.updater.Require.check;

import java.util.List;
import java.util.function.DoubleFunction;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;

/**
 * What a target allows: how much noise is needed, how many steps, which sampling rate. Every answer
 * was tried and keeps the target; noise and rate are within a millionth of the best one.
 */
public final class Calibration {

  private static final double LEAST_NOISE = 1e-2;
  private static final double MOST_NOISE = 1e3;
  private static final double LEAST_RATE = 1e-10;
  private static final double ACCURACY = 1e-6;

  /** Doubles count up to here. */
  private static final double MOST_STEPS = 0x1p53;

  private Calibration() {}

  /**
   * The largest number of further steps within a target.
   *
   * @param accounting how releases add up
   * @param spent what was released before
   * @param perStep one step
   * @param targetEpsilon above 0
   * @param delta in [0, 1)
   * @return at least 0 and at most 2^53: 0 if already the first step, or what was released before,
   *     is beyond the target; {@code Long.MAX_VALUE} if the steps cost nothing
   * @throws IllegalArgumentException outside the ranges, and for events that the accounting cannot
   *     handle
   */
  public static long steps(
      Accounting accounting,
      PrivacyLedger spent,
      PrivacyEvent perStep,
      double targetEpsilon,
      double delta) {
    if (RenyiDivergence.of(perStep, 2) == 0) {
      check(targetEpsilon > 0, "targetEpsilon", targetEpsilon, "above 0");
      double before = epsilon(accounting.create(spent).compose(perStep, 0), delta);
      return before <= targetEpsilon ? Long.MAX_VALUE : 0;
    }
    double found = 0;
    for (Function<PrivacyLedger, PrivacyAccountant> stage : stages(accounting)) {
      DoubleUnaryOperator epsilon =
          steps -> epsilon(stage.apply(spent).compose(perStep, (long) steps), delta);
      found = new Search(epsilon, targetEpsilon, true).largestCount(found);
    }
    return (long) found;
  }

  /**
   * The smallest noise multiplier that keeps a target.
   *
   * @param accounting how releases add up
   * @param spent what was released before
   * @param step the step with a noise multiplier
   * @param steps number of steps, at least 1
   * @param targetEpsilon above 0
   * @param delta in [0, 1)
   * @return at least 0.01 and at most 1000
   * @throws IllegalArgumentException outside the ranges, for events that the accounting cannot
   *     handle, and if even 1000 does not keep the target
   */
  public static double noiseMultiplier(
      Accounting accounting,
      PrivacyLedger spent,
      DoubleFunction<? extends PrivacyEvent> step,
      long steps,
      double targetEpsilon,
      double delta) {
    return least(
        accounting,
        repeated(spent, step, steps),
        steps,
        targetEpsilon,
        delta,
        LEAST_NOISE,
        MOST_NOISE);
  }

  /**
   * The smallest noise multiplier with which a whole run keeps a target.
   *
   * @param accounting how releases add up
   * @param run all releases with a noise multiplier
   * @param steps number of steps, for the message
   * @param targetEpsilon above 0
   * @param delta in [0, 1)
   * @return at least 0.01 and at most 1000
   * @throws IllegalArgumentException outside the ranges, for events that the accounting cannot
   *     handle, and if even 1000 does not keep the target
   */
  public static double noiseMultiplier(
      Accounting accounting,
      DoubleFunction<PrivacyLedger> run,
      long steps,
      double targetEpsilon,
      double delta) {
    return least(accounting, run, steps, targetEpsilon, delta, LEAST_NOISE, MOST_NOISE);
  }

  private static DoubleFunction<PrivacyLedger> repeated(
      PrivacyLedger spent, DoubleFunction<? extends PrivacyEvent> step, long steps) {
    return x -> {
      PrivacyLedger ledger = spent.copy();
      ledger.add(step.apply(x), steps);
      return ledger;
    };
  }

  /**
   * The largest sampling rate that keeps a target.
   *
   * @param accounting how releases add up
   * @param spent what was released before
   * @param step the step with a sampling rate
   * @param steps number of steps, at least 1
   * @param targetEpsilon above 0
   * @param delta in [0, 1)
   * @return in [1e-10, 1]
   * @throws IllegalArgumentException outside the ranges, for events that the accounting cannot
   *     handle, and if even 1e-10 does not keep the target
   */
  public static double samplingRate(
      Accounting accounting,
      PrivacyLedger spent,
      DoubleFunction<? extends PrivacyEvent> step,
      long steps,
      double targetEpsilon,
      double delta) {
    return 1
        / least(
            accounting,
            repeated(spent, x -> step.apply(1 / x), steps),
            steps,
            targetEpsilon,
            delta,
            1,
            1 / LEAST_RATE);
  }

  private static double least(
      Accounting accounting,
      DoubleFunction<PrivacyLedger> run,
      long steps,
      double targetEpsilon,
      double delta,
      double low,
      double high) {
    check(steps >= 1, "steps", steps, "at least 1");
    double found = Double.NaN;
    for (Function<PrivacyLedger, PrivacyAccountant> stage : stages(accounting)) {
      DoubleUnaryOperator epsilon = x -> epsilon(stage.apply(run.apply(x)), delta);
      found = new Search(epsilon, targetEpsilon, false).least(found, low, high);
    }
    if (Double.isNaN(found)) {
      throw new IllegalArgumentException(
          "targetEpsilon = "
              + targetEpsilon
              + " is too small for "
              + steps
              + " steps: not even a noise multiplier of "
              + MOST_NOISE
              + " or a sampling rate of "
              + LEAST_RATE
              + " keeps it");
    }
    return found;
  }

  /**
   * Fast accountants to start with, whose answers are usually some percent off; the last counts.
   */
  private static List<Function<PrivacyLedger, PrivacyAccountant>> stages(Accounting accounting) {
    return accounting == Accounting.PLD
        ? List.of(RdpAccountant::new, PldAccountant::coarse, accounting::create)
        : List.of(accounting::create);
  }

  /** A search's trials are no reason to warn about the orders. */
  private static double epsilon(PrivacyAccountant accountant, double delta) {
    return accountant instanceof RdpAccountant rdp
        ? rdp.best(delta).value()
        : accountant.epsilon(delta);
  }

  /** The last value that keeps a target, of those between one that does and one that does not. */
  private static final class Search {

    private final DoubleUnaryOperator epsilon;
    private final double target;
    private final boolean whole;

    private Search(DoubleUnaryOperator epsilon, double target, boolean whole) {
      this.epsilon = epsilon;
      this.target = check(target > 0, "targetEpsilon", target, "above 0");
      this.whole = whole;
    }

    /**
     * The least value that keeps the target, which larger ones do, too.
     *
     * @param guess where to start, NaN if it is not known
     * @return NaN if even the largest value does not keep the target
     */
    private double least(double guess, double low, double high) {
      boolean guessed = guess > 0;
      double x = guessed ? guess : Math.max(low, 1);
      double e = epsilon.applyAsDouble(x);
      boolean down = e <= target;
      for (double factor = guessed ? 1.01 : 2; x != (down ? low : high); factor *= factor) {
        double next = down ? Math.max(low, x / factor) : Math.min(high, x * factor);
        double nextEpsilon = epsilon.applyAsDouble(next);
        if (nextEpsilon <= target != down) {
          return down ? narrow(x, e, next, nextEpsilon) : narrow(next, nextEpsilon, x, e);
        }
        x = next;
        e = nextEpsilon;
      }
      return down ? low : Double.NaN;
    }

    /**
     * The largest count that keeps the target; 0 if none does.
     *
     * @param guess where to start
     */
    private double largestCount(double guess) {
      double good = guess;
      double e = epsilon.applyAsDouble(good);
      if (!(e <= target)) {
        double before = good == 0 ? e : epsilon.applyAsDouble(0);
        return before <= target ? narrow(0, before, good, e) : 0;
      }
      for (double least = 1.01; good < MOST_STEPS; least *= least) {
        // Epsilon grows at least like the root of the steps.
        double root = Math.min(4, target / e);
        double next = Math.min(MOST_STEPS, Math.ceil(good * Math.max(least, root * root)) + 1);
        double nextEpsilon = epsilon.applyAsDouble(next);
        if (!(nextEpsilon <= target)) {
          return narrow(good, e, next, nextEpsilon);
        }
        good = next;
        e = nextEpsilon;
      }
      return good;
    }

    /**
     * Regula falsi between the logarithms, after the Illinois rule; every third trial halves the
     * interval, since epsilon may be 0 or infinite on one side.
     */
    private double narrow(double good, double goodEpsilon, double bad, double badEpsilon) {
      double below = Math.log(goodEpsilon / target);
      double above = Math.log(badEpsilon / target);
      boolean lastKept = false;
      for (int k = 0; whole ? Math.abs(bad - good) > 1 : apart(good, bad); k++) {
        double x = k % 3 == 2 ? middle(good, bad) : between(good, below, bad, above);
        double e = epsilon.applyAsDouble(x);
        boolean keeps = e <= target;
        boolean again = k > 0 && keeps == lastKept;
        if (keeps) {
          good = x;
          below = Math.log(e / target);
          above = again ? above / 2 : above;
        } else {
          bad = x;
          above = Math.log(e / target);
          below = again ? below / 2 : below;
        }
        lastKept = keeps;
      }
      return good;
    }

    private static boolean apart(double good, double bad) {
      return Math.abs(bad - good) > ACCURACY * Math.min(good, bad);
    }

    private double middle(double good, double bad) {
      double middle = good * bad > 0 ? Math.sqrt(good) * Math.sqrt(bad) : (good + bad) / 2;
      return inside(middle, good, bad);
    }

    private double between(double good, double below, double bad, double above) {
      double part = below / (below - above);
      if (!(part >= 0 && part <= 1) || good == 0) {
        return middle(good, bad);
      }
      return inside(good * Math.pow(bad / good, part), good, bad);
    }

    /** A whole step, or half of the accuracy, off both ends. */
    private double inside(double x, double good, double bad) {
      double low = Math.min(good, bad);
      double high = Math.max(good, bad);
      double off = whole ? 1 : ACCURACY / 2 * low;
      double kept = Math.min(high - off, Math.max(low + off, x));
      return whole ? Math.rint(kept) : kept;
    }
  }
}
