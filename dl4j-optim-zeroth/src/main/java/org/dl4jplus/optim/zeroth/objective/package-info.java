/**
 * What is minimised by its values alone: networks on a batch, plain functions, rankings.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.objective;
