package org.dl4jplus.ot.experts;

import java.util.Arrays;

/**
 * Which expert works on which token, and what its result counts.
 *
 * <p>The array is the record's own and not copied.
 *
 * @param tokens number of tokens
 * @param experts number of experts
 * @param weights of each token and expert, token after token; 0 where the expert does not work
 */
public record Gates(int tokens, int experts, double[] weights) {

  /**
   * How many tokens each expert has.
   *
   * @return a number for each expert
   */
  public int[] loads() {
    int[] loads = new int[experts];
    for (int k = 0; k < weights.length; k++) {
      loads[k % experts] += weights[k] != 0 ? 1 : 0;
    }
    return loads;
  }

  /**
   * How far the busiest expert is from an equal share of the tokens.
   *
   * @return largest load over tokens/experts: 1 for tokens shared equally; 0 without tokens
   */
  public double loadRatio() {
    int largest = Arrays.stream(loads()).max().orElse(0);
    return tokens == 0 ? 0 : largest * (double) experts / tokens;
  }

  /**
   * How many tokens no expert works on.
   *
   * @return their number
   */
  public int unmatched() {
    int unmatched = 0;
    for (int i = 0; i < tokens; i++) {
      unmatched += matched(i) ? 0 : 1;
    }
    return unmatched;
  }

  boolean matched(int token) {
    return Arrays.stream(weights, token * experts, (token + 1) * experts).anyMatch(w -> w != 0);
  }

  /** The tokens of an expert. */
  int[] tokensOf(int expert) {
    int[] all = new int[tokens];
    int count = 0;
    for (int i = 0; i < tokens; i++) {
      if (weights[i * experts + expert] != 0) {
        all[count++] = i;
      }
    }
    return Arrays.copyOf(all, count);
  }
}
