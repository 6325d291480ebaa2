package org.dl4jplus.privacy.gradient;

/**
 * How the sums of clipped gradients are computed; all give the same numbers up to rounding.
 * Differences of the gradients of a FLOAT network always take the loop.
 */
public enum GradientEngine {
  /**
   * Book-keeping where every layer is recorded, the loop elsewhere, and for weight noise where
   * there are more records than pass at once.
   */
  AUTO,
  /**
   * One backward pass whose records give the norms and then the weighted sum (Zhiqi Bu et al.,
   * "Differentially Private Optimization on Large Model at Small Cost", arXiv 2210.00038, 2022).
   */
  BOOK_KEEPING,
  /**
   * One pass for the norms, another one whose losses are weighted (Xuechen Li et al., "Large
   * Language Models Can Be Strong Differentially Private Learners", arXiv 2110.05679, 2021). Not
   * for networks with dropout, whose masks the second pass draws anew.
   */
  GHOST,
  /** One pass for each record: any network without coupling between records, slowly. */
  LOOP
}
