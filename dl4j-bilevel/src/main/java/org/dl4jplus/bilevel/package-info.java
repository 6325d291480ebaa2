/**
 * Bilevel training: hyperparameters learnt by hypergradients while, or around where, a network is
 * trained. A {@link org.dl4jplus.bilevel.BilevelTrainer} runs a {@link
 * org.dl4jplus.bilevel.BilevelAlgorithm} on a {@link org.dl4jplus.bilevel.problem.BilevelProblem};
 * ready-made problems lie in {@code task}, searches over hyperparameters in {@code search} and what
 * connects both to Arbiter in {@code arbiter}.
 *
 * @serial exclude
 */
package org.dl4jplus.bilevel;
