package org.dl4jplus.optim.first;

import java.util.List;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.dl4jplus.optim.first.multiobjective.Aggregator;
import org.dl4jplus.optim.first.multiobjective.Jacobians;
import org.dl4jplus.optim.first.multiobjective.Objective;
import org.dl4jplus.optim.first.multiobjective.Objectives;
import org.dl4jplus.optim.first.multiobjective.UPGrad;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Jacobian descent: trains a network on several objectives at once. Any updater works on it.
 *
 * <pre>{@code
 * J_i = gradient of objective i at the parameters
 * gradient for the updater = aggregator(J)
 * }</pre>
 *
 * <p>Fields: {@code objectives}, no default; {@code aggregator} {@link UPGrad}. Memory: one
 * gradient for each objective. Random aggregators draw by the network's iteration, so a run that is
 * resumed draws what it would have drawn. A step with a gradient that is not finite stays plain.
 *
 * <p>With {@code Objectives.perExample()} this is the paper's instance-wise risk minimization.
 *
 * <p>P. Quinton, V. Rey: "Jacobian Descent for Multi-Objective Optimization", arXiv 2406.16232
 * (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
public final class JacobianDescent extends GradientListener {

  private final Objectives objectives;
  private final Aggregator aggregator;

  /**
   * Jacobian descent with UPGrad.
   *
   * @param objectives what the objectives are
   */
  public JacobianDescent(Objectives objectives) {
    this(objectives, new UPGrad());
  }

  /**
   * Jacobian descent.
   *
   * @param objectives what the objectives are
   * @param aggregator what one direction is made by
   */
  public JacobianDescent(Objectives objectives, Aggregator aggregator) {
    if (objectives == null || aggregator == null) {
      throw new IllegalArgumentException(
          (objectives == null ? "objectives" : "aggregator") + " must be set, got null");
    }
    this.objectives = objectives;
    this.aggregator = aggregator;
  }

  @Override
  protected void transform(GradientTurn turn) {
    List<Objective> parts = objectives.of(turn);
    INDArray jacobian = turn.scratchRows(parts.size());
    for (int i = 0; i < parts.size(); i++) {
      INDArray row = Jacobians.row(jacobian, i);
      parts.get(i).gradient(row);
      if (!Double.isFinite(GradientTurn.dot(row, row))) {
        turn.gradient().assign(row);
        return;
      }
    }
    aggregator.aggregate(jacobian, turn.iteration(), turn.gradient());
  }
}
