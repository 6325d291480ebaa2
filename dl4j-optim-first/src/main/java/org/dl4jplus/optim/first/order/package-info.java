/**
 * Orders of training data, without networks and data.
 *
 * @serial exclude
 */
package org.dl4jplus.optim.first.order;
