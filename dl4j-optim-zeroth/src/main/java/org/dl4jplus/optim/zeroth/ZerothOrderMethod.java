package org.dl4jplus.optim.zeroth;

import java.io.Serializable;
import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.objective.ZoObjective;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * A method that moves parameters by values of the loss alone. It is a configuration, written to
 * JSON as such; what it remembers lies in {@link ZoStep#state}.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
public abstract class ZerothOrderMethod implements Serializable {

  /** For the methods. */
  protected ZerothOrderMethod() {}

  /**
   * Makes a step: changes the parameters in place. Where a loss is not finite, it leaves them as
   * they were.
   *
   * @param step the step
   * @return the loss to report; not finite if the step was skipped
   */
  public abstract double step(ZoStep step);

  /**
   * Minimises a plain function.
   *
   * @param objective the function
   * @param parameters the start, of shape [n], FLOAT or DOUBLE; moved in place
   * @param steps how many
   * @return the loss that the last step reported, NaN for no steps
   */
  public final double minimize(ZoObjective objective, INDArray parameters, int steps) {
    ZoProblem problem = ZoProblem.of(objective, parameters);
    Perturber perturber = new Perturber(parameters, problem.stretches());
    GradientState state = new GradientState();
    double loss = Double.NaN;
    for (int t = 0; t < steps; t++) {
      loss = step(new ZoStep(problem, perturber, t, 0, state));
    }
    return loss;
  }
}
