/**
 * Elementwise arithmetic, written once: a rule is a function of a {@link
 * org.dl4jplus.optim.first.vector.Lane}, and an executor runs it over blocks of primitive arrays
 * (CPU) or as ND4J ops (any backend). Knows nothing of updaters.
 */
package org.dl4jplus.optim.first.vector;
