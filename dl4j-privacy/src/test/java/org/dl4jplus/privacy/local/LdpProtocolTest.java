package org.dl4jplus.privacy.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.accounting.PrivacyLedger;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.dl4jplus.privacy.noise.SeededNoise;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.shade.jackson.databind.DeserializationFeature;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class LdpProtocolTest {

  private static final MathContext DIGITS = new MathContext(80);

  private static List<LdpProtocol<?>> all(int k, double epsilon) {
    return List.of(
        new RandomizedResponse(k, epsilon),
        UnaryEncoding.symmetric(k, epsilon),
        UnaryEncoding.optimized(k, epsilon),
        UnaryEncoding.adaptive(k, epsilon, 0.5),
        LocalHashing.binary(k, epsilon),
        LocalHashing.optimized(k, epsilon),
        LocalHashing.adaptive(k, epsilon, 0.5),
        SubsetSelection.optimized(k, epsilon),
        SubsetSelection.adaptive(k, epsilon, 0.5),
        new SummationHistogramEncoding(k, epsilon),
        ThresholdHistogramEncoding.optimized(k, epsilon),
        ThresholdHistogramEncoding.adaptive(k, epsilon, 0.5));
  }

  static Stream<LdpProtocol<?>> some() {
    return Stream.of(all(2, 1), all(5, 1.5), all(12, 3)).flatMap(List::stream);
  }

  // The ratio of report probabilities

  /** e^x, exactly to 60 digits, of the double x itself. */
  private static BigDecimal exp(double x) {
    // e^x = (e^(x / 2^k))^(2^k).
    int halvings = 12;
    BigDecimal small = new BigDecimal(x).divide(BigDecimal.valueOf(1L << halvings), DIGITS);
    BigDecimal term = BigDecimal.ONE;
    BigDecimal sum = BigDecimal.ONE;
    for (int i = 1; i < 40; i++) {
      term = term.multiply(small, DIGITS).divide(BigDecimal.valueOf(i), DIGITS);
      sum = sum.add(term, DIGITS);
    }
    for (int i = 0; i < halvings; i++) {
      sum = sum.multiply(sum, DIGITS);
    }
    return sum;
  }

  private static BigDecimal heads(Coin coin) {
    return new BigDecimal(coin.heads()).divide(new BigDecimal(Coin.DRAWS), DIGITS);
  }

  private static BigDecimal tails(Coin coin) {
    return BigDecimal.ONE.subtract(heads(coin));
  }

  /** The ratio stays in [e^-epsilon, e^epsilon], and where it is tight reaches e^epsilon. */
  private static void assertPrivate(String what, BigDecimal ratio, double epsilon, boolean tight) {
    BigDecimal limit = exp(epsilon);
    assertTrue(ratio.compareTo(limit) <= 0, what);
    assertTrue(ratio.multiply(limit).compareTo(BigDecimal.ONE) >= 0, what);
    if (tight) {
      assertEquals(1, ratio.divide(limit, DIGITS).doubleValue(), 1e-5, what);
    }
  }

  @Test
  void bigExponentialIsRight() {
    assertEquals(Math.exp(1.7), exp(1.7).doubleValue(), 1e-15);
    assertEquals(
        new BigDecimal("2.71828182845904523536028747135266249775724709369996"),
        exp(1).round(new MathContext(51)));
  }

  @Test
  void coinsNeverRoundDown() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 1000; i++) {
      double p = Math.exp(-40 * random.nextDouble());
      long heads = Coin.atLeast(p).heads();
      BigDecimal exact = new BigDecimal(p).multiply(new BigDecimal(Coin.DRAWS));
      assertTrue(new BigDecimal(heads).compareTo(exact) >= 0);
      assertTrue(heads - exact.doubleValue() <= 1 + exact.doubleValue() * 0x1p-48);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2, 1e-4",
    "2, 1",
    "2, 20",
    "3, 0.5",
    "7, 1.3",
    "10, 4",
    "100, 1e-4",
    "100, 4",
    "100, 20",
    "1000, 0.01",
    "1000, 7",
    "1000, 15"
  })
  void reportProbabilitiesNeverDifferByMoreThanEpsilon(int k, double epsilon) {
    Coin grr = new RandomizedResponse(k, epsilon).lies();
    assertPrivate("GRR", ratio(grr, k), epsilon, true);
    for (LocalHashing hashing :
        List.of(
            LocalHashing.binary(k, epsilon),
            LocalHashing.optimized(k, epsilon),
            LocalHashing.adaptive(k, epsilon, 0.5))) {
      assertPrivate("" + hashing, ratio(hashing.lies(), (long) hashing.g()), epsilon, true);
    }
    for (UnaryEncoding unary :
        List.of(
            UnaryEncoding.symmetric(k, epsilon),
            UnaryEncoding.optimized(k, epsilon),
            UnaryEncoding.adaptive(k, epsilon, 0.9))) {
      assertPrivate("" + unary, ratio(unary), epsilon, true);
    }
    for (SubsetSelection subset :
        List.of(
            SubsetSelection.optimized(k, epsilon),
            SubsetSelection.adaptive(k, epsilon, 0.5),
            new SubsetSelection(k, epsilon, k - 1))) {
      // A set with the true value: P[hit] / binomial(k-1, w-1). One without: P[miss] / (k-1, w).
      BigDecimal ratio =
          tails(subset.misses())
              .divide(heads(subset.misses()), DIGITS)
              .multiply(BigDecimal.valueOf(k - subset.getSize()))
              .divide(BigDecimal.valueOf(subset.getSize()), DIGITS);
      assertPrivate("" + subset, ratio, epsilon, true);
    }
    for (double threshold : new double[] {0.5, 0.7, 1}) {
      ThresholdHistogramEncoding one = new ThresholdHistogramEncoding(k, epsilon, threshold);
      assertPrivate("" + one, ratio(one), epsilon, false);
      assertTrue(Math.log(ratio(one).doubleValue()) < epsilon, "" + one);
    }
  }

  /** Of the truth to a lie that is one of n - 1. */
  private static BigDecimal ratio(Coin lies, long n) {
    return tails(lies).multiply(BigDecimal.valueOf(n - 1)).divide(heads(lies), DIGITS);
  }

  /** Two inputs differ in two bits: one reports a 1 and a 0 there, the other needs both flipped. */
  private static BigDecimal ratio(IndependentBits bits) {
    return tails(bits.drops())
        .multiply(tails(bits.rises()))
        .divide(heads(bits.drops()).multiply(heads(bits.rises())), DIGITS);
  }

  /** The probabilities of whole reports, from going through all that perturb can draw. */
  @ParameterizedTest
  @ValueSource(doubles = {1e-4, 0.7, 4, 20})
  void wholeReportsNeverDifferByMoreThanEpsilon(double epsilon) {
    int k = 5;
    RandomizedResponse grr = new RandomizedResponse(k, epsilon);
    assertReportsPrivate(grr, true, (value, toss) -> grr.lies());
    for (int size = 1; size < k; size++) {
      SubsetSelection subset = new SubsetSelection(k, epsilon, size);
      assertReportsPrivate(subset, true, (value, toss) -> subset.misses());
    }
    for (IndependentBits bits :
        List.of(
            UnaryEncoding.symmetric(k, epsilon),
            UnaryEncoding.optimized(k, epsilon),
            UnaryEncoding.adaptive(k, epsilon, 0.9),
            ThresholdHistogramEncoding.optimized(k, epsilon))) {
      assertReportsPrivate(
          bits,
          bits instanceof UnaryEncoding,
          (value, toss) -> toss == value ? bits.drops() : bits.rises());
    }
    for (double g : new double[] {2, 3, 8}) {
      // The first draw is the seed. Two of five values lie in different buckets.
      LocalHashing hashing = new LocalHashing(k, epsilon, g);
      assertReportsPrivate(hashing, true, (value, toss) -> toss == 0 ? null : hashing.lies());
    }
  }

  private static <R> void assertReportsPrivate(
      LdpProtocol<R> protocol, boolean tight, BiFunction<Integer, Integer, Coin> coins) {
    List<Map<R, BigDecimal>> distributions = new ArrayList<>();
    for (int value = 0; value < protocol.getValues(); value++) {
      distributions.add(distribution(protocol, value, coins));
      BigDecimal sum =
          distributions.get(value).values().stream().reduce(BigDecimal.ZERO, BigDecimal::add);
      assertEquals(1, sum.doubleValue(), 1e-15);
    }
    BigDecimal largest = BigDecimal.ONE;
    for (Map<R, BigDecimal> one : distributions) {
      for (Map<R, BigDecimal> other : distributions) {
        assertEquals(one.keySet(), other.keySet(), "a report gives its value away");
        for (R report : one.keySet()) {
          largest = largest.max(one.get(report).divide(other.get(report), DIGITS));
        }
      }
    }
    assertPrivate("" + protocol, largest, protocol.getEpsilon(), tight);
  }

  private static <R> Map<R, BigDecimal> distribution(
      LdpProtocol<R> protocol, int value, BiFunction<Integer, Integer, Coin> coins) {
    Map<R, BigDecimal> distribution = new HashMap<>();
    Branches branches = new Branches(toss -> coins.apply(value, toss));
    do {
      R report = protocol.perturb(value, branches);
      distribution.merge(report, branches.probability, BigDecimal::add);
    } while (branches.next());
    return distribution;
  }

  /** Goes through all outcomes of coins and uniform draws, with their probabilities. */
  private static final class Branches implements NoiseSource {

    private final IntFunction<Coin> coins;
    private final List<Long> path = new ArrayList<>();
    private final List<Long> kinds = new ArrayList<>();
    private int depth;
    private int tosses;
    private BigDecimal probability = BigDecimal.ONE;

    private Branches(IntFunction<Coin> coins) {
      this.coins = coins;
    }

    private long branch(long count) {
      if (depth == path.size()) {
        path.add(0L);
        kinds.add(count);
      }
      return path.get(depth++);
    }

    /** Moves on to the next path; false after the last. */
    private boolean next() {
      depth = 0;
      tosses = 0;
      probability = BigDecimal.ONE;
      for (int last = path.size() - 1; last >= 0; last--) {
        if (path.get(last) + 1 < kinds.get(last)) {
          path.set(last, path.get(last) + 1);
          return true;
        }
        path.remove(last);
        kinds.remove(last);
      }
      return false;
    }

    @Override
    public void gaussian(double[] out) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long bits() {
      Coin coin = coins.apply(tosses++);
      if (coin == null) {
        return 12345;
      }
      boolean heads = branch(2) == 0;
      probability = probability.multiply(heads ? heads(coin) : tails(coin), DIGITS);
      // The last draw that is heads, the first one that is not.
      return (heads ? coin.heads() - 1 : coin.heads()) << 11;
    }

    @Override
    public long uniform(long bound) {
      probability = probability.divide(BigDecimal.valueOf(bound), DIGITS);
      return branch(bound);
    }

    @Override
    public boolean secure() {
      return false;
    }
  }

  /** Every set comes equally often when every sequence of draws comes once. */
  @Test
  void subsetsAreUniform() {
    int k = 6;
    for (int size = 1; size < k; size++) {
      SubsetSelection protocol = new SubsetSelection(k, 1.0, size);
      for (int value = 0; value < k; value += 5) {
        for (boolean miss : new boolean[] {false, true}) {
          List<BitSet> sets = new ArrayList<>();
          long sequences = 1;
          for (long s = 0; s < sequences; s++) {
            Sequence draws = new Sequence(miss, s);
            sets.add(protocol.perturb(value, draws));
            sequences = draws.count;
          }
          int others = miss ? size : size - 1;
          long kinds = binomial(k - 1, others);
          assertEquals(kinds, sets.stream().distinct().count());
          for (BitSet set : sets) {
            assertEquals(size, set.cardinality());
            assertEquals(!miss, set.get(value));
            assertEquals(sequences / kinds, sets.stream().filter(set::equals).count());
          }
        }
      }
    }
  }

  private static long binomial(int n, int k) {
    BigInteger result = BigInteger.ONE;
    for (int i = 0; i < k; i++) {
      result = result.multiply(BigInteger.valueOf(n - i)).divide(BigInteger.valueOf(i + 1));
    }
    return result.longValueExact();
  }

  /** The s-th of all sequences of uniform draws after one toss of a coin. */
  private static final class Sequence implements NoiseSource {

    private final boolean heads;
    private long rest;
    private long count = 1;

    private Sequence(boolean heads, long rest) {
      this.heads = heads;
      this.rest = rest;
    }

    @Override
    public void gaussian(double[] out) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long bits() {
      return heads ? 0 : -1;
    }

    @Override
    public long uniform(long bound) {
      long draw = rest % bound;
      rest /= bound;
      count *= bound;
      return draw;
    }

    @Override
    public boolean secure() {
      return false;
    }
  }

  // Reports

  /** Support of the true value and of another one, within 5 standard errors of p and q. */
  @ParameterizedTest
  @MethodSource("some")
  void reportsSupportValuesWithPAndQ(LdpProtocol<?> protocol) {
    int n = 2000;
    int k = protocol.getValues();
    NoiseSource noise = new SeededNoise(7);
    double[] counts = new double[k];
    for (int i = 0; i < n; i++) {
      count(protocol, k - 1, noise, counts);
    }
    double laplace = protocol instanceof SummationHistogramEncoding ? Math.sqrt(2) * 2 : 0;
    for (int v = 0; v < k; v++) {
      double mean = v == k - 1 ? protocol.p() : protocol.q();
      double deviation = Math.max(laplace / protocol.getEpsilon(), Math.sqrt(mean * (1 - mean)));
      assertEquals(mean, counts[v] / n, 5 * deviation / Math.sqrt(n), protocol + " " + v);
    }
  }

  private static <R> void count(
      LdpProtocol<R> protocol, int value, NoiseSource noise, double[] counts) {
    protocol.count(protocol.perturb(value, noise), counts);
  }

  /** Five standard errors; the guess of local hashing is that of unary encoding. */
  @ParameterizedTest
  @MethodSource("some")
  void attacksSucceedAsOftenAsTheFormulaSays(LdpProtocol<?> protocol) {
    int n = 5000;
    NoiseSource noise = new SeededNoise(11);
    int hits = 0;
    for (int i = 0; i < n; i++) {
      int value = (int) noise.uniform(protocol.getValues());
      hits += hit(protocol, value, noise) ? 1 : 0;
    }
    double rate =
        protocol instanceof LocalHashing
            ? IndependentBits.successRate(protocol.getValues(), 1 - protocol.p(), protocol.q())
            : protocol.attackerSuccessRate();
    double error = Math.sqrt(rate * (1 - rate) / n);
    assertEquals(rate, (double) hits / n, 5 * error, "" + protocol);
  }

  private static <R> boolean hit(LdpProtocol<R> protocol, int value, NoiseSource noise) {
    return protocol.attack(protocol.perturb(value, noise), noise) == value;
  }

  /** The published rates of local hashing are not below the guess's, up to OLH's own rounding. */
  @Test
  void hashingRatesAreFromAbove() {
    for (int k : new int[] {2, 5, 50, 1000}) {
      for (double epsilon : new double[] {0.5, 1, 2, 4, 8}) {
        for (double g : new double[] {2, 3, 10, 100}) {
          LocalHashing one = new LocalHashing(k, epsilon, g);
          double guess = IndependentBits.successRate(k, 1 - one.p(), one.q());
          assertTrue(guess <= one.attackerSuccessRate() + 1 / (double) k, "" + one);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("some")
  void estimatesAreUnbiasedWithTheStatedError(LdpProtocol<?> protocol) {
    // Value 0 never occurs: the mean of its estimate is 0 and its variance mse(n).
    int n = 100;
    int runs = 50;
    NoiseSource noise = new SeededNoise(13);
    double sum = 0;
    double squares = 0;
    for (int run = 0; run < runs; run++) {
      double estimate = estimate(protocol, n, noise)[0];
      sum += estimate;
      squares += estimate * estimate;
    }
    double mse = protocol.mse(n);
    assertEquals(0, sum / runs, 5 * Math.sqrt(mse / runs), "" + protocol);
    // Close to normal: the squares' relative deviation is sqrt(2).
    assertEquals(1, squares / runs / mse, 5 * Math.sqrt(2.0 / runs), "" + protocol);
  }

  private static <R> double[] estimate(LdpProtocol<R> protocol, int n, NoiseSource noise) {
    List<R> reports = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      reports.add(protocol.perturb(1 + i % (protocol.getValues() - 1), noise));
    }
    double[] normalised = protocol.aggregate(reports);
    double sum = 0;
    for (double f : normalised) {
      assertTrue(f >= 0);
      sum += f;
    }
    assertEquals(1, sum, 1e-12);
    return protocol.aggregate(reports, true);
  }

  @Test
  void noPositiveEstimateMeansUniform() {
    double[] estimate = UnaryEncoding.optimized(4, 1).estimate(new double[4], 10, false);
    assertArrayEquals(new double[] {0.25, 0.25, 0.25, 0.25}, estimate);
  }

  @Test
  void histogramReportsLieOnAGrid() {
    double scale = 2 / 0.7;
    // 2^ceil(log2(scale)) = 4.
    double cell = 4 * 0x1p-20;
    assertTrue(cell >= scale * 0x1p-20);
    for (double x : new SummationHistogramEncoding(50, 0.7).perturb(3, new SeededNoise(1))) {
      assertEquals(Math.rint(x / cell) * cell, x);
    }
  }

  // Closed forms

  @Test
  void formsStayFiniteUpToEpsilon700() {
    for (int k : new int[] {2, 3, 100, 100_000}) {
      for (double epsilon : new double[] {1e-6, 0.1, 21.5, 80, 700}) {
        for (LdpProtocol<?> protocol :
            List.of(
                new RandomizedResponse(k, epsilon),
                UnaryEncoding.symmetric(k, epsilon),
                UnaryEncoding.optimized(k, epsilon),
                UnaryEncoding.adaptive(k, epsilon, 0.5),
                LocalHashing.optimized(k, epsilon),
                LocalHashing.binary(k, epsilon),
                SubsetSelection.optimized(k, epsilon),
                new SummationHistogramEncoding(k, epsilon),
                ThresholdHistogramEncoding.optimized(k, epsilon))) {
          double rate = protocol.attackerSuccessRate();
          assertTrue(rate >= 0.999 / (2 * k) && rate <= 1 + 1e-12, protocol + ": " + rate);
          double mse = protocol.mse(10);
          assertTrue(mse > 0 && mse < Double.POSITIVE_INFINITY, protocol + ": " + mse);
          assertTrue(protocol.q() < protocol.p(), "" + protocol);
        }
      }
    }
  }

  @Test
  void everythingIsRandomizedResponseForTwoValues() {
    for (double epsilon : new double[] {0.3, 2, 9}) {
      double p = new RandomizedResponse(2, epsilon).p();
      assertEquals(p, SubsetSelection.optimized(2, epsilon).p(), 1e-15);
      assertEquals(p, SubsetSelection.optimized(2, epsilon).attackerSuccessRate(), 1e-15);
      assertEquals(p, LocalHashing.binary(2, epsilon).attackerSuccessRate(), 1e-15);
    }
  }

  /** P[1 + Z > Z'] of two Laplace variables: 1 - (2 + x) e^-x / 4 with x = 1/scale. */
  @Test
  void summationRateOfTwoValues() {
    for (double epsilon : new double[] {1e-3, 0.5, 2, 20, 300}) {
      double x = epsilon / 2;
      assertEquals(
          1 - (2 + x) * Math.exp(-x) / 4,
          new SummationHistogramEncoding(2, epsilon).attackerSuccessRate(),
          1e-13);
    }
  }

  /** The closed form against the trapezoidal rule, on both sides of its two switches. */
  @ParameterizedTest
  @CsvSource({"3, 1", "10, 1", "100, 4", "79, 0.2", "82, 0.2", "1000, 3", "50, 12", "200, 30"})
  void summationRateIsItsIntegral(int k, double epsilon) {
    double scale = 2 / epsilon;
    double step = scale / 1000;
    double integral = 0;
    for (int i = -50_000; i < 50_000; i++) {
      double from = distribution(i * step / scale);
      double to = distribution((i + 1) * step / scale);
      double middle = distribution(((i + 0.5) * step - 1) / scale);
      integral += (1 - middle) * (Math.pow(to, k - 1) - Math.pow(from, k - 1));
    }
    assertEquals(integral, new SummationHistogramEncoding(k, epsilon).attackerSuccessRate(), 1e-6);
  }

  private static double distribution(double x) {
    return x < 0 ? Math.exp(x) / 2 : 1 - Math.exp(-x) / 2;
  }

  @Test
  void thresholdIsTheBest() {
    for (double epsilon : new double[] {0.01, 1, 4, 12, 60}) {
      double best = ThresholdHistogramEncoding.optimized(5, epsilon).mse(1);
      for (double theta = 0.5; theta <= 1; theta += 1.0 / 1024) {
        double other = new ThresholdHistogramEncoding(5, epsilon, theta).mse(1);
        assertTrue(best <= other * (1 + 1e-9), epsilon + " " + theta);
      }
    }
  }

  @Test
  void adaptiveHashingSkipsOnlyWhatCannotWin() {
    for (int k : new int[] {2, 3, 10, 40}) {
      for (double epsilon : new double[] {0.1, 1, 2.5, 5}) {
        for (double weight : new double[] {0, 0.1, 0.5, 0.9, 1}) {
          double chosen = objective(LocalHashing.adaptive(k, epsilon, weight), weight);
          double last = Math.max(k, Math.rint(Math.exp(epsilon)) + 2) - 1;
          for (double g = 2; g <= last; g++) {
            double other = objective(new LocalHashing(k, epsilon, g), weight);
            assertTrue(chosen <= other * (1 + 1e-14), k + " " + epsilon + " " + g);
          }
        }
      }
    }
  }

  private static double objective(LdpProtocol<?> protocol, double weight) {
    return weight * protocol.attackerSuccessRate() + (1 - weight) * protocol.mse(1);
  }

  // The rest

  @Test
  void hashOfLongerNumbers() {
    // Of 8 digits (words only) and 10 (words and single bytes); the golden file has 1 and 2.
    assertEquals(hashByDefinition("12345678", 0), LocalHashing.hash(12345678, 0));
    assertEquals(hashByDefinition("2147483647", -5), LocalHashing.hash(2147483647, -5));
  }

  private static int hashByDefinition(String text, int seed) {
    long mask = 0xFFFFFFFFL;
    long h = seed + 374761393L + text.length() & mask;
    int i = 0;
    for (; i + 4 <= text.length(); i += 4) {
      long word = 0;
      for (int j = 3; j >= 0; j--) {
        word = word * 256 + text.charAt(i + j);
      }
      h = h + word * 3266489917L & mask;
      h = (h << 17 | h >>> 15) & mask;
      h = h * 668265263L & mask;
    }
    for (; i < text.length(); i++) {
      h = h + text.charAt(i) * 374761393L & mask;
      h = (h << 11 | h >>> 21) & mask;
      h = h * 2654435761L & mask;
    }
    h = (h ^ h >>> 15) * 2246822519L & mask;
    h = (h ^ h >>> 13) * 3266489917L & mask;
    return (int) (h ^ h >>> 16);
  }

  @ParameterizedTest
  @MethodSource("some")
  void jsonCarriesAProtocol(LdpProtocol<?> protocol) throws IOException {
    ObjectMapper mapper =
        new ObjectMapper().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    String json = mapper.writeValueAsString(protocol);
    LdpProtocol<?> read = mapper.readValue(json, LdpProtocol.class);
    assertEquals(protocol, read);
    assertEquals(protocol.p(), read.p());
    assertEquals(protocol.attackerSuccessRate(), read.attackerSuccessRate());
  }

  @Test
  void aReportCostsEpsilonWhereAValueIsReplaced() {
    PrivacyEvent event = new RandomizedResponse(3, 0.7).event();
    PrivacyLedger ledger = new PrivacyLedger(Neighbours.REPLACE_ONE);
    ledger.add(event, 4);
    assertEquals(0.7, ((PrivacyEvent.PureDp) event).epsilon());
    assertThrows(
        IllegalArgumentException.class,
        () -> new PrivacyLedger(Neighbours.ADD_REMOVE).add(event, 1));
  }

  @Test
  void badInputIsRefused() {
    List<BiFunction<Integer, Double, LdpProtocol<?>>> makers =
        List.of(
            RandomizedResponse::new,
            UnaryEncoding::symmetric,
            UnaryEncoding::optimized,
            LocalHashing::binary,
            LocalHashing::optimized,
            SubsetSelection::optimized,
            SummationHistogramEncoding::new,
            ThresholdHistogramEncoding::optimized,
            (k, e) -> UnaryEncoding.adaptive(k, e, 0.5),
            (k, e) -> LocalHashing.adaptive(k, e, 0.5),
            (k, e) -> SubsetSelection.adaptive(k, e, 0.5),
            (k, e) -> ThresholdHistogramEncoding.adaptive(k, e, 0.5));
    NoiseSource noise = new SeededNoise(1);
    for (BiFunction<Integer, Double, LdpProtocol<?>> maker : makers) {
      assertRefused("values", () -> maker.apply(1, 1.0));
      for (double epsilon : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY, 701}) {
        assertRefused("epsilon", () -> maker.apply(3, epsilon));
      }
      LdpProtocol<?> protocol = maker.apply(3, 1.0);
      for (int value : new int[] {-77, 3}) {
        String message = assertRefused("value", () -> protocol.perturb(value, noise));
        assertFalse(message.contains("77"), "shows the value");
      }
      assertRefused("reports", () -> protocol.aggregate(List.of()));
      assertRefused("n ", () -> protocol.mse(0));
      assertRefused("counts", () -> protocol.estimate(new double[2], 1, true));
      assertRefused("epsilon", () -> maker.apply(3, 20.5).perturb(0, noise));
      assertRefused("epsilon", () -> maker.apply(3, 9e-5).perturb(0, noise));
    }
    assertRefused("drop", () -> new UnaryEncoding(3, 1, 0.0));
    assertRefused("drop", () -> new UnaryEncoding(3, 1, 1.0));
    assertRefused("size", () -> new SubsetSelection(3, 1, 3));
    assertRefused("size", () -> new SubsetSelection(3, 1, 0));
    assertRefused("buckets", () -> new LocalHashing(3, 1, 1.0));
    assertRefused("buckets", () -> new LocalHashing(3, 1, 2.5));
    assertRefused("buckets", () -> new LocalHashing(3, 1, 0x1p31).perturb(0, noise));
    assertRefused("threshold", () -> new ThresholdHistogramEncoding(3, 1, 0.4));
    assertRefused("threshold", () -> new ThresholdHistogramEncoding(3, 1, 1.1));
    assertRefused("weightAsr", () -> UnaryEncoding.adaptive(3, 1, 1.1));
  }

  @Test
  void reportsThatNoClientMakesAreRefused() {
    double[] counts = new double[3];
    assertRefused("report", () -> new RandomizedResponse(3, 1).count(3, counts));
    assertRefused("report", () -> new RandomizedResponse(3, 1).attack(-1, null));
    assertRefused("report", () -> UnaryEncoding.optimized(3, 1).count(bits(3), counts));
    assertRefused("report", () -> UnaryEncoding.optimized(3, 1).attack(bits(3), null));
    assertRefused("report", () -> new SubsetSelection(3, 1, 1).count(bits(0, 1), counts));
    assertRefused("report", () -> new SubsetSelection(3, 1, 1).attack(bits(), null));
    LocalHashing hashing = LocalHashing.binary(3, 1);
    assertRefused("report", () -> hashing.count(new LocalHashing.Report(2, 0), counts));
    assertRefused("report", () -> hashing.attack(new LocalHashing.Report(-1, 0), null));
    SummationHistogramEncoding sums = new SummationHistogramEncoding(3, 1);
    assertRefused("report", () -> sums.count(new double[2], counts));
    assertRefused("report", () -> sums.attack(new double[] {0, Double.NaN, 0}, null));
    assertArrayEquals(new double[3], counts);
  }

  private static BitSet bits(int... members) {
    BitSet set = new BitSet();
    for (int member : members) {
      set.set(member);
    }
    return set;
  }

  private static String assertRefused(String name, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.startsWith(name), message);
    return message;
  }
}
