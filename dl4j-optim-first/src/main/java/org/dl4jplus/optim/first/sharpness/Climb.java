package org.dl4jplus.optim.first.sharpness;

import java.io.Serializable;
import java.util.List;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.vector.Lane;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The step uphill of the sharpness-aware methods.
 *
 * <pre>{@code
 * plain:     e = rho * d / (||d|| + epsilon)
 * adaptive:  e = rho * T^2 * d / (||T*d|| + epsilon),  T = |w| + eta
 * }</pre>
 *
 * <p>A zero direction gives e = 0.
 *
 * @param adaptive whether a parameter's share grows with its magnitude
 * @param eta added to the magnitudes
 * @param epsilon added to the norm
 */
public record Climb(boolean adaptive, double eta, double epsilon) implements Serializable {

  /**
   * The factor of the direction.
   *
   * @param rho length of the step, at least 0
   * @param w where it starts
   * @param d direction
   * @return the factor, 0 if the step has no length
   */
  public double scale(double rho, INDArray w, INDArray d) {
    double norm = adaptive ? Math.sqrt(squares(w, d)) : GradientTurn.norm(d);
    return norm == 0 ? 0 : rho / (norm + epsilon);
  }

  private double squares(INDArray w, INDArray d) {
    Operands operands = new Operands(d, null, List.of(w));
    return VectorExecutor.of(operands)
        .sum(lane -> magnitude(lane, 0).mul(lane.gradient()).squaredNorm(), operands);
  }

  private Vector magnitude(Lane lane, int w) {
    return lane.temp(0).set(lane.state(w)).abs().shift(eta);
  }

  /**
   * Goes a number of times the direction.
   *
   * @param w where the step starts
   * @param scale the factor of the direction, as {@link #scale} returns it
   * @param d direction
   * @param out takes where it ends; may be the direction
   */
  public void move(INDArray w, double scale, INDArray d, INDArray out) {
    if (!adaptive) {
      GradientTurn.axpy(w, scale, d, out);
      return;
    }
    Operands operands = new Operands(out, null, List.of(w, d));
    VectorExecutor.of(operands)
        .forEach(
            lane -> {
              Vector t = magnitude(lane, 0);
              t.mul(t).mul(lane.state(1));
              lane.gradient().blend(1, lane.state(0), scale, t);
            },
            operands);
  }

  /**
   * The whole step.
   *
   * @param rho its length, at least 0
   * @param w where it starts
   * @param d direction
   * @param out takes where it ends
   */
  public void climb(double rho, INDArray w, INDArray d, INDArray out) {
    move(w, scale(rho, w, d), d, out);
  }
}
