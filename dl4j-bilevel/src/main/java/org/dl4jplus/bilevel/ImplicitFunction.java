package org.dl4jplus.bilevel;

import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.bilevel.linear.InverseHessian;
import org.dl4jplus.bilevel.linear.NeumannSeries;
import org.dl4jplus.bilevel.linear.Solution.Stop;
import org.dl4jplus.bilevel.problem.BilevelProblem;
import org.dl4jplus.optim.first.updater.Require;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hypergradients by the implicit function theorem, one after some ordinary steps of training that
 * is never started again:
 *
 * <pre>{@code
 * innerSteps times:  y <- y - lowerUpdater(grad_y g(x, y))
 * then:              x <- x - upperUpdater(dF/dx)              see Hypergradient
 * }</pre>
 *
 * <p>An outer step costs innerSteps gradients of g, one of f, those of {@code inverseHessian} (two
 * for each term of the series or iteration of conjugate gradients, unless the problem knows its
 * products) and two for the mixed product. Each inner step draws a batch of g, the hypergradient
 * one of g and one of f.
 *
 * <ul>
 *   <li>lowerUpdater: any updater, on y as one vector; default {@code Sgd(0.1)}
 *   <li>upperUpdater: any updater, on x; default {@code Adam(0.01)}
 *   <li>inverseHessian: default {@link NeumannSeries} with 3 terms. A series without a step size of
 *       its own takes the lower updater's present rate, which has to stay below 2 over the
 *       Hessian's largest eigenvalue. The alternatives: conjugate gradients (10 iterations and a
 *       tolerance of 1e-4 will do), the identity (a series of 0 terms), the inverse Fisher matrix,
 *       and for small problems the exact inverse
 *   <li>innerSteps: at least 1; default 1
 *   <li>hyperPeriod: outer steps for each move of x, at least 1; default 1
 *   <li>warmUp: outer steps before x moves at all, at least 0; default 0
 *   <li>warmAdjoint: whether q starts from the last one; costs one product more, saves several
 *       where batches are large. Default false
 * </ul>
 *
 * <p>The state of a run shows {@code residual}, that of the last hypergradient, and {@code
 * unreliable}, how many so far had a solver that stopped because the Hessian is indefinite or
 * singular or the series grew.
 *
 * <p>J. Lorraine, P. Vicol, D. Duvenaud, "Optimizing Millions of Hyperparameters by Implicit
 * Differentiation", arXiv 1911.02590, 2020.
 */
@Getter
@EqualsAndHashCode
@ToString
public final class ImplicitFunction implements BilevelAlgorithm {

  private static final Logger log = LoggerFactory.getLogger(ImplicitFunction.class);
  private static final String LOWER = "lowerUpdater";

  private final IUpdater lowerUpdater;
  private final IUpdater upperUpdater;
  private final InverseHessian inverseHessian;
  private final int innerSteps;
  private final int hyperPeriod;
  private final int warmUp;
  private final boolean warmAdjoint;

  /** With the defaults. */
  public ImplicitFunction() {
    this(null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private ImplicitFunction(
      @JsonProperty("lowerUpdater") IUpdater lowerUpdater,
      @JsonProperty("upperUpdater") IUpdater upperUpdater,
      @JsonProperty("inverseHessian") InverseHessian inverseHessian,
      @JsonProperty("innerSteps") Integer innerSteps,
      @JsonProperty("hyperPeriod") Integer hyperPeriod,
      @JsonProperty("warmUp") Integer warmUp,
      @JsonProperty("warmAdjoint") Boolean warmAdjoint) {
    this.lowerUpdater = lowerUpdater == null ? new Sgd(0.1) : lowerUpdater;
    this.upperUpdater = upperUpdater == null ? new Adam(0.01) : upperUpdater;
    this.inverseHessian = inverseHessian == null ? NeumannSeries.builder().build() : inverseHessian;
    this.innerSteps = Require.count("innerSteps", innerSteps, 1);
    this.hyperPeriod = Require.count("hyperPeriod", hyperPeriod, 1);
    this.warmUp = Require.atLeast("warmUp", warmUp, 0, 0);
    this.warmAdjoint = warmAdjoint != null && warmAdjoint;
    if (needsRate() && !this.lowerUpdater.hasLearningRate()) {
      throw new IllegalArgumentException(
          "inverseHessian must have a stepSize, since "
              + this.lowerUpdater.getClass().getSimpleName()
              + " has no learning rate to take for it");
    }
  }

  private boolean needsRate() {
    return inverseHessian instanceof NeumannSeries series && series.getStepSize() == null;
  }

  @Override
  public Report step(BilevelStep step) {
    BilevelProblem problem = step.problem();
    BilevelState state = step.state();
    INDArray gradient = state.y().ulike();
    StoredUpdater lower = new StoredUpdater(lowerUpdater, LOWER, state, state.y());
    for (int i = 0; i < innerSteps; i++) {
      problem.lower(state.x(), state.y(), step.batches().lower("step"), null, gradient);
      lower.step(gradient);
      problem.projectY(state.y());
    }
    long since = state.iteration() - warmUp;
    if (since < 0 || (since + 1) % hyperPeriod != 0) {
      return new Report(Double.NaN, 0);
    }
    Hypergradient hypergradient =
        Hypergradient.of(
            problem,
            state.x(),
            state.y(),
            step.batches().upper("hypergradient"),
            step.batches().lower("hypergradient"),
            inverse(state),
            warmAdjoint ? state.vector("adjoint") : null);
    remember(state, hypergradient);
    new StoredUpdater(upperUpdater, "upperUpdater", state, state.x()).step(hypergradient.vector());
    problem.projectX(state.x());
    return new Report(
        hypergradient.upperLoss(), hypergradient.vector().norm2Number().doubleValue());
  }

  private InverseHessian inverse(BilevelState state) {
    if (!needsRate()) {
      return inverseHessian;
    }
    double rate = lowerUpdater.getLearningRate(StoredUpdater.steps(LOWER, state) - 1, 0);
    return ((NeumannSeries) inverseHessian).toBuilder().stepSize(rate).build();
  }

  private void remember(BilevelState state, Hypergradient hypergradient) {
    if (warmAdjoint) {
      state.vector("adjoint", hypergradient.adjoint()::dup).assign(hypergradient.adjoint());
    }
    state.setScalar("residual", hypergradient.residual());
    Stop stop = hypergradient.stop();
    if (stop != Stop.CONVERGED && stop != Stop.ITERATIONS) {
      double unreliable = state.scalar("unreliable", 0) + 1;
      state.setScalar("unreliable", unreliable);
      if (unreliable == 1) {
        log.warn(
            "Outer step {}: the inverse Hessian's solver stopped as {}, what it had is used. A"
                + " ridge or a smaller step size may help; this is said once.",
            state.iteration(),
            stop);
      }
    }
  }
}
