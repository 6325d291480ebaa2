package org.dl4jplus.bilevel;

import org.dl4jplus.bilevel.problem.BilevelProblem;

/**
 * What an outer step works with.
 *
 * @param problem the problem; its losses and gradients are checked and counted
 * @param state the point and what the algorithm remembers, changed in place
 * @param batches the batches that the step may draw
 */
public record BilevelStep(BilevelProblem problem, BilevelState state, Batches batches) {}
