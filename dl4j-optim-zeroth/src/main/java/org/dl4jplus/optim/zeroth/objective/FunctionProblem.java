package org.dl4jplus.optim.zeroth.objective;

import java.util.List;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A plain function at its parameters. */
final class FunctionProblem implements ZoProblem {

  private final ZoObjective objective;
  private final INDArray parameters;
  private final List<Stretch> stretches;
  private long evaluations;

  FunctionProblem(ZoObjective objective, INDArray parameters, List<Stretch> stretches) {
    if (parameters == null || parameters.isEmpty()) {
      throw new IllegalArgumentException("parameters are empty: there is nothing to search");
    }
    this.objective = Require.given("objective", objective);
    this.parameters = parameters;
    this.stretches = List.copyOf(Require.given("stretches", stretches));
  }

  @Override
  public INDArray parameters() {
    return parameters;
  }

  @Override
  public List<Stretch> stretches() {
    return stretches;
  }

  @Override
  public double loss() {
    evaluations++;
    return objective.value(parameters);
  }

  @Override
  public long evaluations() {
    return evaluations;
  }
}
