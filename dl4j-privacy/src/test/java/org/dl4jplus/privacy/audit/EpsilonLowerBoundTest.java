package org.dl4jplus.privacy.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.commons.math3.distribution.BinomialDistribution;
import org.junit.jupiter.api.Test;

class EpsilonLowerBoundTest {

  @Test
  void rateUpperIsWhereSoFewHitsAreRare() {
    for (int[] run : new int[][] {{0, 20}, {3, 20}, {19, 20}, {6000, 20000}, {0, 20000}}) {
      double p = EpsilonLowerBound.rateUpper(run[0], run[1], 0.01);
      double tail = new BinomialDistribution(null, run[1], p).cumulativeProbability(run[0]);
      assertEquals(0.01, tail, 1e-9, run[0] + " of " + run[1]);
      assertTrue(tail <= 0.01 + 1e-12, "rounded towards the larger rate");
    }
    assertEquals(1, EpsilonLowerBound.rateUpper(20, 20, 0.01));
    assertEquals(1 - Math.pow(0.01, 1 / 20.0), EpsilonLowerBound.rateUpper(0, 20, 0.01), 1e-12);
  }

  @Test
  void classicalBoundOnPerfectAttack() {
    EpsilonLowerBound.Rates rates = EpsilonLowerBound.clopperPearson(1000, 1000, 0, 1000, 0, 0.05);
    double wrong = 1 - Math.pow(0.025, 1e-3);
    assertEquals(Math.log((1 - wrong) / wrong), rates.epsilon(), 1e-9);
    // A delta that explains everything.
    assertEquals(0, EpsilonLowerBound.clopperPearson(10, 100, 0, 100, 0.5, 0.05).epsilon());
  }

  /** Roles swapped: what is called a member is none. */
  @Test
  void classicalBoundTakesEitherDirection() {
    assertEquals(
        EpsilonLowerBound.clopperPearson(95, 100, 40, 100, 1e-5, 0.05).epsilon(),
        EpsilonLowerBound.clopperPearson(60, 100, 5, 100, 1e-5, 0.05).epsilon(),
        1e-12);
  }

  /** Randomised response is the mechanism that reaches every pure epsilon. */
  @Test
  void boundsHoldForRandomizedResponse() {
    double epsilon = 1;
    double truth = 1 / (1 + Math.exp(-epsilon));
    SplittableRandom random = new SplittableRandom(7);
    int wrong = 0;
    double mean = 0;
    int rounds = 100;
    for (int round = 0; round < rounds; round++) {
      double bound = EpsilonLowerBound.oneRun(2000, 2000, binomial(random, 2000, truth), 0, 0.05);
      double classical =
          EpsilonLowerBound.clopperPearson(
                  binomial(random, 2000, truth),
                  2000,
                  binomial(random, 2000, 1 - truth),
                  2000,
                  0,
                  0.05)
              .epsilon();
      wrong += bound > epsilon ? 1 : 0;
      wrong += classical > epsilon ? 1 : 0;
      mean += bound / rounds;
    }
    // 200 chances of 0.05 each: 10, with a standard deviation of 3.1; five of them.
    assertTrue(wrong <= 25, wrong + " bounds above the truth");
    // One side of 95% costs 1.64 standard errors of the log odds, 0.083 here.
    assertEquals(epsilon - 0.083, mean, 0.03);
  }

  private static int binomial(SplittableRandom random, int n, double p) {
    int hits = 0;
    for (int i = 0; i < n; i++) {
      hits += random.nextDouble() < p ? 1 : 0;
    }
    return hits;
  }

  /** Sums by hand for m = 4, r = 3. */
  @Test
  void oneRunIsFirstEpsilonThatIsNotRejected() {
    double alpha = 0.6;
    double delta = 0.01;
    double found = EpsilonLowerBound.oneRun(4, 3, 1, delta, alpha);
    assertEquals(0, found);
    found = EpsilonLowerBound.oneRun(4, 3, 3, delta, alpha);
    double q = 1 / (1 + Math.exp(-found));
    double[] pmf = {Math.pow(1 - q, 3), 3 * q * Math.pow(1 - q, 2), 3 * q * q * (1 - q), q * q * q};
    double most = Math.max(pmf[2], Math.max((pmf[2] + pmf[1]) / 2, (pmf[2] + pmf[1] + pmf[0]) / 3));
    assertEquals(alpha, pmf[3] + 2 * 4 * delta * most, 1e-9);
    assertTrue(found > 0);
  }

  /**
   * The mechanism that shows a coin with probability delta, and else is a randomised response: the
   * delta term is what keeps the bound below epsilon.
   */
  @Test
  void oneRunNeedsItsDeltaTerm() {
    int m = 1000;
    double delta = 0.02;
    double epsilon = 1;
    double truth = delta + (1 - delta) / (1 + Math.exp(-epsilon));
    SplittableRandom random = new SplittableRandom(3);
    int wrong = 0;
    int without = 0;
    for (int round = 0; round < 100; round++) {
      int correct = binomial(random, m, truth);
      wrong += EpsilonLowerBound.oneRun(m, m, correct, delta, 0.05) > epsilon ? 1 : 0;
      without += EpsilonLowerBound.oneRun(m, m, correct, 0, 0.05) > epsilon ? 1 : 0;
    }
    assertTrue(wrong <= 5 + 11, wrong + " of 100 bounds above the truth");
    assertTrue(without > wrong);
  }

