package org.dl4jplus.optim.second.curvature;

import java.util.List;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Running averages of estimates. */
public final class Averages {

  private Averages() {}

  /**
   * average = beta * average + (1 - beta) * estimate.
   *
   * @param average of shape [n], to change
   * @param beta weight that is kept
   * @param estimate of shape [n]
   */
  public static void update(INDArray average, double beta, INDArray estimate) {
    Operands operands = new Operands(average, null, List.of(estimate));
    VectorExecutor.of(operands).forEach(lane -> lane.gradient().ema(beta, lane.state(0)), operands);
  }

  /**
   * average = beta * average + (1 - beta) * estimate * estimate.
   *
   * @param average of shape [n], to change
   * @param beta weight that is kept
   * @param estimate of shape [n]
   */
  public static void updateSquares(INDArray average, double beta, INDArray estimate) {
    Operands operands = new Operands(average, null, List.of(estimate));
    VectorExecutor.of(operands)
        .forEach(lane -> lane.gradient().emaSquare(beta, lane.state(0)), operands);
  }
}
