package org.dl4jplus.privacy.accounting;

import static org.dl4jplus.optim.first.updater.Require.check;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import lombok.extern.slf4j.Slf4j;

/**
 * Adds Renyi divergences up, order by order, and takes the order with the smallest epsilon. Handles
 * every event; an upper bound.
 *
 * <pre>{@code
 * epsilon = min over a of  R(a) + log(1 - 1/a) - log(delta a)/(a-1)
 * delta   = min over a of  exp((a-1)(R(a) - epsilon + log(1 - 1/a)) - log a),  sqrt(1 - e^-R(a))
 * }</pre>
 *
 * <p>Orders: 1.1 to 10.9 in steps of 0.1, 11 to 63, 128, 256, 512, 1024, or the caller's. Besides,
 * the epsilons of releases without delta are added up, and count where the sum is smaller.
 *
 * <p>I. Mironov: "Renyi Differential Privacy", arXiv 1702.07476 (2017); C. Canonne, G. Kamath, T.
 * Steinke: "The Discrete Gaussian for Differential Privacy", arXiv 2004.00010 (2020).
 */
@Slf4j
public final class RdpAccountant implements PrivacyAccountant {

  /** An answer and where it came from. */
  record Best(double value, double order) {}

  /** As many events' divergences are remembered. */
  private static final int REMEMBERED = 64;

  private final double[] orders;
  private final double[] divergences;
  private final PrivacyLedger ledger;
  private final Map<PrivacyEvent, double[]> known = new HashMap<>();
  private double pure;
  private boolean warned;

  /**
   * An accountant without releases.
   *
   * @param neighbours the relation of all its releases
   */
  public RdpAccountant(Neighbours neighbours) {
    this(new PrivacyLedger(neighbours));
  }

  /**
   * An accountant that goes on from what was released.
   *
   * @param ledger the releases; copied
   */
  public RdpAccountant(PrivacyLedger ledger) {
    this(ledger, defaultOrders());
  }

  /**
   * An accountant with other orders.
   *
   * @param ledger the releases; copied
   * @param orders above 1, ascending; at least one
   * @throws IllegalArgumentException for other orders
   */
  public RdpAccountant(PrivacyLedger ledger, double... orders) {
    check(orders.length > 0, "number of orders", 0, "at least 1");
    for (int i = 0; i < orders.length; i++) {
      double least = i == 0 ? 1 : orders[i - 1];
      check(orders[i] > least, "orders[" + i + "]", orders[i], "above " + least);
    }
    this.orders = orders.clone();
    divergences = new double[orders.length];
    this.ledger = new PrivacyLedger(ledger.neighbours());
    ledger.entries().forEach(entry -> compose(entry.event(), entry.count()));
  }

  /**
   * The orders that are used when none are given.
   *
   * @return 156 orders from 1.1 to 1024
   */
  public static double[] defaultOrders() {
    return IntStream.concat(
            IntStream.rangeClosed(11, 109),
            IntStream.concat(
                IntStream.rangeClosed(11, 63).map(a -> 10 * a),
                IntStream.of(1280, 2560, 5120, 10240)))
        .mapToDouble(a -> a / 10.0)
        .toArray();
  }

  @Override
  public RdpAccountant compose(PrivacyEvent event, long count) {
    ledger.add(event, count);
    if (count == 0) {
      return this;
    }
    if (known.size() >= REMEMBERED) {
      known.clear();
    }
    double[] more = known.computeIfAbsent(event, e -> RenyiDivergence.of(e, orders));
    for (int i = 0; i < orders.length; i++) {
      divergences[i] += count * more[i];
    }
    pure += count * RenyiDivergence.pure(event);
    return this;
  }

  /**
   * The smallest epsilon over the orders. Warns once where the first or the last order gives it,
   * since an order beyond may give a smaller one.
   */
  @Override
  public double epsilon(double delta) {
    Best best = best(delta);
    if (!warned && best.value() > 0 && atTheEnd(best.order())) {
      warned = true;
      log.warn(
          "The order {} gave epsilon {} at delta {} and is the {} one of the list: others may give"
              + " a smaller epsilon",
          best.order(),
          best.value(),
          delta,
          best.order() == orders[0] ? "first" : "last");
    }
    return best.value();
  }

  private boolean atTheEnd(double order) {
    return order == orders[0] || order == orders[orders.length - 1];
  }

  /**
   * The order that gives the smallest epsilon.
   *
   * @param delta in [0, 1)
   * @return one of the orders; infinite where the sum of the releases' epsilons without delta is
   *     smaller, or no order gives a finite one
   */
  public double optimalOrder(double delta) {
    return best(delta).order();
  }

  /**
   * The conversion R(a) + log(1/delta)/(a-1) of Mironov, for comparison with other libraries: never
   * smaller than {@link #epsilon(double)}.
   *
   * @param delta in (0, 1)
   * @return at least 0, or infinite
   * @throws IllegalArgumentException outside the range
   */
  public double classicEpsilon(double delta) {
    check(delta > 0 && delta < 1, "delta", delta, "in (0, 1)");
    double epsilon = Double.POSITIVE_INFINITY;
    for (int i = 0; i < orders.length; i++) {
      epsilon = Math.min(epsilon, divergences[i] - Math.log(delta) / (orders[i] - 1));
    }
    return epsilon;
  }

  Best best(double delta) {
    checkDelta(delta);
    Best best = new Best(pure, Double.POSITIVE_INFINITY);
    for (int i = 0; i < orders.length; i++) {
      double epsilon = RenyiDivergence.epsilon(orders[i], divergences[i], delta);
      if (epsilon < best.value()) {
        best = new Best(epsilon, orders[i]);
      }
    }
    return best;
  }

  @Override
  public double delta(double epsilon) {
    checkEpsilon(epsilon);
    double delta = pure <= epsilon ? 0 : 1;
    for (int i = 0; i < orders.length; i++) {
      delta = Math.min(delta, RenyiDivergence.delta(orders[i], divergences[i], epsilon));
    }
    return delta;
  }

  @Override
  public PrivacyLedger ledger() {
    return ledger.copy();
  }

  static void checkDelta(double delta) {
    check(delta >= 0 && delta < 1, "delta", delta, "in [0, 1)");
  }

  static void checkEpsilon(double epsilon) {
    check(epsilon >= 0, "epsilon", epsilon, "at least 0");
  }
}
