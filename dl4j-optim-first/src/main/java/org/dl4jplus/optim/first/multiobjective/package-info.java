/**
 * Several objectives: what one direction is made of their gradients.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.first.multiobjective;
