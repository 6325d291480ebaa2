/** Gaussian processes for searches: kernels, posteriors, fits of hyperparameters. */
package org.dl4jplus.bilevel.search.gp;
