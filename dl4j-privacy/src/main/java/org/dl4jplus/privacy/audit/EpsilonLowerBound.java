package org.dl4jplus.privacy.audit;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.DoublePredicate;
import java.util.stream.IntStream;
import org.apache.commons.math3.distribution.BinomialDistribution;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.special.Beta;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.GaussianMechanism;

/**
 * What epsilon is at least, from an attack's hits and misses. A mechanism that is (epsilon,
 * delta)-private gives a bound above its epsilon with probability alpha at most; a small bound
 * shows nothing.
 *
 * <table>
 * <caption>Which one</caption>
 * <tr><td>{@link #clopperPearson}</td><td>any mechanism, many runs</td></tr>
 * <tr><td>{@link #oneRun}</td><td>any mechanism, many canaries in one run</td></tr>
 * <tr><td>{@link #gdp}</td><td>sums of Gaussians without sampling only; by far the sharpest
 *     there</td></tr>
 * </table>
 */
public final class EpsilonLowerBound {

  private static final double SCAN = 0.05;
  private static final int HALVINGS = 100;

  private EpsilonLowerBound() {}

  /**
   * An attack's rates, and what they show.
   *
   * @param tprLower true positive rate, at least
   * @param fprUpper false positive rate, at most
   * @param tnrLower true negative rate, at least
   * @param fnrUpper false negative rate, at most
   * @param epsilon lower bound on epsilon, at least 0
   */
  public record Rates(
      double tprLower, double fprUpper, double tnrLower, double fnrUpper, double epsilon) {}

  /**
   * What an attack on a Gaussian mechanism shows.
   *
   * @param fprUpper false positive rate, at most
   * @param fnrUpper false negative rate, at most
   * @param mu lower bound on mu of Gaussian differential privacy, at least 0
   * @param epsilon lower bound on epsilon, at least 0
   */
  public record Gaussian(double fprUpper, double fnrUpper, double mu, double epsilon) {}

  /**
   * The classical bound, from independent runs with and without a canary and an attack that was
   * fixed before these runs were looked at.
   *
   * <pre>{@code
   * epsilon >= max(0, log((TPR_lo - delta)/FPR_hi), log((TNR_lo - delta)/FNR_hi))
   * }</pre>
   *
   * <p>with one-sided Clopper-Pearson bounds at alpha/2 each; those on TNR and FNR say the same as
   * those on FPR and TPR.
   *
   * @param truePositives runs with the canary that were called so
   * @param members runs with the canary, at least 1
   * @param falsePositives runs without it that were called members
   * @param nonMembers runs without it, at least 1
   * @param delta of the guarantee, in [0, 1)
   * @param alpha how often the bound may be wrong, in (0, 1)
   * @return rates and bound
   * @throws IllegalArgumentException outside the ranges
   */
  public static Rates clopperPearson(
      int truePositives,
      int members,
      int falsePositives,
      int nonMembers,
      double delta,
      double alpha) {
    check(delta, alpha);
    count("truePositives", truePositives, "members", members);
    count("falsePositives", falsePositives, "nonMembers", nonMembers);
    double fnrUpper = rateUpper(members - truePositives, members, alpha / 2);
    double fprUpper = rateUpper(falsePositives, nonMembers, alpha / 2);
    double tprLower = 1 - fnrUpper;
    double tnrLower = 1 - fprUpper;
    double epsilon =
        Math.max(0, Math.max(ratio(tprLower, fprUpper, delta), ratio(tnrLower, fnrUpper, delta)));
    return new Rates(tprLower, fprUpper, tnrLower, fnrUpper, epsilon);
  }

  private static double ratio(double right, double wrong, double delta) {
    return right > delta ? Math.log((right - delta) / wrong) : 0;
  }

  /**
   * The classical bound from an attack's scores: the threshold comes from the first half of the
   * runs of each kind, the counts from the others.
   *
   * @param with scores of independent runs with the canary, at least 2, in an order that does not
   *     depend on them; higher for runs that look as if it were there
   * @param without scores of independent runs without it, at least 2
   * @param delta of the guarantee, in [0, 1)
   * @param alpha how often the bound may be wrong, in (0, 1)
   * @return rates and bound
   * @throws IllegalArgumentException outside the ranges, or for scores that are not numbers
   */
  public static Rates clopperPearson(double[] with, double[] without, double delta, double alpha) {
    check(delta, alpha);
    scores("with", with, 2);
    scores("without", without, 2);
    double[] firstWith = sorted(with, 0, with.length / 2);
    double[] firstWithout = sorted(without, 0, without.length / 2);
    // Wilson's bounds are good enough to choose by, and cheap.
    double z = -new NormalDistribution(null, 0, 1).inverseCumulativeProbability(alpha / 2);
    double best = -1;
    double threshold = firstWith[0];
    for (double[] scores : new double[][] {firstWith, firstWithout}) {
      for (double candidate : scores) {
        int missed = firstWith.length - atLeast(firstWith, candidate);
        double fnr = wilsonUpper(missed, firstWith.length, z);
        double fpr = wilsonUpper(atLeast(firstWithout, candidate), firstWithout.length, z);
        double found = Math.max(ratio(1 - fnr, fpr, delta), ratio(1 - fpr, fnr, delta));
        if (found > best) {
          best = found;
          threshold = candidate;
        }
      }
    }
    double[] lastWith = sorted(with, with.length / 2, with.length);
    double[] lastWithout = sorted(without, without.length / 2, without.length);
    return clopperPearson(
        atLeast(lastWith, threshold),
        lastWith.length,
        atLeast(lastWithout, threshold),
        lastWithout.length,
        delta,
        alpha);
  }

