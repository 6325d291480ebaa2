package org.dl4jplus.bilevel;

/**
 * How often a problem was asked: the measure of cost that does not depend on a machine. A call that
 * gives both gradients counts once.
 *
 * @param upper calls of the upper loss
 * @param lower calls of the lower loss, those inside products with second derivatives included
 */
public record GradientCalls(long upper, long lower) {

  /**
   * All calls.
   *
   * @return the sum
   */
  public long total() {
    return upper + lower;
  }
}
