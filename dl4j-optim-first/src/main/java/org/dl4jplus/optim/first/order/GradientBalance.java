package org.dl4jplus.optim.first.order;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.dl4jplus.optim.first.vector.Operands;
import org.dl4jplus.optim.first.vector.Vector;
import org.dl4jplus.optim.first.vector.VectorExecutor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An order of n items that balances their gradients: each epoch, the items' gradients are given
 * signs such that their signed sums stay small; the items with plus come first in the next epoch,
 * in the order of their visits, and those with minus last, in the reverse of it.
 *
 * <pre>{@code
 * MEAN: c = g - mean of the last epoch's gradients (0 at first)
 *       <s, c> <= 0:  the item goes to the front, s += c;   else to the back, s -= c
 * PAIR: d = g of a visit with an odd number - g of the one after it
 *       <s, d> <= 0:  the first of the two to the front, the second to the back, s += d
 *       else the reverse,                                                        s -= d
 * }</pre>
 *
 * <p>s starts each epoch at 0. With PAIR, an item without a partner takes the place in the middle
 * that is left. A gradient that is not finite (PAIR: a pair with one) leaves the sums alone and
 * goes to the front (the pair as with plus). An epoch in which not all items were visited does not
 * change the order. The numbers of a Serializable object go on to the same bits after reading.
 *
 * <p>Y. Lu, W. Guo, C. De Sa: "GraB: Finding Provably Better Data Permutations than Random
 * Reshuffling", arXiv 2205.10733 (2022); A. F. Cooper et al.: "Coordinating Distributed Example
 * Orders for Provably Accelerated Training", arXiv 2302.00845 (2023), for PAIR.
 */
public final class GradientBalance implements Serializable {

  /** What is given a sign. */
  public enum Kind {
    /** Each gradient against the last epoch's mean: the paper. Memory: three gradients. */
    MEAN,
    /** Differences of neighbours, which need no mean. Memory: two gradients. */
    PAIR
  }

  private final Kind kind;
  private final int[] order;
  private final int[] next;
  private int visited;
  private int front;
  private int back;
  private INDArray sum;
  // MEAN: the last epoch's mean and this one's; PAIR: the gradient that waits for its partner.
  private INDArray first;
  private INDArray second;

  /**
   * Starts with an order.
   *
   * @param kind what is given a sign
   * @param order the first epoch's order, a permutation of 0 .. n-1; copied
   * @throws IllegalArgumentException if it is none
   */
  public GradientBalance(Kind kind, int... order) {
    this.kind = kind;
    this.order = order.clone();
    int[] sorted = order.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < sorted.length; i++) {
      if (sorted[i] != i) {
        throw new IllegalArgumentException(
            "order must be a permutation of 0 to "
                + (order.length - 1)
                + ", got "
                + Arrays.toString(order));
      }
    }
    next = new int[order.length];
    restart();
  }

  /**
   * The order of the current epoch.
   *
   * @return a copy
   */
  public int[] order() {
    return order.clone();
  }

  /**
   * Takes the gradient of the next item in the order.
   *
   * @param gradient of shape [n]; not changed, not kept
   * @throws IllegalStateException if all items have been visited
   */
  public void visit(INDArray gradient) {
    if (visited == order.length) {
      throw new IllegalStateException("All " + order.length + " items have been visited");
    }
    if (sum == null) {
      sum = zeros(gradient);
      first = zeros(gradient);
      second = kind == Kind.MEAN ? zeros(gradient) : null;
    }
    int item = order[visited++];
    if (kind == Kind.MEAN) {
      place(item, mean(gradient));
    } else if (visited % 2 == 1) {
      first.assign(gradient);
      if (visited == order.length) {
        place(item, true);
      }
    } else {
      boolean plus = pair(gradient);
      place(order[visited - 2], plus);
      place(item, !plus);
    }
  }

  private static INDArray zeros(INDArray like) {
    // Outside any workspace: it outlives the step.
    INDArray zeros = Nd4j.createUninitializedDetached(like.dataType(), 'c', like.length());
    return zeros.assign(0);
  }

  /** Whether the item goes to the front. */
  private boolean mean(INDArray gradient) {
    Operands operands = new Operands(gradient, null, List.of(sum, first, second));
    VectorExecutor executor = VectorExecutor.of(operands);
    double product =
        executor.sum(
            lane -> lane.temp(0).blend(1, lane.gradient(), -1, lane.state(1)).dot(lane.state(0)),
            operands);
    boolean plus = !(product > 0);
    if (Double.isFinite(product)) {
      double share = 1.0 / order.length;
      executor.forEach(
          lane -> {
            Vector g = lane.gradient();
            Vector c = lane.temp(0).blend(1, g, -1, lane.state(1));
            lane.state(0).addScaled(plus ? 1 : -1, c);
            lane.state(2).addScaled(share, g);
          },
          operands);
    }
    return plus;
  }

  /** Whether the first of the pair goes to the front. */
  private boolean pair(INDArray gradient) {
    Operands operands = new Operands(gradient, null, List.of(sum, first));
    VectorExecutor executor = VectorExecutor.of(operands);
    double product =
        executor.sum(
            lane -> lane.temp(0).blend(1, lane.state(1), -1, lane.gradient()).dot(lane.state(0)),
            operands);
    boolean plus = !(product > 0);
    if (Double.isFinite(product)) {
      double sign = plus ? 1 : -1;
      executor.forEach(
          lane -> lane.state(0).addScaled(sign, lane.state(1)).addScaled(-sign, lane.gradient()),
          operands);
    }
    return plus;
  }

  private void place(int item, boolean atFront) {
    next[atFront ? front++ : back--] = item;
  }

  /** Ends the epoch: makes what was learned in it the order, unless items were left out. */
  public void endEpoch() {
    if (visited == order.length) {
      System.arraycopy(next, 0, order, 0, order.length);
      if (second != null) {
        first.assign(second);
      }
    }
    restart();
  }

  private void restart() {
    visited = 0;
    front = 0;
    back = order.length - 1;
    if (sum != null) {
      sum.assign(0);
      if (second != null) {
        second.assign(0);
      }
    }
  }
}
