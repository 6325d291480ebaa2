package org.dl4jplus.bilevel;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * BO-REP, for networks whose smoothness has no bound, such as recurrent ones: the upper variable
 * takes steps of one length, and the network is trained only every few steps.
 *
 * <pre>{@code
 * at the start:           initSteps times  y <- y - lowerLearningRate grad_y g(x, y);  yh = y
 * every period-th step:   lowerSteps times y <- P(y - lowerLearningRate grad_y g(x, y))
 * yh <- (1 - tau) yh + tau y
 * z  <- z - nu (H z - grad_y f(x, yh))                       H: Hessian of g in y at (x, yh)
 * m  <- beta m + (1 - beta) (grad_x f(x, yh) - (d/dx grad_y g(x, yh))' z)
 * x  <- x - learningRate m / (||m|| + 1e-10)
 * }</pre>
 *
 * z and m start at 0; z follows the solution of {@code H z = grad_y f}. P keeps y within radius of
 * where the block of steps began.
 *
 * <ul>
 *   <li>learningRate: length of x's steps, above 0, default 0.05; where m = 0, x stays
 *   <li>lowerLearningRate: above 0, default 0.05
 *   <li>lowerSteps: at least 1, default 10
 *   <li>initSteps: at least 0, default 10
 *   <li>period: at least 1, default 2
 *   <li>beta: in [0, 1), default 0.9
 *   <li>nu: above 0, default 0.01; below 2 over the largest curvature of g
 *   <li>tau: in (0, 1], default 1, no average
 *   <li>radius: at least 0, default 0, no ball
 *   <li>decayEvery, decayFactor: both rates are multiplied by decayFactor, in (0, 1], after every
 *       decayEvery steps; defaults 0, never, and 0.2. The official code counts epochs, 25 of them
 * </ul>
 *
 * <p>The method is for a y that is near its optimum throughout: give it a trained network or many
 * initSteps, and lowerSteps that keep up with x. With a network that is still learning, period 2
 * only means half the training. Descent drives a network's curvature up to 2 over its rate, so nu
 * should be below lowerLearningRate; above, z swings and x gets nowhere. As all steps of x have one
 * length, n logits that are to move by 1 want about {@code sqrt(n)/learningRate} of them, and x
 * settles only where decayEvery shortens them.
 *
 * <p>A step takes one gradient of f, two products with second derivatives and, in its turn, the
 * lower steps. The official code's slips are not copied: gradients that pile up within a block, a
 * lower step too many, a random z at the start. It neither averages nor projects; the paper's
 * analysis does both. The state holds "z", "m" and "yh". Source: Jie Hao, Xiaochuan Gong, Mingrui
 * Liu, "Bilevel Optimization under Unbounded Smoothness: A New Algorithm and Convergence Analysis",
 * arXiv 2401.09587, 2024.
 */
@Getter
@ToString
@EqualsAndHashCode
public final class BoRep implements BilevelAlgorithm {

  private static final double TINY = 1e-10;

  /** Length of a step of x. */
  private final double learningRate;

  /** Step size of y. */
  private final double lowerLearningRate;

  /** Steps of y in a block. */
  private final int lowerSteps;

  /** Steps of y at the start. */
  private final int initSteps;

  /** Steps of x for each block. */
  private final int period;

  /** Momentum of x. */
  private final double beta;

  /** Step size of z. */
  private final double nu;

  /** Weight of the newest y in the average. */
  private final double tau;

  /** How far a block may lead; 0 for as far as it likes. */
  private final double radius;

  /** Steps between decays; 0 for none. */
  private final int decayEvery;

  /** Factor of a decay. */
  private final double decayFactor;

  @Builder
  @JsonCreator
  private BoRep(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("lowerLearningRate") Double lowerLearningRate,
      @JsonProperty("lowerSteps") Integer lowerSteps,
      @JsonProperty("initSteps") Integer initSteps,
      @JsonProperty("period") Integer period,
      @JsonProperty("beta") Double beta,
      @JsonProperty("nu") Double nu,
      @JsonProperty("tau") Double tau,
      @JsonProperty("radius") Double radius,
      @JsonProperty("decayEvery") Integer decayEvery,
      @JsonProperty("decayFactor") Double decayFactor) {
    this.learningRate = Require.positive("learningRate", learningRate, 0.05);
    this.lowerLearningRate = Require.positive("lowerLearningRate", lowerLearningRate, 0.05);
    this.lowerSteps = Require.count("lowerSteps", lowerSteps, 10);
    this.initSteps = Require.atLeast("initSteps", initSteps, 10, 0);
    this.period = Require.count("period", period, 2);
    this.beta = Require.beta("beta", beta, 0.9);
    this.nu = Require.positive("nu", nu, 0.01);
    this.tau = Require.positive("tau", tau, 1);
    Require.within("tau", tau, 1, 0, 1);
    this.radius = Require.nonNegative("radius", radius, 0);
    this.decayEvery = Require.atLeast("decayEvery", decayEvery, 0, 0);
    this.decayFactor = Require.positive("decayFactor", decayFactor, 0.2);
    Require.within("decayFactor", decayFactor, 0.2, 0, 1);
  }

  @Override
  public Report step(BilevelStep step) {
    BilevelProblem problem = step.problem();
    BilevelState state = step.state();
    Batches batches = step.batches();
    long k = state.iteration();
    double decay = decayEvery == 0 ? 1 : Math.pow(decayFactor, k / decayEvery);
    INDArray x = state.x();
    INDArray y = state.y();
    if (k == 0) {
      descend(step, initSteps, decay, 0);
    }
    INDArray yh = state.vector("yh", y::dup);
    INDArray z = state.vector("z", () -> y.ulike().assign(0));
    INDArray m = state.vector("m", () -> x.ulike().assign(0));
    if (k % period == 0) {
      descend(step, lowerSteps, decay, radius);
    }
    yh.muli(1 - tau).addi(y.mul(tau));

    INDArray inX = x.ulike();
    INDArray inY = y.ulike();
    INDArray product = y.ulike();
    double loss = problem.upper(x, yh, batches.upper("f"), inX, inY);
    problem.lowerHessianVector(x, yh, batches.lower("hessian"), z, product);
    z.subi(product.subi(inY).muli(nu));
    INDArray mixed = x.ulike();
    problem.lowerMixedProduct(x, yh, batches.lower("mixed"), z, mixed);
    m.muli(beta).addi(inX.subi(mixed).muli(1 - beta));
    double norm = GradientTurn.norm(m);
    x.subi(m.mul(decay * learningRate / (norm + TINY)));
    problem.projectX(x);
    return new Report(loss, norm);
  }

  private void descend(BilevelStep step, int steps, double decay, double ball) {
    BilevelProblem problem = step.problem();
    INDArray y = step.state().y();
    INDArray centre = y.dup();
    INDArray gradient = y.ulike();
    for (int t = 0; t < steps; t++) {
      problem.lower(step.state().x(), y, step.batches().lower("y"), null, gradient);
      y.subi(gradient.muli(decay * lowerLearningRate));
      if (ball > 0) {
        INDArray moved = y.sub(centre);
        double distance = GradientTurn.norm(moved);
        if (distance > ball) {
          y.assign(moved.muli(ball / distance).addi(centre));
        }
      }
      problem.projectY(y);
    }
  }
}
