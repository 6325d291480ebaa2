/**
 * Directions for perturbations, and the passes over parameters that apply them.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.noise;
