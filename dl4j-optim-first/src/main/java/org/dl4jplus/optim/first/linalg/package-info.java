/**
 * Linear algebra of small matrices for the shape-aware updaters: Newton-Schulz iteration, QR,
 * eigenvectors, singular values, low-rank projections. Decompositions run in double precision by
 * the platform's LAPACK, whatever the type of the matrix.
 */
package org.dl4jplus.optim.first.linalg;
