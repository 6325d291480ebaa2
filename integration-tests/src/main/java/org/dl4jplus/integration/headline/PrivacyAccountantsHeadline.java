package org.dl4jplus.integration.headline;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.dl4jplus.privacy.accounting.Accounting;
import org.dl4jplus.privacy.accounting.GdpAccountant;
import org.dl4jplus.privacy.accounting.Neighbours;
import org.dl4jplus.privacy.accounting.PldAccountant;
import org.dl4jplus.privacy.accounting.PrivacyEvent.PoissonGaussian;
import org.dl4jplus.privacy.accounting.RdpAccountant;

/**
 * How much smaller the epsilon of the loss's distribution is than that of Renyi divergences, and
 * how long both answers take at the most.
 */
final class PrivacyAccountantsHeadline implements Headline {

  private static final Set<Neighbours> ADD_REMOVE = EnumSet.of(Neighbours.ADD_REMOVE);

  private static final double[] RATES = {1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.9, 1};
  private static final double[] NOISES = {0.3, 0.5, 0.7, 1, 2, 5, 20, 50};
  private static final long[] STEPS = {1, 100, 10_000, 100_000};
  private static final double DELTA = 1e-5;

  /** Of a call, in seconds. */
  private static final double LONGEST = 1;

  @Override
  public String name() {
    return "privacy-accountants";
  }

  @Override
  public List<Row> measure() {
    List<Row> rows = new ArrayList<>();
    rows.add(epsilons(0.01, 1, 1000, 1e-5, 0.88));
    rows.add(epsilons(0.01, 1, 1000, 1e-6, 1));
    rows.add(epsilons(0.04, 1.1, 500, 1e-5, 1));
    PoissonGaussian event = new PoissonGaussian(0.001, 0.7, ADD_REMOVE);
    rows.add(
        Row.ratio(
            "epsilon at rate 0.001, noise 0.7, 20000 steps, delta 1e-5",
            "distribution of the loss",
            new PldAccountant(Neighbours.ADD_REMOVE).compose(event, 20_000).epsilon(DELTA),
            "central limit: not a bound",
            new GdpAccountant(Neighbours.ADD_REMOVE).compose(event, 20_000).epsilon(DELTA),
            Bar.NONE));
    for (Accounting accounting : List.of(Accounting.RDP, Accounting.PLD)) {
      rows.add(slowest(accounting));
    }
    return rows;
  }

  private static Row epsilons(double rate, double noise, long steps, double delta, double bar) {
    PoissonGaussian event = new PoissonGaussian(rate, noise, ADD_REMOVE);
    return Row.ratio(
        String.format(
            Locale.ROOT,
            "epsilon at rate %s, noise %s, %d steps, delta %s",
            rate,
            noise,
            steps,
            delta),
        "Renyi divergences",
        new RdpAccountant(Neighbours.ADD_REMOVE).compose(event, steps).epsilon(delta),
        "distribution of the loss",
        new PldAccountant(Neighbours.ADD_REMOVE).compose(event, steps).epsilon(delta),
        Bar.atMost(bar));
  }

  private static Row slowest(Accounting accounting) {
    seconds(accounting, 0.01, 1, 1000);
    double worst = 0;
    String where = "";
    for (double rate : RATES) {
      for (double noise : NOISES) {
        for (long steps : STEPS) {
          double seconds = seconds(accounting, rate, noise, steps);
          if (seconds > worst) {
            worst = seconds;
            where = String.format(Locale.ROOT, "rate %s, noise %s, %d steps", rate, noise, steps);
          }
        }
      }
    }
    int cases = RATES.length * NOISES.length * STEPS.length;
    return Row.ratio(
        "seconds of the slowest answer, rates 1e-5 to 1, noise 0.3 to 50, up to 1e5 steps, "
            + cases
            + " cases",
        "the issue's bar",
        LONGEST,
        accounting + " at " + where,
        worst,
        Bar.atMost(1));
  }

  /** The best of three, since other work on the machine is not the answer's. */
  private static double seconds(Accounting accounting, double rate, double noise, long steps) {
    double least = Double.POSITIVE_INFINITY;
    for (int k = 0; k < 3; k++) {
      least = Math.min(least, once(accounting, rate, noise, steps));
    }
    return least;
  }

  private static double once(Accounting accounting, double rate, double noise, long steps) {
    long start = System.nanoTime();
    accounting
        .create(Neighbours.ADD_REMOVE)
        .compose(new PoissonGaussian(rate, noise, ADD_REMOVE), steps)
        .epsilon(DELTA);
    return (System.nanoTime() - start) / 1e9;
  }
}
