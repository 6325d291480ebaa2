package org.dl4jplus.optim.first.multiobjective;

import java.io.Serial;
import java.util.ArrayList;
import java.util.List;
import org.dl4jplus.optim.first.oracle.GradientTurn;

/** The loss of each example is an objective. */
final class PerExample implements Objectives {

  @Serial private static final long serialVersionUID = 1L;

  @Override
  public List<Objective> of(GradientTurn turn) {
    Batch batch = new Batch(turn);
    batch.refuseBatchNormalization();
    List<Objective> objectives = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      int[] example = {i};
      objectives.add(out -> batch.gradientOfExamples(example, out));
    }
    return objectives;
  }

  @Override
  public boolean singleExamples() {
    return true;
  }
}
