/**
 * Derivatives of what any solver finds, from the condition that it fulfils alone: {@link
 * org.dl4jplus.bilevel.implicit.ImplicitDiff} takes a {@link
 * org.dl4jplus.bilevel.implicit.Residual}, written by hand, as a SameDiff graph, or one of {@link
 * org.dl4jplus.bilevel.implicit.Conditions}.
 */
package org.dl4jplus.bilevel.implicit;
