package org.dl4jplus.optim.first.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.dl4jplus.optim.first.Networks;
import org.dl4jplus.optim.first.oracle.GradientListener;
import org.dl4jplus.optim.first.oracle.GradientTurn;
import org.dl4jplus.optim.first.oracle.OracleOptimizer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** When and how passes are recorded. */
class RecordingTest {

  /** Sees the tape of each step and leaves the gradient alone. */
  static final class Seen extends GradientListener {
    private static final long serialVersionUID = 1L;
    private final transient List<double[]> norms = new ArrayList<>();
    private final boolean evaluates;

    Seen(boolean evaluates) {
      this.evaluates = evaluates;
    }

    @Override
    protected boolean recordsLayers() {
      return true;
    }

    @Override
    protected void transform(GradientTurn turn) {
      if (turn.tape() == null) {
        norms.add(null);
        return;
      }
      INDArray moved = turn.parameters().add(0.1);
      if (evaluates) {
        turn.evaluate(moved, turn.scratch(0));
        turn.oracle().record(moved, null, turn.scratch(0));
      }
      TapeTest.close(turn.tape().gradients().mean(0), turn.gradient(), 1e-12);
      norms.add(turn.tape().squaredNorms());
    }

    @Override
    protected boolean changesParameters() {
      return true;
    }
  }

  @Test
  void aListenerHasTheTapeOfItsStep() {
    for (boolean evaluates : new boolean[] {false, true}) {
      Seen seen = new Seen(evaluates);
      var network = Networks.network(Networks.dense(new Sgd(0.1)));
      network.setListeners(seen);
      network.fit(Networks.data());
      network.fit(Networks.data().sample(5));
      assertEquals(12, seen.norms.get(0).length);
      assertEquals(5, seen.norms.get(1).length);
      TapeTest.unwrapped(network);
      seen.norms.clear();
      ComputationGraph graph = new ComputationGraph(Networks.graph(new Sgd(0.1)));
      graph.init();
      graph.setListeners(seen);
      graph.fit(Networks.data());
      assertEquals(12, seen.norms.get(0).length);
    }
  }

  @Test
  void plainFunctionsHaveNone() {
    Seen seen = new Seen(false);
    INDArray parameters = Nd4j.createFromArray(1.0, 2);
    new OracleOptimizer(
            seen,
            new Sgd(0.1),
            new org.dl4jplus.optim.first.oracle.GradientOracle() {
              @Override
              public INDArray parameters() {
                return parameters;
              }

              @Override
              public double lossAndGradient(INDArray point, INDArray gradientOut) {
                gradientOut.assign(point);
                return 1;
              }
            })
        .step();
    assertNull(seen.norms.get(0));
  }
}
