/** Second-order updaters and the curvature tools they share. */
package org.dl4jplus.optim.second;
