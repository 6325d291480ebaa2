/**
 * Second-order updaters and the curvature tools they share.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.second;
