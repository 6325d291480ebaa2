/**
 * Optimal transport as a solver, a loss and a layer.
 *
 * @serial exclude
 */
package org.dl4jplus.ot;
