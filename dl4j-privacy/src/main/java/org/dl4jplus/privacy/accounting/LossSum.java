package org.dl4jplus.privacy.accounting;

/** The sum of independent privacy losses, for a record's removal and for its addition. */
final class LossSum {

  /**
   * A release that was made several times.
   *
   * @param remove its loss in the one direction
   * @param add its loss in the other one
   * @param count how many times, above 0
   */
  record Part(PrivacyLoss remove, PrivacyLoss add, long count) {}

  /**
   * Which losses are kept, over the step.
   *
   * @param low the least one
   * @param high the largest one
   */
  private record Window(double low, double high) {

    double points() {
      return high - low + 1;
    }
  }

  /** The mass that the window may leave out on each side. */
  private static final double OUTSIDE = 1e-15;

  /** A power of a frequency below e^-80 is none. */
  private static final double NOTHING = -80;

  /** Of the logarithm of Chernoff's order. */
  private static final double ACCURACY = 0.2;

  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  private final Direction remove;
  private final Direction add;

  private LossSum(Direction remove, Direction add) {
    this.remove = remove;
    this.add = add;
  }

  /** Losses of releases without noise. */
  static LossSum unbounded() {
    Direction infinite = new Direction(1, 0, 0, new double[] {0}, 1);
    return new LossSum(infinite, infinite);
  }

  /**
   * Composes.
   *
   * @param parts the releases
   * @param step of the grid, made larger where needed
   * @param part of a loss that its points may lie apart, as LossGrid takes it
   * @param points of the grid at most, a power of 2
   */
  static LossSum of(Part[] parts, double step, double part, int points) {
    double h = step;
    while (true) {
      LossGrid[] remove = new LossGrid[parts.length];
      LossGrid[] add = new LossGrid[parts.length];
      for (int i = 0; i < parts.length; i++) {
        remove[i] = LossGrid.of(parts[i].remove(), h, part);
        add[i] =
            parts[i].add().equals(parts[i].remove())
                ? remove[i]
                : LossGrid.of(parts[i].add(), h, part);
      }
      Window removeWindow = window(parts, remove);
      Window addWindow = window(parts, add);
      double needed = Math.max(removeWindow.points(), addWindow.points());
      if (needed <= points) {
        int length = 2;
        while (length < needed) {
          length *= 2;
        }
        return compose(parts, remove, removeWindow, add, addWindow, new Fourier(length));
      }
      h *= 1.05 * needed / points;
    }
  }

  private static Window window(Part[] parts, LossGrid[] grids) {
    double low = 0;
    double high = 0;
    double variance = 0;
    double longest = 0;
    double step = grids[0].step();
    for (int i = 0; i < parts.length; i++) {
      low += parts[i].count() * (double) grids[i].first();
      high += parts[i].count() * (double) grids[i].last();
      variance += parts[i].count() * grids[i].variance();
      longest = Math.max(longest, (grids[i].last() - grids[i].first()) * step);
    }
    double scale = 1 / Math.sqrt(Math.max(variance, Double.MIN_NORMAL));
    double least = Math.log(Math.min(1e-2 * scale, 1 / longest));
    double largest = Math.log(1e3 * scale);
    return new Window(
        Math.max(low, Math.floor(-bound(parts, grids, least, largest, -1) / step)),
        Math.min(high, Math.ceil(bound(parts, grids, least, largest, 1) / step)));
  }

  /** Chernoff's bound of the losses times the sign, at the best order that golden section finds. */
  private static double bound(
      Part[] parts, LossGrid[] grids, double leastLog, double largestLog, int sign) {
    double low = leastLog;
    double high = largestLog;
    double left = high - GOLDEN * (high - low);
    double right = low + GOLDEN * (high - low);
    double leftBound = bound(parts, grids, sign * Math.exp(left));
    double rightBound = bound(parts, grids, sign * Math.exp(right));
    while (high - low > ACCURACY) {
      if (leftBound <= rightBound) {
        high = right;
        right = left;
        rightBound = leftBound;
        left = high - GOLDEN * (high - low);
        leftBound = bound(parts, grids, sign * Math.exp(left));
      } else {
        low = left;
        left = right;
        leftBound = rightBound;
        right = low + GOLDEN * (high - low);
        rightBound = bound(parts, grids, sign * Math.exp(right));
      }
    }
    return Math.min(leftBound, rightBound);
  }

  private static double bound(Part[] parts, LossGrid[] grids, double order) {
    double log = -Math.log(OUTSIDE);
    for (int i = 0; i < parts.length; i++) {
      log += parts[i].count() * grids[i].logMoment(order);
    }
    return Double.isNaN(log) ? Double.POSITIVE_INFINITY : log / Math.abs(order);
  }

