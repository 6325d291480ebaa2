/**
 * Optimal transport and constrained structure in a network: layers, losses and constraints.
 *
 * @serial exclude
 */
package org.dl4jplus.ot;
