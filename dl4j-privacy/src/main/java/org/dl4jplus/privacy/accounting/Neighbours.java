package org.dl4jplus.privacy.accounting;

/**
 * Which pairs of data sets a guarantee calls neighbours: what it hides is which of the two it is.
 */
public enum Neighbours {
  /** One record more or less. */
  ADD_REMOVE,
  /** One record is another one: sensitivities are twice those of the other relations. */
  REPLACE_ONE,
  /** One record contributes nothing, while the number of records stays. */
  REPLACE_ZERO
}
