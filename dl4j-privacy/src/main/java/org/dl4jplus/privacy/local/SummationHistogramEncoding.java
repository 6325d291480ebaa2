package org.dl4jplus.privacy.local;

import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.noise.NoiseGrid;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * SHE, summation with histogram encoding: a one-hot vector with Laplace noise of scale 2/epsilon on
 * each number; the server adds the vectors.
 *
 * <pre>{@code
 * MSE = 8 / (n epsilon^2)
 * attack: the largest; right with probability P[1 + Z > max of k-1 Z's],  Z ~ Laplace(2/epsilon)
 * }</pre>
 *
 * <p>A report adds 1 to its value's sum in expectation and 0 to every other: these are p and q.
 * Numbers are rounded to a grid of about 2^-20 of the noise's scale, see {@link NoiseGrid}: the
 * guarantee of the exact mechanism holds up to that rounding, whereas the protocols on bits are
 * exact; prefer those.
 *
 * <p>Tianhao Wang, Jeremiah Blocki, Ninghui Li, Somesh Jha: "Locally Differentially Private
 * Protocols for Frequency Estimation", arXiv 1705.04421 (2017).
 */
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class SummationHistogramEncoding extends Protocol<double[]> {

  /**
   * The protocol.
   *
   * @param values how many values there are, at least 2
   * @param epsilon of a report, in (0, 700]
   * @throws IllegalArgumentException outside these ranges
   */
  @JsonCreator
  public SummationHistogramEncoding(
      @JsonProperty("values") int values, @JsonProperty("epsilon") double epsilon) {
    super(values, epsilon);
  }

  @Override
  public double p() {
    return 1;
  }

  @Override
  public double q() {
    return 0;
  }

  @Override
  public double mse(long n) {
    Require.check(n >= 1, "n", n, "at least 1");
    return 8 / (n * getEpsilon() * getEpsilon());
  }

  @Override
  public double[] perturb(int value, NoiseSource noise) {
    checkPerturbs(value);
    double[] report = new double[getValues()];
    report[value] = 1;
    NoiseGrid.addLaplace(report, 2 / getEpsilon(), noise);
    return report;
  }

  @Override
  public void count(double[] report, double[] counts) {
    check(report);
    for (int v = 0; v < counts.length; v++) {
      counts[v] += report[v];
    }
  }

  @Override
  public int attack(double[] report, NoiseSource noise) {
    check(report);
    int largest = 0;
    for (int v = 1; v < report.length; v++) {
      largest = report[v] > report[largest] ? v : largest;
    }
    return largest;
  }

  private void check(double[] report) {
    boolean holds = report.length == getValues();
    for (double x : report) {
      holds &= Double.isFinite(x);
    }
    checkReport(holds);
  }

  /**
   * {@inheritDoc}
   *
   * <pre>{@code
   * integral (1 - F(m - 1)) d F(m)^(k-1)      F: distribution function of Z
   * }</pre>
   *
   * <p>With t = F(m) the integrand is a constant plus {@code t}, {@code 1/(1-t)} or {@code 1-t},
   * for m below 0, up to 1 and above: each part has a closed form.
   */
  @Override
  public double attackerSuccessRate() {
    int k = getValues();
    double decay = shrink(getEpsilon() / 2);
    double halves = Math.pow(0.5, k - 1);
    double tail = decay / 2;
    // (1 - tail)^(k-1), where F(m) = 1 - tail at m = 1.
    double power = Math.exp((k - 1) * Math.log1p(-tail));
    double below = halves - decay * (k - 1) / k * halves / 2;
    double between =
        power - halves - decay / 4 * (k - 1) * (logTail(tail, k - 1) - logTail(0.5, k - 1));
    double mass = (k - 1) * tail;
    double above =
        mass < 1e-4
            ? mass / 4 * (1 - 2.0 * (k - 2) * tail / 3)
            : (1 - power * (1 + mass)) / (2.0 * k * tail);
    return below + between + above;
  }

  /** The sum of t^j / j over j >= from, with t = 1 - rest: a part of -ln(1 - t). */
  private static double logTail(double rest, int from) {
    double log = Math.log1p(-rest);
    double sum = 0;
    if (from * rest < 40) {
      // The tail is long, and large enough to be told from what is taken off.
      for (int j = 1; j < from; j++) {
        sum += Math.exp(j * log) / j;
      }
      return -Math.log(rest) - sum;
    }
    double term = Math.exp(from * log);
    for (int j = from; term > 1e-17 * sum && term > 0; j++) {
      sum += term / j;
      term *= 1 - rest;
    }
    return sum;
  }
}
