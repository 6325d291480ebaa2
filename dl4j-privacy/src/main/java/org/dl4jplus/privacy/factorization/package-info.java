/**
 * Noise that is correlated over the steps of a run, so that most of it cancels in sums of
 * gradients: factorisations {@code A = B C} of what the optimizer computes, their sensitivities and
 * their streams of noise.
 *
 * @serial exclude
 */
package org.dl4jplus.privacy.factorization;