  @Test
  void oneRunGuessesOnBothSides() {
    int m = 400;
    boolean[] included = new boolean[m];
    double[] scores = new double[m];
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < m; i++) {
      included[i] = random.nextInt(2) == 1;
      scores[i] = (included[i] ? 1 : 0) + random.nextDouble() * 1.5;
    }
    double some = EpsilonLowerBound.oneRun(scores, included, 40, 1e-5, 0.05);
    double all = EpsilonLowerBound.oneRun(scores, included, 200, 1e-5, 0.05);
    assertTrue(some > all && all > 0, some + ", " + all);
    // 80 right guesses of 80.
    assertEquals(EpsilonLowerBound.oneRun(m, 80, 80, 1e-5, 0.05), some);
  }

  /** Figures of single runs, with a standard error of 0.06 each (0.2 for 2000 draws). */
  @Test
  void gdpBoundIsSharpForGaussian() {
    double phi = 0.6914624612740131;
    assertEquals(4.15, expected(20_000, phi), 0.06);
    assertEquals(3.40, expected(2_000, phi), 0.4);
    // True epsilon 4.38: the limit of many draws.
    assertEquals(4.377, expected(100_000_000, phi), 0.005);
    // Half the noise.
    assertEquals(9.71, expected(20_000, 0.8413447460685429), 0.3);
  }

  private static double expected(int draws, double rate) {
    int right = (int) Math.round(draws * rate);
    return EpsilonLowerBound.gdp(right, draws, draws - right, draws, 1e-5, 0.05).epsilon();
  }

  /** Why the bound is for Gaussians only. */
  @Test
  void gdpBoundMisleadsForRandomizedResponse() {
    double truth = 1 / (1 + Math.exp(-1));
    int right = (int) (1e6 * truth);
    double found =
        EpsilonLowerBound.gdp(right, 1_000_000, 1_000_000 - right, 1_000_000, 1e-5, 0.05).epsilon();
    assertTrue(found > 5, "" + found);
  }

  @Test
  void gdpBoundOfUselessAttackIsZero() {
    assertEquals(0, EpsilonLowerBound.gdp(500, 1000, 500, 1000, 1e-5, 0.05).epsilon());
    assertEquals(0, EpsilonLowerBound.gdp(100, 1000, 900, 1000, 1e-5, 0.05).mu());
    // Perfect attacks stay finite.
    double perfect = EpsilonLowerBound.gdp(20_000, 20_000, 0, 20_000, 1e-5, 0.01).epsilon();
    assertTrue(perfect > 30 && perfect < 100, "" + perfect);
  }

  @Test
  void thresholdComesFromTheFirstHalf() {
    SplittableRandom random = new SplittableRandom(11);
    double[] with = new double[4000];
    double[] without = new double[4000];
    Arrays.setAll(with, i -> random.nextGaussian() + 3);
    Arrays.setAll(without, i -> random.nextGaussian());
    double found = EpsilonLowerBound.clopperPearson(with, without, 1e-5, 0.05).epsilon();
    // 2000 runs of each kind cannot show more than log(2000/3.7), and mu = 3 shows most of it.
    assertTrue(found > 4 && found < 6.3, "" + found);
    double none = EpsilonLowerBound.clopperPearson(without, without.clone(), 1e-5, 0.05).epsilon();
    assertEquals(0, none);
  }

  @Test
  void badInputIsNamed() {
    bad("truePositives", () -> EpsilonLowerBound.clopperPearson(11, 10, 0, 10, 0, 0.05));
    bad("falsePositives", () -> EpsilonLowerBound.clopperPearson(1, 10, -1, 10, 0, 0.05));
    bad("nonMembers", () -> EpsilonLowerBound.clopperPearson(1, 10, 0, 0, 0, 0.05));
    bad("delta", () -> EpsilonLowerBound.clopperPearson(1, 10, 0, 10, 1, 0.05));
    bad("alpha", () -> EpsilonLowerBound.clopperPearson(1, 10, 0, 10, 0, 0));
    bad("delta", () -> EpsilonLowerBound.gdp(1, 10, 0, 10, 0, 0.05));
    bad("guesses", () -> EpsilonLowerBound.oneRun(10, 11, 1, 0, 0.05));
    bad("correct", () -> EpsilonLowerBound.oneRun(10, 5, 6, 0, 0.05));
    bad("guessesEach", () -> EpsilonLowerBound.oneRun(new double[4], new boolean[4], 3, 0, 0.05));
    bad(
        "scores",
        () -> EpsilonLowerBound.oneRun(new double[] {Double.NaN, 0}, new boolean[2], 1, 0, 0.05));
    bad(
        "with.length",
        () -> EpsilonLowerBound.clopperPearson(new double[1], new double[4], 0, 0.05));
  }

  private static void bad(String named, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.startsWith(named + " "), message);
  }
}
