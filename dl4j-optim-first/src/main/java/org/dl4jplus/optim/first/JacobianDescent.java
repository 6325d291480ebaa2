package org.dl4jplus.optim.first;

import java.util.List;
import java.util.stream.IntStream;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.dl4jplus.optim.first.multiobjective.Aggregator;
import org.dl4jplus.optim.first.multiobjective.GramianAggregator;
import org.dl4jplus.optim.first.multiobjective.Jacobians;
import org.dl4jplus.optim.first.multiobjective.Objective;
import org.dl4jplus.optim.first.multiobjective.Objectives;
import org.dl4jplus.optim.first.multiobjective.UPGrad;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.tape.Tape;
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
 * gradient for each objective. Random aggregators draw by the network's iteration and what an
 * aggregator remembers is part of the network's state, so a run that is resumed does what it would
 * have done. A step with a gradient that is not finite stays plain.
 *
 * <p>With {@code Objectives.perExample()} this is the paper's instance-wise risk minimization. It
 * then costs one pass, and with an aggregator of inner products no memory for the gradients,
 * wherever {@code Tape} knows all layers.
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
  protected boolean recordsLayers() {
    return objectives.singleExamples();
  }

  @Override
  protected void transform(GradientTurn turn) {
    Tape tape = turn.tape();
    if (tape != null && tape.unsupported().isEmpty()) {
      aggregate(tape, turn);
      return;
    }
    List<Objective> parts = objectives.of(turn);
    INDArray jacobian = turn.scratchRows(parts.size());
    for (int i = 0; i < parts.size(); i++) {
      INDArray row = Jacobians.row(jacobian, i);
      parts.get(i).gradient(row);
      if (!finite(row, turn.gradient())) {
        return;
      }
    }
    remember(
        turn, aggregator.aggregate(jacobian, turn.iteration(), remembered(turn), turn.gradient()));
  }

  /** What the aggregator left: the first scalar is its length. */
  private static double[] remembered(GradientTurn turn) {
    int length = (int) turn.scalar(0);
    return length == 0
        ? null
        : IntStream.rangeClosed(1, length).mapToDouble(turn::scalar).toArray();
  }

  private static void remember(GradientTurn turn, double[] memory) {
    int length = memory == null ? 0 : memory.length;
    turn.setScalar(0, length);
    for (int i = 0; i < length; i++) {
      turn.setScalar(i + 1, memory[i]);
    }
  }

  /** Leaves a row that is not finite in the place of the gradient, so that the step stays plain. */
  private static boolean finite(INDArray row, INDArray gradient) {
    boolean finite = Double.isFinite(GradientTurn.dot(row, row));
    if (!finite) {
      gradient.assign(row);
    }
    return finite;
  }

  private void aggregate(Tape tape, GradientTurn turn) {
    INDArray out = turn.gradient();
    if (!(aggregator instanceof GramianAggregator byProducts)) {
      INDArray jacobian = turn.scratchRows(tape.examples());
      tape.gradients(jacobian);
      for (int i = 0; i < tape.examples(); i++) {
        if (!finite(Jacobians.row(jacobian, i), out)) {
          return;
        }
      }
      remember(turn, aggregator.aggregate(jacobian, turn.iteration(), remembered(turn), out));
      return;
    }
    double[][] gramian = tape.gramian(tape).toDoubleMatrix();
    for (int i = 0; i < gramian.length; i++) {
      if (!Double.isFinite(gramian[i][i])) {
        out.assign(Double.NaN);
        return;
      }
      for (int j = 0; j < i; j++) {
        // Blocked products are symmetric up to rounding.
        gramian[j][i] = gramian[i][j];
      }
    }
    var result = byProducts.weights(gramian, turn.iteration(), remembered(turn));
    remember(turn, result.memory());
    tape.weightedSum(result.weights(), out);
  }
}
