/** Optimal transport as a solver, a loss and a layer. */
package org.dl4jplus.ot;
