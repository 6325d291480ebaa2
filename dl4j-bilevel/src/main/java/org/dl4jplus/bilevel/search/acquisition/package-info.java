/** What a Bayesian search maximises to find its next point, and how. */
package org.dl4jplus.bilevel.search.acquisition;
