/**
 * Transport between weighted points: a geometry gives the costs, a problem adds the weights, a
 * solver returns a result.
 *
 * <p>Matrices are double arrays, row after row.
 */
package org.dl4jplus.ot.solver;
