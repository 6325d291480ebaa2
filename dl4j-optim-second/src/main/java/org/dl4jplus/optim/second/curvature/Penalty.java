package org.dl4jplus.optim.second.curvature;

import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.AbsUpdateWeightDecay;
import org.dl4jplus.optim.first.CautiousWeightDecay;
import org.dl4jplus.optim.first.ProximalWeightDecay;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.dl4jplus.optim.first.updater.VariableShape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;

/**
 * A network's L1 and L2 terms: part of the objective, which the platform adds to the gradient only
 * just before the updater.
 */
public final class Penalty {

  private record Part(long from, long to, Regularization step) {}

  private final GradientTurn turn;
  private final List<Part> parts = new ArrayList<>();

  private Penalty(GradientTurn turn) {
    this.turn = turn;
  }

  /**
   * Looks at what a turn's network adds.
   *
   * @param turn the turn
   * @param method who asks, for the message
   * @return the terms; none of a plain function
   * @throws UnsupportedOperationException where a weight decay acts beside the gradient
   */
  public static Penalty of(GradientTurn turn, String method) {
    Penalty penalty = new Penalty(turn);
    if (turn.oracle() instanceof ModelOracle oracle) {
      List<List<Regularization>> steps = ModelAccess.of(oracle.network()).trainableRegularization();
      long at = 0;
      for (int i = 0; i < steps.size(); i++) {
        VariableShape variable = oracle.variables().get(i);
        for (Regularization step : steps.get(i)) {
          if (decoupled(step)) {
            throw new UnsupportedOperationException(
                method
                    + " needs the weight decay in the loss: give "
                    + variable.getName()
                    + " L2 instead of "
                    + step.getClass().getSimpleName());
          }
          if (step instanceof L1Regularization || step instanceof L2Regularization) {
            penalty.parts.add(new Part(at, at + variable.length(), step));
          }
        }
        at += variable.length();
      }
    }
    return penalty;
  }

  private static boolean decoupled(Regularization step) {
    return step instanceof WeightDecay
        || step instanceof ProximalWeightDecay
        || step instanceof CautiousWeightDecay
        || step instanceof AbsUpdateWeightDecay;
  }

  /**
   * Whether there is anything to add.
   *
   * @return true without terms
   */
  public boolean isEmpty() {
    return parts.isEmpty();
  }

  /**
   * Adds the gradient of the terms.
   *
   * @param parameters where, of shape [n]
   * @param gradient of shape [n]
   */
  public void addGradient(INDArray parameters, INDArray gradient) {
    parts.forEach(part -> apply(part, parameters, gradient));
  }

  /**
   * Adds the product of the terms' Hessian with a vector.
   *
   * @param vector of shape [n]
   * @param product of shape [n]
   */
  public void addHessianVector(INDArray vector, INDArray product) {
    for (Part part : parts) {
      // L2's gradient is linear, L1 has no curvature.
      if (part.step() instanceof L2Regularization) {
        apply(part, vector, product);
      }
    }
  }

  private void apply(Part part, INDArray x, INDArray sum) {
    part.step()
        .apply(
            x.get(NDArrayIndex.interval(part.from(), part.to())),
            sum.get(NDArrayIndex.interval(part.from(), part.to())),
            turn.learningRate(),
            turn.iteration(),
            turn.epoch());
  }
}
