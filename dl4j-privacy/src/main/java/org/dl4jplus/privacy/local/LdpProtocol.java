package org.dl4jplus.privacy.local;

import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PrivacyEvent;
import org.dl4jplus.privacy.noise.NoiseSource;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * How one of k values is reported under epsilon-LDP, and how k frequencies are estimated from many
 * reports. For any two values u, v and any report r:
 *
 * <pre>{@code P[r | u] <= e^epsilon P[r | v]}</pre>
 *
 * <p>Clients call {@link #perturb}, the server {@link #aggregate}; both need the same protocol
 * (JSON carries it). Epsilon is spent by each report: k reports about one user cost k epsilon, so a
 * client keeps its report for a value and sends that one again. The guarantee needs a secure source
 * of noise, fresh on each client.
 *
 * <p>A report supports some of the values: the true one with probability p, any other with q. With
 * C_v the number of reports that support v, among n,
 *
 * <pre>{@code
 * f_v = (C_v - n q) / (n (p - q))
 * MSE = q (1 - q) / (n (p - q)^2)     of a value that is rare
 * }</pre>
 *
 * <p>Heber H. Arcolezi, Sebastien Gambs: "Revisiting Locally Differentially Private Protocols:
 * Towards Better Trade-offs in Privacy, Utility, and Attack Resistance", arXiv 2503.01482 (2025).
 *
 * @param <R> a report
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
public interface LdpProtocol<R> {

  /**
   * How many values there are.
   *
   * @return k, at least 2
   */
  int getValues();

  /**
   * What one report costs.
   *
   * @return epsilon, in (0, 700]
   */
  double getEpsilon();

  /**
   * The probability that a report supports the true value.
   *
   * @return in (0, 1]
   */
  double p();

  /**
   * The probability that a report supports a value that is not the true one.
   *
   * @return in [0, p)
   */
  double q();

  /**
   * Perturbs a value. Probabilities are multiples of 2^-53, rounded so that no ratio exceeds
   * e^epsilon. That needs epsilon in [1e-4, 20]: below, rounding would weigh more than epsilon, and
   * above there is no privacy to speak of; other epsilons serve the closed forms only.
   *
   * @param value in [0, k)
   * @param noise secure source of this client
   * @return the report
   * @throws IllegalArgumentException for a value out of range, or an epsilon outside [1e-4, 20]
   */
  R perturb(int value, NoiseSource noise);

  /**
   * Adds what a report supports to the counts.
   *
   * @param report from a client
   * @param counts k numbers
   * @throws IllegalArgumentException for a report that this protocol cannot have made
   */
  void count(R report, double[] counts);

  /**
   * Guesses the value behind a report as well as anyone can who has nothing else.
   *
   * @param report from a client
   * @param noise breaks ties; need not be secure
   * @return in [0, k)
   * @throws IllegalArgumentException for a report that this protocol cannot have made
   */
  int attack(R report, NoiseSource noise);

  /**
   * The probability that {@link #attack} guesses right where all values are equally likely.
   *
   * @return in (0, 1]
   */
  double attackerSuccessRate();

  /**
   * The expected squared error of the unbiased estimate of a frequency close to 0.
   *
   * @param n number of reports, at least 1
   * @return above 0
   * @throws IllegalArgumentException if n is below 1
   */
  default double mse(long n) {
    Require.check(n >= 1, "n", n, "at least 1");
    double gain = p() - q();
    return q() * (1 - q()) / (gain * gain * n);
  }

  /**
   * Estimates the frequencies: {@link #estimate} without the negative ones.
   *
   * @param reports one for each user
   * @return k numbers, at least 0, with sum 1
   * @throws IllegalArgumentException if there are none, or for one that this protocol cannot have
   *     made
   */
  default double[] aggregate(Collection<? extends R> reports) {
    return aggregate(reports, false);
  }

  /**
   * Estimates the frequencies.
   *
   * @param reports one for each user
   * @param unbiased as in {@link #estimate}
   * @return k numbers
   * @throws IllegalArgumentException if there are none, or for one that this protocol cannot have
   *     made
   */
  default double[] aggregate(Collection<? extends R> reports, boolean unbiased) {
    double[] counts = new double[getValues()];
    reports.forEach(report -> count(report, counts));
    return estimate(counts, reports.size(), unbiased);
  }

  /**
   * The frequencies from counts.
   *
   * @param counts of the reports that support each value; not changed
   * @param reports how many reports, at least 1
   * @param unbiased true for the plain estimates, which may be negative; false for max(0, .) over
   *     the sum, and 1/k each where none is above 0
   * @return k numbers
   * @throws IllegalArgumentException if there are no reports, or not k counts
   */
  default double[] estimate(double[] counts, long reports, boolean unbiased) {
    Require.check(reports >= 1, "reports", reports, "at least 1");
    Require.check(
        counts.length == getValues(), "counts", counts.length, "" + getValues() + " numbers");
    double gain = p() - q();
    double[] estimate = new double[counts.length];
    double sum = 0;
    for (int v = 0; v < counts.length; v++) {
      estimate[v] = (counts[v] - reports * q()) / (reports * gain);
      sum += Math.max(0, estimate[v]);
    }
    if (!unbiased) {
      for (int v = 0; v < counts.length; v++) {
        estimate[v] = Math.max(0, estimate[v]) / sum;
      }
      if (sum == 0) {
        Arrays.fill(estimate, 1.0 / counts.length);
      }
    }
    return estimate;
  }

  /**
   * One report, for a ledger: it hides which value a user has, not that there is a report.
   *
   * @return epsilon, under REPLACE_ONE
   */
  default PrivacyEvent event() {
    return new PrivacyEvent.PureDp(getEpsilon(), EnumSet.of(Neighbours.REPLACE_ONE));
  }
}
