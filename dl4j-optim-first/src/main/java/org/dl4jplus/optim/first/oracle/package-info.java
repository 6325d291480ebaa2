/**
 * Methods that ask for more than one gradient of a step. A method is written once against {@link
 * org.dl4jplus.optim.first.oracle.GradientOracle}; networks, plain functions and recorded
 * transcripts stand behind it.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.first.oracle;
