package org.dl4jplus.optim.second;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.between;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.positive;

import lombok.AccessLevel;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.second.curvature.GaussNewtonSystem;
import org.dl4jplus.optim.second.curvature.Linearization;
import org.dl4jplus.optim.second.curvature.TapeLinearization;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Exact Gauss-Newton: the damped Gauss-Newton step of each batch, from a system of batch size times
 * outputs equations, whatever the size of the network.
 *
 * <pre>{@code
 * J: Jacobian of the outputs before their activation;  r, Q: first and second derivative of the loss
 * p = -J^T (b*lambda*I + Q J J^T)^-1 r              = -(J^T Q J/b + lambda*I)^-1 (J^T r/b)
 * v = momentum*v + (1-momentum)*p,  p = v/(1 - momentum^t)
 * w <- w + a*p                                      a: the updater's learning rate, or by search
 *
 * lineSearch:  f0 = loss at w, f = loss at w + a*p, s = <gradient, p>
 *   a <- decreaseFactor*a                           while f0 - f < -(1-aggressiveness)*a*s
 *   GOLDSTEIN: a <- min(increaseFactor*a, max)      while f0 - f > -aggressiveness*a*s
 * adaptiveRegularization:  rho = (f - f0)/(a*s + (1/2b) (J a p)^T Q (J a p))
 *   lambda <- regularizerIncrease*lambda if rho < 1/4,  regularizerDecrease*lambda if rho > 3/4
 * }</pre>
 *
 * <p>The network's updater is to be {@code Sgd}: its rate, or schedule, is the step a. Fields:
 * {@code regularizer} 1, above 0, the first lambda; {@code momentum} 0, in [0, 1); {@code
 * lineSearch} false; {@code aggressiveness} 0.9, in (0, 1); {@code decreaseFactor} 0.8, in (0, 1);
 * {@code increaseFactor} 1.5, finite and at least 1; {@code resetOption} INCREASE; {@code
 * maxStepSize} the largest a of the search, above 0, by default the updater's rate; {@code
 * maxLineSearch} 15, at least 1; {@code adaptiveRegularization} false; {@code regularizerIncrease}
 * 1.01, finite and at least 1; {@code regularizerDecrease} 0.99, in (0, 1); {@code regularizerMin}
 * 1e-8 and {@code regularizerMax} 1e8, positive. State: a vector for the momentum.
 *
 * <p>Needs MSE or L2 loss with identity, MCXENT with softmax or XENT with sigmoid, with the
 * platform's factors of these losses, one row of outputs for each example, and layers whose
 * gradients of single examples can be recorded; others are refused by name. A step takes a pass for
 * each output, and time and memory grow with the square of batch size times outputs, of which there
 * may be 8192: it is at its best with few outputs. Where the system has no finite solution, lambda
 * is raised tenfold for this step, up to five times; then the gradient takes the step's place. A
 * search that starts uphill, as momentum may, drops the momentum; one that finds no finite loss
 * leaves the step out. L1, L2 and weight decay are the platform's: they act beside the step, and
 * the losses of the search hold L1 and L2.
 *
 * <p>"Exact Gauss-Newton Optimization for Training Deep Neural Networks", arXiv 2405.14402 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
@ToString
public final class Egn extends GradientListener {

  /** Where a line search starts and whether it may grow. */
  public enum ResetOption {
    /** At the last step times increaseFactor; it only shrinks. */
    INCREASE,
    /** At the last step; it shrinks and grows. */
    GOLDSTEIN,
    /** At the last step; it only shrinks. */
    CONSERVATIVE
  }

  /** Where the linearized network comes from. */
  @FunctionalInterface
  public interface LinearizationSource {

    /**
     * The network at the start of a step, linearized.
     *
     * @param turn the step
     * @return the linearization
     */
    Linearization at(GradientTurn turn);
  }

  private static final int MOST_ROWS = 8192;
  private static final int RETRIES = 5;

  // Numbers that last.
  private static final int STEPS = 0;
  private static final int LAST_STEP = 1;
  private static final int LAMBDA = 2;

  private final double regularizer;
  private final double momentum;
  private final boolean lineSearch;
  private final double aggressiveness;
  private final double decreaseFactor;
  private final double increaseFactor;
  private final ResetOption resetOption;
  private final Double maxStepSize;
  private final int maxLineSearch;
  private final boolean adaptiveRegularization;
  private final double regularizerIncrease;
  private final double regularizerDecrease;
  private final double regularizerMin;
  private final double regularizerMax;

  @Getter(AccessLevel.NONE)
  @EqualsAndHashCode.Exclude
  @ToString.Exclude
  private transient LinearizationSource source;

