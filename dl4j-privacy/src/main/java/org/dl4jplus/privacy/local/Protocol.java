package org.dl4jplus.privacy.local;

import java.util.Iterator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.privacy.noise.NoiseSource;

/** What all protocols share: their range of values, epsilon and checks. */
@Getter
@EqualsAndHashCode
@ToString
abstract class Protocol<R> implements LdpProtocol<R> {

  private static final double LARGEST = 700;
  private static final double SMALLEST_TO_PERTURB = 1e-4;
  private static final double LARGEST_TO_PERTURB = 20;

  private final int values;
  private final double epsilon;

  Protocol(int values, double epsilon) {
    this.values = Require.atLeast("values", values, 2, 2);
    this.epsilon = Require.positive("epsilon", epsilon, 1);
    Require.check(epsilon <= LARGEST, "epsilon", epsilon, "at most 700");
  }

  /** e^-epsilon, which overflows nowhere. */
  static double shrink(double epsilon) {
    return Math.exp(-epsilon);
  }

  /** The value is nobody's business, so the message does not show it. */
  final void checkPerturbs(int value) {
    if (value < 0 || value >= values) {
      throw new IllegalArgumentException("value must be in [0, " + values + ")");
    }
    Require.within("epsilon", epsilon, 1, SMALLEST_TO_PERTURB, LARGEST_TO_PERTURB);
  }

  final void checkReport(boolean holds) {
    if (!holds) {
      throw new IllegalArgumentException("report must be one that " + this + " makes");
    }
  }

  /** A uniform draw among the values other than one. */
  static int other(int value, long count, NoiseSource noise) {
    int draw = (int) noise.uniform(count - 1);
    return draw < value ? draw : draw + 1;
  }

  /** The first of the candidates with the smallest weighted sum of attack rate and error. */
  static <T extends LdpProtocol<?>> T best(double weightAsr, Stream<T> candidates) {
    Require.within("weightAsr", weightAsr, 0, 0, 1);
    T best = null;
    double lowest = Double.POSITIVE_INFINITY;
    for (Iterator<T> all = candidates.iterator(); all.hasNext(); ) {
      T candidate = all.next();
      double objective =
          weightAsr * candidate.attackerSuccessRate() + (1 - weightAsr) * candidate.mse(1);
      if (best == null || objective < lowest) {
        best = candidate;
        lowest = objective;
      }
    }
    return best;
  }

  /** A hundred equidistant numbers, both ends among them. */
  static Stream<Double> grid(double from, double to) {
    double step = (to - from) / 99;
    IntToDoubleFunction point = i -> i == 99 ? to : from + i * step;
    return IntStream.range(0, 100).mapToDouble(point).boxed();
  }
}
