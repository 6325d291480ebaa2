package org.dl4jplus.optim.first;

import static org.dl4jplus.optim.first.updater.Require.beta;
import static org.dl4jplus.optim.first.updater.Require.check;
import static org.dl4jplus.optim.first.updater.Require.count;
import static org.dl4jplus.optim.first.updater.Require.positive;

import java.util.List;
import lombok.Builder;
import lombok.EqualsAndHashCode;
import lombok.Getter;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.multiobjective.ConFIG;
import org.dl4jplus.optim.first.multiobjective.Jacobians;
import org.dl4jplus.optim.first.multiobjective.Objective;
import org.dl4jplus.optim.first.multiobjective.ObjectiveSchedule;
import org.dl4jplus.optim.first.multiobjective.Objectives;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonInclude;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * M-ConFIG: ConFIG on exponential averages of the objectives' gradients, so that a step needs the
 * gradient of one objective only. Train with plain {@code Sgd}: the result is an Adam-like step
 * already.
 *
 * <pre>{@code
 * for each objective i of this step:  t_i += 1;  m_i = beta1 m_i + (1-beta1) g_i
 * until every t_i > 0 the result is 0; then, with t from 1:
 * r  = ConFIG(m_1/(1-beta1^t_1), ..)
 * f  = r (1-beta1^t);  g = (f - beta1 f_previous)/(1-beta1)
 * s  = beta2 s + (1-beta2) g^2
 * result = r / (sqrt(s/(1-beta2^t)) + epsilon)
 * }</pre>
 *
 * <p>Fields: {@code numObjectives}, at least 1, no default; {@code beta1} 0.9 and {@code beta2}
 * 0.999, in [0, 1); {@code epsilon} 1e-8, above 0; {@code conFIG} {@link ConFIG} with its defaults;
 * {@code objectives} null: each batch's own gradient is that of the step's objective, whose data
 * the iterator has to supply in turn, else what is asked for the gradients; {@code schedule} {@link
 * ObjectiveSchedule#alternating()}: which objectives a step evaluates, one of them where objectives
 * is null; {@code allowAnyUpdater} false. State: numObjectives + 2 values for each parameter.
 *
 * <p>Q. Liu, M. Chu, N. Thuerey: "ConFIG: Towards Conflict-free Training of Physics Informed Neural
 * Networks", arXiv 2408.11104 (2024).
 */
@Getter
@EqualsAndHashCode(callSuper = false)
public final class MomentumConFIG extends GradientListener {

  /** State vectors: s, f and then the averages; numbers: t and then the t_i. */
  private static final int S = 0;

  private static final int F = 1;
  private static final int AVERAGES = 2;
  private static final int COUNTS = 1;

  private final int numObjectives;
  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final ConFIG conFIG;

  // Code, not data: left out of JSON unless set, and then refused when read.
  @JsonInclude(JsonInclude.Include.NON_NULL)
  private final Objectives objectives;

  @JsonInclude(JsonInclude.Include.NON_NULL)
  private final ObjectiveSchedule schedule;

  private final boolean allowAnyUpdater;

  @Builder(toBuilder = true)
  @JsonCreator
  private MomentumConFIG(
      @JsonProperty("numObjectives") Integer numObjectives,
      @JsonProperty("beta1") Double beta1,
      @JsonProperty("beta2") Double beta2,
      @JsonProperty("epsilon") Double epsilon,
      @JsonProperty("conFIG") ConFIG conFIG,
      @JsonProperty("objectives") Objectives objectives,
      @JsonProperty("schedule") ObjectiveSchedule schedule,
      @JsonProperty("allowAnyUpdater") Boolean allowAnyUpdater) {
    this.numObjectives = count("numObjectives", numObjectives, 0);
    this.beta1 = beta("beta1", beta1, 0.9);
    this.beta2 = beta("beta2", beta2, 0.999);
    this.epsilon = positive("epsilon", epsilon, 1e-8);
    this.conFIG = conFIG == null ? new ConFIG() : conFIG;
    this.objectives = objectives;
    this.schedule = schedule;
    this.allowAnyUpdater = allowAnyUpdater != null && allowAnyUpdater;
  }

  @Override
  public void onGradientCalculation(Model model) {
    if (!allowAnyUpdater) {
      for (UpdaterBlock block : ModelAccess.of(model).updaterBlocks()) {
        IUpdater config = block.getGradientUpdater().getConfig();
        if (!(config instanceof Sgd) && !(config instanceof NoOp)) {
          throw new IllegalStateException(
              "M-ConFIG makes Adam-like steps, to be applied by Sgd; got the updater "
                  + config.getClass().getSimpleName()
                  + " and allowAnyUpdater is off");
        }
      }
    }
    super.onGradientCalculation(model);
  }

  @Override
  protected void transform(GradientTurn turn) {
    INDArray gradient = turn.gradient();
    ObjectiveSchedule order = schedule == null ? ObjectiveSchedule.alternating() : schedule;
    int[] indices = order.indices(turn.iteration(), numObjectives);
    INDArray supplied = supplied(turn, indices);
    if (supplied == null) {
      return;
    }
    for (int k = 0; k < indices.length; k++) {
      int i = indices[k];
      turn.setScalar(COUNTS + i, turn.scalar(COUNTS + i) + 1);
      average(turn.state(AVERAGES + i), Jacobians.row(supplied, k));
    }
    for (int i = 0; i < numObjectives; i++) {
      if (turn.scalar(COUNTS + i) == 0) {
        gradient.assign(0);
        return;
      }
    }
    double t = turn.scalar(0) + 1;
    turn.setScalar(0, t);
    INDArray jacobian = turn.scratchRows(numObjectives);
    for (int i = 0; i < numObjectives; i++) {
      Jacobians.row(jacobian, i)
          .assign(turn.state(AVERAGES + i))
          .divi(1 - Math.pow(beta1, turn.scalar(COUNTS + i)));
    }
    conFIG.aggregate(jacobian, turn.iteration(), gradient);
    scale(turn, t);
  }

  /** The new gradients as rows; null if one is not finite, which is then the turn's gradient. */
  private INDArray supplied(GradientTurn turn, int[] indices) {
    check(
        objectives != null || indices.length == 1,
        "schedule",
        indices.length,
        "of one objective a step where objectives is not set");
    INDArray rows = turn.scratchRows(indices.length);
    if (objectives == null) {
      Jacobians.row(rows, 0).assign(turn.gradient());
      return rows;
    }
    List<Objective> parts = objectives.of(turn);
    check(
        parts.size() == numObjectives,
        "numObjectives",
        numObjectives,
        "the number of objectives, " + parts.size());
    for (int k = 0; k < indices.length; k++) {
      INDArray row = Jacobians.row(rows, k);
      parts.get(indices[k]).gradient(row);
      if (!Double.isFinite(GradientTurn.dot(row, row))) {
        turn.gradient().assign(row);
        return null;
      }
    }
    return rows;
  }

  private void average(INDArray average, INDArray gradient) {
    Operands operands = new Operands(average, null, List.of(gradient));
    VectorExecutor.of(operands)
        .forEach(lane -> lane.gradient().ema(beta1, lane.state(0)), operands);
  }

  private void scale(GradientTurn turn, double t) {
    double correction1 = 1 - Math.pow(beta1, t);
    double correction2 = 1 - Math.pow(beta2, t);
    Operands operands = new Operands(turn.gradient(), null, List.of(turn.state(S), turn.state(F)));
    VectorExecutor.of(operands)
        .forEach(
            lane -> {
              Vector r = lane.gradient();
              Vector s = lane.state(S);
              Vector f = lane.state(F);
              Vector g = lane.temp(0).blend(correction1 / (1 - beta1), r, -beta1 / (1 - beta1), f);
              s.emaSquare(beta2, g);
              f.set(r).scale(correction1);
              r.divSqrt(s, 1 / Math.sqrt(correction2), epsilon);
            },
            operands);
  }
}
