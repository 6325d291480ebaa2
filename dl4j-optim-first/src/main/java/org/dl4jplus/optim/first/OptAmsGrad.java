package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.Arrays;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.linalg.Cholesky;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Vector;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * OPT-AMSGrad: AMSGrad that measures how well the next gradient was predicted and steps ahead along
 * the prediction.
 *
 * <pre>{@code
 * thetaOld = theta ;  theta = beta1*theta + (1-beta1)*g
 * v = beta2*v + (1-beta2)*(g - guess)^2 ;  vHat = max(vHat, v)
 * den = sqrt(vHat) + epsilon ;  st = learningRate * sqrt(1-beta2^t)/(1-beta1^t)
 * guess = prediction of the next gradient
 * qNew = st * ( beta1*thetaOld + (1-beta1)*guess ) / den
 * u = st*theta/den + qNew - q ;  q = qNew        (q: look-ahead that the parameters contain)
 * }</pre>
 *
 * <p>Predictor {@code EXTRAPOLATION}: with the last {@code history}+1 gradients {@code x_0 ... x_r}
 * and {@code U = [x_1-x_0, ..., x_r-x_(r-1)]} solve {@code (U'U + regularization*I) z = 1}; the
 * guess is the mean of {@code x_1 ... x_r} with weights {@code z/sum(z)}. Until there are that
 * many, and with {@code LAST}, the guess is the gradient itself.
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.9 and {@code beta2} 0.99, the
 * weights that are kept, in [0, 1); {@code epsilon} 1e-8, above 0; {@code predictor} EXTRAPOLATION;
 * {@code history} 5, at least 1; {@code regularization} 1e-3, above 0. State: 5 values for each
 * parameter, and history+1 more with EXTRAPOLATION. Elementwise but for the inner products, which
 * are taken over the block: all neighbouring variables with equal updaters. Needs no binding. A
 * step whose rate is 0 moves no parameter and leaves the look-ahead where it is. Where predictions
 * are exact v falls and the steps grow; that is the method.
 *
 * <p>The authors' code extrapolates parameters and takes a second gradient there; an updater sees
 * one gradient for each step, so this class extrapolates gradients.
 *
 * <p>"An Optimistic Acceleration of AMSGrad for Nonconvex Optimization", arXiv 1903.01435 (2019).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class OptAmsGrad extends AbstractUpdater {

  /** How the next gradient is guessed. */
  public enum Predictor {
    /** By a combination of the last gradients that makes their change small. */
    EXTRAPOLATION,
    /** By the last gradient. */
    LAST
  }

  private static final int FIRST_GRADIENT = 5;

  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final Predictor predictor;
  private final int history;
  private final double regularization;

  /** OptAmsGrad with its defaults. */
  public OptAmsGrad() {
    this(null, null, null, null, null, null, null, null);
  }

  /**
   * OptAmsGrad with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public OptAmsGrad(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null);
  }

  /**
   * OptAmsGrad with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public OptAmsGrad(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private OptAmsGrad(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("predictor") Predictor predictor,
      @JsonProperty("history") Integer history,
      @JsonProperty("regularization") Double regularization) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.99);
    this.epsilon = positive("epsilon", epsilon, 1e-8);
    this.predictor = predictor == null ? Predictor.EXTRAPOLATION : predictor;
    this.history = count("history", history, 5);
    this.regularization = positive("regularization", regularization, 1e-3);
  }

  /**
   * The look-ahead is taken back in the next step, so what is not applied must not be counted.
   *
   * @return false
   */
  @Override
  public boolean allowsChangedUpdates() {
    return false;
  }

  @Override
  protected StateLayout layout(long n) {
    StateLayout layout =
        new StateLayout()
            .vector("theta", n)
            .vector("v", n)
            .vector("vHat", n)
            .vector("guess", n)
            .vector("lookAhead", n);
    if (predictor == Predictor.EXTRAPOLATION) {
      for (int i = 0; i <= history; i++) {
        layout.vector("gradient" + i, n);
      }
      layout.scalars((history + 1) * (history + 1));
    }
    return layout;
  }

  @Override
  protected void step(Step step) {
    double[] weights = predictor == Predictor.EXTRAPOLATION ? remember(step) : null;
    double rate = step.learningRate() * Math.sqrt(step.correction(beta2)) / step.correction(beta1);
    step.forEach(
        lane -> {
          Vector g = lane.gradient();
          Vector theta = lane.state(0);
          Vector v = lane.state(1);
          Vector vHat = lane.state(2);
          Vector guess = lane.state(3);
          Vector lookAhead = lane.state(4);
          v.emaSquare(beta2, lane.temp(0).blend(1, g, -1, guess));
          vHat.max(v);
          guess.set(g);
          if (weights != null) {
            guess.fill(0);
            for (int i = 0; i < history; i++) {
              guess.addScaled(weights[i], lane.state(slot(step, i + 1)));
            }
          }
          Vector next = lane.temp(0).blend(rate * beta1, theta, rate * (1 - beta1), guess);
          theta.ema(beta1, g);
          if (rate == 0) {
            g.fill(0);
          } else {
            g.set(theta).scale(rate).add(next).divSqrt(vHat, 1, epsilon).sub(lookAhead);
            lookAhead.set(next.divSqrt(vHat, 1, epsilon));
          }
        });
  }

  /** The state vector that holds x_i; the gradients lie in a ring that starts with x_0. */
  private int slot(Step step, int i) {
    return FIRST_GRADIENT + (int) ((step.t() + i) % (history + 1));
  }

  /**
   * Stores the gradient and gives the weights of x_1 ... x_r, or null while there are too few. Of
   * the products of differences only those with the latest are new; the others are kept as scalars.
   */
  private double[] remember(Step step) {
    int newest = slot(step, history);
    int known = (int) Math.min(step.t() - 1, history);
    boolean enough = step.t() > history;
    double[] products =
        step.sums(
            known + 1,
            (lane, sums) -> {
              lane.state(newest).set(lane.gradient());
              Vector latest = known == 0 ? null : difference(step, lane, 0, history - 1);
              for (int k = 0; k < known; k++) {
                sums[k] = latest.dot(difference(step, lane, 1, history - 1 - k));
              }
              sums[known] = enough ? difference(step, lane, 1, 0).squaredNorm() : 0;
            });
    for (int k = 0; k < known; k++) {
      step.scalar(product(step, history - 1, history - 1 - k), products[k]);
    }
    if (!enough) {
      return null;
    }
    double kept = step.scalar(product(step, 0, 0));
    if (!(Math.abs(kept - products[known]) <= 1e-6 * products[known])) {
      // The state was averaged: products of averages are not averages of products.
      multiplyAll(step);
    }
    double[][] gram = new double[history][history];
    for (int i = 0; i < history; i++) {
      for (int j = 0; j <= i; j++) {
        gram[i][j] = step.scalar(product(step, i, j));
      }
      gram[i][i] += regularization;
    }
    double[] weights = new double[history];
    Arrays.fill(weights, 1);
    Cholesky.solve(gram, weights);
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(z -> z / sum).toArray();
  }

  private void multiplyAll(Step step) {
    double[] products =
        step.sums(
            history * history,
            (lane, sums) -> {
              for (int i = 0; i < history; i++) {
                Vector later = difference(step, lane, i, i);
                for (int j = 0; j <= i; j++) {
                  sums[i * history + j] = later.dot(lane.temp(j));
                }
              }
            });
    for (int i = 0; i < history; i++) {
      for (int j = 0; j <= i; j++) {
        step.scalar(product(step, i, j), products[i * history + j]);
      }
    }
  }

  /** The scalar that holds the product of two differences, the later one first. */
  private int product(Step step, int i, int j) {
    int later = slot(step, i + 1) - FIRST_GRADIENT;
    int earlier = slot(step, j + 1) - FIRST_GRADIENT;
    return later * (history + 1) + earlier;
  }

  /** x_(i+1) - x_i. */
  private Vector difference(Step step, Lane lane, int temp, int i) {
    Vector later = lane.state(slot(step, i + 1));
    return lane.temp(temp).blend(1, later, -1, lane.state(slot(step, i)));
  }
}
