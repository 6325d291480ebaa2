package org.dl4jplus.optim.first.updater;

import java.util.ArrayList;
import java.util.List;
import lombok.EqualsAndHashCode;
import lombok.ToString;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Shows an updater the parameters it is about to change. It regularises nothing: the platform runs
 * the {@code BEFORE_UPDATER} steps of all variables of a block, in order and on the same thread,
 * right before the block's updater, and this one leaves each variable's parameter view where the
 * updater picks it up.
 */
@EqualsAndHashCode
@ToString
public final class ParameterTap implements Regularization {

  private static final ThreadLocal<Seen> SEEN = ThreadLocal.withInitial(Seen::new);

  /** What no updater of this thread has picked up yet. */
  private static final class Seen {
    final List<INDArray> views = new ArrayList<>();
    int iteration;
    int epoch;

    /**
     * A step that failed, or a network whose updater was replaced by one that does not ask, leaves
     * views behind. They go with the next iteration, so that no network's memory is held for good.
     */
    void begin(int newIteration, int newEpoch) {
      if (newIteration != iteration || newEpoch != epoch) {
        views.clear();
        iteration = newIteration;
        epoch = newEpoch;
      }
    }
  }

  /** Creates the tap. */
  public ParameterTap() {}

  @Override
  public ApplyStep applyStep() {
    return ApplyStep.BEFORE_UPDATER;
  }

  @Override
  public void apply(INDArray param, INDArray gradView, double lr, int iteration, int epoch) {
    SEEN.get().begin(iteration, epoch);
    List<INDArray> seen = SEEN.get().views;
    // The platform may hold a regularization twice (see the README); the second visit says nothing
    // new.
    for (INDArray other : seen) {
      if (sameMemory(other, param)) {
        return;
      }
    }
    seen.add(param);
  }

  private static boolean sameMemory(INDArray a, INDArray b) {
    return a == b
        || a.length() == b.length()
            && a.offset() == b.offset()
            && a.data().pointer().address() == b.data().pointer().address();
  }

  /** The parameters of the block whose updater is about to run, variable by variable. */
  static List<INDArray> take(long length, AbstractUpdater config) {
    List<INDArray> seen = new ArrayList<>(SEEN.get().views);
    SEEN.get().views.clear();
    // A step that failed half-way may have left views behind; the block's own are the last ones.
    long count = 0;
    for (int i = seen.size() - 1; i >= 0; i--) {
      count += seen.get(i).length();
      if (count == length) {
        return seen.subList(i, seen.size());
      }
    }
    throw new IllegalStateException(
        config.getClass().getSimpleName()
            + " did not see the values of its "
            + length
            + " parameters (it saw "
            + count
            + "): pass the built configuration through Optim.bind(configuration)");
  }

  @Override
  public double score(INDArray param, int iteration, int epoch) {
    return 0;
  }

  @Override
  public Regularization clone() {
    return new ParameterTap();
  }
}
