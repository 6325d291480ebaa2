package org.dl4jplus.optim.zeroth.objective;

import java.util.List;
import org.dl4jplus.optim.first.updater.Require;
import org.dl4jplus.optim.zeroth.noise.Perturber.Stretch;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Parameters that a method moves in place, and the loss where they are. This is how a step sees a
 * network on its batch and a plain function alike.
 */
public interface ZoProblem {

  /**
   * The parameters.
   *
   * @return the live array, of shape [n]
   */
  INDArray parameters();

  /**
   * What may move.
   *
   * @return stretches of the parameters, in order
   */
  List<Stretch> stretches();

  /**
   * Rows of the matrix that a stretch holds row by row.
   *
   * @param stretch its number
   * @return the count; 1 where it is no matrix
   */
  default int rows(int stretch) {
    return 1;
  }

  /**
   * Whether a stretch holds the scales of a quantized layer.
   *
   * @param stretch its number
   * @return true in a plain function, whose entries may be anything
   */
  default boolean quantized(int stretch) {
    return true;
  }

  /**
   * The loss at the parameters as they are.
   *
   * @return the loss, in double precision; may be NaN or infinite
   */
  double loss();

  /**
   * How often {@link #loss()} was called.
   *
   * @return the count
   */
  long evaluations();

  /**
   * A plain function as a problem.
   *
   * @param objective the function
   * @param parameters the start, of shape [n], changed in place
   * @return the problem, all of whose entries move and decay
   */
  static ZoProblem of(ZoObjective objective, INDArray parameters) {
    Require.given("parameters", parameters);
    return of(objective, parameters, List.of(new Stretch(0, parameters.length(), true)));
  }

  /**
   * A plain function as a problem.
   *
   * @param objective the function
   * @param parameters the start, of shape [n], changed in place
   * @param stretches what moves, and what decays of it
   * @return the problem
   */
  static ZoProblem of(ZoObjective objective, INDArray parameters, List<Stretch> stretches) {
    return new FunctionProblem(objective, parameters, stretches);
  }
}
