/**
 * How a method gets into the platform training loop.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.zeroth.train;
