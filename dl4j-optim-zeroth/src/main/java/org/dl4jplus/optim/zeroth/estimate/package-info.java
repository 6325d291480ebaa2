/**
 * Estimates of gradients from function values.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.estimate;
