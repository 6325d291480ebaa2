/** Euclidean projections onto sets of vectors and of matrices, and maps of the same use. */
package org.dl4jplus.ot.projection;