  private static double wilsonUpper(int hits, int runs, double z) {
    double spread = (double) hits * (runs - hits) / runs + z * z / 4;
    return (hits + z * z / 2 + z * Math.sqrt(spread)) / (runs + z * z);
  }

  private static double[] sorted(double[] values, int from, int to) {
    double[] sorted = Arrays.copyOfRange(values, from, to);
    Arrays.sort(sorted);
    return sorted;
  }

  /** How many of the sorted values are not below a threshold. */
  private static int atLeast(double[] sorted, double threshold) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] < threshold) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return sorted.length - low;
  }

  /**
   * The bound from one run, into which each of m canaries went with the toss of a fair coin of its
   * own. The attack guesses r of the coins; which ones it abstains from must not depend on them.
   *
   * <pre>{@code
   * W ~ Binomial(r, e^eps/(1 + e^eps))
   * p(eps) = P[W >= v] + 2 m delta max_{i=1..v} P[v > W >= v-i]/i
   * }</pre>
   *
   * <p>The result is the smallest epsilon that is not rejected, that is with p > alpha.
   *
   * <p>T. Steinke, M. Nasr, M. Jagielski: "Privacy Auditing with One (1) Training Run", arXiv
   * 2305.08846 (2023).
   *
   * @param canaries number m of coins, at least 1
   * @param guesses number r of guesses, in [0, m]
   * @param correct number v of right ones, in [0, r]
   * @param delta of the guarantee, in [0, 1)
   * @param alpha how often the bound may be wrong, in (0, 1)
   * @return lower bound on epsilon, at least 0
   * @throws IllegalArgumentException outside the ranges
   */
  public static double oneRun(int canaries, int guesses, int correct, double delta, double alpha) {
    check(delta, alpha);
    count("guesses", guesses, "canaries", canaries);
    Require.check(
        correct >= 0 && correct <= guesses, "correct", correct, "in [0, " + guesses + "]");
    DoublePredicate rejected =
        epsilon -> oneRunValue(canaries, guesses, correct, delta, epsilon) <= alpha;
    if (!rejected.test(0)) {
      return 0;
    }
    // Upwards in small steps: p need not grow everywhere, and the first crossing is what counts.
    double low = 0;
    while (rejected.test(low + SCAN)) {
      low += SCAN;
    }
    return last(rejected, low, low + SCAN);
  }

  private static double oneRunValue(int m, int r, int v, double delta, double epsilon) {
    BinomialDistribution w = new BinomialDistribution(null, r, 1 / (1 + Math.exp(-epsilon)));
    double tail = 0;
    for (int k = r; k >= v; k--) {
      tail += w.probability(k);
    }
    double sum = 0;
    double most = 0;
    double before = 0;
    for (int i = 1; i <= v && delta > 0; i++) {
      double p = w.probability(v - i);
      sum += p;
      most = Math.max(most, sum / i);
      // Below the mode the terms fall: once one is below the mean of those so far, all are.
      if (p < before && p < most) {
        break;
      }
      before = p;
    }
    return tail + 2 * m * delta * most;
  }

  /**
   * {@link #oneRun(int, int, int, double, double)} from scores: the highest are guessed to be in,
   * as many of the lowest to be out, and for the rest the attack abstains.
   *
   * @param scores of the canaries, higher for those that look as if they were in
   * @param included the coins
   * @param guessesEach how many on each side, fixed beforehand, in [1, m/2]
   * @param delta of the guarantee, in [0, 1)
   * @param alpha how often the bound may be wrong, in (0, 1)
   * @return lower bound on epsilon, at least 0
   * @throws IllegalArgumentException outside the ranges, or for scores that are not numbers
   */
  public static double oneRun(
      double[] scores, boolean[] included, int guessesEach, double delta, double alpha) {
    scores("scores", scores, 2);
    int m = scores.length;
    Require.check(included.length == m, "included.length", included.length, "" + m);
    Require.check(
        guessesEach >= 1 && guessesEach <= m / 2,
        "guessesEach",
        guessesEach,
        "in [1, " + m / 2 + "]");
    int[] order =
        IntStream.range(0, m)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> scores[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    int correct = 0;
    for (int k = 0; k < guessesEach; k++) {
      correct += included[order[k]] ? 0 : 1;
      correct += included[order[m - 1 - k]] ? 1 : 0;
    }
    return oneRun(m, 2 * guessesEach, correct, delta, alpha);
  }

  /**
   * The bound for Gaussian mechanisms, and <b>only</b> for them: sums with Gaussian noise, without
   * subsampling, any number of them. From one point it concludes on the whole trade-off curve,
   * which must be a Gaussian's; a randomised response with epsilon 1 comes out as 5.6.
   *
   * <pre>{@code
   * mu >= max(0, Phi^-1(1 - FPR_hi) - Phi^-1(FNR_hi))
   * delta(eps) = Phi(-eps/mu + mu/2) - e^eps Phi(-eps/mu - mu/2)
   * }</pre>
   *
   * <p>M. Nasr et al.: "Tight Auditing of Differentially Private Machine Learning", arXiv
   * 2302.07956 (2023).
   *
   * @param truePositives runs with the canary that were called so
   * @param members runs with the canary, at least 1
   * @param falsePositives runs without it that were called members
   * @param nonMembers runs without it, at least 1
   * @param delta of the guarantee, in (0, 1)
   * @param alpha how often the bound may be wrong, in (0, 1)
   * @return mu and epsilon
   * @throws IllegalArgumentException outside the ranges
   */
  public static Gaussian gdp(
      int truePositives,
      int members,
      int falsePositives,
      int nonMembers,
      double delta,
      double alpha) {
    Require.between("delta", delta, 0, 0, 1);
    Rates rates = clopperPearson(truePositives, members, falsePositives, nonMembers, delta, alpha);
    NormalDistribution normal = new NormalDistribution(null, 0, 1);
    // Phi^-1(1 - x) = -Phi^-1(x), without the rounding of 1 - x.
    double mu =
        Math.max(
            0,
            -normal.inverseCumulativeProbability(rates.fprUpper())
                - normal.inverseCumulativeProbability(rates.fnrUpper()));
    double epsilon = mu == 0 ? 0 : GaussianMechanism.epsilon(1 / mu, delta);
    return new Gaussian(rates.fprUpper(), rates.fnrUpper(), mu, epsilon);
  }

  /** The last number for which something holds, from below; it holds for low and not for high. */
  private static double last(DoublePredicate holds, double low, double high) {
    double below = low;
    double above = high;
    for (int i = 0; i < HALVINGS; i++) {
      double middle = (below + above) / 2;
      if (middle <= below || middle >= above) {
        break;
      }
      if (holds.test(middle)) {
        below = middle;
      } else {
        above = middle;
      }
    }
    return below;
  }

  /**
   * One-sided upper Clopper-Pearson bound on a rate.
   *
   * @param hits how often, in [0, runs]
   * @param runs out of how many, at least 1
   * @param alpha how often the bound may be wrong, in (0, 1)
   * @return the largest rate under which so few hits have a probability of at least alpha
   * @throws IllegalArgumentException outside the ranges
   */
  public static double rateUpper(int hits, int runs, double alpha) {
    Require.between("alpha", alpha, 0, 0, 1);
    count("hits", hits, "runs", runs);
    if (hits == runs) {
      return 1;
    }
    // P[X <= hits] = I_{1-p}(runs - hits, hits + 1)
    DoublePredicate tooSmall =
        p -> 1 - p > 0 && Beta.regularizedBeta(1 - p, runs - hits, hits + 1.0) > alpha;
    return Math.nextUp(last(tooSmall, (double) hits / runs, 1));
  }

  private static void check(double delta, double alpha) {
    Require.check(delta >= 0 && delta < 1, "delta", delta, "in [0, 1)");
    Require.between("alpha", alpha, 0, 0, 1);
  }

  private static void count(String field, int count, String of, int runs) {
    Require.check(runs >= 1, of, runs, "at least 1");
    Require.check(count >= 0 && count <= runs, field, count, "in [0, " + runs + "]");
  }

  private static void scores(String field, double[] scores, int least) {
    Require.check(scores.length >= least, field + ".length", scores.length, "at least " + least);
    if (Arrays.stream(scores).anyMatch(Double::isNaN)) {
      throw new IllegalArgumentException(field + " must be numbers, got NaN");
    }
  }
}
