package org.dl4jplus.optim.first.updater;

import java.util.List;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What happens to gradients that are not finite; see {@link AbstractUpdater}. */
final class FinitenessCheck {

  private FinitenessCheck() {}

  /** Whether all entries are finite. */
  static boolean finite(INDArray gradient) {
    Operands operands = new Operands(gradient, null, List.of());
    return VectorExecutor.of(operands).sum(lane -> lane.gradient().zeroIfFinite(), operands) == 0;
  }

  /** Copies a gradient on the way: one pass over memory instead of two. */
  static boolean finite(INDArray gradient, INDArray copy) {
    Operands operands = new Operands(gradient, null, List.of(copy));
    return VectorExecutor.of(operands)
            .sum(
                lane -> {
                  lane.state(0).set(lane.gradient());
                  return lane.gradient().zeroIfFinite();
                },
                operands)
        == 0;
  }

  /** Makes it the update of a step that is not taken: NaN where it was not finite, 0 elsewhere. */
  static void reject(INDArray gradient) {
    gradient.muli(0);
  }
}
