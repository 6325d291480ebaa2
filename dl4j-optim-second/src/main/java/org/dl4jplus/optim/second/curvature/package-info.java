/**
 * What curvature methods ask of a network: the second derivatives of losses and penalties,
 * Gauss-Newton products and systems, eigenpairs of the Hessian.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.second.curvature;