  /** Exact Gauss-Newton with its defaults. */
  public Egn() {
    this(null, null, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  /**
   * Exact Gauss-Newton with a given damping.
   *
   * @param regularizer lambda, above 0
   */
  public Egn(double regularizer) {
    this(regularizer, null, null, null, null, null, null, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Egn(
      @JsonProperty("regularizer") Double regularizer,
      @JsonProperty("momentum") Double momentum,
      @JsonProperty("lineSearch") Boolean lineSearch,
      @JsonProperty("aggressiveness") Double aggressiveness,
      @JsonProperty("decreaseFactor") Double decreaseFactor,
      @JsonProperty("increaseFactor") Double increaseFactor,
      @JsonProperty("resetOption") ResetOption resetOption,
      @JsonProperty("maxStepSize") Double maxStepSize,
      @JsonProperty("maxLineSearch") Integer maxLineSearch,
      @JsonProperty("adaptiveRegularization") Boolean adaptiveRegularization,
      @JsonProperty("regularizerIncrease") Double regularizerIncrease,
      @JsonProperty("regularizerDecrease") Double regularizerDecrease,
      @JsonProperty("regularizerMin") Double regularizerMin,
      @JsonProperty("regularizerMax") Double regularizerMax) {
    this.regularizer = positive("regularizer", regularizer, 1);
    this.momentum = beta("momentum", momentum, 0);
    this.lineSearch = Boolean.TRUE.equals(lineSearch);
    this.aggressiveness = between("aggressiveness", aggressiveness, 0.9, 0, 1);
    this.decreaseFactor = between("decreaseFactor", decreaseFactor, 0.8, 0, 1);
    this.increaseFactor = atLeastOne("increaseFactor", increaseFactor, 1.5);
    this.resetOption = resetOption == null ? ResetOption.INCREASE : resetOption;
    this.maxStepSize = maxStepSize == null ? null : positive("maxStepSize", maxStepSize, 1);
    this.maxLineSearch = count("maxLineSearch", maxLineSearch, 15);
    this.adaptiveRegularization = Boolean.TRUE.equals(adaptiveRegularization);
    this.regularizerIncrease = atLeastOne("regularizerIncrease", regularizerIncrease, 1.01);
    this.regularizerDecrease = between("regularizerDecrease", regularizerDecrease, 0.99, 0, 1);
    this.regularizerMin = positive("regularizerMin", regularizerMin, 1e-8);
    this.regularizerMax = positive("regularizerMax", regularizerMax, 1e8);
    check(
        this.regularizerMax >= this.regularizerMin,
        "regularizerMax",
        this.regularizerMax,
        "at least regularizerMin");
  }

  private static double atLeastOne(String field, Double value, double standard) {
    double v = value == null ? standard : value;
    return check(v >= 1 && Double.isFinite(v), field, v, "finite and at least 1");
  }

  /**
   * Takes the linearized network from elsewhere instead of recording it. Not part of what is saved.
   *
   * @param newSource the source; null for recorded passes
   * @return this
   */
  public Egn linearizationFrom(LinearizationSource newSource) {
    source = newSource;
    return this;
  }

  @Override
  protected void transform(GradientTurn turn) {
    double learningRate = turn.learningRate();
    if (Double.isNaN(learningRate)) {
      throw new IllegalStateException("Egn needs an updater that has a learning rate: Sgd");
    }
    INDArray g = turn.gradient();
    INDArray start = turn.scratch(0).assign(turn.parameters());
    INDArray raw = turn.scratch(1);
    Linearization model =
        source == null ? new TapeLinearization("Egn", turn.oracle(), start, raw) : source.at(turn);
    double lambda = turn.scalar(LAMBDA) > 0 ? turn.scalar(LAMBDA) : regularizer;
    boolean solved = direction(model, lambda, raw);
    if (!solved) {
      raw.assign(g).negi();
    }
    INDArray p = solved && momentum > 0 ? averaged(turn, raw) : raw;
    double a = learningRate;
    if (lineSearch || adaptiveRegularization) {
      Search search = new Search(turn, start, raw, p, learningRate);
      a = search.step();
      p = search.direction;
      if (solved && adaptiveRegularization) {
        adapt(turn, model, lambda, search);
      }
    }
    if (a == 0 || learningRate == 0) {
      g.assign(0);
    } else {
      // Sgd multiplies by its rate.
      g.assign(p).muli(-a / learningRate);
    }
  }

  /** Sets the step of the system; false if it has no finite solution. */
  private static boolean direction(Linearization model, double lambda, INDArray out) {
    double[] residual = model.residual();
    check(
        residual.length <= MOST_ROWS,
        "batch size times outputs",
        residual.length,
        "at most " + MOST_ROWS + " with Egn");
    INDArray gramian = model.gramian();
    INDArray curvature = model.curvature();
    double damping = lambda;
    for (int attempt = 0; attempt <= RETRIES; attempt++) {
      double[] weights = GaussNewtonSystem.solve(gramian, curvature, residual, damping);
      for (int i = 0; i < weights.length; i++) {
        weights[i] = -weights[i];
      }
      model.transposeTimes(weights, out);
      if (Double.isFinite(GradientTurn.norm(out))) {
        return true;
      }
      damping *= 10;
    }
    return false;
  }

  /** The direction with momentum, without the bias of its start. */
  private INDArray averaged(GradientTurn turn, INDArray raw) {
    INDArray v = turn.state(0);
    double t = turn.scalar(STEPS) + 1;
    turn.setScalar(STEPS, t);
    GradientTurn.axpy(v.muli(momentum), 1 - momentum, raw, v);
    return turn.scratch(2).assign(v).divi(1 - Math.pow(momentum, t));
  }

  private void adapt(GradientTurn turn, Linearization model, double lambda, Search search) {
    double[] moved = model.times(search.direction);
    INDArray curvature = model.curvature();
    int c = curvature.columns();
    INDArray u = Nd4j.createFromArray(moved).reshape('c', moved.length / c, 1, c);
    INDArray q = curvature.reshape('c', moved.length / c, c, c);
    double square = Nd4j.matmul(u, q).mul(u).sumNumber().doubleValue();
    double a = search.length;
    double expected = a * search.slope + a * a * square / (2 * model.examples());
    double rho = (search.reached - search.first) / expected;
    double next = lambda;
    if (!(rho >= 0.25)) {
      next *= regularizerIncrease;
    } else if (rho > 0.75) {
      next *= regularizerDecrease;
    }
    turn.setScalar(LAMBDA, Math.min(Math.max(next, regularizerMin), regularizerMax));
  }

  /** One step's look at the losses along its direction. */
  private final class Search {
    private final GradientTurn turn;
    private final INDArray start;
    private final double learningRate;
    private final INDArray point;
    private final INDArray ignored;
    private final double first;
    private final double epsilon;
    private INDArray direction;
    private double slope;
    private double length;
    private double reached;

    Search(GradientTurn turn, INDArray start, INDArray raw, INDArray p, double learningRate) {
      this.turn = turn;
      this.start = start;
      this.learningRate = learningRate;
      point = turn.scratch(3);
      ignored = turn.scratch(4);
      direction = p;
      // Again, since dropout's masks are others than those of the first pass.
      first = turn.oracle().lossAndGradient(start, ignored);
      slope = GradientTurn.dot(ignored, direction);
      if (lineSearch && slope >= 0 && p != raw) {
        turn.state(0).assign(raw).muli(1 - momentum);
        turn.setScalar(STEPS, 1);
        direction = raw;
        slope = GradientTurn.dot(ignored, direction);
      }
      epsilon = start.dataType() == DataType.DOUBLE ? Math.ulp(1.0) : Math.ulp(1.0f);
    }

    /** The length of the step; 0 if no loss was finite. */
    double step() {
      if (lineSearch) {
        search();
        return length;
      }
      length = learningRate;
      reached = loss(length);
      return length;
    }

    private void search() {
      double most = maxStepSize == null ? learningRate : maxStepSize;
      double last = turn.scalar(LAST_STEP) > 0 ? turn.scalar(LAST_STEP) : most;
      length = Math.min(resetOption == ResetOption.INCREASE ? last * increaseFactor : last, most);
      boolean found = false;
      for (int trial = 0; trial < maxLineSearch && !found; trial++) {
        reached = loss(length);
        double won = first - reached;
        boolean finite = Double.isFinite(reached);
        if (!finite || -length * (1 - aggressiveness) * slope > won + epsilon) {
          length *= decreaseFactor;
        } else if (resetOption == ResetOption.GOLDSTEIN
            && won > -length * aggressiveness * slope
            && length < most) {
          length = Math.min(length * increaseFactor, most);
        } else {
          found = true;
        }
      }
      if (!found) {
        reached = loss(length);
      }
      if (length > 0) {
        turn.setScalar(LAST_STEP, length);
      }
      if (!Double.isFinite(reached)) {
        length = 0;
      }
    }

    private double loss(double a) {
      GradientTurn.axpy(start, a, direction, point);
      return turn.oracle().lossAndGradient(point, ignored);
    }
  }
}
