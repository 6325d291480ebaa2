/**
 * Descent on a model of the loss that is cheap to evaluate.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.first.surrogate;
