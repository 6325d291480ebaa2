package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.nonNegative;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import lombok.ToString;
import org.dl4jplus.optim.first.linalg.NewtonSchulz;
import org.dl4jplus.optim.first.linalg.Qr;
import org.dl4jplus.optim.first.linalg.SymmetricEigen;
import org.dl4jplus.optim.first.updater.AbstractUpdater;
import org.dl4jplus.optim.first.updater.AdamRule;
import org.dl4jplus.optim.first.updater.StateLayout;
import org.dl4jplus.optim.first.updater.Step;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * COSMOS: SOAP's step in the leading subspace of the gradients, Muon's in the rest.
 *
 * <p>Matrices {@code [a, b]}, a = outputs, with {@code r = min(rank, b)}; P is b x r, K r x r, v a
 * x r:
 *
 * <pre>{@code
 * m = beta1*m + g                                                        (a sum)
 * t = 1: P = leading eigenvectors of g^T g ;  K = (1-beta2) (g P)^T (g P)
 * t > 1: P0 = P ;  P = Q factor of beta2*P0 K + (1-beta2)*g^T g P0 ;  T = P0^T P
 *        K = beta2*T^T K T + (1-beta2) (g P)^T (g P)
 * v = beta2*v + (1-beta2)*(g P)^2
 * c = (1-beta1^t)/(1-beta1) ;  h = nesterov ? (g + beta1*m)/(1 + beta1*c) : g/c
 * A = ( (h P) / (sqrt(v)/sqrt(1-beta2^t) + epsilon) ) P^T
 * E = h - h P P^T ;  B = NewtonSchulz(E), scaled to norm s = sqrt(a*b)  (0 if ||E|| <= 1e-5 ||h||)
 * D = A + gamma*B ;  u = learningRate * learningRateRatio * s * D / (||D|| + epsilon)
 * }</pre>
 *
 * <p>Convolution kernels count as {@code [out, in*kH*kW]}. Everything that is no matrix, and
 * matrices with more than 10000 rows (embeddings), get Adam with epsilon beside the corrected root
 * and the whole {@code learningRate}. Without {@code nesterov} the direction is the gradient's
 * alone, as in the authors' code: since D is normalized, that means no momentum. The bound on E is
 * ours: where P spans all of h, E is rounding noise that the iteration would blow up.
 *
 * <p>Fields: {@code learningRate} 1e-3, at least 0; {@code beta1} 0.9 and {@code beta2} 0.999, in
 * [0, 1); {@code epsilon} 1e-8, at least 0; {@code learningRateRatio} 0.1, at least 0; {@code rank}
 * 64, at least 1; {@code gamma} 0.2, at least 0; {@code nesterov} true. The authors' README
 * recommends rate 2e-3, both betas 0.95, ratio 0.2 and weight decay 0.1 (the platform's).
 *
 * <p>State: for matrices 1 value for each entry and {@code b*r + r*r + a*r}; else 2. Needs {@link
 * Optim#bind}. P is made orthonormal in every step, so that it recovers from averaging of states.
 *
 * <p>"COSMOS: A Hybrid Adaptive Optimizer for Memory-Efficient Training of LLMs", arXiv 2502.17410
 * (2025).
 */
@Getter
@EqualsAndHashCode(callSuper = true)
@ToString(callSuper = true)
public final class Cosmos extends AbstractUpdater {

  private static final long MOST_ROWS = 10_000;
  private static final int NEWTON_SCHULZ_STEPS = 5;
  private static final double NOISE = 1e-5;

  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double learningRateRatio;
  private final int rank;
  private final double gamma;
  private final boolean nesterov;

  /** COSMOS with its defaults. */
  public Cosmos() {
    this(null, null, null, null, null, null, null, null, null);
  }

  /**
   * COSMOS with a constant learning rate.
   *
   * @param learningRate rate, at least 0
   */
  public Cosmos(double learningRate) {
    this(learningRate, null, null, null, null, null, null, null, null);
  }

  /**
   * COSMOS with a scheduled learning rate.
   *
   * @param learningRateSchedule schedule of the rate
   */
  public Cosmos(ISchedule learningRateSchedule) {
    this(null, learningRateSchedule, null, null, null, null, null, null, null);
  }

  @Builder
  @JsonCreator
  private Cosmos(
      @JsonProperty("learningRate") Double learningRate,
      @JsonProperty("learningRateSchedule") ISchedule learningRateSchedule,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("learningRateRatio") Double learningRateRatio,
      @JsonProperty("rank") Integer rank,
      @JsonProperty("gamma") Double gamma,
      @JsonProperty("nesterov") Boolean nesterov) {
    super(learningRate, 1e-3, learningRateSchedule);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = nonNegative("epsilon", epsilon, 1e-8);
    this.learningRateRatio = nonNegative("learningRateRatio", learningRateRatio, 0.1);
    this.rank = count("rank", rank, 64);
    this.gamma = nonNegative("gamma", gamma, 0.2);
    this.nesterov = nesterov == null || nesterov;
  }

  @Override
  public boolean needsShapes() {
    return true;
  }

  private static boolean decomposes(VariableShape shape) {
    return shape.matrix() && shape.rows() <= MOST_ROWS;
  }

  private long rank(VariableShape shape) {
    return Math.min(rank, shape.columns());
  }

  @Override
  protected StateLayout layout(VariableShape shape) {
    StateLayout layout = new StateLayout().vector("m", shape.length());
    if (!decomposes(shape)) {
      return layout.vector("v", shape.length());
    }
    long r = rank(shape);
    return layout
        .vector("basis", shape.columns() * r)
        .vector("projectedGram", r * r)
        .vector("projectedSecondMoment", shape.rows() * r);
  }

  @Override
  protected void step(Step step) {
    if (!decomposes(step.shape())) {
      AdamRule.adamHat(step, step.learningRate(), beta1, beta2, epsilon, 0, 1);
      return;
    }
    INDArray g = step.gradientMatrix();
    INDArray p = step.state(1, step.shape().columns(), rank(step.shape()));
    INDArray gp = follow(step, g, p);
    double hNorm = direction(step);
    INDArray hp = product(g, p);
    Nd4j.gemm(hp, p, g, false, true, -1, 1);
    divideByMoment(step, hp, gp);

    double size = Math.sqrt(step.length());
    double residual = norm(step);
    double keep = 0;
    if (residual > NOISE * hNorm) {
      NewtonSchulz.apply(g, residual, NEWTON_SCHULZ_STEPS, 1);
      keep = gamma * size / (norm(step) + epsilon);
    }
    Nd4j.gemm(hp, p, g, false, true, 1, keep);
    double length = norm(step);
    // An update of length 0 stays so.
    double scale = length == 0 ? 0 : 1 / (length + epsilon);
    g.muli(step.learningRate() * learningRateRatio * size * scale);
  }

  private static INDArray product(INDArray a, INDArray b) {
    INDArray product = Nd4j.createUninitialized(a.dataType(), a.rows(), b.columns());
    return Nd4j.gemm(a, b, product, false, false, 1, 0);
  }

  private static double norm(Step step) {
    return Math.sqrt(step.sum(lane -> lane.gradient().squaredNorm()));
  }

  /** Lets the subspace follow the gradient and returns the gradient in it. */
  private INDArray follow(Step step, INDArray g, INDArray p) {
    long r = p.columns();
    INDArray k = step.state(2, r, r);
    INDArray gp;
    double kept = 0;
    if (step.t() == 1) {
      INDArray vectors = SymmetricEigen.vectors(Nd4j.gemm(g, g, true, false));
      p.assign(vectors.get(NDArrayIndex.all(), NDArrayIndex.interval(0, r)));
      gp = product(g, p);
    } else {
      INDArray power = Nd4j.gemm(g, product(g, p), true, false);
      Nd4j.gemm(p, k, power, false, false, beta2, 1 - beta2);
      INDArray q = Qr.q(power);
      INDArray turn = Nd4j.gemm(p, q, true, false);
      p.assign(q);
      gp = product(g, p);
      Nd4j.gemm(turn, product(k, turn), k, true, false, 1, 0);
      kept = beta2;
    }
    Nd4j.gemm(gp, gp, k, true, false, 1 - beta2, kept);
    return gp;
  }

  /** Puts h in the gradient's place and returns its norm. */
  private double direction(Step step) {
    double c = step.correction(beta1) / (1 - beta1);
    double forG = nesterov ? 1 / (1 + beta1 * c) : 1 / c;
    return Math.sqrt(
        step.sum(
            lane -> {
              Vector g = lane.gradient();
              Vector m = lane.state(0).combine(beta1, 1, g);
              if (nesterov) {
                g.combine(forG, beta1 * forG, m);
              } else {
                g.scale(forG);
              }
              return g.squaredNorm();
            }));
  }

  private void divideByMoment(Step step, INDArray hp, INDArray gp) {
    double forV = 1 / Math.sqrt(step.correction(beta2));
    INDArray v = step.state(3);
    Operands operands = new Operands(flat(hp), null, List.of(v, flat(gp)));
    VectorExecutor.of(operands)
        .forEach(
            lane ->
                lane.gradient()
                    .divSqrt(lane.state(0).emaSquare(beta2, lane.state(1)), forV, epsilon),
            operands);
  }

  private static INDArray flat(INDArray matrix) {
    return matrix.reshape('c', new long[] {matrix.length()});
  }
}
