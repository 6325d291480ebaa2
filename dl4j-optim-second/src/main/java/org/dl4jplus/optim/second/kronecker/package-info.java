/**
 * Kronecker factors of a layer's curvature, their damped inverses, and inverses that are kept up by
 * rank-one updates. Everything works on rows, so that it can be used without a network.
 */
package org.dl4jplus.optim.second.kronecker;
