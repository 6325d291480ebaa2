/**
 * What is known of a loss's curvature without forming a matrix: Hutchinson's probes of the Hessian,
 * products with the Gauss-Newton matrix, and its damped systems.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.second.curvature;
