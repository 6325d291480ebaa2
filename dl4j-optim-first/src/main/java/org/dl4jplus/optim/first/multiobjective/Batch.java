package org.dl4jplus.optim.first.multiobjective;

import org.deeplearning4j.nn.api.Model;
import org.dl4jplus.optim.first.model.ModelAccess;
import org.dl4jplus.optim.first.model.ModelBatch;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.ModelOracle;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The current batch of a network: gradients of its parts, after which it is current again. */
final class Batch {

  private final GradientTurn turn;
  private final Model network;
  private final ModelBatch whole;

  Batch(GradientTurn turn) {
    this.turn = turn;
    if (!(turn.oracle() instanceof ModelOracle oracle)) {
      throw new IllegalStateException("These objectives are made of a network's batch");
    }
    network = oracle.network();
    ModelAccess.of(network).requireSecondPass();
    whole = ModelBatch.of(network);
  }

  INDArray[] inputs() {
    return whole.inputs();
  }

  INDArray[] labels() {
    return whole.labels();
  }

  int size() {
    return whole.examples();
  }

  void refuseBatchNormalization() {
    if (ModelAccess.of(network).hasBatchNormalization()) {
      throw new IllegalStateException("With batch normalization an example has no loss of its own");
    }
  }

  void gradientOfExamples(int[] examples, INDArray out) {
    gradient(whole.rows(examples), out);
  }

  void gradientWithLabels(INDArray[] others, INDArray out) {
    gradient(whole.withLabels(others), out);
  }

  void gradientOfOutput(int output, INDArray out) {
    gradient(whole.onlyOutput(output), out);
  }

  private void gradient(ModelBatch part, INDArray out) {
    try {
      part.set(network);
      turn.evaluate(turn.parameters(), out);
    } finally {
      whole.set(network);
    }
  }
}
