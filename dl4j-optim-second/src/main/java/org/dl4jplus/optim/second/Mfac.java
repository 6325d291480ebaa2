package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.Arrays;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import lombok.extern.slf4j.Slf4j;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * M-FAC: natural gradient with the empirical Fisher matrix of the last m gradients, without a
 * matrix of the parameters' size.
 *
 * <pre>{@code
 * g = g + weightDecay*w
 * R = the last m = numGradients gradients in rows, g among them; zero rows while there are fewer
 * F = damping*I + R^T R / m
 * d = F^-1 g = m R^T (m*damping*I + R R^T)^-1 e          (e picks g's row)
 * v = momentum*v + (1-momentum)*d                        momentum > 0; v is 0 at first
 * u = learningRate * v                                   learningRate * d without momentum
 * }</pre>
 *
 * <p>The matrix to be solved with is m x m and in double precision; a step takes O(m n + m^3)
 * operations for n parameters. Should rounding leave no solution of it (gradients of some 1e7 times
 * the damping's root), the step is that of the newest gradient alone, {@code m g / (m*damping +
 * g.g)}. The divisor is m while the window fills, too, as in the authors' code.
 *
 * <p>Neighbouring variables with equal updaters share one window, usually the whole network. A
 * gradient that is not finite, or whose square is not, does not enter the window and makes no step.
 *
 * <p>Fields: {@code learningRate} 1e-3 and {@code weightDecay} 0, at least 0; {@code momentum} 0,
 * in [0, 1); {@code numGradients} 64 (the authors take 1024), at least 1; {@code damping} 1e-5,
 * above 0. State: {@code numGradients} values for each parameter, and 1 more with momentum; beyond
 * 2 GB there is a warning. Needs {@code Optim.bind} with weight decay.
 *
 * <p>E. Frantar, E. Kurtic, D. Alistarh: "M-FAC: Efficient Matrix-Free Approximations of
 * Second-Order Information", arXiv 2107.03356 (2021).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
@Slf4j
public final class Mfac extends AbstractUpdater {

  private static final long LARGE = 2_000_000_000L;

  private final double momentum;
  private final double weightDecay;
  private final int numGradients;
  private final double damping;

  /** M-FAC with its defaults. */
  public Mfac() {
    this(null, null, null, null, null, null);
  }

  /**
   * M-FAC with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public Mfac(double learningRate) {
    this(learningRate, null, null, null, null, null);
  }

  /**
   * M-FAC with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public Mfac(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Mfac(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("weightDecay") Double weightDecay,
      @JsonProperty("numGradients") Integer numGradients,
      @JsonProperty("damping") Double damping) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.momentum = beta("momentum", momentum, 0);
    this.weightDecay = nonNegative("weightDecay", weightDecay, 0);
    this.numGradients = count("numGradients", numGradients, 64);
    this.damping = positive("damping", damping, 1e-5);
  }

  @Override
  public boolean needsParameters() {
    return weightDecay > 0;
  }

  @Override
  protected StateLayout layout(long n) {
    StateLayout layout = new StateLayout();
    for (int i = 0; i < numGradients; i++) {
      layout.vector("gradient" + i, n);
    }
    return momentum > 0 ? layout.vector("velocity", n) : layout;
  }

  @Override
  public GradientUpdater<?> instantiate(INDArray viewArray, boolean initializeViewArray) {
    long bytes = viewArray == null ? 0 : viewArray.length() * viewArray.dataType().width();
    if (bytes > LARGE) {
      log.warn(
          "The window of {} gradients takes {} GB; a smaller numGradients takes less",
          numGradients,
          String.format("%.1f", bytes / 1e9));
    }
    return super.instantiate(viewArray, initializeViewArray);
  }

  /**
   * The inner products of the window's gradients. They can be had from the window at any time and
   * to the same bits; keeping them saves all but one row of the work.
   */
  private static final class Products {

    final double[][] of;

    Products(int rows) {
      of = new double[rows][rows];
    }

    void set(int row, double[] products, int count) {
      for (int i = 0; i < count; i++) {
        of[row][i] = products[i];
        of[i][row] = products[i];
      }
    }

    /** Whether these are the lengths of the rows but one: averaging workers changes the rows. */
    boolean fits(double[] squares, int offset, int count) {
      for (int i = 0; i < count; i++) {
        if (of[i][i] != squares[offset + i]) {
          return false;
        }
      }
      return true;
    }
  }

  @Override
  protected void step(Step step) {
    if (weightDecay > 0) {
      step.forEach(lane -> lane.gradient().addScaled(weightDecay, lane.parameters()));
    }
    int m = numGradients;
    int newest = (int) ((step.t() - 1) % m);
    int before = (int) Math.min(step.t() - 1, m);
    int rows = Math.max(before, newest + 1);
    double[] sums =
        step.sums(
            rows + before,
            (lane, s) -> {
              Vector g = lane.gradient();
              for (int i = 0; i < rows; i++) {
                s[i] = i == newest ? g.squaredNorm() : g.dot(lane.state(i));
              }
              for (int i = 0; i < before; i++) {
                s[rows + i] = lane.state(i).squaredNorm();
              }
            });
    if (!(sums[newest] < Double.POSITIVE_INFINITY)) {
      step.gradient().muli(0);
      return;
    }
    Products products = step.attached(() -> new Products(m));
    if (!products.fits(sums, rows, before)) {
      multiplyAll(step, products, before);
    }
    products.set(newest, sums, rows);
    double[] weights = weights(products.of, rows, newest);
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          lane.state(newest).set(g);
          g.fill(0);
          for (int i = 0; i < rows; i++) {
            g.addScaled(m * weights[i], lane.state(i));
          }
          if (momentum > 0) {
            g.set(lane.state(m).ema(momentum, g));
          }
          g.scale(step.learningRate());
        });
  }

  private static void multiplyAll(Step step, Products products, int rows) {
    for (int row = 0; row < rows; row++) {
      int last = row;
      double[] sums =
          step.sums(
              row + 1,
              (lane, s) -> {
                for (int i = 0; i <= last; i++) {
                  s[i] = lane.state(last).dot(lane.state(i));
                }
              });
      products.set(row, sums, row + 1);
    }
  }

  /** The weights y of the rows in F^-1 g: (m*damping*I + R R^T) y = e. */
  private double[] weights(double[][] products, int rows, int newest) {
    double ridge = numGradients * damping;
    double[][] system = new double[rows][];
    for (int i = 0; i < rows; i++) {
      system[i] = Arrays.copyOf(products[i], i + 1);
      system[i][i] += ridge;
    }
    double[] y = new double[rows];
    y[newest] = 1;
    Cholesky cholesky = new Cholesky(system);
    cholesky.solve(y);
    double square = products[newest][newest];
    if (!cholesky.positive() || !(ridge * ridge * squaredLength(products, y) <= 1.01 * square)) {
      Arrays.fill(y, 0);
      y[newest] = 1 / (ridge + square);
    }
    return y;
  }

  /** |R^T y|^2, which a solution keeps below |g|^2 / (m*damping)^2. */
  private static double squaredLength(double[][] products, double[] y) {
    double sum = 0;
    for (int i = 0; i < y.length; i++) {
      for (int j = 0; j < y.length; j++) {
        sum += y[i] * products[i][j] * y[j];
      }
    }
    return sum;
  }
}
