/**
 * Estimates of the Hessian's diagonal from products with random vectors.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.second.curvature;
