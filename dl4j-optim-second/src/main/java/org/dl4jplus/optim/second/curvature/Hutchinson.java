package org.dl4jplus.optim.second.curvature;

import java.io.Serializable;
import java.util.List;
import org.dl4jplus.optim.first.oracle.GradientOracle;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The Hessian's diagonal and trace from products with random vectors z:
 *
 * <pre>{@code
 * diagonal ~ mean of z*(H*z),  trace ~ mean of <z, H*z>
 * }</pre>
 *
 * <p>With entries of +-1 one vector gives a diagonal matrix exactly. A product costs two gradients.
 *
 * <p>M. F. Hutchinson: "A Stochastic Estimator of the Trace of the Influence Matrix for Laplacian
 * Smoothing Splines" (1990).
 *
 * @param probes the random vectors
 * @param count how many of them an estimate averages, at least 1
 */
public record Hutchinson(Probes probes, int count) implements Serializable {

  private static final int PROBE = 1;
  private static final int PRODUCT = 2;

  /**
   * Checks the count.
   *
   * @param probes the random vectors
   * @param count how many of them an estimate averages
   */
  public Hutchinson {
    Require.count("probes", count, 1);
  }

  /**
   * With entries of +-1.
   *
   * @param seed of the vectors
   * @param count how many of them an estimate averages, at least 1
   * @return the estimator
   */
  public static Hutchinson rademacher(long seed, int count) {
    return new Hutchinson(new Rademacher(seed), count);
  }

  /**
   * Estimates the diagonal within a step, in the turn's scratch memory 1 and 2. The network's
   * parameters have moved afterwards, as after any evaluation.
   *
   * @param turn the step
   * @param point a copy of its parameters
   * @param draw which estimate of the run
   * @param out takes the estimate, of shape [n]
   * @return false if it is not finite, so that the last one is to be kept
   */
  public boolean refresh(GradientTurn turn, INDArray point, long draw, INDArray out) {
    try {
      diagonal(turn.oracle(), point, draw, out, turn.scratch(PROBE), turn.scratch(PRODUCT));
    } catch (ArithmeticException e) {
      return false;
    }
    return Double.isFinite(GradientTurn.norm(out));
  }

  /**
   * Estimates the diagonal.
   *
   * @param oracle the loss; restored afterwards
   * @param point where, of shape [n]
   * @param draw which estimate of the run
   * @param out takes the estimate, of shape [n]
   * @throws ArithmeticException where a product is not finite
   */
  public void diagonal(GradientOracle oracle, INDArray point, long draw, INDArray out) {
    try {
      diagonal(oracle, point.dup(), draw, out, out.ulike(), out.ulike());
    } finally {
      oracle.restore();
    }
  }

  /**
   * Estimates the trace.
   *
   * @param oracle the loss; restored afterwards
   * @param point where, of shape [n]
   * @param draw which estimate of the run
   * @return the estimate
   * @throws ArithmeticException where a product is not finite
   */
  public double trace(GradientOracle oracle, INDArray point, long draw) {
    INDArray diagonal = Nd4j.create(point.dataType(), point.length());
    diagonal(oracle, point, draw, diagonal);
    Operands operands = new Operands(diagonal, null, List.of());
    return VectorExecutor.of(operands).sum(lane -> lane.gradient().sum(), operands);
  }

  private void diagonal(
      GradientOracle oracle,
      INDArray point,
      long draw,
      INDArray out,
      INDArray probe,
      INDArray product) {
    Operands operands = new Operands(out, null, List.of(probe, product));
    for (int k = 0; k < count; k++) {
      probes.fill(draw, k, probe);
      oracle.hessianVector(point, probe, product);
      double kept = k / (k + 1.0);
      boolean first = k == 0;
      VectorExecutor.of(operands)
          .forEach(
              lane -> {
                lane.state(1).mul(lane.state(0));
                if (first) {
                  lane.gradient().set(lane.state(1));
                } else {
                  lane.gradient().ema(kept, lane.state(1));
                }
              },
              operands);
    }
  }
}
