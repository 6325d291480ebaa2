package org.dl4jplus.optim.zeroth;

import org.dl4jplus.optim.first.oracle.GradientState;
import org.dl4jplus.optim.zeroth.noise.Perturber;
import org.dl4jplus.optim.zeroth.objective.ZoProblem;

/**
 * One step as a method sees it.
 *
 * @param problem parameters and loss
 * @param perturber passes over the parameters
 * @param iteration number of the step, from 0
 * @param epoch number of the epoch, from 0
 * @param state what lasts from step to step and is saved
 */
public record ZoStep(
    ZoProblem problem, Perturber perturber, int iteration, int epoch, GradientState state) {}