  private static LossSum compose(
      Part[] parts,
      LossGrid[] remove,
      Window removeWindow,
      LossGrid[] add,
      Window addWindow,
      Fourier fourier) {
    int n = fourier.length();
    // Two real sequences are the parts of a complex one.
    double[] re = new double[n];
    double[] im = new double[n];
    for (int i = 0; i < parts.length; i++) {
      double[] x = new double[n];
      double[] y = new double[n];
      fold(remove[i], x);
      fold(add[i], y);
      fourier.forward(x, y);
      multiply(re, im, x, y, parts[i].count(), i == 0);
    }
    fourier.inverse(re, im);
    return new LossSum(
        Direction.of(parts, remove, removeWindow, re), Direction.of(parts, add, addWindow, im));
  }

  /** What the circle is too short for lies where the composed losses would wrap around to. */
  private static void fold(LossGrid grid, double[] circle) {
    for (int k = 0; k < grid.mass().length; k++) {
      circle[(int) Math.floorMod(grid.points()[k], (long) circle.length)] += grid.mass()[k];
    }
  }

  /** Raises both sequences of (x, y) to a power, and multiplies those of (re, im) by them. */
  private static void multiply(
      double[] re, double[] im, double[] x, double[] y, long count, boolean first) {
    double[] p = new double[2];
    double[] q = new double[2];
    for (int j = 0; j < re.length; j++) {
      int c = Fourier.conjugate(j);
      if (c < j) {
        continue;
      }
      power((x[j] + x[c]) / 2, (y[j] - y[c]) / 2, count, p);
      power((y[j] + y[c]) / 2, (x[c] - x[j]) / 2, count, q);
      if (!first) {
        times(p, (re[j] + re[c]) / 2, (im[j] - im[c]) / 2);
        times(q, (im[j] + im[c]) / 2, (re[c] - re[j]) / 2);
      }
      re[j] = p[0] - q[1];
      im[j] = p[1] + q[0];
      re[c] = p[0] + q[1];
      im[c] = q[0] - p[1];
    }
  }

  private static void times(double[] z, double re, double im) {
    double real = z[0] * re - z[1] * im;
    z[1] = z[0] * im + z[1] * re;
    z[0] = real;
  }

  private static void power(double re, double im, long count, double[] out) {
    out[0] = 0;
    out[1] = 0;
    double square = re * re + im * im;
    if (square == 0 || 0.5 * count * Math.log(square) < NOTHING) {
      return;
    }
    double a = re;
    double b = im;
    out[0] = 1;
    for (long rest = count; ; ) {
      if ((rest & 1) == 1) {
        times(out, a, b);
      }
      rest >>= 1;
      if (rest == 0) {
        return;
      }
      double real = a * a - b * b;
      b = 2 * a * b;
      a = real;
    }
  }

  double epsilon(double delta) {
    return Math.max(remove.epsilon(delta), add.epsilon(delta));
  }

  double delta(double epsilon) {
    return Math.max(remove.delta(epsilon), add.delta(epsilon));
  }

  /**
   * One direction's losses.
   *
   * @param step of the grid
   * @param low the least loss over the step
   * @param high the largest loss over the step
   * @param circle the mass of each loss, at the remainder by the length
   * @param infinite the mass at infinity
   */
  private record Direction(double step, long low, long high, double[] circle, double infinite) {

    private static Direction of(Part[] parts, LossGrid[] grids, Window window, double[] circle) {
      double log = 0;
      for (int i = 0; i < parts.length; i++) {
        log += parts[i].count() * Math.log1p(-grids[i].infinite());
      }
      return new Direction(
          grids[0].step(),
          (long) window.low(),
          (long) window.high(),
          circle,
          OUTSIDE - Math.expm1(log));
    }

    private int index(long loss) {
      return (int) Math.floorMod(loss, (long) circle.length);
    }

    /** Rounding makes small masses negative: without them delta only grows. */
    private double mass(int index) {
      return Math.max(0, circle[index]);
    }

    private int before(int index) {
      return index == 0 ? circle.length - 1 : index - 1;
    }

    private double epsilon(double delta) {
      if (infinite > delta) {
        return Double.POSITIVE_INFINITY;
      }
      double shrink = Math.exp(-step);
      double upper = infinite;
      // Q's mass of the losses so far, times e^loss.
      double lower = 0;
      int index = index(high);
      for (long loss = high; loss >= low && loss > 0; loss--, index = before(index)) {
        double mass = mass(index);
        upper += mass;
        lower = lower * shrink + mass;
        boolean reached = lower > 0 && upper - shrink * lower >= delta;
        if (reached || (loss == low && upper > delta)) {
          return Math.max(0, loss * step + Math.log((upper - delta) / lower));
        }
      }
      return 0;
    }

    private double delta(double epsilon) {
      double sum = infinite;
      int index = index(high);
      for (long loss = high; loss >= low && loss * step > epsilon; loss--) {
        sum -= Math.expm1(epsilon - loss * step) * mass(index);
        index = before(index);
      }
      return Math.min(1, sum);
    }
  }
}
